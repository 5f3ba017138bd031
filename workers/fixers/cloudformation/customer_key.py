"""Data encrypted with a key that AWS manages, where the rule wants one that the owner controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamledit import Value


class _Kept(msgspec.Struct, frozen=True):
    """Where a type names its key."""

    type: str
    key: str
    warning: str = ""


_IN_PLACE = "what is stored already keeps its old key; whoever reads or writes needs permission for the new one"
_REPLACED = "CloudFormation replaces the vault: move its recovery points first"
_KEYS = {
    "CKV_AWS_149": _Kept("AWS::SecretsManager::Secret", "KmsKeyId", _IN_PLACE),
    "CKV_AWS_158": _Kept("AWS::Logs::LogGroup", "KmsKeyId", _IN_PLACE),
    "CKV_AWS_166": _Kept("AWS::Backup::BackupVault", "EncryptionKeyArn", _REPLACED),
    "CKV_AWS_173": _Kept("AWS::Lambda::Function", "KmsKeyArn", "the function's role must be let decrypt with the key"),
}
_LOGS: Mapping[str, Value] = {
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
    if template.type != kept.type:
        message = f"a {template.type} names its key elsewhere"
        raise NoFix(message)
    declares = template.declare(kept.key)
    name = f"{template.name}Key"
    statements: list[Value] = [_ACCOUNT, *_of_service(template)]
    body: dict[str, Value] = {
        "Type": "AWS::KMS::Key",
        "Properties": {
            "Description": f"Encrypts {template.name}",
            "EnableKeyRotation": True,
            "KeyPolicy": {"Version": "2012-10-17", "Statement": statements},
        },
    }
    edits = [*template.settle({kept.key: {"Fn::GetAtt": [name, "Arn"]}}), template.resource(name, body)]
    how = "Encrypts with a new key that rotates every year and that the account's own policies govern."
    if kept.type != "AWS::Lambda::Function":
        yield from template.candidate("new-key", edits, how, [*declares, f"Resources.{name}"], [kept.warning])
    elif len(statements) > 1:
        how = f"{how} The function's own role may decrypt with it."
        yield from template.candidate("new-key", edits, how, [*declares, f"Resources.{name}"])
    name = f"{template.name}KeyArn"
    parameter: dict[str, Value] = {"Type": "String", "Description": f"ARN of the KMS key of {template.name}"}
    edits = [*template.settle({kept.key: {"Ref": name}}), template.parameter(name, parameter)]
    how = f"Encrypts with the key that the new parameter {name} names."
    warnings = ["give the parameter at the next deployment", kept.warning]
    yield from template.candidate("key-parameter", edits, how, [*declares, f"Parameters.{name}"], warnings)


def _of_service(template: Template) -> list[Value]:
    """Who beside the account must use the key: the service that encrypts in its own name, the function's role."""
    if template.type == "AWS::Logs::LogGroup":
        return [_LOGS]
    role = template.property("Role")
    name, _, attribute = (role.value if role is not None and role.tag == "!GetAtt" else "").partition(".")
    if template.type != "AWS::Lambda::Function" or attribute != "Arn":
        return []
    principal: Value = {"AWS": {"Fn::GetAtt": [name, "Arn"]}}
    return [{"Sid": "FunctionDecrypts", "Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt",
             "Resource": "*"}]  # fmt: skip
