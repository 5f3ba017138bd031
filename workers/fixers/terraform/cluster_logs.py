"""Managed Kubernetes whose control plane's logs go nowhere, or stay for ever."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, NotHere, Target, fixer
from workers.fixers.terraform.customer_key import logs_key
from workers.fixers.terraform.key_policy import with_data
from workers.fixers.terraform.resource import Resource, several
from workers.source.hcltext import Body, block_text

_WORKSPACE, _GROUP, _KEY = "azurerm_log_analytics_workspace", "aws_cloudwatch_log_group", "aws_kms_key"
_PAID = "logs are stored, and paid for"
_TYPES = '["api", "audit", "authenticator", "controllerManager", "scheduler"]'
_BLOCK_OF_ITS_OWN = 3
"""The release of azurerm since which the cluster has the agent's block itself."""


@fixer(
    name="terraform-cluster-workspace",
    weakness="logging",
    rules={"checkov": ["CKV_AZURE_4"]},
    explain="""Without an agent what a cluster writes is gone with its pods. A workspace keeps it, can be searched, and
raises alarms; one of the cluster's own is read by those who run the cluster and by nobody else.""",
)
def cluster_workspace(target: Target) -> Iterator[Candidate]:
    """To a workspace of the cluster's own, where the module has none."""
    cluster = Resource(target)
    where = {key: cluster.block.text(key) for key in ("location", "resource_group_name")}
    newest = cluster.provider_major("azurerm")
    old = newest is not None and newest < _BLOCK_OF_ITS_OWN
    if old or several(cluster.block) or not all(where.values()) or cluster.block.block("addon_profile"):
        message = f"{cluster.address} cannot be given a workspace of its own"
        raise NotHere(message)
    if any(True for _ in cluster.blocks("resource", _WORKSPACE)):
        return
    label = cluster.unique_name(_WORKSPACE, cluster.name)
    kept = {"sku": '"PerGB2018"', "retention_in_days": "90"}
    text = block_text("resource", (_WORKSPACE, label), {"name": f'"{label.replace("_", "-")}-logs"', **where, **kept})
    body: Body = {"oms_agent": {"log_analytics_workspace_id": f"{_WORKSPACE}.{label}.id"}}
    edits = cluster.followed(cluster.settle(body), text)
    how = "The cluster's logs go to a new workspace of its own, and are kept for 90 days."
    declares = [*cluster.declare(body), f"resource.{_WORKSPACE}.{label}"]
    yield from cluster.candidate("new-workspace", edits, how, declares, [_PAID])


@fixer(
    name="terraform-cluster-log-group",
    weakness="logging",
    rules={"checkov": ["CKV_AWS_37"], "trivy": ["AVD-AWS-0038"]},
    explain="""EKS makes the log group of a control plane itself, where the module has none: unencrypted, and kept for
ever. A group that is there before the cluster is taken, with the key and the time that it names.""",
)
def cluster_log_group(target: Target) -> Iterator[Candidate]:
    """All logs, to a group of the module's own that is there first."""
    cluster = Resource(target)
    name, before = cluster.block.text("name"), cluster.block.text("depends_on")
    if "enabled_cluster_log_types" in cluster.block.attributes or not name or several(cluster.block):
        message = f"EKS has made the log group of {cluster.address} already, or nothing here says its name"
        raise NotHere(message)
    if before and ("#" in before or "//" in before or not before.endswith("]")):
        message = f"what {cluster.address} waits for is written in a way that is not added to here"
        raise NotHere(message)
    if _GROUP in before:
        message = f"{cluster.address} has a log group of its own that is there first"
        raise NoFix(message)
    label, key = (cluster.unique_name(kind, f"{cluster.name}_control_plane") for kind in (_GROUP, _KEY))
    called = name.strip('"') if name.startswith('"') else f"${{{name}}}"
    group: Body = {
        "name": f'"/aws/eks/{called}/cluster"', "retention_in_days": "365", "kms_key_id": f"{_KEY}.{key}.arn",
    }  # fmt: skip
    texts = (
        block_text("resource", (_GROUP, label), group),
        block_text("resource", (_KEY, key), logs_key(f"{_GROUP}.{label}")),
    )
    text, more = with_data(cluster, "\n\n".join(texts))
    first = f"{_GROUP}.{label}"
    waits = before.strip("[], \r\n\t")
    body: Body = {"enabled_cluster_log_types": _TYPES, **({} if waits else {"depends_on": f"[{first}]"})}
    edits = cluster.followed([*cluster.settle(body), *(_after(cluster, first) if waits else ())], text)
    how = "Every log of the control plane is kept for a year, in a group of the module's own that is encrypted."
    declares = [*cluster.declare({**body, "depends_on": ""}), f"resource.{first}", f"resource.{_KEY}.{key}", *more]
    yield from cluster.candidate("all-logs-for-a-year", edits, how, declares, [_PAID])


def _after(cluster: Resource, first: str) -> list[Edit]:
    """Edits by which the cluster waits for one resource more, written as its list is."""
    waits = cluster.block.attributes["depends_on"]
    listed = waits.text.removesuffix("]").rstrip().removesuffix(",").rstrip()
    line = listed.rpartition("\n")[2]
    gap = f"{cluster.hcl.newline}{line[: len(line) - len(line.lstrip())]}" if "\n" in listed else " "
    at = waits.expression.start_byte + len(listed.encode())
    return [cluster.hcl.edit(at, at, f",{gap}{first}")]
