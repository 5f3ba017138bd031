"""SNS topics of CloudFormation templates whose messages lie in the clear."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.customer_key import Kept, key_parameter, with_new_key
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamldoc import Node
from workers.source.yamltext import Value

_PRINCIPALS = {
    "AWS::Budgets::": "budgets.amazonaws.com",
    "AWS::CloudWatch::": "cloudwatch.amazonaws.com",
    "AWS::CodeCommit::": "codecommit.amazonaws.com",
    "AWS::CodeStarNotifications::": "codestar-notifications.amazonaws.com",
    "AWS::Events::": "events.amazonaws.com",
    "AWS::RDS::EventSubscription": "events.rds.amazonaws.com",
    "AWS::S3::Bucket": "s3.amazonaws.com",
    "AWS::SES::": "ses.amazonaws.com",
}
"""Type → the service that publishes in its own name, and so must be let use the key."""
_CALLERS = ("AWS::IAM::", "AWS::Lambda::", "AWS::SNS::Subscription", "AWS::ECS::", "AWS::EC2::", "AWS::SSM::")
"""Types whose programs publish with rights of their own, or that only receive."""
_READERS = "what publishes with rights of its own (a role, a user) must be let use the key"
_KEPT = Kept("AWS::SNS::Topic", "KmsMasterKeyId", _READERS)


@fixer(
    name="cloudformation-topic-encryption",
    weakness="encryption",
    rules={"checkov": ["CKV_AWS_26"]},
    explain="""SNS keeps messages until they are delivered, in the clear unless the topic names a key. The account's own
key for SNS admits no other AWS service: where an alarm or an event publishes, the topic needs a customer key whose
policy names that service, else its messages are lost without a word.""",
)
def topic_encryption(target: Target) -> Iterator[Candidate]:
    """A new key that the services which publish may use; a parameter's; the account's own where no service does."""
    template = Template(target)
    if template.type != "AWS::SNS::Topic":
        message = f"a {template.type} is no topic"
        raise NoFix(message)
    services, unknown = _publishers(template)
    declares = template.declare("KmsMasterKeyId")
    if not services and not unknown:
        edits = template.settle({"KmsMasterKeyId": "alias/aws/sns"})
        how = "Messages are encrypted with the account's KMS key for SNS."
        warning = "no AWS service (an alarm, an event of another stack) can publish through this key"
        yield from template.candidate("aws-managed-key", edits, how, declares, [warning])
    if not unknown:
        how = "Messages are encrypted with a new key that rotates every year"
        how += f", and that {', '.join(services)} may use to publish." if services else "."
        yield from with_new_key(template, _KEPT, let_in(services), how)
    needed = services or ([unknown] if unknown else [])
    warning = f"the key's policy must let {', '.join(needed)} use it, or nothing is published" if needed else _READERS
    yield from key_parameter(template, lambda key: {"KmsMasterKeyId": key}, declares, warning)


def let_in(services: list[str], sid: str = "ServicesPublish") -> list[Value]:
    """The statement of a key's policy by which these services may use it; none where there are none."""
    if not services:
        return []
    listed: Value = list(services) if len(services) > 1 else services[0]
    return [
        {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": listed},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        }
    ]


def _publishers(template: Template) -> tuple[list[str], str]:
    """The services that publish to the topic; and what else may, by a service that is not known here."""
    found: set[str] = set()
    unknown = f"whatever imports {output}" if (output := template.exported()) else ""
    for name, node in template.others():
        kind = node.text("Type")
        if not template.mentions(node):
            continue
        if kind == "AWS::SNS::TopicPolicy":
            named, plain = permitted(node)
            found.update(named)
            unknown = unknown or ("" if plain else f"the service behind {name}")
        elif service := next((each for known, each in _PRINCIPALS.items() if kind.startswith(known)), None):
            found.add(service)
        elif not kind.startswith(_CALLERS) and not kind.startswith("Custom::"):
            unknown = f"the service behind {name}"
    return sorted(found), unknown


def permitted(policy: Node) -> tuple[set[str], bool]:
    """The services that a topic's policy lets in, and whether each is written out."""
    found: set[str] = set()
    plain = True
    for _, one in policy.walk():
        service = one.child("Service") if one.kind == "mapping" else None
        for each in (service.items or [service]) if service is not None else ():
            written = each.kind == "scalar" and each.value.endswith(".amazonaws.com") and not each.tag
            plain = plain and written
            if written:
                found.add(each.value)
    return found, plain
