"""Runs the workflow's commands and the real `sam deploy` with stubs of AWS. At first, the account contains only the pipeline's
stack. The first deployment creates the service's stack, and the second one updates it.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml
from account import BUCKET, REGION, may_deploy, pipeline
from aws_stub import Aws, Server
from cloudformation import ROOT, TEMPLATE
from iam import allows

# Each action occurs once, in the order of the first calls.
UPLOAD = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]
DEPLOY = ["cloudformation:CreateChangeSet", "iam:PassRole", "cloudformation:DescribeChangeSet",
          "cloudformation:DescribeStackEvents", "cloudformation:ExecuteChangeSet"]
CREATE = [*UPLOAD, "cloudformation:DescribeStacks", *DEPLOY]
UPDATE = [*UPLOAD, "cloudformation:DescribeStacks", "cloudformation:GetTemplateSummary", *DEPLOY]


def workflow_command() -> str:
    """The command of .github/workflows/deploy-stage.yml, without the build."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/deploy-stage.yml").read_text())
    (command,) = [step["run"] for step in workflow["jobs"]["deploy"]["steps"] if step.get("run", "").startswith("make deploy")]
    return re.sub("^make deploy", f"make --old-file=.tools/sam --old-file=build deploy PYTHON=\"'{sys.executable}'\"", command)


class SamDeployTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.directory = Path(directory.name)
        for name in ("Makefile", "samconfig.toml"):
            (cls.directory / name).write_text((ROOT / name).read_text())
        build = cls.directory / ".aws-sam/build"
        (build / "MoviesFunction").mkdir(parents=True)
        built = TEMPLATE.read_text().replace("      CodeUri: .\n", "      CodeUri: MoviesFunction\n")
        assert "CodeUri: MoviesFunction" in built
        (build / "template.yaml").write_text(built)

    def deploy(self, server: Server, stage: str = "dev") -> subprocess.CompletedProcess:
        stack = pipeline(stage)
        return subprocess.run(
            ["bash", "-c", workflow_command()], cwd=self.directory, capture_output=True, text=True, check=False, timeout=120,
            env={
                "PATH": os.environ["PATH"], "HOME": str(self.directory), "CI": "true", "NO_PROXY": "127.0.0.1",
                "AWS_ENDPOINT_URL": server.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
                "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
                "STAGE": stage, "ROLE": stack.values["ExecutionRole.Arn"], "BUCKET": BUCKET, "BOUNDARY": stack.values["Boundary"],
            },
        )

    def test_the_role_allows_the_first_and_the_second_deployment(self) -> None:
        statements = may_deploy(pipeline("dev"))
        aws = Aws(lambda call: allows(statements, call.action, call.resource, call.context), BUCKET)
        server = Server(aws)
        self.addCleanup(server.server_close)
        for expected, status in [(CREATE, "CREATE_COMPLETE"), (UPDATE, "UPDATE_COMPLETE")]:
            with self.subTest(status):
                aws.calls.clear()
                (self.directory / ".aws-sam/build/MoviesFunction/bootstrap").write_text(f"#!/bin/sh\n# {status}\n")
                result = self.deploy(server)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
                self.assertEqual(list(dict.fromkeys(call.action for call in aws.calls)), expected)
                stack = aws.stacks["movies-dev"]
                self.assertEqual(stack.status, status)
                self.assertEqual(stack.parameters["PermissionsBoundaryArn"], pipeline("dev").values["Boundary"])
                self.assertEqual(stack.parameters["Stage"], "dev")
                code = stack.template["Resources"]["MoviesFunction"]["Properties"]["CodeUri"]
                self.assertIn(code.removeprefix(f"s3://{BUCKET}/"), aws.objects)

    def test_the_pipeline_of_another_stage_may_not_deploy_this_one(self) -> None:
        statements = may_deploy(pipeline("dev-x"))
        aws = Aws(lambda call: allows(statements, call.action, call.resource, call.context), BUCKET)
        server = Server(aws)
        self.addCleanup(server.server_close)
        result = self.deploy(server)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("AccessDenied", result.stderr)
        self.assertEqual(aws.stacks, {})
