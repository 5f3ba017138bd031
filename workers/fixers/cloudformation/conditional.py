"""Settings that are sound only for some uses: what else the template says decides."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.settings import Setting, apply
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamltext import Value

_SENDERS = ("AWS::Events::", "AWS::SNS::", "AWS::S3::", "AWS::Scheduler::", "AWS::Pipes::")
_OLD_CLASSES = re.compile(r"db\.(?:t1|m1|m2)\.|db\.t2\.micro")
_CONTAINERS = re.compile(r"docker|containerd|podman|ECS_CLUSTER|/ecs/|/etc/eks/bootstrap|nodeadm|kubelet")
_METADATA = "169.254.169.254"


@fixer(
    name="cloudformation-queue-encryption",
    weakness="encryption",
    rules={"checkov": ["CKV_AWS_27"]},
    explain="""SQS encrypts queues with its own key by default; with a KMS key each use of it is a logged, permitted
call. The account's own key for SQS admits no other AWS service: where one sends to the queue it needs a customer key
whose policy names that service.""",
)
def queue_encryption(target: Target) -> Iterator[Candidate]:
    """The account's KMS key, where no AWS service sends to the queue."""
    template = Template(target)
    if sender := _sender(template):
        message = (
            f"{sender} lets an AWS service send to {template.name}, and a service cannot use the account's own key for "
            "SQS: it needs a customer key whose policy names the service"
        )
        raise NoFix(message)
    how = "Messages are encrypted with the account's KMS key for SQS."
    warning = "other AWS services cannot send through this key: they need a customer key"
    wanted = Setting(
        "aws-managed-key", {"KmsMasterKeyId": "alias/aws/sqs"}, how, warning, unless="SqsManagedSseEnabled",
        otherwise="the queue is encrypted by SQS's own key: whether KMS must log its use is the owner's decision",
    )  # fmt: skip
    yield from apply(template, [wanted])


def _sender(template: Template) -> str | None:
    for name, node in template.others():
        kind = node.text("Type")
        principals = (one.child("Service") for _, one in node.walk() if one.kind == "mapping")
        permits = kind == "AWS::SQS::QueuePolicy" and any(one is not None for one in principals)
        if (permits or kind.startswith(_SENDERS)) and template.mentions(node):
            return name
    # A rule may know a queue with a name of its own by an ARN that is put together.
    rules = [name for name, node in template.others() if node.text("Type").startswith("AWS::Events::")]
    named = template.property("QueueName") is not None
    return rules[0] if rules and named else None


@fixer(
    name="cloudformation-database-encryption",
    weakness="encryption",
    rules={"checkov": ["CKV_AWS_16"]},
    explain="""An unencrypted database can be read from a lost snapshot or a copied volume. Encryption is chosen when
the instance is made: it is replaced, and its data moves over an encrypted copy of a snapshot. A replica is as
encrypted as its source.""",
)
def database_encryption(target: Target) -> Iterator[Candidate]:
    """Encrypt the storage; an instance of a cluster, a replica and an old class cannot say so themselves."""
    template = Template(target)
    for key, owner in (("DBClusterIdentifier", "its cluster"), ("SourceDBInstanceIdentifier", "its source")):
        if template.property(key) is not None:
            message = f"{owner} decides whether {template.name} is encrypted: change it there"
            raise NoFix(message)
    if _OLD_CLASSES.match(size := template.usual("DBInstanceClass")):
        message = f"{size} cannot encrypt its storage: choose a newer class first"
        raise NoFix(message)
    how = "Data at rest, snapshots and logs are encrypted with the account's key for RDS."
    warning = "CloudFormation replaces the instance: move its data over an encrypted copy of a snapshot first"
    yield from apply(template, [Setting("encrypt", {"StorageEncrypted": True}, how, warning, toggle="Encrypted")])


@fixer(
    name="cloudformation-instance-metadata",
    weakness="access-control",
    rules={"checkov": ["CKV_AWS_79"]},
    explain="""The metadata service hands out the instance role's credentials. With session tokens (IMDSv2) a forged
request through a web server on the instance (SSRF) cannot get them; with one hop, no container behind a bridge can.""",
)
def instance_metadata(target: Target) -> Iterator[Candidate]:
    """Session tokens; with a hop limit of one."""
    template = Template(target)
    if template.type != "AWS::EC2::LaunchTemplate":
        message = f"a {template.type} takes no metadata options here: start the instance from a launch template"
        raise NoFix(message)
    source = template.doc.slice(template.node.start, template.node.end)
    if _METADATA in source and "X-aws-ec2-metadata-token" not in source:
        message = f"the start-up script of {template.name} asks the metadata service without a token: change it first"
        raise NoFix(message)
    hops = template.text("LaunchTemplateData", "MetadataOptions", "HttpPutResponseHopLimit")
    if hops in ("", "1") and _CONTAINERS.search(source):
        message = (
            f"{template.name} runs containers: they get the credentials of its role over two hops, and not over one, "
            "which is what is asked for elsewhere: give them roles of their own first"
        )
        raise NoFix(message)
    states: tuple[tuple[str, dict[str, Value], str, str], ...] = (
        ("session-tokens", {"HttpTokens": "required"},
         "Credentials of the role are only given to a request with a session token.",
         "programs with an SDK from before 2020 cannot fetch their credentials"),
        ("session-tokens-one-hop", {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
         "The same, and the answer reaches no container behind a bridge of the instance.",
         "containers that use the instance's role lose it"),
    )  # fmt: skip
    for approach, options, how, warning in states:
        wanted: dict[str, Value] = {"LaunchTemplateData": {"MetadataOptions": options}}
        yield from apply(template, [Setting(approach, wanted, how, warning)])
