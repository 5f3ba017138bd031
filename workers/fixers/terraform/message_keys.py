"""SNS topics and SQS queues: which AWS services send to them, and a customer key that lets those in."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NotHere, Target, fixer
from workers.fixers.terraform.handed_on import callers_of
from workers.fixers.terraform.key_policy import policy, statement, through, with_data
from workers.fixers.terraform.resource import Resource, several
from workers.source.hcltext import Body, block_text

_SENDERS = {
    "aws_budgets_budget": "budgets.amazonaws.com",
    "aws_cloudwatch_composite_alarm": "cloudwatch.amazonaws.com",
    "aws_cloudwatch_event_target": "events.amazonaws.com",
    "aws_cloudwatch_metric_alarm": "cloudwatch.amazonaws.com",
    "aws_codestarnotifications_notification_rule": "codestar-notifications.amazonaws.com",
    "aws_db_event_subscription": "events.rds.amazonaws.com",
    "aws_s3_bucket_notification": "s3.amazonaws.com",
    "aws_sns_topic_subscription": "sns.amazonaws.com",
}
_TOPIC, _QUEUE = "aws_sns_topic", "aws_sqs_queue"
_SERVICE = re.compile(r'"([\w-]+(?:\.rds)?\.amazonaws\.com)"')
_POLICIES = ("aws_sns_topic_policy", "aws_sqs_queue_policy", "aws_iam_policy_document")
_NAMES = {_TOPIC: "SNS", _QUEUE: "SQS"}
_OTHERS = "what sends from another account must be let use the key"
_PROGRAMS = "what sends with rights of its own (a role, a user) must be let use the key"


def senders(resource: Resource) -> list[str]:
    """The services that send to a topic or a queue in their own name, as far as its module says."""
    found: set[str] = set()
    for file in resource.module:
        for block in file.blocks:
            kind = block.labels[0] if block.labels else ""
            source = file.content[block.node.start_byte : block.node.end_byte].decode("utf-8", "replace")
            if block is resource.block or not resource.mentioned(source):
                continue
            if kind in _SENDERS and not (kind == "aws_sns_topic_subscription" and resource.type == _TOPIC):
                found.add(_SENDERS[kind])
            elif kind in _POLICIES:
                found.update(_SERVICE.findall(source))
    return sorted(found)


def _handed(resource: Resource) -> str:
    """The output by which other modules of the repository have services send to it; empty where none tells of any."""
    folder = posixpath.dirname(resource.hcl.path)
    outputs = [one.labels[0] for _, one in resource.blocks("output") if resource.mentioned(one.text("value"))]
    if not outputs or not callers_of(resource.target.tree, folder):
        return ""
    return f"output.{outputs[0]}"


def locked_out(resource: Resource) -> str:
    """Why the account's own key is not enough; empty where no service of the module needs another."""
    services = ", ".join(senders(resource)) or (
        f"whatever {output} is given to" if (output := _handed(resource)) else ""
    )
    if not services:
        return ""
    return f"{services} sends to {resource.address}, and cannot use the account's own key: it needs a customer key"


@fixer(
    name="terraform-message-key",
    weakness="cryptography",
    rules={"checkov": ["CKV_AWS_26", "CKV_AWS_27"]},
    explain="""An alarm, an event or a bucket sends in its service's own name, which the account's own key does not let
in: its messages would be lost without a word. A customer key lets it in, where its policy names the service.""",
)
def message_key(target: Target) -> Iterator[Candidate]:
    """A new key that the services which send may use; or one that a variable names."""
    resource = Resource(target)
    if resource.type not in (_TOPIC, _QUEUE) or several(resource.block):
        message = f"{resource.address} is no single topic or queue"
        raise NotHere(message)
    services = senders(resource)
    output = _handed(resource)
    label = resource.unique_name("aws_kms_key", resource.name)
    key_body = {
        "description": f'"Encrypts {resource.address}"', "enable_key_rotation": "true",
        "deletion_window_in_days": "30", "policy": _policy(resource, services),
    }  # fmt: skip
    key, more = with_data(resource, block_text("resource", ("aws_kms_key", label), key_body))
    body: Body = {"kms_master_key_id": f"aws_kms_key.{label}.arn"}
    declares = [*resource.declare(body), f"resource.aws_kms_key.{label}", *more]
    how = "Messages are encrypted with a new key that rotates every year"
    how += f", and that {', '.join(services)} may use to send." if services else "."
    how += f" Whoever in the account may use {_NAMES[resource.type]} may use it through that."
    if not output:
        edits = resource.followed(resource.settle(body), key)
        yield from resource.candidate("new-key", edits, how, declares, [_OTHERS])
    name = resource.own_name("kms_key_arn")
    if any(True for _ in resource.blocks("variable", name)):
        return
    text = block_text(
        "variable", (name,), {"description": f'"ARN of the KMS key for {resource.address}"', "type": "string"}
    )
    body = {"kms_master_key_id": f"var.{name}"}
    how = f"Messages are encrypted with the key that the new variable `{name}` names."
    needed = f"the key's policy must let {', '.join(services)} use it, or nothing arrives" if services else _PROGRAMS
    declares = [*resource.declare(body), f"variable.{name}"]
    yield from resource.candidate(
        "key-variable", resource.followed(resource.settle(body), text), how, declares,
        ["set the variable before the next plan", needed],
    )  # fmt: skip


def _policy(resource: Resource, services: list[str]) -> str:
    programs = through(_NAMES[resource.type].lower())
    if not services:
        return policy(programs)
    listed = "[" + ", ".join(f'"{one}"' for one in services) + "]"
    sends = statement("ServicesSend", f"{{ Service = {listed} }}", '["kms:Decrypt", "kms:GenerateDataKey*"]')
    return policy(programs, sends)
