"""API Gateway's own responses are problems, as the OpenAPI document describes them."""

import json
import unittest
from http import HTTPStatus

import cloudformation
import jsonschema
from cloudformation import ROOT, resolve

DOCUMENT = json.loads((ROOT / "src/openapi.json").read_text())
OPERATIONS = [operation for path in DOCUMENT["paths"].values() for name, operation in path.items() if name != "parameters"]
# Those that a request of a client can cause by default. Without these, the defaults would change the status of an expired signature.
TYPES = {"ACCESS_DENIED", "EXPIRED_TOKEN", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN", "THROTTLED", "UNAUTHORIZED", "WAF_FILTERED",
         "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "DEFAULT_4XX", "DEFAULT_5XX"}  # fmt: skip


class GatewayResponsesTest(unittest.TestCase):
    def responses(self, origins: str) -> dict:
        template = cloudformation.template()
        body = resolve(template["Resources"]["MoviesApi"]["Properties"]["DefinitionBody"], template, {"CorsAllowOrigins": origins})
        return body["x-amazon-apigateway-gateway-responses"]

    def problems(self) -> list[dict]:
        self.assertLessEqual(TYPES, set(self.responses("*")))
        found = []
        for name, response in self.responses("*").items():
            # messageString already contains the quotes.
            text = response["responseTemplates"]["application/json"].replace("$context.error.messageString", '"why"')
            found.append(json.loads(text))
            self.assertEqual(str(found[-1]["status"]), response["statusCode"], name)
        return found

    def test_each_is_a_problem_of_the_document(self) -> None:
        for problem in self.problems():
            jsonschema.validate(problem, DOCUMENT["components"]["schemas"]["Problem"] | {"components": DOCUMENT["components"]})
            # RFC 9110 has another phrase for 413 than Python.
            self.assertIn(problem["title"], (HTTPStatus(problem["status"]).phrase, "Content Too Large"))

    def test_the_document_has_those_that_a_request_can_cause(self) -> None:
        caused = [problem for problem in self.problems() if problem["status"] in (401, 403, 429)]
        for operation in OPERATIONS:
            for problem in caused:
                name = operation["responses"][str(problem["status"])]["$ref"].rpartition("/")[2]
                example = DOCUMENT["components"]["responses"][name]["content"]["application/problem+json"]["example"]
                self.assertEqual(list(example), list(problem))
                self.assertEqual({name: example[name] for name in ("type", "title", "status")}, {
                    name: problem[name] for name in ("type", "title", "status")})  # fmt: skip

    def test_no_browser_guesses_their_type_and_no_cache_keeps_them(self) -> None:
        expected = {"Content-Type": "'application/problem+json'", "X-Content-Type-Options": "'nosniff'", "Cache-Control": "'no-store'"}
        for origins, cors in (("*", {"Access-Control-Allow-Origin": "'*'"}), ("https://app.example.org", {})):
            for name, response in self.responses(origins).items():
                headers = {key.removeprefix("gatewayresponse.header."): value for key, value in response["responseParameters"].items()
                           if value != {"Ref": "AWS::NoValue"}}  # fmt: skip
                self.assertEqual(headers, expected | cors, name)
