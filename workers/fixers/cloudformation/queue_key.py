"""SQS queues of CloudFormation templates, with a key whose policy lets in the services that send to them."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.customer_key import Kept, key_parameter, with_new_key
from workers.fixers.cloudformation.template import Template
from workers.fixers.cloudformation.topic_encryption import let_in, permitted
from workers.fixers.registry import NotHere, Target, fixer

_SENDERS = {
    "AWS::Events::": "events.amazonaws.com",
    "AWS::S3::Bucket": "s3.amazonaws.com",
    "AWS::SNS::": "sns.amazonaws.com",
}
_PROGRAMS = "whoever sends to the queue or receives from it with rights of its own must be let use the key"
_KEPT = Kept("AWS::SQS::Queue", "KmsMasterKeyId", _PROGRAMS)


@fixer(
    name="cloudformation-queue-key",
    weakness="encryption",
    rules={"checkov": ["CKV_AWS_27"]},
    explain="""A topic, an event or a bucket that sends to a queue does so in its service's own name. The account's own
key for SQS does not let it: a customer key does, where its policy names the service.""",
)
def queue_key(target: Target) -> Iterator[Candidate]:
    """A new key that the services which send may use; or a parameter's."""
    template = Template(target)
    if template.type != "AWS::SQS::Queue" or template.property("SqsManagedSseEnabled") is not None:
        message = f"{template.name} is no queue without a key of SQS's own"
        raise NotHere(message)
    services, certain = _senders(template)
    declares = template.declare("KmsMasterKeyId")
    if certain:
        how = "Messages are encrypted with a new key that rotates every year"
        how += f", and that {', '.join(services)} may use to send." if services else "."
        yield from with_new_key(template, _KEPT, let_in(services, "ServicesSend"), how)
    needed = f"the key's policy must let {', '.join(services)} use it, or nothing arrives" if services else _PROGRAMS
    yield from key_parameter(template, lambda key: {"KmsMasterKeyId": key}, declares, needed)


def _senders(template: Template) -> tuple[list[str], bool]:
    """The services that send to the queue, and whether the template writes each of them out."""
    found: set[str] = set()
    certain = True
    for _, node in template.others():
        kind = node.text("Type")
        if not template.mentions(node):
            continue
        if kind == "AWS::SQS::QueuePolicy":
            named, plain = permitted(node)
            found.update(named)
            certain = certain and plain
        found.update(service for known, service in _SENDERS.items() if kind.startswith(known))
    # A rule may know a queue with a name of its own by an ARN that is put together.
    if template.property("QueueName") is not None:
        kinds = [node.text("Type") for _, node in template.others()]
        found.update(service for known, service in _SENDERS.items() if any(kind.startswith(known) for kind in kinds))
    return sorted(found), certain
