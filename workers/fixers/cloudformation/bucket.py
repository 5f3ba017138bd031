"""S3 buckets of CloudFormation templates: public access, encryption, old versions."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.settings import Setting, apply
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamldoc import Node
from workers.source.yamledit import Value

_BLOCK = "PublicAccessBlockConfiguration"
_ONE = {
    "CKV_AWS_53": "BlockPublicAcls",
    "CKV_AWS_54": "BlockPublicPolicy",
    "CKV_AWS_55": "IgnorePublicAcls",
    "CKV_AWS_56": "RestrictPublicBuckets",
}
_ALL_SHUT: dict[str, Value] = {_BLOCK: dict.fromkeys(_ONE.values(), True)}
_PUBLIC = ("PublicRead", "PublicReadWrite")
_LOCKED_OUT = "what the internet reads from the bucket today stops working"


def bucket(target: Target) -> Template:
    """The flagged bucket.

    Raises:
        NoFix: the flagged resource is another.
    """
    template = Template(target)
    if template.type != "AWS::S3::Bucket":
        message = f"{template.name} is not a bucket"
        raise NoFix(message)
    return template


@fixer(
    name="cloudformation-s3-public-access",
    weakness="access-control",
    rules={"checkov": tuple(_ONE)},
    explain="""A bucket's contents become public by one careless policy or ACL, also years later. The public access
block refuses both. All four settings belong together; a site is served through CloudFront, which alone may read.""",
)
def public_access(target: Target) -> Iterator[Candidate]:
    """All four settings; or the one that is asked for."""
    template = bucket(target)
    if purpose := _public_on_purpose(template):
        message = (
            f"{purpose}: a public access block would close it, and S3 refuses a public policy below one. Serve it "
            "through CloudFront first, or keep it public knowingly"
        )
        raise NoFix(message)
    one: dict[str, Value] = {_BLOCK: {_ONE[target.finding.rule]: True}}
    how = "No ACL and no policy, old or new, makes the bucket or an object public."
    alone = f"{_ONE[target.finding.rule]} alone: one of four doors is shut; the others have findings of their own."
    states = [Setting("block-all-public-access", _ALL_SHUT, how), Setting("block-this-way-in", one, alone)]
    yield from apply(template, states)


def _public_on_purpose(template: Template) -> str | None:
    if template.property("WebsiteConfiguration") is not None:
        return f"{template.name} serves a web site"
    acl = template.property("AccessControl")
    if acl is not None and (acl.value in _PUBLIC or acl.kind != "scalar" or acl.tag):
        return f"{template.name} is public by its AccessControl, or may be"
    for name, node in template.others():
        if node.text("Type") == "AWS::S3::BucketPolicy" and template.mentions(node) and _anybody(node):
            return f"{name} lets everyone read {template.name}"
    return None


def _anybody(node: Node) -> bool:
    """Whether a policy allows something to every principal."""
    statements = node.get("Properties", "PolicyDocument", "Statement")
    listed = statements.items if statements is not None and statements.items else [statements] if statements else []
    return any(
        one.text("Effect") == "Allow" and "*" in {one.text("Principal"), one.text("Principal", "AWS")} for one in listed
    )


@fixer(
    name="cloudformation-s3-acl",
    weakness="access-control",
    rules={"checkov": ["CKV_AWS_20", "CKV_AWS_57"]},
    explain="""`PublicRead` lets everyone list the bucket and read it; `PublicReadWrite` lets everyone store in it and
delete from it. ACLs are the old way: a private bucket gives access by policy, to named principals.""",
)
def public_acl(target: Target) -> Iterator[Candidate]:
    """A private ACL; the site's own bucket is left to its owner."""
    template = bucket(target)
    if template.property("WebsiteConfiguration") is not None:
        message = f"{template.name} serves a web site: put CloudFront in front of it before it is closed"
        raise NoFix(message)
    if template.text("AccessControl") not in _PUBLIC:
        message = f"{template.name} names no public AccessControl itself"
        raise NoFix(message)
    how = "Only the account reads and writes the bucket."
    yield from apply(template, [Setting("private-acl", {"AccessControl": "Private"}, how, _LOCKED_OUT)])
    every: dict[str, Value] = {"AccessControl": "Private", **_ALL_SHUT}
    how = "Only the account reads and writes the bucket, and no later ACL or policy can open it."
    yield from apply(template, [Setting("private-and-blocked", every, how, _LOCKED_OUT)])


@fixer(
    name="cloudformation-s3-encryption",
    weakness="encryption",
    rules={"checkov": ["CKV_AWS_19"]},
    explain="""S3 encrypts new objects with its own key since 2023; the setting says so in the template, and holds
against a later change. A KMS key makes every use of it a logged, permitted call.""",
)
def encryption(target: Target) -> Iterator[Candidate]:
    """S3's own keys; or the account's KMS key."""
    template = bucket(target)
    for approach, algorithm, how, warning in (
        ("s3-managed-key", "AES256", "Objects are encrypted with S3's own keys.", ""),
        ("aws-managed-kms-key", "aws:kms", "Objects are encrypted with the account's KMS key for S3.",
         "readers of other accounts cannot use this key: they need a customer key"),
    ):  # fmt: skip
        by_default: Value = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}]
        wanted: dict[str, Value] = {"BucketEncryption": {"ServerSideEncryptionConfiguration": by_default}}
        yield from apply(template, [Setting(approach, wanted, how, warning)])


@fixer(
    name="cloudformation-s3-versioning",
    weakness="availability",
    rules={"checkov": ["CKV_AWS_21"]},
    explain="""Without versions an overwritten or deleted object is gone, and ransomware needs one pass. Old versions
cost storage, so that they are best deleted after a while.""",
)
def versioning(target: Target) -> Iterator[Candidate]:
    """Keep old versions; or for 90 days."""
    template = bucket(target)
    on: dict[str, Value] = {"VersioningConfiguration": {"Status": "Enabled"}}
    how = "Overwritten and deleted objects can be brought back."
    yield from apply(template, [Setting("keep-versions", on, how, "old versions are charged until they are deleted")])
    if template.property("LifecycleConfiguration") is not None:
        return
    rule: Value = {"Id": "old-versions", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 90}}
    bounded: dict[str, Value] = {**on, "LifecycleConfiguration": {"Rules": [rule]}}
    yield from apply(template, [Setting("keep-versions-90-days", bounded, f"{how} After 90 days they are deleted.")])
