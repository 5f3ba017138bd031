"""What else of the module uses a bucket: services that deliver logs to it, policies that let everyone in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.terraform.resource import Resource
from workers.source.hcl import Block

_BALANCERS = ("aws_lb", "aws_alb", "aws_elb")
_DOCUMENT = re.compile(r"data\.aws_iam_policy_document\.([\w-]+)")
_EVERYONE = re.compile(r"""["']?Principal["']?\s*[:=]\s*(?:"\*"|\{\s*"?AWS"?\s*[:=]\s*"\*"\s*\})""")
_ALL = re.compile(r"\[\s*\"\*\"\s*\]")


def log_writer(resource: Resource) -> str | None:
    """The load balancer, or the other bucket's access log, that is delivered to the bucket."""
    for kind in _BALANCERS:
        for _, block in resource.blocks("resource", kind):
            logs = block.block("access_logs")
            if logs is not None and resource.mentioned(logs.text("bucket")):
                return ".".join(block.labels)
    for kind in ("aws_s3_bucket_logging", "aws_s3_bucket"):
        for _, block in resource.blocks("resource", kind):
            inside = block.block("logging") if kind == "aws_s3_bucket" else block
            if inside is not None and resource.mentioned(inside.text("target_bucket")):
                return ".".join(block.labels)
    return None


def open_policy(resource: Resource) -> str | None:
    """The policy of the module that lets everyone into the bucket without a condition."""
    found = resource.belongs("aws_s3_bucket_policy", "bucket")
    if found is None:
        return None
    _, block = found
    text = block.text("policy")
    public = _EVERYONE.search(text) and not re.search(r"Deny|Condition", text)
    documents = (one for name in _DOCUMENT.findall(text) for one in _documents(resource, name))
    if public or any(_is_open(document) for document in documents):
        return ".".join(block.labels)
    return None


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
