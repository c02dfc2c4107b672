"""Stubs of CloudFormation and S3 on loopback, with the operations that `sam deploy` uses. Like IAM, they reject each call that
the caller's policies do not allow.
"""

import http.server
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from typing import NamedTuple
from xml.sax.saxutils import escape

from account import ACCOUNT, REGION
from samtranslator.yaml_helper import yaml_parse

TRANSFORM = f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"


class Call(NamedTuple):
    """A call that IAM allows or rejects."""

    action: str
    resource: str
    context: dict[str, str] = {}


class Rejected(Exception):
    """An error response with AWS's error code and a message."""


class Stack:
    def __init__(self, name: str) -> None:
        self.name = name
        self.id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/5b4c3d2e"
        self.events = ["REVIEW_IN_PROGRESS"]
        self.template: dict = {}
        self.parameters: dict[str, str] = {}
        self.pending: tuple[dict, dict[str, str]] = ({}, {})

    @property
    def status(self) -> str:
        return self.events[-1]


class Aws:
    def __init__(self, allowed: Callable[[Call], bool], bucket: str) -> None:
        self.allowed, self.bucket = allowed, bucket
        self.calls: list[Call] = []
        self.objects: dict[str, bytes] = {}
        self.stacks: dict[str, Stack] = {}

    def authorize(self, *calls: Call) -> None:
        for call in calls:
            self.calls.append(call)
            if not self.allowed(call):
                raise Rejected("AccessDenied", f"not authorized to perform: {call.action} on resource: {call.resource} {call.context}")

    # ------------------------------------------------------------ S3
    def s3(self, method: str, bucket: str, key: str, body: bytes) -> tuple[int, bytes]:
        if bucket != self.bucket:
            raise Rejected("NoSuchBucket", bucket)
        target = f"arn:aws:s3:::{bucket}/{key}"
        if method == "PUT":
            self.authorize(Call("s3:PutObject", target))
            self.objects[key] = body
            return 200, b""
        # Without ListBucket, S3 returns 403 for an object that does not exist.
        self.authorize(Call("s3:GetObject", target), *([] if key in self.objects else [Call("s3:ListBucket", f"arn:aws:s3:::{bucket}")]))
        return (200, self.objects[key]) if key in self.objects else (404, b"")

    # ------------------------------------------------------------ CloudFormation
    def cloudformation(self, request: dict[str, str]) -> str:
        action = request["Action"]
        name = request["StackName"].split("/")[1] if request["StackName"].startswith("arn:") else request["StackName"]
        stack = self.stacks.get(name)
        self.authorize(Call(f"cloudformation:{action}", stack.id if stack else Stack(name).id))
        operation = getattr(self, action)
        if stack is None and action != "CreateChangeSet":
            raise Rejected("ValidationError", f"Stack with id {name} does not exist")
        return f"<{action}Response><{action}Result>{operation(stack or Stack(name), request)}</{action}Result></{action}Response>"

    def DescribeStacks(self, stack: Stack, _: dict) -> str:  # noqa: N802
        return (f"<Stacks><member><StackName>{stack.name}</StackName><StackId>{stack.id}</StackId><CreationTime>2026-07-01T12:00:00Z</CreationTime>"
                f"<StackStatus>{stack.status}</StackStatus></member></Stacks>")

    def GetTemplateSummary(self, stack: Stack, _: dict) -> str:  # noqa: N802
        keys = "".join(f"<member><ParameterKey>{key}</ParameterKey></member>" for key in stack.template["Parameters"])
        return f"<Parameters>{keys}</Parameters>"

    def CreateChangeSet(self, stack: Stack, request: dict) -> str:  # noqa: N802
        _, bucket, key = urllib.parse.urlsplit(request["TemplateURL"]).path.split("/", 2)
        role = request.get("RoleARN")
        self.authorize(
            Call("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"),
            Call("cloudformation:CreateChangeSet", TRANSFORM),
            *([Call("iam:PassRole", role, {"iam:PassedToService": "cloudformation.amazonaws.com"})] if role else []),
        )
        kind = request["ChangeSetType"]
        if (kind == "CREATE") != (stack.status == "REVIEW_IN_PROGRESS"):
            raise Rejected("ValidationError", f"{kind} of a stack that is {stack.status}")
        template = yaml_parse(self.objects[key].decode())
        stack.pending = (template, dict(self.parameters(stack, template, request)))
        self.stacks[stack.name] = stack
        change_set = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/{request['ChangeSetName']}/6c5d4e3f"
        return f"<Id>{change_set}</Id><StackId>{stack.id}</StackId>"

    def parameters(self, stack: Stack, template: dict, request: dict) -> Iterator[tuple[str, str]]:
        """All parameters with their values. Like CloudFormation, it uses the sent, the previous or the default value."""
        given = {}
        for field, key in request.items():
            if found := re.fullmatch(r"(Parameters\.member\.\d+)\.ParameterKey", field):
                given[key] = stack.parameters.get(key) if f"{found[1]}.UsePreviousValue" in request else request[f"{found[1]}.ParameterValue"]
        if unknown := given.keys() - template["Parameters"].keys():
            raise Rejected("ValidationError", f"Parameters: {unknown} do not exist in the template")
        for key, parameter in template["Parameters"].items():
            value = given.get(key, str(parameter.get("Default")) if key not in given and "Default" in parameter else None)
            if value is None:
                raise Rejected("ValidationError", f"Parameters: [{key}] must have values")
            yield key, value

    def DescribeChangeSet(self, stack: Stack, request: dict) -> str:  # noqa: N802
        action = "Modify" if stack.template else "Add"
        changes = "".join(
            f"<member><Type>Resource</Type><ResourceChange><Action>{action}</Action><LogicalResourceId>{key}</LogicalResourceId>"
            f"<ResourceType>{resource['Type']}</ResourceType></ResourceChange></member>"
            for key, resource in stack.pending[0]["Resources"].items())
        return (f"<ChangeSetId>{request['ChangeSetName']}</ChangeSetId><StackName>{stack.name}</StackName>"
                f"<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus><Changes>{changes}</Changes>")

    def ExecuteChangeSet(self, stack: Stack, _: dict) -> str:  # noqa: N802
        stack.events.append("UPDATE_COMPLETE" if stack.template else "CREATE_COMPLETE")
        stack.template, stack.parameters = stack.pending
        return ""

    def DescribeStackEvents(self, stack: Stack, _: dict) -> str:  # noqa: N802
        # The newest event comes first. `sam deploy` waits for an event that is newer than its change set.
        events = "".join(
            f"<member><StackId>{stack.id}</StackId><EventId>{number}</EventId><StackName>{stack.name}</StackName>"
            f"<LogicalResourceId>{stack.name}</LogicalResourceId><ResourceType>AWS::CloudFormation::Stack</ResourceType>"
            f"<PhysicalResourceId>{stack.id}</PhysicalResourceId><ResourceStatus>{status}</ResourceStatus>"
            f"<Timestamp>2026-07-01T12:{number:02}:00Z</Timestamp></member>"
            for number, status in reversed(list(enumerate(stack.events))))
        return f"<StackEvents>{events}</StackEvents>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        try:
            if path == "/":
                request = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
                status, response = 200, self.server.aws.cloudformation(request).encode()
            else:
                _, bucket, key = path.split("/", 2)
                status, response = self.server.aws.s3(self.command, bucket, key, body)
        except Rejected as rejected:
            code, message = rejected.args
            error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
            status = 403 if code == "AccessDenied" else 400
            response = (f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>" if path == "/"
                      else f"<Error>{error}</Error>").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(response)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response)

    do_GET = do_HEAD = do_POST = do_PUT = do  # noqa: N815

    def log_message(self, *_) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """Serves the stubs of one account until `server_close`."""

    def __init__(self, aws: Aws) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.aws = aws
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def server_close(self) -> None:
        self.shutdown()
        super().server_close()
