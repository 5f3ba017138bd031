"""S3 buckets: what would open them to everyone, and the block that keeps it from doing so."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.bucket_use import (
    POLICY,
    open_acl,
    open_policy,
    opened_by_acl,
    opened_on_purpose,
    serves_site,
)
from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.s3 import before_4, bucket, configure
from workers.source.hcltext import Body
from workers.source.object_acls import sets_acls

_BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_ONE = {"CKV_AWS_53": 0, "CKV_AWS_54": 1, "CKV_AWS_55": 2, "CKV_AWS_56": 3}
_OF_ACLS = ("CKV_AWS_53", "CKV_AWS_55")


@fixer(
    name="terraform-s3-public-access",
    weakness="access-control",
    rules={
        "checkov": ["CKV2_AWS_6", "CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56"],
        "trivy": ["AVD-AWS-0086", "AVD-AWS-0087", "AVD-AWS-0091", "AVD-AWS-0093", "AVD-AWS-0094"],
    },
    explain="""A bucket without a public access block is one wrong ACL or policy away from the open internet. The block
overrules both. Turn all four switches on; a bucket that must be public belongs behind a distribution instead.""",
)
def public_access(target: Target) -> Iterator[Candidate]:
    """All four switches, or only the reported one."""
    resource = Resource(target)
    every: Body = dict.fromkeys(_BLOCKS, "true")
    warning = "whoever reads the bucket anonymously today loses access"
    if resource.type == "aws_s3_bucket_public_access_block":
        by_policy = target.finding.rule in _OF_ACLS and opened_on_purpose(resource, (POLICY,))
        if by_policy and not _by_acl(resource):
            yield from _without_acls(resource, target.finding.rule)
            return
        if shown := opened_on_purpose(resource):
            message = f"{shown} shows the bucket to everyone on purpose: decide first who may read it"
            raise NoFix(message)
        how = "All four switches block public ACLs and policies, those that exist and those to come."
        yield from resource.candidate("block-all", resource.settle(every), how, resource.declare(every), [warning])
        if target.finding.rule in _ONE:
            one: Body = {_BLOCKS[_ONE[target.finding.rule]]: "true"}
            how = "Turns the reported switch on and leaves the others as they are."
            yield from resource.candidate("block-one", resource.settle(one), how, resource.declare(one), [warning])
        return
    resource = bucket(target)
    if open_acl(resource) and (site := serves_site(resource)):
        raise NoFix(site)
    if policy := open_policy(resource):
        message = (
            f"{policy} lets everyone in on purpose, and S3 refuses such a policy below a public access block: the next "
            "apply would fail. Decide first who may read the bucket"
        )
        raise NoFix(message)
    how = "A public access block overrules every ACL and policy that would open the bucket."
    yield from configure(resource, "aws_s3_bucket_public_access_block", every, "public-access-block", how, warning)
    if not resource.legacy and not resource.belongs("aws_s3_bucket_ownership_controls", "bucket"):
        block, path = resource.beside(
            "aws_s3_bucket_public_access_block", {"bucket": resource.reference("id"), **every}
        )
        owner, other = resource.beside(
            "aws_s3_bucket_ownership_controls",
            {"bucket": resource.reference("id"), "rule": {"object_ownership": '"BucketOwnerEnforced"'}},
        )
        acl = resource.block.attributes.get("acl")
        private = acl is None or (acl.text == '"private"' and not before_4(resource))
        if not resource.belongs("aws_s3_bucket_public_access_block", "bucket") and private and not _uses_acls(resource):
            how = "A public access block, and ownership by the bucket, which turns ACLs off altogether."
            edits = [resource.hcl.edit(block.start, block.end, f"{block.text}{owner.text}".replace("\r\n", "\n"))]
            declares = [path, other]
            if acl is not None:
                how = f"{how} The private ACL goes with them: the bucket is as private without it."
                edits.append(resource.hcl.delete(acl.node))
                declares.append(f"resource.{resource.address}.acl/delete")
            yield from resource.candidate("public-access-block-no-acls", edits, how, declares, [warning])


def _by_acl(resource: Resource) -> bool:
    """Whether an ACL opens the bucket, or one of an object that something of the repository uploads."""
    return opened_by_acl(resource) or bool(sets_acls(resource.target.tree))


def _without_acls(resource: Resource, rule: str) -> Iterator[Candidate]:
    """The bucket's policy goes on letting everyone read; no ACL can add to it."""
    warning = "a new object or bucket ACL that makes something public is refused, or has no effect"
    both: Body = {_BLOCKS[_ONE[each]]: "true" for each in _OF_ACLS}
    how = "What the bucket's policy allows stays as it is; no ACL of the bucket or of an object can open more."
    yield from resource.candidate("acls-open-nothing", resource.settle(both), how, resource.declare(both), [warning])
    one: Body = {_BLOCKS[_ONE[rule]]: "true"}
    how = "Turns the reported switch on: what the bucket's policy allows stays as it is."
    yield from resource.candidate("block-one", resource.settle(one), how, resource.declare(one), [warning])


def _uses_acls(resource: Resource) -> bool:
    """Whether the module gives the bucket an ACL of its own, or has CloudFront deliver its logs there by one, or
    something of the repository gives objects one.
    """
    logs = (block for _, block in resource.blocks("resource", "aws_cloudfront_distribution"))
    if resource.belongs("aws_s3_bucket_acl", "bucket"):
        return True
    delivered = any(resource.mentioned(block.text("logging_config", "bucket")) for block in logs)
    return delivered or bool(sets_acls(resource.target.tree))
