"""S3 buckets of CloudFormation templates: public access, encryption, old versions."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.bucket_use import used_by_others
from workers.fixers.cloudformation.settings import Setting, apply
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.object_acls import sets_acls
from workers.source.yamldoc import Node
from workers.source.yamltext import Value

_BLOCK = "PublicAccessBlockConfiguration"
_ONE = {
    "CKV_AWS_53": "BlockPublicAcls",
    "CKV_AWS_54": "BlockPublicPolicy",
    "CKV_AWS_55": "IgnorePublicAcls",
    "CKV_AWS_56": "RestrictPublicBuckets",
}
_ALL_SHUT: dict[str, Value] = {_BLOCK: dict.fromkeys(_ONE.values(), True)}
_ACLS = ("CKV_AWS_53", "CKV_AWS_55")
"""Those of the four that are about ACLs, which a policy does not need."""
_NO_ACLS: dict[str, Value] = {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}
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
    if target.finding.rule in _ACLS and _public_by_policy(template):
        yield from _without_acls(template, target.finding.rule)
        return
    if purpose := _public_on_purpose(template):
        message = (
            f"{purpose}: a public access block would close it, and S3 refuses a public policy below one. Serve it "
            "through CloudFront first, or keep it public knowingly"
        )
        raise NoFix(message)
    how = "No ACL and no policy, old or new, makes the bucket or an object public."
    yield from apply(template, [Setting("block-all-public-access", _ALL_SHUT, how)])
    if template.property(_BLOCK) is None and _needs_no_acl(template):
        edits = template.settle({**_ALL_SHUT, **_NO_ACLS})
        if template.properties is not None and template.text("AccessControl"):
            edits.append(template.delete_key(template.properties, "AccessControl"))
        declares = [*template.declare(_BLOCK, "OwnershipControls"), *template.declare("AccessControl/delete")]
        how = f"{how} ACLs are switched off altogether: the account owns every object."
        warning = "an upload that brings an ACL for others is refused"
        yield from template.candidate("block-all-and-no-acls", edits, how, declares, [warning])
        return
    if template.property(_BLOCK) is None:
        # S3 sets all four for a bucket whose template says nothing of them: one alone would switch the others off.
        return
    one: dict[str, Value] = {_BLOCK: {_ONE[target.finding.rule]: True}}
    alone = f"{_ONE[target.finding.rule]} alone: one of four doors is shut; the others have findings of their own."
    yield from apply(template, [Setting("block-this-way-in", one, alone)])


def _needs_no_acl(template: Template) -> bool:
    """Whether the bucket is private without an ACL, and nothing of the template delivers to it by one."""
    if template.property("OwnershipControls") is not None:
        return False
    if template.property("AccessControl") is not None and template.text("AccessControl") != "Private":
        return False
    if any(
        template.mentions(node) for _, node in template.others()
        if node.text("Type") in ("AWS::CloudFront::Distribution", "AWS::S3::Bucket")
    ):  # fmt: skip
        return False
    return not sets_acls(template.tree)


def _without_acls(template: Template, rule: str) -> Iterator[Candidate]:
    """The bucket's policy goes on letting everyone read; no ACL can add to it."""
    how = "What the bucket's policy allows stays as it is; no ACL of the bucket or of an object can open more."
    both: dict[str, Value] = {_BLOCK: {"BlockPublicAcls": True, "IgnorePublicAcls": True}}
    one: dict[str, Value] = {_BLOCK: {_ONE[rule]: True}}
    warning = "a new object or bucket ACL that makes something public is refused, or has no effect"
    yield from apply(template, [Setting("acls-open-nothing", both, how, warning)])
    if template.property(_BLOCK) is None:
        return
    alone = f"{_ONE[rule]} alone: what the bucket's policy allows stays as it is."
    yield from apply(template, [Setting("block-this-way-in", one, alone, warning)])


def _public_by_policy(template: Template) -> bool:
    """Whether a policy of the template lets everyone read the bucket's objects, and no ACL does."""
    acl = template.property("AccessControl")
    by_acl = acl is not None and (acl.value in _PUBLIC or acl.kind != "scalar" or bool(acl.tag))
    return not by_acl and _policy_for_all(template) is not None


def _policy_for_all(template: Template) -> str | None:
    for name, node in template.others():
        if node.text("Type") == "AWS::S3::BucketPolicy" and template.mentions(node) and _anybody(node):
            return name
    return None


def _public_on_purpose(template: Template) -> str | None:
    if template.property("WebsiteConfiguration") is not None:
        return f"{template.name} serves a web site"
    acl = template.property("AccessControl")
    if acl is not None and (acl.value in _PUBLIC or acl.kind != "scalar" or acl.tag):
        return f"{template.name} is public by its AccessControl, or may be"
    if policy := _policy_for_all(template):
        return f"{policy} lets everyone read {template.name}"
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
    if template.text("AccessControl") not in _PUBLIC:
        message = f"{template.name} names no public AccessControl itself"
        raise NoFix(message)
    if policy := _policy_for_all(template):
        yield from _served_by_policy(template, policy)
        return
    if template.property("WebsiteConfiguration") is not None:
        message = f"{template.name} serves a web site: put CloudFront in front of it before it is closed"
        raise NoFix(message)
    how = "Only the account reads and writes the bucket."
    yield from apply(template, [Setting("private-acl", {"AccessControl": "Private"}, how, _LOCKED_OUT)])
    every: dict[str, Value] = {"AccessControl": "Private", **_ALL_SHUT}
    how = "Only the account reads and writes the bucket, and no later ACL or policy can open it."
    yield from apply(template, [Setting("private-and-blocked", every, how, _LOCKED_OUT)])


def _served_by_policy(template: Template, policy: str) -> Iterator[Candidate]:
    """A private ACL, where a policy lets everyone read the objects; or no ACLs at all."""
    how = f"{policy} goes on letting everyone read what it names; the ACL, by which all could list the bucket, is gone."
    warning = f"an object that {policy} does not name is no longer public"
    yield from apply(template, [Setting("private-acl", {"AccessControl": "Private"}, how, warning)])
    if template.property("OwnershipControls") is not None or template.properties is None or sets_acls(template.tree):
        return
    edits = [template.delete_key(template.properties, "AccessControl"), *template.settle(_NO_ACLS)]
    declares = [*template.declare("AccessControl/delete"), *template.declare("OwnershipControls")]
    how = f"{policy} goes on letting everyone read what it names; ACLs are switched off for the bucket."
    warning = f"{warning}, and an upload that brings an ACL is refused"
    yield from template.candidate("acls-off", edits, how, declares, [warning])


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
        if algorithm == "aws:kms" and used_by_others(template):
            return
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
    if template.text("ObjectLockEnabled") == "true":
        message = f"{template.name} locks its objects: S3 keeps every version of a bucket that is made so"
        raise Harmless(message)
    on: dict[str, Value] = {"VersioningConfiguration": {"Status": "Enabled"}}
    how = "Overwritten and deleted objects can be brought back."
    yield from apply(template, [Setting("keep-versions", on, how, "old versions are charged until they are deleted")])
    if template.property("LifecycleConfiguration") is not None:
        return
    rule: Value = {"Id": "old-versions", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 90}}
    bounded: dict[str, Value] = {**on, "LifecycleConfiguration": {"Rules": [rule]}}
    yield from apply(template, [Setting("keep-versions-90-days", bounded, f"{how} After 90 days they are deleted.")])
