"""API Gateway's own responses are problems, as the OpenAPI document describes them."""

import json
import unittest
from http import HTTPStatus

import jsonschema
from cloudformation import ROOT, TEMPLATE, resolve

DOCUMENT = json.loads((ROOT / "src/openapi.json").read_text())
OPERATIONS = [operation for path in DOCUMENT["paths"].values() for name, operation in path.items() if name != "parameters"]
# Those that a request of a client can cause by default. Without these, the defaults would change the status of an expired signature.
TYPES = {"ACCESS_DENIED", "EXPIRED_TOKEN", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN", "THROTTLED", "UNAUTHORIZED", "WAF_FILTERED",
         "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "DEFAULT_4XX", "DEFAULT_5XX"}  # fmt: skip


RESPONSES = TEMPLATE["Resources"]["MoviesApi"]["Properties"]["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
# messageString already contains the quotes.
PROBLEMS = {name: json.loads(response["responseTemplates"]["application/json"].replace("$context.error.messageString", '"why"'))
            for name, response in RESPONSES.items()}  # fmt: skip


class GatewayResponsesTest(unittest.TestCase):
    def test_each_is_a_problem_of_the_document(self) -> None:
        self.assertLessEqual(TYPES, set(PROBLEMS))
        for name, problem in PROBLEMS.items():
            jsonschema.validate(problem, DOCUMENT["components"]["schemas"]["Problem"] | {"components": DOCUMENT["components"]})
            self.assertEqual(str(problem["status"]), RESPONSES[name]["statusCode"], name)
            # RFC 9110 has another phrase for 413 than Python.
            self.assertIn(problem["title"], (HTTPStatus(problem["status"]).phrase, "Content Too Large"))

    def test_the_document_has_those_that_a_request_can_cause(self) -> None:
        caused = [problem for problem in PROBLEMS.values() if problem["status"] in (401, 403, 429)]
        for operation in OPERATIONS:
            for problem in caused:
                name = operation["responses"][str(problem["status"])]["$ref"].rpartition("/")[2]
                example = DOCUMENT["components"]["responses"][name]["content"]["application/problem+json"]["example"]
                own = {"detail": example["detail"], "request_id": example["request_id"]}
                self.assertEqual(list((problem | own).items()), list(example.items()))

    def test_no_browser_guesses_their_type_and_no_cache_keeps_them(self) -> None:
        expected = {"Content-Type": "'application/problem+json'", "X-Content-Type-Options": "'nosniff'", "Cache-Control": "'no-store'"}
        for origins, allowed in {"*": "'*'", "https://app.example.org": {"Ref": "AWS::NoValue"}}.items():
            headers = {f"gatewayresponse.header.{name}": value for name, value in expected.items()}
            headers["gatewayresponse.header.Access-Control-Allow-Origin"] = allowed
            for name, response in resolve(RESPONSES, {"CorsAllowOrigins": origins}).items():
                self.assertEqual(response["responseParameters"], headers, name)
