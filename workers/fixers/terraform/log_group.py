"""A log group of CloudWatch's for one resource, encrypted with a key of its own and kept for a year."""

from __future__ import annotations

import msgspec

from workers.fixers.terraform.customer_key import logs_key
from workers.fixers.terraform.resource import Resource
from workers.source.hcltext import Body, block_text

_GROUP, _KEY = "aws_cloudwatch_log_group", "aws_kms_key"


class LogGroup(msgspec.Struct, frozen=True):
    """The group, and the key that encrypts it."""

    address: str
    texts: tuple[str, ...]
    declares: tuple[str, ...]


def log_group(resource: Resource, label: str, prefix: str) -> LogGroup:
    """What to write beside the resource; CloudWatch adds a suffix to the prefix of the group's name."""
    group, key = resource.unique_name(_GROUP, label), resource.unique_name(_KEY, label)
    address = f"{_GROUP}.{group}"
    body: Body = {"name_prefix": f'"{prefix}"', "retention_in_days": "365", "kms_key_id": f"{_KEY}.{key}.arn"}
    texts = (block_text("resource", (_GROUP, group), body), block_text("resource", (_KEY, key), logs_key(address)))
    return LogGroup(address, texts, (f"resource.{address}", f"resource.{_KEY}.{key}"))
