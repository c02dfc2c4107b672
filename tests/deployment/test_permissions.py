"""The permissions of the function, and who may call it."""

import re
import unittest

from cloudformation import RESOURCES, ROOT, TRANSLATED, policies, resolve, translate

POOL = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_Example"


class PermissionsTest(unittest.TestCase):
    def test_the_function_has_exactly_the_permissions_that_the_store_needs(self) -> None:
        store = "".join(path.read_text() for path in (ROOT / "src/store").glob("*.rs"))
        operations = re.findall(r"\bclient\s*\.(?!clone|config)(\w+)\(\)", store)
        calls = {"".join(word.capitalize() for word in operation.split("_")) for operation in operations}
        # IAM authorizes a transaction as the single writes in it.
        transacted = {"PutItem", "UpdateItem", "DeleteItem"} if "TransactWriteItems" in calls else set()
        wanted = {f"dynamodb:{call}" for call in (calls | transacted) - {"TransactWriteItems"}}
        role = RESOURCES["MoviesRole"]
        statements = policies({"MoviesRole": role})["MoviesRole"]
        # Keys are read by themselves, and put in the transaction of a movie.
        keys = (ROOT / "src/store/keys.rs").read_text()
        self.assertEqual(re.findall(r"\bclient\s*\.(\w+)\(\)", keys), ["get_item"])
        for table, expected in {"MoviesTable": wanted, "KeysTable": {"dynamodb:GetItem", "dynamodb:PutItem"}}.items():
            of_table = [each for each in statements if table in str(each["Resource"])]
            actions = [action for each in of_table for action in each["Action"]]
            self.assertEqual(sorted(actions), sorted(expected), table)
        self.assertNotIn("ManagedPolicyArns", role["Properties"])
        for each in statements:
            if each["Resource"] == ["*"]:
                self.assertEqual({action.split(":")[0] for action in each["Action"]}, {"xray"})

    def test_the_policy_of_writers_allows_every_write(self) -> None:
        policy = TRANSLATED["Outputs"]["WriterPolicy"]["Value"]["Fn::Sub"]
        # In IAM, an asterisk in a resource matches any text, including slashes.
        allowed = re.compile(re.escape(policy.split("${MoviesApi}")[1].replace("${Stage}", "dev")).replace(r"\*", ".*"))
        for method, path in [("POST", "/ns_movies"), ("POST", "/ns_movies/"), ("PUT", "/ns_movies/50/50-2011")]:
            self.assertRegex(f"/dev/{method}{path}", rf"\A{allowed.pattern}\Z")
        self.assertNotRegex("/dev/POST/other", rf"\A{allowed.pattern}\Z")

    def test_who_may_call_what(self) -> None:
        schemes = {
            "AWS_IAM": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
            POOL: {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "cognito_user_pools",
                   "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [POOL]}},
        }
        for write, read in [("AWS_IAM", "NONE"), ("NONE", "NONE"), (POOL, "AWS_IAM"), ("AWS_IAM", POOL)]:
            parameters = {"WriteAuthorization": write, "ReadAuthorization": read}
            translated = translate(parameters)
            body = resolve(translated["Resources"]["MoviesApi"]["Properties"]["Body"], parameters)
            self.assertEqual(set(body["paths"]["/{proxy+}"]) - {"parameters"},
                             {"get", "post", "put", "patch", "delete", "options", "x-amazon-apigateway-any-method"})
            for path, item in body["paths"].items():
                for method in set(item) - {"parameters"}:
                    needed = {"options": "NONE", "get": read, "x-amazon-apigateway-any-method": read}.get(method, write)
                    found = [body["components"]["securitySchemes"][name] for each in item[method]["security"] for name in each]
                    with self.subTest(path=path, method=method, needed=needed):
                        self.assertEqual(found, [schemes[needed]] if needed != "NONE" else [])
