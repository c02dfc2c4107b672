"""The workflow's command, with the real `make deploy` and `sam deploy`, deploys twice to moto's CloudFormation and S3. The first
deployment creates the stack, and the second one updates it. The workflow's role must have the permissions for both.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path
from urllib.parse import parse_qs

import boto3
import yaml
from cloudformation import ROOT, TEMPLATE
from moto.server import DomainDispatcherApplication, ThreadedMotoServer
from pipeline import MAY_DEPLOY, REGION

BUCKET, BOUNDARY = "artifacts", "arn:aws:iam::111122223333:policy/movies-pipeline/boundary"
# Without ListBucket, S3 returns 403 for an object that does not exist.
S3 = {"HEAD": {"s3:GetObject", "s3:ListBucket"}, "PUT": {"s3:PutObject"}}


def workflow_command() -> str:
    """The command of .github/workflows/deploy-stage.yml, without the build."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/deploy-stage.yml").read_text())
    (command,) = [step["run"] for step in workflow["jobs"]["deploy"]["steps"] if step.get("run", "").startswith("make deploy")]
    return re.sub("^make deploy", f"make --old-file=.tools/sam --old-file=build deploy PYTHON=\"'{sys.executable}'\"", command)


class SecondDeploymentTest(unittest.TestCase):
    def test_the_role_allows_the_first_and_the_second_deployment(self) -> None:
        needed: set[str] = set()
        respond = DomainDispatcherApplication.__call__

        def record(moto: DomainDispatcherApplication, request: dict, start_response: object) -> object:
            body = request["wsgi.input"].read(int(request.get("CONTENT_LENGTH") or 0))
            request["wsgi.input"] = io.BytesIO(body)
            action = parse_qs(body.decode(errors="replace")).get("Action")
            needed.update({f"cloudformation:{action[0]}"} if action else S3[request["REQUEST_METHOD"]])
            return respond(moto, request, start_response)

        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        self.addCleanup(server.stop)
        # moto reads the templates of buckets at the host "localhost".
        url = f"http://localhost:{server.get_host_and_port()[1]}"
        keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
        s3, cloudformation = (boto3.client(name, REGION, endpoint_url=url, **keys) for name in ("s3", "cloudformation"))
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        recorder = unittest.mock.patch.object(DomainDispatcherApplication, "__call__", record)
        environment = {
            "PATH": os.environ["PATH"], "CI": "true", "NO_PROXY": "localhost", "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": REGION,
            **{name.upper(): value for name, value in keys.items()}, "STAGE": "dev", "BUCKET": BUCKET, "BOUNDARY": BOUNDARY,
            "ROLE": "arn:aws:iam::111122223333:role/movies-pipeline/execution", "AWS_REGION": REGION,
        }
        allowed = {action for each in MAY_DEPLOY for action in each["Action"]
                   if each["Sid"] in ("StartDeployments", "HandOverArtifacts", "FindArtifacts")}
        # A parameter of one deployment replaces the value of samconfig.toml, which the next deployment sends again. A parameter that
        # samconfig.toml does not contain keeps its value.
        for given, authorization, status in [(" WriteAuthorization=NONE MemorySize=512", "NONE", "CREATE_COMPLETE"),
                                             ("", "AWS_IAM", "UPDATE_COMPLETE")]:
            with self.subTest(status):
                needed.clear()
                with recorder:
                    self.deploy(status, {**environment, "TOPIC": f"topic{given}"})
                self.assertEqual(needed - allowed, set(), "the role lacks these permissions")
                (stack,) = cloudformation.describe_stacks(StackName="movies-dev")["Stacks"]
                self.assertEqual(stack["StackStatus"], status)
                parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
                expected = {"Stage": "dev", "PermissionsBoundaryArn": BOUNDARY, "AlarmTopicArn": "topic", "MemorySize": "512",
                            "WriteAuthorization": authorization}
                self.assertEqual({**parameters, **expected}, parameters)
        self.assertEqual(needed, allowed, "an update needs all permissions, and a creation does not read the stack's parameters")

    def deploy(self, name: str, environment: dict[str, str]) -> None:
        """Deploys a stack with the parameters and rules of the template. It has one log group, because moto has no transform."""
        logs = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}
        with tempfile.TemporaryDirectory() as directory:
            for file in ("Makefile", "samconfig.toml"):
                Path(directory, file).write_text((ROOT / file).read_text())
            built = Path(directory, ".aws-sam/build/template.yaml")
            built.parent.mkdir(parents=True)
            built.write_text(yaml.dump({**TEMPLATE, "Resources": {"MoviesLogs": logs}, "Outputs": {}}))
            result = subprocess.run(["bash", "-c", workflow_command()], cwd=directory, env={**environment, "HOME": directory},
                                    capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
