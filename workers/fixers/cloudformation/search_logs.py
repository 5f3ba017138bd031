"""Search domains of CloudFormation templates that write down nothing outside of themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.customer_key import LOGS, new_key
from workers.fixers.cloudformation.search_domain import cannot_tell
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, NotHere, Target, fixer
from workers.source.yamltext import Value

_TYPES = ("AWS::Elasticsearch::Domain", "AWS::OpenSearchService::Domain")
_OPTIONS = "LogPublishingOptions"
_PAID = "every line is stored, and paid for"
_LET_IN = "CloudWatch must let es.amazonaws.com write to the group (AWS::Logs::ResourcePolicy)"
_LOGS = {
    "CKV_AWS_84": ("ES_APPLICATION_LOGS", "The domain's errors and warnings are"),
    "CKV_AWS_317": ("AUDIT_LOGS", "Who signs in, and what they ask for, is"),
}
_AUDITOR = (
    "audit logs are written by fine-grained access control alone: switch that on first, with a master user of your own"
)
_RIGHTS = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, '
    '"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "${GROUP.Arn}"}]}'
)


@fixer(
    name="cloudformation-search-logs",
    weakness="logging",
    rules={"checkov": tuple(_LOGS)},
    explain="""What fails in a search domain, and who asked it for what, stands in its own logs, which are gone with it
unless it publishes them. CloudWatch keeps them, and raises alarms of them; it must be told to let the domain write.""",
)
def search_logs(target: Target) -> Iterator[Candidate]:
    """To a log group of its own, which the domain may write to; or to one that a parameter names."""
    domain = Template(target)
    if domain.type not in _TYPES:
        message = f"a {domain.type} is no search domain"
        raise NotHere(message)
    kind, what = _LOGS[target.finding.rule]
    if kind == "AUDIT_LOGS" and domain.text("AdvancedSecurityOptions", "Enabled").lower() != "true":
        raise NoFix(_AUDITOR)
    if why := cannot_tell(domain):
        raise NoFix(why)
    declares = domain.declare(_OPTIONS)
    if domain.property(_OPTIONS, kind, "CloudWatchLogsLogGroupArn") is not None:
        edits = domain.settle({_OPTIONS: {kind: {"Enabled": True}}})
        yield from domain.candidate("enable", edits, f"{what} written to the group that is named.", declares, [_PAID])
        return
    if domain.node.child("DependsOn") is None:
        yield from _new_group(domain, kind, f"{what} written to a log group of its own, encrypted and kept for a year.")
    name = f"{domain.name}LogGroupArn"
    body: dict[str, Value] = {"Type": "String", "Description": f"ARN of the log group that takes {domain.name}'s logs"}
    edits = [*domain.settle(_published(kind, {"Ref": name})), *domain.parameter(name, body)]
    how = f"{what} written to the log group that the new parameter {name} names."
    warnings = ["give the parameter at the next deployment", _LET_IN, _PAID]
    yield from domain.candidate("log-group-parameter", edits, how, [*declares, f"Parameters.{name}"], warnings)


def _published(kind: str, group: Value) -> Mapping[str, Value]:
    return {_OPTIONS: {kind: {"CloudWatchLogsLogGroupArn": group, "Enabled": True}}}


def _new_group(domain: Template, kind: str, how: str) -> Iterator[Candidate]:
    group, rights = f"{domain.name}Logs", f"{domain.name}LogsPolicy"
    key, key_body = new_key(domain, [LOGS], of=group)
    kept: dict[str, Value] = {"RetentionInDays": 365, "KmsKeyId": {"Fn::GetAtt": [key, "Arn"]}}
    let: dict[str, Value] = {
        "PolicyName": {"Fn::Sub": f"${{AWS::StackName}}-{rights}"},
        "PolicyDocument": {"Fn::Sub": _RIGHTS.replace("GROUP", group)},
    }
    made: dict[str, Mapping[str, Value]] = {
        group: {"Type": "AWS::Logs::LogGroup", "Properties": kept},
        key: key_body,
        rights: {"Type": "AWS::Logs::ResourcePolicy", "Properties": let},
    }
    edits = [
        # The domain asks whether it may write when it is made.
        domain.set_key(domain.node, "DependsOn", rights),
        *domain.settle(_published(kind, {"Fn::GetAtt": [group, "Arn"]})),
        *domain.new_resources(made),
    ]
    declares = [
        *domain.declare(_OPTIONS), f"Resources.{domain.name}.DependsOn", *(f"Resources.{name}" for name in made),
    ]  # fmt: skip
    yield from domain.candidate("new-log-group", edits, how, declares, [_PAID])
