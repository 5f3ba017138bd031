"""S3 buckets whose canned ACL lets in the whole internet, or whoever has an account of AWS."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.bucket_use import OPEN_ACL, serves_site
from workers.fixers.terraform.resource import Resource
from workers.source.hcltext import Body

_ACL, _BLOCK = "aws_s3_bucket_acl", "aws_s3_bucket_public_access_block"
_LOSES = "whoever reads the bucket anonymously today loses access"
_SWITCHES = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


@fixer(
    name="terraform-s3-public-acl",
    weakness="access-control",
    rules={"checkov": ["CKV_AWS_20", "CKV_AWS_57"], "trivy": ["AVD-AWS-0092"]},
    explain="""The canned ACLs public-read and public-read-write open every object to everyone, authenticated-read to
whoever has an account of AWS, which is everyone too.""",
)
def public_acl(target: Target) -> Iterator[Candidate]:
    """The private ACL; or no ACL, which is private too; or the private one below a public access block."""
    resource = Resource(target)
    body: Body = {"acl": '"private"'}
    how = "Only the owner reaches the objects, and whom policies name."
    if site := serves_site(resource):
        raise NoFix(site)
    acl = resource.block.attributes.get("acl")
    if acl is not None and OPEN_ACL.search(acl.text):
        yield from resource.candidate("private-acl", resource.settle(body), how, resource.declare(body), [_LOSES])
        if resource.type == "aws_s3_bucket":
            declares = [f"resource.{resource.address}.acl/delete"]
            how = "Without an ACL a bucket is private, and newer providers want none."
            yield from resource.candidate("no-acl", [resource.hcl.delete(acl.node)], how, declares, [_LOSES])
        return
    found = resource.belongs(_ACL, "bucket")
    if found is None or not OPEN_ACL.search(found[1].text("acl")):
        message = f"{resource.address} has no public ACL of its own"
        raise NoFix(message)
    file, block = found
    edits = resource.settle(body, block=block, file=file)
    declares = [f"resource.{_ACL}.{block.labels[1]}.acl"]
    yield from resource.candidate("private-acl", edits, how, declares, [_LOSES])
    if not resource.belongs(_BLOCK, "bucket"):
        every: Body = {"bucket": resource.reference("id"), **dict.fromkeys(_SWITCHES, "true")}
        added, path = resource.beside(_BLOCK, every)
        how = f"{how} A public access block overrules whatever would open the bucket later."
        yield from resource.candidate("private-and-blocked", [*edits, added], how, [*declares, path], [_LOSES])
