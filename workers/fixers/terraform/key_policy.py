"""Policies of AWS' keys: who decides on their use, and whom they let in."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, NotHere, Target, fixer
from workers.fixers.terraform.resource import Resource
from workers.source.hcltext import Body, block_text

_ROOT = '{ AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }'
_USES = '["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"]'
_SEPARATE = 5
"""The release of AWS' provider since which every module has the policy's own resource: it came with 4.62."""


def statement(sid: str, principal: str, actions: str, context: str = "") -> str:
    """One statement of a key's policy, which is about that key alone."""
    lines = {"Sid": f'"{sid}"', "Effect": '"Allow"', "Principal": principal, "Action": actions, "Resource": '"*"'}
    if context:
        lines["Condition"] = f"{{ StringLike = {{ {context} }} }}"
    return "{\n" + "".join(f"      {name:<9} = {value}\n" for name, value in lines.items()) + "    }"


def policy(*more: str) -> str:
    """The account's own policies decide who uses the key, as for one without a policy; and what the statements say."""
    found = ", ".join((statement("AccountDecides", _ROOT, '"kms:*"'), *more))
    return 'jsonencode({\n    Version = "2012-10-17"\n    Statement = [' + found + "]\n  })"


def through(service: str) -> str:
    """Whoever in the account may use the service's resources may use the key through it, as AWS' own key lets them."""
    account = '"kms:CallerAccount" = data.aws_caller_identity.current.account_id'
    where = f'{account}, "kms:ViaService" = "{service}.*.amazonaws.com"'
    return statement("AccountThroughService", '{ AWS = "*" }', _USES, where)


def logs_encrypt() -> str:
    """CloudWatch's logs encrypt with the key in their own name."""
    account = "arn:aws:logs:*:${data.aws_caller_identity.current.account_id}:*"
    return statement(
        "ServiceEncrypts",
        '{ Service = "logs.${data.aws_region.current.name}.amazonaws.com" }',
        '["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]',
        f'"kms:EncryptionContext:aws:logs:arn" = "{account}"',
    )


def _used_by_logs(key: Resource) -> bool:
    groups = (block for _, block in key.blocks("resource", "aws_cloudwatch_log_group"))
    return any(key.mentioned(block.text("kms_key_id")) for block in groups)


def lacking(resource: Resource, text: str) -> dict[str, str]:
    """The data that a text names and the module lacks: declared path → block.

    Raises:
        NoFix: the module has them of another provider than the resource's, which may be another account or region.
    """
    missing = {}
    for kind in ("aws_caller_identity", "aws_region"):
        if f"data.{kind}.current" not in text:
            continue
        there = next((one for _, one in resource.blocks("data", kind) if one.labels[1:] == ("current",)), None)
        if there is None:
            missing[f"data.{kind}.current"] = f'data "{kind}" "current" {{}}'
        elif there.text("provider") != resource.block.text("provider"):
            message = f"data.{kind}.current is of another provider than {resource.address}, and so of another place"
            raise NoFix(message)
    return missing


def with_data(resource: Resource, text: str) -> tuple[str, list[str]]:
    """Blocks, behind the data that they name and the module lacks, and the declared paths of those."""
    data = lacking(resource, text)
    return "\n\n".join((*data.values(), text)), [*data]


@fixer(
    name="terraform-key-policy",
    weakness="access-control",
    rules={"checkov": ["CKV2_AWS_64"]},
    explain="""A key without a policy gets AWS' default one: the account's own policies decide who uses it. Written down
it can be read, reviewed and narrowed, and nobody has to know what AWS adds unasked. Both ways say what holds already;
name the roles that may decrypt in the next step.""",
)
def key_policy(target: Target) -> Iterator[Candidate]:
    """The default policy, at the key or as a resource of its own."""
    resource = Resource(target)
    if resource.type != "aws_kms_key":
        message = f"{resource.address} is no key of KMS"
        raise NotHere(message)
    if "policy" in resource.block.attributes or resource.belongs("aws_kms_key_policy", "key_id"):
        message = f"{resource.address} has a policy: what it allows is its owner's decision"
        raise NoFix(message)
    how = "The key says what AWS' default policy allows: the account's own policies decide who uses it."
    said, more = policy(), ""
    if _used_by_logs(resource):
        said = policy(logs_encrypt())
        more = " CloudWatch's logs, which the module encrypts with it, may use it too: by default they may not."
    body: Body = {"policy": said}
    data = lacking(resource, said)
    edits = resource.settle(body)
    if data:
        edits = resource.followed(edits, "\n\n".join(data.values()))
    yield from resource.candidate("default-policy", edits, f"{how}{more}", [*resource.declare(body), *data])
    newest = resource.provider_major("aws")
    # A log group would not wait for a policy beside its key.
    if not more and (newest is None or newest >= _SEPARATE):
        own = {**resource.instances, "key_id": resource.reference("id"), "policy": said}
        label = resource.unique_name("aws_kms_key_policy", resource.name)
        text, declares = with_data(resource, block_text("resource", ("aws_kms_key_policy", label), own))
        edit = resource.hcl.after(resource.block, text)
        how = "A policy beside the key allows what AWS' default one does; it can name the roles that use the key by "
        how += "resources that themselves need the key."
        yield from resource.candidate(
            "default-policy-resource", [edit], how, [f"resource.aws_kms_key_policy.{label}", *declares]
        )
