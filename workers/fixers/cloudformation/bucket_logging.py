"""Access logs of S3 buckets in CloudFormation templates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.bucket import bucket
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import Harmless, Target, fixer
from workers.source.yamldoc import Node
from workers.source.yamledit import Value

_PARAMETER = "AccessLogBucket"
_LOGS = re.compile(r"(?:access|server|s3).?log", re.IGNORECASE)
_DELIVERY = "the log bucket's policy must let logging.s3.amazonaws.com write"


@fixer(
    name="cloudformation-s3-logging",
    weakness="logging",
    rules={"checkov": ["CKV_AWS_18"]},
    explain="""Access logs tell who read what when data has leaked. They go to a bucket of their own in the same region
and account, which must not log into itself: every log file would cause another.""",
)
def logging(target: Target) -> Iterator[Candidate]:
    """Into the template's own log bucket; or into one that a parameter names."""
    template = bucket(target)
    if _is_log_bucket(template.name, template.text("AccessControl")) or _logged_into(template):
        message = f"{template.name} takes access logs itself: each log file of a log bucket would cause another"
        raise Harmless(message)
    found = log_bucket(template)
    prefix = f"{template.name}/"
    declares = template.declare("LoggingConfiguration")
    if found:
        wanted: dict[str, Value] = {"DestinationBucketName": {"Ref": found}, "LogFilePrefix": prefix}
        how = f"Every request is recorded in {found}, the template's own bucket for that."
        edits = template.settle({"LoggingConfiguration": wanted})
        yield from template.candidate("log-bucket-of-template", edits, how, declares, [_DELIVERY])
    body: dict[str, Value] = {"Type": "String", "Description": "Bucket of this region that takes access logs"}
    wanted = {"DestinationBucketName": {"Ref": _PARAMETER}, "LogFilePrefix": prefix}
    edits = [*template.settle({"LoggingConfiguration": wanted}), template.parameter(_PARAMETER, body)]
    how = f"Every request is recorded in the bucket that the new parameter {_PARAMETER} names."
    warnings = ["give the parameter at the next deployment", _DELIVERY]
    yield from template.candidate("log-bucket-parameter", edits, how, [*declares, f"Parameters.{_PARAMETER}"], warnings)


def log_bucket(template: Template) -> str | None:
    """The template's own bucket for logs."""
    return next((name for name, node in template.others() if _takes_logs(name, node.text("Type"), node)), None)


def _is_log_bucket(name: str, acl: str) -> bool:
    return acl == "LogDeliveryWrite" or bool(_LOGS.search(name))


def _takes_logs(name: str, kind: str, node: Node) -> bool:
    return kind == "AWS::S3::Bucket" and _is_log_bucket(name, node.text("Properties", "AccessControl"))


def _logged_into(template: Template) -> bool:
    """Whether another bucket writes its access logs into this one."""
    found = (node.get("Properties", "LoggingConfiguration") for _, node in template.others())
    return any(logs is not None and template.mentions(logs) for logs in found)
