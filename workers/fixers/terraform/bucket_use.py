"""What else of the module uses a bucket: services that deliver logs to it, policies that let everyone in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.terraform.resource import Resource
from workers.source.hcl import Block

POLICY = "aws_s3_bucket_policy"
_OPENERS = ("aws_s3_bucket_website_configuration", POLICY, "aws_s3_bucket_acl")
_BALANCERS = ("aws_lb", "aws_alb", "aws_elb")
_DOCUMENT = re.compile(r"data\.aws_iam_policy_document\.([\w-]+)")
_EVERYONE = re.compile(r"""["']?Principal["']?\s*[:=]\s*(?:"\*"|\{\s*"?AWS"?\s*[:=]\s*"\*"\s*\})""")
OPEN_ACL = re.compile(r'"(?:public-read|public-read-write|authenticated-read|website)"')
_OTHERS = re.compile(
    r"\"?(?:Service|CanonicalUser|Federated)\"?\s*[:=]"
    r"|\"?AWS\"?\s*[:=]\s*\[?\s*\"arn:aws[\w-]*:iam::(?:\d|\$\{(?:var|local|each)\.)"
)
_LOGS = re.compile(r"(?:^|[_-])logs?(?:ging|s)?(?:$|[_-])", re.IGNORECASE)
_UNREAD = re.compile(r"templatefile\(|^(?:file|var|local|module|data\.(?!aws_iam_policy_document\b))\b")
_ELSEWHERE = re.compile(r"arn:aws[\w-]*:iam::(?:\d|\$\{(?:var|local|each)\.)|\bvar\.|\"\d{12}\"|\"\*\"")
_ALL = re.compile(r"\[\s*\"\*\"\s*\]")

_ACLS = re.compile(r"BucketOwnerPreferred|ObjectWriter|\bgrant\s*\{|\bacl\s*=")
_DELIVERS = re.compile(r"elb_service_account|elasticloadbalancing|logdelivery|delivery\.logs|log-delivery-write|:root")


def log_writer(resource: Resource) -> str | None:
    """The load balancer, the distribution or the other bucket whose logs are delivered to the bucket."""
    for kind in _BALANCERS:
        for _, block in resource.blocks("resource", kind):
            logs = block.block("access_logs")
            if logs is not None and resource.mentioned(logs.text("bucket")):
                return ".".join(block.labels)
    for _, block in resource.blocks("resource", "aws_cloudwatch_log_delivery_destination"):
        if resource.mentioned(block.syntax.text(block.node)):
            return ".".join(block.labels)
    for kind in ("aws_s3_bucket_logging", "aws_s3_bucket"):
        for _, block in resource.blocks("resource", kind):
            inside = block.block("logging") if kind == "aws_s3_bucket" else block
            if inside is not None and resource.mentioned(inside.text("target_bucket")):
                return ".".join(block.labels)
    return None


def served_elsewhere(resource: Resource) -> str:
    """What hands the bucket's address on, as a distribution of another module asks for it; empty where nothing does."""
    address = re.compile(rf"{re.escape(resource.address)}(?:\[[^\]]*\])*\.bucket_(?:regional_)?domain_name\b")
    for _, block in resource.blocks("output"):
        if address.search(block.text("value")):
            return f"output.{block.labels[0]}"
    return ""


def opened_on_purpose(block: Resource, kinds: tuple[str, ...] = _OPENERS) -> str:
    """What of the module shows the bucket of a public access block to everyone; empty where nothing does."""
    of = block.block.text("bucket")
    documents = (one for _, one in block.blocks("data", "aws_iam_policy_document"))
    open_documents = {one.labels[1] for one in documents if _is_open(one)}
    for kind in kinds:
        for _, one in block.blocks("resource", kind):
            text = one.syntax.text(one.node)
            shown = kind.endswith("configuration") or _EVERYONE.search(text) or OPEN_ACL.search(one.text("acl"))
            if (
                of
                and one.text("bucket").rpartition(".")[0] == of.rpartition(".")[0]
                and (shown or open_documents & set(_DOCUMENT.findall(text)))
            ):
                return ".".join(one.labels)
    return ""


def opened_by_acl(block: Resource) -> bool:
    """Whether an ACL of the module shows the bucket of a public access block to everyone."""
    of = block.block.text("bucket").rpartition(".")[0]
    acls = (one for _, one in block.blocks("resource", "aws_s3_bucket_acl") if one.text("bucket").startswith(f"{of}."))
    buckets = (one for _, one in block.blocks("resource", "aws_s3_bucket") if ".".join(one.labels) == of)
    return not of or any(OPEN_ACL.search(one.text("acl")) for one in (*acls, *buckets))


def serves_site(resource: Resource) -> str:
    """Why closing the bucket would take a web site off the net; empty where it serves none."""
    site = resource.block.block("website") or resource.belongs("aws_s3_bucket_website_configuration", "bucket")
    if not site:
        return ""
    return f"{resource.address} serves a web site: put CloudFront in front of it before it is closed"


def open_acl(resource: Resource) -> bool:
    """Whether an ACL of the module opens the bucket to everyone, or to every account."""
    found = resource.belongs("aws_s3_bucket_acl", "bucket")
    texts = [resource.block.text("acl"), found[1].text("acl") if found else ""]
    return any(OPEN_ACL.search(text) for text in texts)


def open_policy(resource: Resource) -> str | None:
    """The policy of the module, or of the bucket, that lets everyone into it without a condition."""
    found = resource.belongs("aws_s3_bucket_policy", "bucket")
    for block in (resource.block, *([found[1]] if found else ())):
        text = block.text("policy")
        public = _EVERYONE.search(text) and not re.search(r"Deny|Condition", text)
        documents = (one for name in _DOCUMENT.findall(text) for one in _documents(resource, name))
        if public or any(_is_open(document) for document in documents):
            return ".".join(block.labels) if block is not resource.block else f"the policy of {resource.address}"
    return None


def used_by_others(resource: Resource) -> str:
    """Why somebody may use the bucket who cannot use the account's own key; empty where the module tells of nobody."""
    if _LOGS.search(resource.name):
        return f"{resource.address} is for logs, which services write"
    found = resource.belongs("aws_s3_bucket_policy", "bucket")
    for block in (resource.block, *([found[1]] if found else ())):
        text = block.text("policy")
        documents = [one for name in _DOCUMENT.findall(text) for one in _documents(resource, name)]
        allowed = [
            each for one in documents for statement in one.blocks
            if statement.type == "statement" and "Deny" not in statement.text("effect")
            for each in statement.blocks if each.type == "principals"
        ]  # fmt: skip
        listed = any(one.text("type") != '"AWS"' or _ELSEWHERE.search(one.text("identifiers")) for one in allowed)
        if listed or _OTHERS.search(text) or _UNREAD.search(text):
            return f"{'.'.join(block.labels)} lets in a service or another account, as far as it can be read here"
    return ""


def _documents(resource: Resource, name: str) -> Iterator[Block]:
    for _, block in resource.blocks("data", "aws_iam_policy_document"):
        if block.labels[1:] == (name,):
            yield block


def _is_open(document: Block) -> bool:
    """Whether a statement allows everyone, whatever the circumstances."""
    return any(
        _ALL.search(principals.text("identifiers"))
        for statement in document.blocks
        if statement.type == "statement" and "Deny" not in statement.text("effect") and not statement.block("condition")
        for principals in statement.blocks
        if principals.type == "principals"
    )


def takes_logs(resource: Resource, bucket: Block) -> bool:
    """Whether a bucket of S3 takes the logs of a balancer or a distribution, as far as that is written here: one whose
    policy does not say so, or whose ACLs are off as they are by default, refuses them, and the change with them.
    """
    if bucket.labels[0] != "aws_s3_bucket":
        return True
    cloudfront = resource.type.startswith("aws_cloudfront")
    kinds = ("aws_s3_bucket_ownership_controls",) if cloudfront else ("aws_s3_bucket_policy",)
    wanted = _ACLS if cloudfront else _DELIVERS
    name = f"aws_s3_bucket.{bucket.labels[1]}"
    said = [bucket.syntax.text(bucket.node)]
    for kind in kinds:
        said += [
            one.syntax.text(one.node) for _, one in resource.blocks("resource", kind)
            if re.search(rf"\b{re.escape(name)}\b", one.syntax.text(one.node))
        ]  # fmt: skip
    documents = [one.syntax.text(one.node) for _, one in resource.blocks("data", "aws_iam_policy_document")]
    return any(wanted.search(text) for text in (*said, *(() if cloudfront else documents)))
