"""Access logs of S3 buckets in CloudFormation templates."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.bucket import bucket
from workers.fixers.cloudformation.bucket_use import is_for_logs, log_bucket
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import Harmless, Target, fixer
from workers.source.yamltext import Value

_PARAMETER = "AccessLogBucket"
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
    if is_for_logs(template.name, template.node) or _logged_into(template):
        message = f"{template.name} takes access logs itself: each log file of a log bucket would cause another"
        raise Harmless(message)
    found = log_bucket(template)
    prefix = f"{template.name}/"
    declares = template.declare("LoggingConfiguration")
    if found:
        wanted: dict[str, Value] = {"DestinationBucketName": {"Ref": found}, "LogFilePrefix": prefix}
        how = f"Every request is recorded in {found}, the template's own bucket for that."
        edits = template.settle({"LoggingConfiguration": wanted})
        yield from template.candidate("log-bucket-of-template", edits, how, declares)
    wanted = {"DestinationBucketName": {"Ref": _PARAMETER}, "LogFilePrefix": prefix}
    for approach, kind, said in named_by_parameter(_PARAMETER):
        body: dict[str, Value] = {"Type": kind, "Description": "Bucket of this region that takes access logs"}
        edits = [*template.settle({"LoggingConfiguration": wanted}), *template.parameter(_PARAMETER, body)]
        how = f"Every request is recorded in the bucket that {said}."
        warnings = ["give the parameter at the next deployment", _DELIVERY]
        yield from template.candidate(approach, edits, how, [*declares, f"Parameters.{_PARAMETER}"], warnings)
        if found:
            return


def named_by_parameter(parameter: str) -> Iterator[tuple[str, str, str]]:
    """Approach, type and words of both ways in which a stack's parameter can name a log bucket."""
    yield "log-bucket-parameter", "String", f"the new parameter {parameter} names"
    stored = "AWS::SSM::Parameter::Value<String>"
    said = f"the account names in its Parameter Store, under the name that the new parameter {parameter} takes"
    yield "log-bucket-of-parameter-store", stored, said


def _logged_into(template: Template) -> bool:
    """Whether another bucket writes its access logs into this one."""
    found = (node.get("Properties", "LoggingConfiguration") for _, node in template.others())
    return any(logs is not None and template.mentions(logs) for logs in found)
