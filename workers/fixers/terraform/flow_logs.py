"""Networks of AWS whose traffic nobody writes down."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, NotHere, Target, fixer
from workers.fixers.terraform.key_policy import with_data
from workers.fixers.terraform.log_group import log_group
from workers.fixers.terraform.resource import Resource, several
from workers.fixers.terraform.service_role import trust
from workers.source.hcltext import Body, block_text

_RIGHTS = """jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"]
      Resource = "${%s.arn}:*"
    }]
  })"""
_PAID = "every record is stored, and paid for"
_BUCKET = "the bucket's policy must let delivery.logs.amazonaws.com write; in the account's own bucket AWS adds that"


@fixer(
    name="terraform-flow-logs",
    weakness="logging",
    rules={"checkov": ["CKV2_AWS_11"], "trivy": ["AVD-AWS-0178"]},
    explain="""Flow logs say who talked to whom in a network, and what was refused: without them nobody can tell
afterwards where an intruder went. CloudWatch keeps them searchable, and can raise alarms; a bucket keeps them at a
tenth of the price, and may belong to another account, out of the intruder's reach.""",
)
def flow_logs(target: Target) -> Iterator[Candidate]:
    """Into a log group of its own; or into a bucket that a variable names."""
    resource = Resource(target)
    if resource.type != "aws_vpc":
        message = f"{resource.address} is no VPC"
        raise NotHere(message)
    if several(resource.block):
        message = f"{resource.address} has several instances: give each its own log where they are told apart"
        raise NoFix(message)
    yield from _in_cloudwatch(resource)
    yield from _in_bucket(resource)


def _in_cloudwatch(resource: Resource) -> Iterator[Candidate]:
    label = f"{resource.name}_flow_logs".lstrip("_")
    group = log_group(resource, label, f"{resource.name}-flow-logs-")
    made = {kind: resource.unique_name(kind, label) for kind in ("aws_flow_log", "aws_iam_role", "aws_iam_role_policy")}
    role = f"aws_iam_role.{made['aws_iam_role']}"
    bodies: dict[str, Body] = {
        "aws_flow_log": {
            "vpc_id": resource.reference("id"), "traffic_type": '"ALL"',
            "log_destination": f"{group.address}.arn", "iam_role_arn": f"{role}.arn",
        },
        "aws_iam_role": {"name_prefix": '"flow-logs-"', "assume_role_policy": trust("vpc-flow-logs.amazonaws.com")},
        "aws_iam_role_policy": {"role": f"{role}.id", "policy": _RIGHTS % group.address},
    }  # fmt: skip
    texts = [block_text("resource", (kind, made[kind]), body) for kind, body in bodies.items()]
    text, more = with_data(resource, "\n\n".join((*texts, *group.texts)))
    how = "All traffic is recorded in a log group of its own, encrypted and kept for a year, which its role may write "
    how += "to and nothing else."
    declares = [*(f"resource.{kind}.{name}" for kind, name in made.items()), *group.declares, *more]
    yield from resource.candidate("to-cloudwatch", [resource.hcl.after(resource.block, text)], how, declares, [_PAID])


def _in_bucket(resource: Resource) -> Iterator[Candidate]:
    name = resource.own_name("flow_log_bucket_arn")
    if any(True for _ in resource.blocks("variable", name)):
        return
    label = resource.unique_name("aws_flow_log", f"{resource.name}_flow_logs".lstrip("_"))
    body: Body = {
        "vpc_id": resource.reference("id"), "traffic_type": '"ALL"',
        "log_destination_type": '"s3"', "log_destination": f"var.{name}",
    }  # fmt: skip
    said = {"description": f'"ARN of the S3 bucket that takes the flow logs of {resource.address}"', "type": "string"}
    text = f"{block_text('resource', ('aws_flow_log', label), body)}\n\n{block_text('variable', (name,), said)}"
    how = f"All traffic is recorded in the bucket that the new variable `{name}` names."
    yield from resource.candidate(
        "to-bucket-variable", [resource.hcl.after(resource.block, text)], how,
        [f"resource.aws_flow_log.{label}", f"variable.{name}"],
        ["set the variable before the next plan", _PAID, _BUCKET],
    )  # fmt: skip
