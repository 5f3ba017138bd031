"""Data encrypted with a key that the provider manages, where the rule wants one that the owner controls."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.key_policy import policy, statement, through, with_data
from workers.fixers.terraform.resource import Resource, several
from workers.fixers.terraform.search_domain import cannot_rest
from workers.fixers.terraform.settings import on
from workers.source.hcl import Block, Hcl
from workers.source.hcltext import Body, block_text

_ATTRIBUTES = {
    "CKV_AWS_327": "kms_key_id", "CKV_AWS_189": "kms_key_id", "CKV_AWS_158": "kms_key_id", "CKV_AWS_35": "kms_key_id",
    "CKV_AWS_182": "kms_key_id", "CKV_AWS_184": "kms_key_id", "CKV_AWS_185": "kms_key_id", "CKV_AWS_186": "kms_key_id",
    "CKV_AWS_142": "kms_key_id", "CKV_AWS_149": "kms_key_id", "CKV_AWS_247": "encrypt_at_rest.kms_key_id",
    "CKV_AWS_347": "kms_key_arn", "CKV_AWS_166": "kms_key_arn",
    "CKV_AWS_173": "kms_key_arn",
    "CKV_AWS_354": "performance_insights_kms_key_id", "CKV_AWS_353": "performance_insights_kms_key_id",
    "CKV_AWS_58": "encryption_config.provider.key_arn",
    "CKV_AWS_136": "encryption_configuration.kms_key",
    "CKV_AWS_337": "key_id", "CKV_AWS_98": "kms_key_arn",
    "CKV_AWS_119": "server_side_encryption.kms_key_arn", "CKV_AWS_209": "encryption_options.kms_key_id",
    "CKV_AWS_43": "kms_key_id",
}  # fmt: skip


class _Service(msgspec.Struct, frozen=True):
    """A service that uses a key in its own name, which the key's policy must let it; others act for their caller."""

    principal: str
    context: str
    """The encryption context that names its resource, and the pattern of that resource's ARN."""
    encrypts: str
    describes: bool = False


_SERVICES = {
    "CKV_AWS_158": _Service(
        "logs.${data.aws_region.current.name}.amazonaws.com",
        '"kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:*:${data.aws_caller_identity.current.account_id}:*"',
        '["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]',
    ),
    "CKV_AWS_35": _Service(
        "cloudtrail.amazonaws.com",
        '"kms:EncryptionContext:aws:cloudtrail:arn" = '
        '"arn:aws:cloudtrail:*:${data.aws_caller_identity.current.account_id}:trail/*"',
        '"kms:GenerateDataKey*"',
        describes=True,
    ),
}
_THROUGH = {
    "CKV_AWS_35": "s3", "CKV_AWS_43": "kinesis", "CKV_AWS_119": "dynamodb", "CKV_AWS_149": "secretsmanager",
    "CKV_AWS_173": "lambda", "CKV_AWS_185": "kinesis", "CKV_AWS_186": "s3", "CKV_AWS_189": "ec2", "CKV_AWS_337": "ssm",
}  # fmt: skip
"""Services that encrypt and decrypt with the rights of whoever calls them: a program, a function's role."""
_SMALL = re.compile(r"db\.(?:t2\.|t3\.(?:micro|small)|t4g\.(?:micro|small))")
_ON_OFF = re.compile(r".*\?\s*1\s*:\s*0")
_REPLACE = "an existing resource may be replaced: move its data over a snapshot"
_WHO = "whoever reads or writes needs permission for the key"
_OTHERS = "who reads or writes from another account needs permission for the key"
_OLD = "what is stored already keeps its old key"
_IN_PLACE = f"{_OLD}; {_WHO}"
_LETS_IN = {
    "aws_cloudwatch_log_group": "the key's policy must let CloudWatch's logs use it, or the next apply fails",
    "aws_cloudtrail": "the key's policy must let CloudTrail use it, and who reads the logs must be let decrypt",
    "aws_lambda_function": "the function's role must be let decrypt with the key",
}
_KEEP = frozenset(
    ("aws_secretsmanager_secret", "aws_ssm_parameter", "aws_kinesis_stream", "aws_s3_bucket_object", "aws_s3_object")
)  # fmt: skip
"""Types whose key changes without a new resource."""


@fixer(
    name="terraform-customer-key",
    weakness="cryptography",
    rules={"checkov": tuple(_ATTRIBUTES), "trivy": ["AVD-AWS-0017", "AVD-AWS-0015", "AVD-AWS-0098", "AVD-AWS-0133"]},
    explain="""With the provider's key whoever may read the resource may decrypt it. A key of the owner's own has a
policy of its own, every use of it is recorded, and disabling it makes the data unreadable at once. It costs a dollar a
month and a policy to keep.""",
)
def customer_key(target: Target) -> Iterator[Candidate]:
    """A key that the module already has; a new one; or one that a variable names."""
    resource = Resource(target)
    if target.finding.rule == "CKV_AWS_353" and _too_small(resource):
        message = "RDS offers no Performance Insights for this class with this engine: choose a larger class first"
        raise NoFix(message)
    if target.finding.rule == "CKV_AWS_247" and (why := cannot_rest(resource)):
        raise NoFix(why)
    if target.finding.rule == "CKV_AWS_186" and (kept := _of_object(resource)):
        message = (
            f"{kept} of {resource.address} goes with no key of KMS: write `source_hash` for an etag, and drop others"
        )
        raise NoFix(message)
    path = _ATTRIBUTES.get(target.finding.rule, "kms_key_id")
    service, via = _SERVICES.get(target.finding.rule), _THROUGH.get(target.finding.rule, "")
    keys = [
        block.labels[1]
        for hcl, block in resource.blocks("resource", "aws_kms_key")
        if _serves(resource, hcl, block, service, via)
    ]
    if keys:
        how = f"Encrypts with {keys[0]}, a customer key that the module already has."
        yield from _with(resource, path, f"aws_kms_key.{keys[0]}.arn", "module-key", how)
    else:
        yield from _with_new_key(resource, path, service, via)
    name = resource.own_name("kms_key_arn")
    if any(True for _ in resource.blocks("variable", name)):
        message = f"the variable {name} is there already and is not used by {resource.address}"
        raise NoFix(message)
    text = block_text(
        "variable", (name,), {"description": f'"ARN of the KMS key for {resource.address}"', "type": "string"}
    )
    body = _body(resource, path, f"var.{name}")
    edits = [*resource.settle(body), resource.hcl.after(resource.block, text)]
    how = f"Encrypts with the key that the new variable `{name}` names."
    declares = [*resource.declare(body), f"variable.{name}"]
    yield from resource.candidate(
        "key-variable",
        edits,
        how,
        declares,
        ["set the variable before the next plan", _LETS_IN.get(resource.type) or _warning(resource, path)],
    )


def _of_object(resource: Resource) -> str:
    """What an object says of itself that the provider takes with no key of KMS; empty where nothing is in the way."""
    other = resource.block.text("server_side_encryption") not in ("", '"aws:kms"')
    return "etag" if "etag" in resource.block.attributes else "server_side_encryption" if other else ""


def _with(resource: Resource, path: str, key: str, approach: str, how: str) -> Iterator[Candidate]:
    body = _body(resource, path, key)
    yield from resource.candidate(
        approach, resource.settle(body), how, resource.declare(body), [_warning(resource, path)]
    )


def _too_small(resource: Resource) -> bool:
    size, engine = resource.usual("instance_class"), resource.usual("engine")
    return bool(_SMALL.match(size)) and not engine.startswith("postgres")


def _warning(resource: Resource, path: str) -> str:
    if path.startswith("performance_insights"):
        return "the key of Performance Insights cannot be changed later"
    if resource.type == "aws_dynamodb_table":
        return f"the table is encrypted anew while it is in use; {_WHO}"
    if resource.type == "aws_eks_cluster":
        return "it cannot be undone: whoever disables the key stops the cluster"
    if resource.type == "aws_ecr_repository":
        return "an existing repository is replaced, and must be empty for that: push its images again behind it"
    if resource.type in _LETS_IN:
        return _OLD
    return _IN_PLACE if resource.type in _KEEP else _REPLACE


def _serves(resource: Resource, hcl: Hcl, block: Block, service: _Service | None, via: str) -> bool:
    """Whether a key of the module encrypts, and lets the account use it, or the service or those who need its leave."""
    if len(block.labels) < 2 or several(block) or "SIGN" in block.text("key_usage"):
        return False
    if block.text("provider") != resource.block.text("provider"):
        # A key serves its own region, and that of another account knows nobody here.
        return False
    text = hcl.content[block.node.start_byte : block.node.end_byte].decode()
    if service is not None:
        return service.principal.partition(".")[0] in text
    policy = block.text("policy")
    document = re.match(r"data\.aws_iam_policy_document\.([\w-]+)\.json", policy)
    for file, one in resource.blocks("data", "aws_iam_policy_document") if document else ():
        if document and one.labels[1:] == (document[1],):
            policy = file.content[one.node.start_byte : one.node.end_byte].decode()
    if via:
        return via in policy
    return not policy or ":root" in policy


def logs_key(resource: str) -> Body:
    """A key that CloudWatch's logs may use; `resource` is the address of what is encrypted with it."""
    return {
        "description": f'"Encrypts {resource}"', "enable_key_rotation": "true",
        "deletion_window_in_days": "30", "policy": _policy(_SERVICES["CKV_AWS_158"], ""),
    }  # fmt: skip


def _with_new_key(resource: Resource, path: str, service: _Service | None, via: str) -> Iterator[Candidate]:
    label = resource.unique_name("aws_kms_key", resource.name)
    counted = resource.instances if _ON_OFF.fullmatch(resource.instances.get("count", "")) else {}
    key_body = {
        **counted, "description": f'"Encrypts {resource.address}"', "enable_key_rotation": "true",
        "deletion_window_in_days": "30", "policy": _policy(service, via),
    }  # fmt: skip
    key, more = with_data(resource, block_text("resource", ("aws_kms_key", label), key_body))
    body = _body(resource, path, f"aws_kms_key.{label}{'[count.index]' if counted else ''}.arn")
    declares = [*resource.declare(body), f"resource.aws_kms_key.{label}", *more]
    edits = [*resource.settle(body), resource.hcl.after(resource.block, key)]
    how = "Encrypts with a new customer key that rotates every year and that the account's own policies govern."
    warning = _warning(resource, path)
    if via:
        how += (
            f" The account's programs use it through {via}, with the rights that they have, as AWS' own key lets them."
        )
        warning = warning.replace(_WHO, _OTHERS)
    yield from resource.candidate("new-key", edits, how, declares, [warning])


def _policy(service: _Service | None, via: str) -> str:
    """The account decides who uses the key; a service that uses it in its own name is let in, and so is the account
    through another.
    """
    others = [through(via)] if via else []
    if service is None:
        return policy(*others)
    name = f'{{ Service = "{service.principal}" }}'
    describes = [statement("ServiceDescribes", name, '"kms:DescribeKey"')] if service.describes else []
    return policy(statement("ServiceEncrypts", name, service.encrypts, service.context), *describes, *others)


def _body(resource: Resource, path: str, value: str) -> Body:
    """The key, and encryption itself where the resource has it off."""
    body: dict[str, str | Body] = dict(on(path, value))
    switch = {"aws_ebs_volume": "encrypted", "aws_efs_file_system": "encrypted", "aws_redshift_cluster": "encrypted",
              "aws_rds_cluster": "storage_encrypted", "aws_docdb_cluster": "storage_encrypted",
              "aws_neptune_cluster": "storage_encrypted"}.get(resource.type)  # fmt: skip
    if switch and resource.block.text(switch) != "true":
        body[switch] = "true"
    if path.startswith("performance_insights") and resource.block.text("performance_insights_enabled") != "true":
        body["performance_insights_enabled"] = "true"
    if path.startswith("encryption_config.provider"):
        body = {"encryption_config": {"provider": {"key_arn": value}, "resources": '["secrets"]'}}
    if path.startswith("encryption_configuration"):
        body = {"encryption_configuration": {"encryption_type": '"KMS"', "kms_key": value}}
    if path.startswith("server_side_encryption"):
        body = {"server_side_encryption": {"enabled": "true", "kms_key_arn": value}}
    if path.startswith("encryption_options"):
        body = {"encryption_options": {"use_aws_owned_key": "false", "kms_key_id": value}}
    if path.startswith("encrypt_at_rest"):
        body = {"encrypt_at_rest": {"enabled": "true", "kms_key_id": value}}
    if resource.type == "aws_kinesis_stream":
        body["encryption_type"] = '"KMS"'
    return body
