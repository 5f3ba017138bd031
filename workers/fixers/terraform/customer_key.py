"""Data encrypted with a key that the provider manages, where the rule wants one that the owner controls."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.settings import on
from workers.source.hcl import Body, block_text

_ATTRIBUTES = {
    "CKV_AWS_327": "kms_key_id", "CKV_AWS_189": "kms_key_id", "CKV_AWS_158": "kms_key_id", "CKV_AWS_35": "kms_key_id",
    "CKV_AWS_182": "kms_key_id", "CKV_AWS_184": "kms_key_id", "CKV_AWS_185": "kms_key_id", "CKV_AWS_186": "kms_key_id",
    "CKV_AWS_142": "kms_key_id", "CKV_AWS_149": "kms_key_id", "CKV_AWS_247": "encrypt_at_rest.kms_key_id",
    "CKV_AWS_347": "kms_key_arn", "CKV_AWS_280": "kms_key_id", "CKV_AWS_166": "kms_key_arn",
    "CKV_AWS_173": "kms_key_arn",
    "CKV_AWS_354": "performance_insights_kms_key_id", "CKV_AWS_337": "key_id", "CKV_AWS_98": "kms_key_arn",
}  # fmt: skip
_POLICY = """jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecides"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })"""
_REPLACE = "an existing resource may be replaced: move its data over a snapshot"


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
    path = _ATTRIBUTES.get(target.finding.rule, "kms_key_id")
    keys = [block.labels[1] for _, block in resource.blocks("resource", "aws_kms_key") if len(block.labels) > 1]
    if keys:
        how = f"Encrypts with {keys[0]}, a customer key that the module already has."
        yield from _with(resource, path, f"aws_kms_key.{keys[0]}.arn", "module-key", how)
    else:
        yield from _with_new_key(resource, path)
    name = f"{resource.name}_kms_key_arn".replace("-", "_")
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
        "key-variable", edits, how, declares, ["set the variable before the next plan", _REPLACE]
    )


def _with(resource: Resource, path: str, key: str, approach: str, how: str) -> Iterator[Candidate]:
    body = _body(resource, path, key)
    yield from resource.candidate(approach, resource.settle(body), how, resource.declare(body), [_REPLACE])


def _with_new_key(resource: Resource, path: str) -> Iterator[Candidate]:
    label = resource.unique_name("aws_kms_key", resource.name)
    key_body = {
        "description": f'"Encrypts {resource.address}"', "enable_key_rotation": "true",
        "deletion_window_in_days": "30", "policy": _POLICY,
    }  # fmt: skip
    key = block_text("resource", ("aws_kms_key", label), key_body)
    body = _body(resource, path, f"aws_kms_key.{label}.arn")
    declares = [*resource.declare(body), f"resource.aws_kms_key.{label}"]
    account = [block for _, block in resource.blocks("data", "aws_caller_identity") if block.labels[1:] == ("current",)]
    if not account:
        key = f'data "aws_caller_identity" "current" {{}}\n\n{key}'
        declares.append("data.aws_caller_identity.current")
    edits = [*resource.settle(body), resource.hcl.after(resource.block, key)]
    how = "Encrypts with a new customer key that rotates every year and that the account's own policies govern."
    yield from resource.candidate("new-key", edits, how, declares, [_REPLACE])


def _body(resource: Resource, path: str, value: str) -> Body:
    """The key, and encryption itself where the resource has it off."""
    body: dict[str, str | Body] = dict(on(path, value))
    switch = {"aws_ebs_volume": "encrypted", "aws_efs_file_system": "encrypted", "aws_redshift_cluster": "encrypted",
              "aws_rds_cluster": "storage_encrypted", "aws_docdb_cluster": "storage_encrypted",
              "aws_neptune_cluster": "storage_encrypted"}.get(resource.type)  # fmt: skip
    if switch and resource.block.text(switch) != "true":
        body[switch] = "true"
    if path.startswith("encrypt_at_rest"):
        body = {"encrypt_at_rest": {"enabled": "true", "kms_key_id": value}}
    if resource.type == "aws_kinesis_stream":
        body["encryption_type"] = '"KMS"'
    return body
