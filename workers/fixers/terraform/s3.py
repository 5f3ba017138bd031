"""S3 buckets: public access, encryption, access logs; inline or as resources of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.bucket_use import (
    log_writer,
    open_acl,
    open_policy,
    served_elsewhere,
    serves_site,
    used_by_others,
)
from workers.fixers.terraform.resource import Resource, several
from workers.source.hcltext import Body, block_text

SPLIT = "aws_s3_bucket_"
_OWN_RESOURCES = 4
_LOG_VARIABLE = "access_log_bucket"
_LOGS = re.compile(r"(?:^|[_-])(?:access)?logs?(?:ging)?(?:$|[_-])", re.IGNORECASE)
_DELIVERY = "the log bucket's policy must let logging.s3.amazonaws.com write"
_SINCE_4 = {
    f"{SPLIT}{each}"
    for each in ("versioning", "logging", "lifecycle_configuration", "server_side_encryption_configuration")
}
"""Resources that release 4 of the AWS provider brought; before it the bucket's own blocks said the same."""


def bucket(target: Target) -> Resource:
    """The bucket.

    Raises:
        NoFix: the finding is about another type.
    """
    resource = Resource(target)
    if resource.type != "aws_s3_bucket":
        message = f"{resource.address} is not a bucket"
        raise NoFix(message)
    return resource


def configure(
    resource: Resource, kind: str, body: Body, approach: str, how: str, warning: str = ""
) -> Iterator[Candidate]:
    """The resource of its own that configures the bucket: changed where it is there, else added."""
    warnings = [warning] if warning else []
    existing = resource.belongs(kind, "bucket")
    if not existing and kind in _SINCE_4 and before_4(resource):
        return
    if existing:
        file, block = existing
        declares = [f"resource.{kind}.{block.labels[1]}.{name}" for name in body]
        edits = resource.settle(body, block=block, file=file)
        yield from resource.candidate(approach, edits, how, declares, warnings)
        return
    edit, path = resource.beside(kind, {"bucket": resource.reference("id"), **body})
    yield from resource.candidate(approach, [edit], how, [path], warnings)


def before_4(resource: Resource) -> bool:
    """Whether the module keeps to releases of the provider that lack the resources of their own."""
    newest = resource.provider_major("aws")
    return newest is not None and newest < _OWN_RESOURCES


def inline(resource: Resource, body: Body, approach: str, how: str, warning: str = "") -> Iterator[Candidate]:
    """The bucket's own block, as provider versions before 4 write it; only where the bucket is written that way."""
    old_style = any(block.type in ("versioning", "logging", "server_side_encryption_configuration", "lifecycle_rule")
                    for block in resource.block.blocks) or "acl" in resource.block.attributes  # fmt: skip
    early = before_4(resource)
    if old_style or early:
        notes = [] if early else ["AWS provider 4 and later want a resource of its own for this"]
        warnings = [*notes, warning] if warning else notes
        yield from resource.candidate(approach, resource.settle(body), how, resource.declare(body), warnings)


@fixer(
    name="terraform-s3-encryption",
    weakness="cryptography",
    rules={"checkov": ["CKV_AWS_145", "CKV_AWS_19"], "trivy": ["AVD-AWS-0088", "AVD-AWS-0132"]},
    explain="""S3 encrypts with keys of its own by default. With KMS every read needs permission for the key as well,
and leaves a line in CloudTrail.""",
)
def encryption(target: Target) -> Iterator[Candidate]:
    """KMS by default, as a resource of its own or inline."""
    resource = bucket(target)
    served = [
        block.labels[1]
        for hcl, block in resource.blocks("resource", "aws_cloudfront_distribution")
        if resource.mentioned(hcl.content[block.node.start_byte : block.node.end_byte].decode())
    ]
    if served and target.finding.rule.endswith("145"):
        message = (
            f"CloudFront's distribution {served[0]} reads {resource.address}, and cannot with the account's default "
            "key: it takes a customer key whose policy lets CloudFront use it"
        )
        raise NoFix(message)
    if target.finding.rule.endswith("145") and (handed := served_elsewhere(resource)):
        message = (
            f"{handed} hands the address of {resource.address} on, as CloudFront asks for one, which cannot read it "
            "with the account's default key: it takes a customer key whose policy lets CloudFront use it"
        )
        raise NoFix(message)
    if target.finding.rule.endswith("145") and (writer := log_writer(resource)):
        message = f"{writer} delivers its logs to {resource.address}, and can only to one encrypted by S3's own keys"
        raise NoFix(message)
    if target.finding.rule.endswith("145") and (serves_site(resource) or open_acl(resource) or open_policy(resource)):
        message = (
            f"whoever reads {resource.address} without signing in cannot read what a key of KMS encrypts: it is open "
            "on purpose, and stays with S3's own keys"
        )
        raise NoFix(message)
    if target.finding.rule.endswith("145") and (why := used_by_others(resource)):
        message = f"{why}: the account's default key lets none in, and a customer key does, where its policy names them"
        raise NoFix(message)
    default: Body = {"apply_server_side_encryption_by_default": {"sse_algorithm": '"aws:kms"'}}
    how = "New objects are encrypted with the account's KMS key for S3."
    warning = "readers need permission for the key; existing objects stay as they are until they are written again"
    kind = f"{SPLIT}server_side_encryption_configuration"
    inline_first = resource.block.block("server_side_encryption_configuration") is not None or before_4(resource)
    wrapped: Body = {"server_side_encryption_configuration": {"rule": default}}
    if inline_first:
        yield from inline(resource, wrapped, "kms-inline", how, warning)
        if resource.legacy:
            # The provider's last release for it knows no bucket keys.
            return
        keyed: Body = {"server_side_encryption_configuration": {"rule": {**default, "bucket_key_enabled": "true"}}}
        yield from inline(
            resource, keyed, "kms-inline-bucket-key", f"{how} A bucket key cuts the calls to KMS.", warning
        )
        return
    yield from configure(resource, kind, {"rule": default}, "kms", how, warning)
    with_key: Body = {"rule": {"bucket_key_enabled": "true", **default}}
    yield from configure(
        resource, kind, with_key, "kms-bucket-key", f"{how} A bucket key cuts the calls to KMS.", warning
    )


@fixer(
    name="terraform-s3-access-log",
    weakness="logging",
    rules={"checkov": ["CKV_AWS_18"], "trivy": ["AVD-AWS-0089"]},
    explain="""Access logs say who read what; after a leak they are the only answer to that question.""",
)
def access_log(target: Target) -> Iterator[Candidate]:
    """Logs go to the module's log bucket, or to one that a variable names."""
    resource = bucket(target)
    how = "Every request is logged to"
    prefix = f'"log/{resource.name}/"'
    holders = [
        block.labels[1]
        for _, block in resource.blocks("resource", "aws_s3_bucket")
        if _LOGS.search(block.labels[1])
        and block.labels[1] != resource.name
        and not several(block)
        # S3 delivers within one region and one account.
        and block.text("provider") == resource.block.text("provider")
    ]
    for name in holders[:1]:
        body: Body = {"target_bucket": f"aws_s3_bucket.{name}.id", "target_prefix": prefix}
        yield from configure(resource, f"{SPLIT}logging", body, "log-bucket", f"{how} the bucket {name}.", _DELIVERY)
        yield from inline(resource, {"logging": body}, "log-bucket-inline", f"{how} the bucket {name}.", _DELIVERY)
    named: Body = {"target_bucket": f"var.{_LOG_VARIABLE}", "target_prefix": prefix}
    if before_4(resource):
        edits, declares = resource.settle({"logging": named}), resource.declare({"logging": named})
    else:
        edit, path = resource.beside(f"{SPLIT}logging", {"bucket": resource.reference("id"), **named})
        edits, declares = [edit], [path]
    if not any(True for _ in resource.blocks("variable", _LOG_VARIABLE)):
        description = '"Name of the bucket that takes access logs"'
        text = block_text("variable", (_LOG_VARIABLE,), {"description": description, "type": "string"})
        edits = resource.followed(edits, text)
        declares = [*declares, f"variable.{_LOG_VARIABLE}"]
    text = f"{how} the bucket that the variable `{_LOG_VARIABLE}` names."
    warnings = ["set the variable before the next plan", _DELIVERY]
    yield from resource.candidate("log-bucket-variable", edits, text, declares, warnings)
