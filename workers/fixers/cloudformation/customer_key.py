"""Data encrypted with a key that AWS manages, where the rule wants one that the owner controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.key_users import let_use, makes_role
from workers.fixers.cloudformation.template import Template, mentions
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamltext import Value

_TRAIL_TYPE = "AWS::CloudTrail::Trail"
_FUNCTION, _SAM = "AWS::Lambda::Function", "AWS::Serverless::Function"


class Kept(msgspec.Struct, frozen=True):
    """Where a type names its key."""

    type: str
    key: str
    """A property, or one of a property's own: `SSESpecification.KMSMasterKeyId`."""
    warning: str = ""
    with_it: Mapping[str, Value] = {}
    """More that the same property must say."""
    lets_in: str = ""
    """The service that a key made elsewhere must let in by its policy."""

    def names(self, key: Value) -> dict[str, Value]:
        """What the resource must say to be encrypted with that key."""
        first, _, second = self.key.partition(".")
        return {first: {**self.with_it, second: key}} if second else {first: key}


_WHO = "whoever reads or writes needs permission for the key"
_OTHERS = "who uses it from outside of the template needs permission for the key"
_OLD = "what is stored already keeps its old key"
_IN_PLACE = f"{_OLD}; {_WHO}"
_REPLACED = "CloudFormation replaces the vault: move its recovery points first"
_NEW_REPOSITORY = "CloudFormation replaces the repository: push its images again"
_KEYS = {
    "CKV_AWS_35": Kept(_TRAIL_TYPE, "KMSKeyId", "whoever reads the logs needs permission for the key"),
    "CKV_AWS_43": Kept(
        "AWS::Kinesis::Stream", "StreamEncryption.KeyId",
        f"what is there keeps its old key until it ends; {_WHO}",
        {"EncryptionType": "KMS"},
    ),
    "CKV_AWS_119": Kept(
        "AWS::DynamoDB::Table", "SSESpecification.KMSMasterKeyId",
        f"the table is encrypted anew while it is in use; {_WHO}",
        {"SSEEnabled": True, "SSEType": "KMS"},
    ),
    "CKV_AWS_136": Kept(
        "AWS::ECR::Repository", "EncryptionConfiguration.KmsKey", _NEW_REPOSITORY, {"EncryptionType": "KMS"}
    ),
    "CKV_AWS_149": Kept("AWS::SecretsManager::Secret", "KmsKeyId", _IN_PLACE),
    "CKV_AWS_158": Kept("AWS::Logs::LogGroup", "KmsKeyId", _OLD, lets_in="CloudWatch's logs"),
    "CKV_AWS_166": Kept("AWS::Backup::BackupVault", "EncryptionKeyArn", _REPLACED),
    "CKV_AWS_173": Kept(_FUNCTION, "KmsKeyArn", "the function's role must be let decrypt with the key"),
}  # fmt: skip
LOGS: Mapping[str, Value] = {
    "Sid": "LogsEncrypt",
    "Effect": "Allow",
    "Principal": {"Service": {"Fn::Sub": "logs.${AWS::Region}.${AWS::URLSuffix}"}},
    "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
    "Resource": "*",
    "Condition": {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"
            }
        }
    },
}
"""The statement of a key's policy by which CloudWatch's logs may use it."""
_TRAILS = {"Fn::Sub": "arn:${AWS::Partition}:cloudtrail:*:${AWS::AccountId}:trail/*"}
_TRAIL: list[Value] = [
    {
        "Sid": "TrailEncrypts",
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "kms:GenerateDataKey*",
        "Resource": "*",
        "Condition": {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": _TRAILS}},
    },
    {
        "Sid": "TrailDescribes",
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "kms:DescribeKey",
        "Resource": "*",
    },
]
_CALLED = {
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::SecretsManager::Secret": "secretsmanager",
    "AWS::SNS::Topic": "sns",
    "AWS::SQS::Queue": "sqs",
}
"""Types that are encrypted and decrypted with the rights of whoever calls their service."""
_STAYS = ("DeletionPolicy", "UpdateReplacePolicy")
_ACCOUNT: Mapping[str, Value] = {
    "Sid": "AccountDecides",
    "Effect": "Allow",
    "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
    "Action": "kms:*",
    "Resource": "*",
}


@fixer(
    name="cloudformation-customer-key",
    weakness="encryption",
    rules={"checkov": tuple(_KEYS)},
    explain="""With AWS's key whoever may read the resource may decrypt it. A key of the owner's own has a policy of its
own, every use of it is recorded, and disabling it makes the data unreadable at once. It costs a dollar a month.""",
)
def customer_key(target: Target) -> Iterator[Candidate]:
    """A new key of the template; or one that a parameter names."""
    template = Template(target)
    kept = _KEYS[target.finding.rule]
    if template.type != kept.type and (kept.type, template.type) != (_FUNCTION, _SAM):
        message = f"a {template.type} names its key elsewhere"
        raise NoFix(message)
    declares = template.declare(kept.key.partition(".")[0])
    statements = _of_service(template)
    how = "Encrypts with a new key that rotates every year and that the account's own policies govern."
    if kept.type != _FUNCTION:
        yield from with_new_key(template, kept, statements, how)
    elif statements:
        how = f"{how} The function's own role may decrypt with it."
        yield from with_new_key(template, msgspec.structs.replace(kept, warning=""), statements, how)
    if target.finding.rule == "CKV_AWS_136":
        how = "Encrypts with the account's KMS key for the registry."
        edits = template.settle({"EncryptionConfiguration": {"EncryptionType": "KMS"}})
        yield from template.candidate("aws-managed-key", edits, how, declares, [kept.warning])
    needed = f"the key's policy must let {kept.lets_in} use it" if kept.lets_in else kept.warning
    yield from key_parameter(template, kept.names, declares, needed)


def with_new_key(template: Template, kept: Kept, statements: Sequence[Value], how: str) -> Iterator[Candidate]:
    """With rights for whoever of the template uses the resource; none where it does not say whose those are, or where
    other stacks use it, whose rights stand elsewhere.
    """
    if (kept.type in _CALLED and template.exported()) or (kept.type == _TRAIL_TYPE and _read(template)):
        return
    key, body = new_key(template, statements)
    try:
        policy, whom = let_use(template, key, _CALLED[kept.type]) if kept.type in _CALLED else ({}, "")
        made = template.new_resources({key: body, **policy})
    except NoFix:
        return
    if kept.type in _CALLED and not policy and not statements and not _by_deployment(template):
        # Whoever uses it stands elsewhere, and would be locked out.
        return
    warning = _OTHERS if policy else kept.warning
    edits = [*template.settle(kept.names({"Fn::GetAtt": [key, "Arn"]})), *made]
    declares = template.declare(kept.key.partition(".")[0])
    declares += [f"Resources.{name}" for name in (key, *policy)]
    yield from template.candidate("new-key", edits, f"{how}{whom}", declares, [warning] if warning else [])


def _by_deployment(template: Template) -> bool:
    """Whether it is a secret that CloudFormation itself reads, to make another resource with it."""
    secret = template.type == "AWS::SecretsManager::Secret"
    return secret and any(template.mentions(node) for _, node in template.others())


def _read(trail: Template) -> bool:
    """Whether the template lets anybody but CloudTrail use the bucket of a trail, who then could not read its logs."""
    bucket = trail.property("S3BucketName")
    name = (bucket.text("Ref") or bucket.value) if bucket is not None else ""
    for _, node in trail.others():
        kind = node.text("Type")
        if not name or not mentions(name, node) or kind in (_TRAIL_TYPE, "AWS::S3::Bucket"):
            continue
        principals = [one.child("Principal") for _, one in node.walk() if one.kind == "mapping"]
        plain = all(one is None or [key.value for key, _ in one.entries] == ["Service"] for one in principals)
        if kind != "AWS::S3::BucketPolicy" or not plain:
            return True
    return False


def new_key(template: Template, statements: Sequence[Value], *, of: str = "") -> tuple[str, dict[str, Value]]:
    """The name and the body of a key of the resource's own, or of another one of that name; the statements say who may
    use it beside the account.
    """
    name = of or template.name
    policy: dict[str, Value] = {"Version": "2012-10-17", "Statement": [_ACCOUNT, *statements]}
    properties: dict[str, Value] = {
        "Description": f"Encrypts {name}",
        "EnableKeyRotation": True,
        "KeyPolicy": policy,
    }
    kept = template.node.text("DeletionPolicy")
    # What outlives the stack is worth nothing without its key.
    stays: dict[str, Value] = {} if kept in ("", "Delete") or of else dict.fromkeys(_STAYS, "Retain")
    return f"{name}Key", {"Type": "AWS::KMS::Key", **stays, "Properties": properties}


def key_parameter(
    template: Template, names: Callable[[Value], dict[str, Value]], declares: list[str], warning: str
) -> Iterator[Candidate]:
    """The resource encrypted with a key that a new parameter names; `names` says it in the resource's properties."""
    name = f"{template.name}KeyArn"
    body: dict[str, Value] = {"Type": "String", "Description": f"ARN of the KMS key of {template.name}"}
    edits = [*template.settle(names({"Ref": name})), *template.parameter(name, body)]
    how = f"Encrypts with the key that the new parameter {name} names."
    warnings = ["give the parameter at the next deployment", warning]
    yield from template.candidate("key-parameter", edits, how, [*declares, f"Parameters.{name}"], warnings)


def _of_service(template: Template) -> list[Value]:
    """Who beside the account must use the key: the service that encrypts in its own name, the function's role."""
    if template.type == "AWS::Logs::LogGroup":
        return [LOGS]
    if template.type == _TRAIL_TYPE:
        return _TRAIL
    if template.type not in (_FUNCTION, _SAM):
        return []
    role = template.property("Role")
    name, _, attribute = (role.value if role is not None and role.tag == "!GetAtt" else "").partition(".")
    if role is None and template.type == _SAM and makes_role(template):
        # The role that SAM makes for a function that names none.
        name, attribute = f"{template.name}Role", "Arn"
    if attribute != "Arn":
        return []
    principal: Value = {"AWS": {"Fn::GetAtt": [name, "Arn"]}}
    return [{"Sid": "FunctionDecrypts", "Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt",
             "Resource": "*"}]  # fmt: skip
