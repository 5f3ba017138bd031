"""Stages of AWS' API Gateway that write down no request."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, NotHere, Target, fixer
from workers.fixers.terraform.key_policy import with_data
from workers.fixers.terraform.log_group import log_group
from workers.fixers.terraform.resource import Resource, several
from workers.source.hcltext import Body, block_text

_REST, _HTTP = "aws_api_gateway_stage", "aws_apigatewayv2_stage"
_FIELDS = ("requestId", "ip", "requestTime", "httpMethod", "routeKey", "resourcePath", "status", "responseLength")
_ONLY = {"routeKey": _HTTP, "resourcePath": _REST}
_PAID = "every line is stored, and paid for"
_ROLE = "the account's settings of API Gateway must name a role that may write to CloudWatch (aws_api_gateway_account)"


@fixer(
    name="terraform-api-access-logs",
    weakness="logging",
    rules={"checkov": ["CKV_AWS_76", "CKV_AWS_95"], "trivy": ["AVD-AWS-0001"]},
    explain="""An access log says who called what, from where and with which answer: without it an abused API shows on
the bill first. Each line here is JSON, which CloudWatch can search, and holds no header and no body.""",
)
def api_access_logs(target: Target) -> Iterator[Candidate]:
    """Into a log group of its own; or into one that a variable names."""
    resource = Resource(target)
    if resource.type not in (_REST, _HTTP):
        message = f"{resource.address} is no stage of an API"
        raise NotHere(message)
    if resource.block.is_dynamic("access_log_settings"):
        message = f"a dynamic block makes the access log of {resource.address}: it is decided there"
        raise NoFix(message)
    warnings = [_PAID, *([_ROLE] if resource.type == _REST else [])]
    if not several(resource.block):
        label = f"{resource.name}_access_logs".lstrip("_")
        group = log_group(resource, label, f"{resource.name}-access-")
        text, more = with_data(resource, "\n\n".join(group.texts))
        body = _logged(resource, f"{group.address}.arn")
        how = "Each request is recorded in a log group of its own, encrypted and kept for a year."
        edits = resource.followed(resource.settle(body), text)
        declares = [*resource.declare(body), *group.declares, *more]
        yield from resource.candidate("new-log-group", edits, how, declares, warnings)
    name = resource.own_name("access_log_group_arn")
    if any(True for _ in resource.blocks("variable", name)):
        return
    said = {"description": f'"ARN of the log group that takes requests of {resource.address}"', "type": "string"}
    body = _logged(resource, f"var.{name}")
    edits = resource.followed(resource.settle(body), block_text("variable", (name,), said))
    how = f"Each request is recorded in the log group that the new variable `{name}` names."
    declares = [*resource.declare(body), f"variable.{name}"]
    warnings = ["set the variable before the next plan", *warnings]
    yield from resource.candidate("log-group-variable", edits, how, declares, warnings)


def _logged(resource: Resource, group: str) -> Body:
    fields = [name for name in _FIELDS if _ONLY.get(name, resource.type) == resource.type]
    width = max(map(len, fields))
    lines = "".join(f'      {name:<{width}} = "$context.{_context(name)}"\n' for name in fields)
    return {"access_log_settings": {"destination_arn": group, "format": f"jsonencode({{\n{lines}    }})"}}


def _context(name: str) -> str:
    return "identity.sourceIp" if name == "ip" else name
