"""S3 buckets: old versions of objects, and how long they and parts of uploads are kept."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import Harmless, Target, fixer
from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.s3 import SPLIT, before_4, bucket, configure, inline
from workers.source.hcl import Block
from workers.source.hcltext import Body, block_text


@fixer(
    name="terraform-s3-versioning",
    weakness="availability",
    rules={"checkov": ["CKV_AWS_21"], "trivy": ["AVD-AWS-0090"]},
    explain="""Without versioning an overwritten or deleted object is gone, by mistake or by ransom.""",
)
def versioning(target: Target) -> Iterator[Candidate]:
    """Versioning, as a resource of its own or inline."""
    resource = bucket(target)
    if resource.block.text("object_lock_enabled") == "true":
        message = f"{resource.address} locks its objects: S3 keeps every version of a bucket that is made so"
        raise Harmless(message)
    how = "Overwritten and deleted objects can be restored."
    warning = "old versions are paid for: let a life-cycle rule expire them"
    body: Body = {"versioning_configuration": {"status": '"Enabled"'}}
    if resource.block.block("versioning") is None:
        yield from configure(resource, f"{SPLIT}versioning", body, "versioning", how, warning)
        yield from _with_expiry(resource, body, how)
    yield from inline(resource, {"versioning": {"enabled": "true"}}, "versioning-inline", how, warning)


def _with_expiry(resource: Resource, body: Body, how: str) -> Iterator[Candidate]:
    """Versioning, and a life cycle that lets old versions expire; where neither is configured yet."""
    kinds = (f"{SPLIT}versioning", f"{SPLIT}lifecycle_configuration")
    inside = resource.block.block("lifecycle_rule") is not None
    if inside or before_4(resource) or any(resource.belongs(kind, "bucket") for kind in kinds):
        return
    rule: Body = {
        "id": '"expire-old-versions"', "status": '"Enabled"', "filter": {},
        "abort_incomplete_multipart_upload": {"days_after_initiation": "7"},
        "noncurrent_version_expiration": {"noncurrent_days": "90"},
    }  # fmt: skip
    names = [resource.unique_name(kind, resource.name) for kind in kinds]
    bodies: list[Body] = [body, {"depends_on": f"[{kinds[0]}.{names[0]}]", "rule": rule}]
    text = "\n\n".join(
        block_text("resource", (kind, name), {**resource.instances, "bucket": resource.reference("id"), **each})
        for kind, name, each in zip(kinds, names, bodies, strict=True)
    )
    declares = [f"resource.{kind}.{name}" for kind, name in zip(kinds, names, strict=True)]
    warning = "versions older than 90 days are gone for good: check what must be kept longer"
    edits = [resource.hcl.after(resource.block, text)]
    what = f"{how} Replaced versions are kept for 90 days."
    yield from resource.candidate("versioning-with-expiry", edits, what, declares, [warning])


@fixer(
    name="terraform-s3-life-cycle",
    weakness="configuration",
    rules={"checkov": ["CKV2_AWS_61", "CKV_AWS_300"]},
    explain="""Without a life cycle parts of broken uploads and old versions are kept, and paid for, for ever.""",
)
def life_cycle(target: Target) -> Iterator[Candidate]:
    """End broken uploads; and expire old versions too."""
    resource = Resource(target)
    rule: dict[str, str | Body] = {
        "id": '"abort-incomplete-uploads"', "status": '"Enabled"', "filter": {},
        "abort_incomplete_multipart_upload": {"days_after_initiation": "7"},
    }  # fmt: skip
    if resource.type == "aws_s3_bucket_lifecycle_configuration":
        yield from _abort(resource, rule)
        return
    resource = bucket(target)
    kind = f"{SPLIT}lifecycle_configuration"
    how = "Parts of broken uploads are removed after a week; nothing else is."
    yield from configure(resource, kind, {"rule": rule}, "abort-uploads", how)
    if before_4(resource):
        inner: Body = {"enabled": "true", "abort_incomplete_multipart_upload_days": "7"}
        yield from inline(resource, {"lifecycle_rule": inner}, "abort-uploads-inline", how)
    expire: Body = {"rule": {**rule, "noncurrent_version_expiration": {"noncurrent_days": "90"}}}
    how = "Parts of broken uploads are removed after a week, replaced versions after 90 days."
    warning = "versions older than 90 days are gone for good: check what must be kept longer"
    yield from configure(resource, kind, expire, "expire-old-versions", how, warning)


def _abort(resource: Resource, rule: Body) -> Iterator[Candidate]:
    """A rule that ends broken uploads in all of the bucket: one that is there already, or one more."""
    how = "Parts of broken uploads are removed after a week."
    declares = resource.declare({"rule": {}})
    whole = next((one for one in resource.block.blocks if one.type == "rule" and _holds_everywhere(one)), None)
    if whole is not None:
        body: Body = {"abort_incomplete_multipart_upload": {"days_after_initiation": "7"}}
        yield from resource.candidate("abort-uploads", resource.settle(body, block=whole), how, declares)
    if resource.block.block("rule") is None or resource.block.is_dynamic("rule"):
        return
    how = f"{how} A rule of its own says so, for the whole bucket."
    yield from resource.candidate(
        "abort-uploads-rule", [resource.hcl.append(resource.block, "rule", [rule])], how, declares
    )


def _holds_everywhere(rule: Block) -> bool:
    """Whether a rule is on and about all objects: one that is about a tag's objects cannot end uploads."""
    narrow = rule.block("filter")
    empty = narrow is None or not (narrow.attributes or narrow.blocks)
    return rule.text("status") == '"Enabled"' and empty and not rule.text("prefix").strip('"')
