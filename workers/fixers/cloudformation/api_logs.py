"""Stages of API Gateway in CloudFormation and SAM templates that write down no request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.customer_key import LOGS, new_key
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NotHere, Target, fixer
from workers.source.yamltext import Value

_REST, _HTTP = "AccessLogSetting", "AccessLogSettings"
_TYPES = {
    "AWS::ApiGateway::Stage": _REST,
    "AWS::Serverless::Api": _REST,
    "AWS::ApiGatewayV2::Stage": _HTTP,
    "AWS::Serverless::HttpApi": _HTTP,
}
_PAID = "every line is stored, and paid for"
_ROLE = "the account's settings of API Gateway must name a role that may write to CloudWatch (AWS::ApiGateway::Account)"


@fixer(
    name="cloudformation-api-access-logs",
    weakness="logging",
    rules={"checkov": ["CKV_AWS_76", "CKV_AWS_95"]},
    explain="""An access log says who called what, from where and with which answer: without it an abused API shows on
the bill first. Each line here is JSON, which CloudWatch can search, and holds no header and no body.""",
)
def api_access_logs(target: Target) -> Iterator[Candidate]:
    """Into a log group of its own; or into one that a parameter names."""
    template = Template(target)
    key = _TYPES.get(template.type, "")
    if not key:
        message = f"a {template.type} is no stage of an API"
        raise NotHere(message)
    warnings = [_PAID, *([_ROLE] if key == _REST else [])]
    group = f"{template.name}AccessLogs"
    name, body = new_key(template, [LOGS], of=group)
    properties: dict[str, Value] = {"RetentionInDays": 365, "KmsKeyId": {"Fn::GetAtt": [name, "Arn"]}}
    made: dict[str, Mapping[str, Value]] = {
        group: {"Type": "AWS::Logs::LogGroup", "Properties": properties}, name: body,
    }  # fmt: skip
    edits = [*template.settle({key: _logged({"Fn::GetAtt": [group, "Arn"]}, key)}), *template.new_resources(made)]
    how = "Each request is recorded in a log group of its own, encrypted and kept for a year."
    declares = [*template.declare(key), *(f"Resources.{one}" for one in made)]
    yield from template.candidate("new-log-group", edits, how, declares, warnings)
    name = f"{template.name}AccessLogGroupArn"
    said: dict[str, Value] = {
        "Type": "String",
        "Description": f"ARN of the log group that takes requests of {template.name}",
    }
    edits = [*template.settle({key: _logged({"Ref": name}, key)}), *template.parameter(name, said)]
    how = f"Each request is recorded in the log group that the new parameter {name} names."
    warnings = ["give the parameter at the next deployment", *warnings]
    declares = [*template.declare(key), f"Parameters.{name}"]
    yield from template.candidate("log-group-parameter", edits, how, declares, warnings)


def _logged(group: Value, key: str) -> Mapping[str, Value]:
    route = {"routeKey": "routeKey"} if key == _HTTP else {"resourcePath": "resourcePath"}
    fields = {
        "requestId": "requestId", "ip": "identity.sourceIp", "requestTime": "requestTime", "httpMethod": "httpMethod",
        **route, "status": "status", "responseLength": "responseLength",
    }  # fmt: skip
    line = json.dumps({name: f"$context.{value}" for name, value in fields.items()})
    return {"DestinationArn": group, "Format": line}
