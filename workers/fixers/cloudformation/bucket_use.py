"""Who beside the account uses a bucket of a template: services that write into it, readers of its site."""

from __future__ import annotations

import re

from workers.fixers.cloudformation.template import Template, mentions
from workers.source.yamldoc import Node

_BALANCERS = re.compile(r"elasticloadbalancing|logdelivery|delivery\.logs|:root|ELBAccount", re.IGNORECASE)
_ACLS = ("BucketOwnerPreferred", "ObjectWriter")
_SERVERS = "logging.s3.amazonaws.com"
_SITES = "AWS::CloudFront::"


def log_bucket(template: Template) -> str | None:
    """The template's own bucket for the logs of the resource, where it lets them in as far as that is written here."""
    buckets = ((name, node) for name, node in template.others() if node.text("Type") == "AWS::S3::Bucket")
    return next((name for name, node in buckets if is_for_logs(name, node) and _takes(template, name, node)), None)


def is_for_logs(name: str, bucket: Node) -> bool:
    """Whether a bucket is there for access logs: by its ACL, or by its name."""
    by_acl = bucket.text("Properties", "AccessControl") == "LogDeliveryWrite"
    return by_acl or re.search(r"(?:access|server|s3).?log", name, re.IGNORECASE) is not None


def _takes(template: Template, name: str, bucket: Node) -> bool:
    """Whether S3, a balancer or CloudFront may write there: one that may not is refused when the stack is updated, or
    its logs are lost without a word.
    """
    policies = [
        template.doc.slice(one.start, one.end) for _, one in template.others()
        if one.text("Type") == "AWS::S3::BucketPolicy" and mentions(name, one)
    ]  # fmt: skip
    acl = bucket.text("Properties", "AccessControl") == "LogDeliveryWrite"
    if template.type.startswith(_SITES):
        owned = bucket.get("Properties", "OwnershipControls")
        return owned is not None and any(one.value in _ACLS for _, one in owned.walk() if one.kind == "scalar")
    if template.type == "AWS::S3::Bucket":
        return acl or any(_SERVERS in text for text in policies)
    return any(_BALANCERS.search(text) for text in policies)


def used_by_others(template: Template) -> str:
    """What uses the flagged bucket in a name that the account's own key for S3 does not know; empty where nothing does.

    Services, other accounts and readers without a name cannot use that key.
    """
    if is_for_logs(template.name, template.node):
        return f"{template.name} takes logs"
    if template.property("WebsiteConfiguration") is not None:
        return f"{template.name} serves a web site"
    for name, node in template.others():
        kind = node.text("Type")
        if not template.mentions(node):
            continue
        if kind == "AWS::S3::BucketPolicy" and any(_others(one) for _, one in node.walk() if one.kind == "mapping"):
            return f"{name} lets in whoever has no rights in the account"
        logs = kind == "AWS::S3::Bucket" and any(
            path[:2] == ("Properties", "LoggingConfiguration") and template.name in (one.value or "")
            for path, one in node.walk() if one.kind == "scalar"
        )  # fmt: skip
        if logs or kind.startswith((_SITES, "AWS::CloudTrail::", "AWS::Config::", "AWS::ElasticLoadBalancing")):
            return f"{name} uses {template.name} in its service's own name"
    return ""


def _others(statement: Node) -> bool:
    principal = statement.child("Principal")
    if principal is None or statement.text("Effect") == "Deny":
        return False
    return principal.kind == "scalar" or any(
        principal.child(kind) is not None for kind in ("Service", "CanonicalUser", "Federated")
    ) or principal.text("AWS") == "*"  # fmt: skip
