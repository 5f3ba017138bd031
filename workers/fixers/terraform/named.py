"""What a resource needs another one for: a bucket of logs, a key, zones. The module's own, or one its user names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.terraform.bucket_use import takes_logs
from workers.fixers.terraform.google_key import new_key
from workers.fixers.terraform.resource import Resource, several
from workers.source.hcltext import Body, block_text

_SET = "set the variable before the next plan"
_AGENT = "the service's own account needs the role cloudkms.cryptoKeyEncrypterDecrypter on the key"
_FOR_EVER = "a key ring cannot be deleted, and what a lost key encrypted is lost"
_REPLACED = "what is there already may be replaced: look at the plan"
_WHEN = "date in UTC after which it is no longer valid, as 2030-12-31T00:00:00Z"
_ROTATE = "what uses it stops working on that day: have its successor there before"
_LISTENERS = ("aws_lb_listener", "aws_alb_listener")
_BALANCERS = ("aws_lb", "aws_alb", "aws_elb")
_OWN_BLOCKS = 3
_BEFORE_3: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "CKV_AZURE_4": ("addon_profile.oms_agent.log_analytics_workspace_id", {"enabled": "true"}),
    "CKV_AZURE_6": ("api_server_authorized_ip_ranges", {}),
}
_ZONES = "CKV_AWS_394"
_LOGS = re.compile(r"log", re.IGNORECASE)


class Named(msgspec.Struct, frozen=True):
    """One attribute that names another resource."""

    path: str
    suffix: str
    """Of the variable's name, behind the resource's own."""
    what: str
    """As the variable's description and the explanation say it."""
    how: str
    kind: str = ""
    """The type of the module's own resource that it may name."""
    attribute: str = "id"
    like: str = ""
    """What that resource's name must hold; empty for any."""
    with_it: Mapping[str, str] = {}
    """More that the same block must say."""
    type: str = "string"
    listed: bool = False
    """Whether the attribute is a list of which the variable is the only member."""
    warnings: tuple[str, ...] = ()


def _key(path: str, *warnings: str, attribute: str = "id") -> Named:
    how = "Data is encrypted with"
    return Named(
        path, "kms_key", "Cloud KMS key", how, "google_kms_crypto_key", attribute, warnings=(_AGENT, *warnings)
    )


_NAMED = {
    "CKV_AWS_86": Named(
        "logging_config.bucket", "log_bucket", "domain name of the S3 bucket that takes access logs",
        "Each request is recorded in", "aws_s3_bucket", "bucket_domain_name", "log",
        warnings=("the bucket must allow ACLs: CloudFront delivers its logs by one",),
    ),
    "CKV_AWS_91": Named(
        "access_logs.bucket", "log_bucket", "name of the S3 bucket that takes access logs",
        "Each request is recorded in", "aws_s3_bucket", "id", "log", with_it={"enabled": "true"},
        warnings=("the bucket's policy must let the load balancers of its region write",),
    ),
    "CKV_AWS_92": Named(
        "access_logs.bucket", "log_bucket", "name of the S3 bucket that takes access logs",
        "Each request is recorded in", "aws_s3_bucket", "id", "log",
        warnings=("the bucket's policy must let the load balancers of its region write",),
    ),
    "CKV_AWS_394": Named(
        "filter.values", "names", "names of the availability zones in use",
        "A zone that AWS opens later changes nothing: the zones are", type="list(string)",
        with_it={"name": '"zone-name"'},
    ),
    "CKV_AWS_38": Named(
        "vpc_config.public_access_cidrs", "public_access_cidr", "network that may reach the Kubernetes API",
        "The Kubernetes API answers only", listed=True,
        # The nodes, too, would have to come from that network, where they cannot go the private way.
        with_it={"endpoint_private_access": "true"},
        warnings=("whoever reaches it over the internet today is locked out: put their network in first",),
    ),
    "CKV_AZURE_4": Named(
        "oms_agent.log_analytics_workspace_id", "log_workspace_id", "id of the Log Analytics workspace",
        "The cluster's logs go to", "azurerm_log_analytics_workspace", warnings=("logs are stored, and paid for",),
    ),
    "CKV_AZURE_6": Named(
        "api_server_access_profile.authorized_ip_ranges", "authorized_network",
        "network that may reach the Kubernetes API", "The Kubernetes API answers only", listed=True,
        warnings=("whoever reaches it over the internet today is locked out: put their network in first",),
    ),
    "CKV_AZURE_26": Named(
        "email_addresses", "alert_address", "mail address that hears of threats", "Alerts go to", listed=True,
    ),
    "CKV_AZURE_40": Named("expiration_date", "expiration_date", _WHEN, "The key ends", warnings=(_ROTATE,)),
    "CKV_AZURE_41": Named("expiration_date", "expiration_date", _WHEN, "The secret ends at", warnings=(_ROTATE,)),
    "CKV_AZURE_93": Named(
        "disk_encryption_set_id", "disk_encryption_set_id", "id of the disk encryption set",
        "The disk is encrypted with", "azurerm_disk_encryption_set",
        warnings=("the machine that uses the disk must be stopped for the change",),
    ),
    "CKV_AZURE_117": Named(
        "disk_encryption_set_id", "disk_encryption_set_id", "id of the disk encryption set",
        "The nodes' disks are encrypted with", "azurerm_disk_encryption_set", "id",
        warnings=("the cluster is replaced: move its workloads first",),
    ),
    "CKV_GCP_20": Named(
        "master_authorized_networks_config.cidr_blocks.cidr_block", "authorized_network",
        "network that may reach the control plane", "The control plane answers only",
        warnings=("whoever reaches it over the internet today is locked out: put their network in first",),
    ),
    "CKV_GCP_37": _key("disk_encryption_key.kms_key_self_link", _REPLACED),
    "CKV_GCP_38": _key("boot_disk.kms_key_self_link", _REPLACED),
    "CKV_GCP_62": Named(
        "logging.log_bucket", "log_bucket", "name of the bucket that takes access logs",
        "Each request is recorded in", "google_storage_bucket", "name", "log",
        warnings=("the group cloud-storage-analytics@google.com must be able to write to that bucket",),
    ),
    "CKV_GCP_80": _key("encryption_configuration.kms_key_name", _REPLACED),
    "CKV_GCP_81": _key("default_encryption_configuration.kms_key_name", "tables that are there keep their own key"),
    "CKV_GCP_83": _key("kms_key_name"),
    "CKV_GCP_84": _key("kms_key_name", _REPLACED),
}  # fmt: skip


@fixer(
    name="terraform-named-resource",
    weakness="logging",
    rules={"checkov": tuple(_NAMED)},
    explain="""Logs go to a bucket, and data is encrypted with a key, that are made elsewhere as a rule: for a whole
account, with a policy of their own. The module names its own where it has one; else its user names it, by a variable,
and a plan asks for it.""",
)
def named_resource(target: Target) -> Iterator[Candidate]:
    """The module's own; or the one that a new variable names."""
    resource = Resource(target)
    one = _earlier(resource, target.finding.rule)
    if _records_logs(resource, one):
        message = f"{resource.address} takes access logs itself: each log file of a log bucket would cause another"
        raise Harmless(message)
    if why := _writes_nothing(resource):
        raise NoFix(why)
    if one.path.partition(".")[0] in resource.block.attributes or resource.block.is_dynamic(one.path.partition(".")[0]):
        message = f"{one.path} of {resource.address} is worked out by the module: change it where it is decided"
        raise NoFix(message)
    if resource.type in _BALANCERS and resource.block.text(*one.path.split(".")):
        body: Body = {"access_logs": {"enabled": "true"}}
        how = "Each request is recorded in the bucket that is named already."
        yield from resource.candidate("named-bucket", resource.settle(body), how, resource.declare(body), one.warnings)
        return
    if own := _own(resource, one):
        body = _body(one, f"{one.kind}.{own}.{one.attribute}")
        how = f"{one.how} the module's own {one.kind} {own}."
        yield from resource.candidate("module-own", resource.settle(body), how, resource.declare(body), one.warnings)
    elif one.kind == "google_kms_crypto_key" and not several(resource.block) and (key := new_key(resource)):
        body = _body(one, key.reference)
        how = f"{one.how} a new key that rotates every 90 days, and that its service may use."
        edits, declares = resource.followed(resource.settle(body), key.text), [*resource.declare(body), *key.declares]
        warnings = [each for each in one.warnings if each != _AGENT]
        yield from resource.candidate("new-key", edits, how, declares, [_FOR_EVER, *warnings])
    name = resource.own_name(one.suffix)
    if any(True for _ in resource.blocks("variable", name)):
        return
    text = block_text("variable", (name,), {"description": f'"{one.what[0].upper() + one.what[1:]}"', "type": one.type})
    body = _body(one, f"[var.{name}]" if one.listed else f"var.{name}")
    edits = resource.followed(resource.settle(body), text)
    how = f"{one.how} what the new variable `{name}` names."
    declares = [*resource.declare(body), f"variable.{name}"]
    yield from resource.candidate("variable", edits, how, declares, [_SET, *one.warnings])
    if target.finding.rule == _ZONES:
        yield from _by_id(resource)


def _earlier(resource: Resource, rule: str) -> Named:
    """What the rule's attribute is called in the release of Azure's provider that the module is written for."""
    one, old = _NAMED[rule], _BEFORE_3.get(rule)
    newest = resource.provider_major("azurerm")
    written = any(block.type in ("addon_profile", "role_based_access_control") for block in resource.block.blocks)
    if old is None or not (written or (newest is not None and newest < _OWN_BLOCKS)):
        return one
    return msgspec.structs.replace(one, path=old[0], with_it=old[1])


def _by_id(resource: Resource) -> Iterator[Candidate]:
    """Zones by their ids: a name means another building in each account, an id the same one in all."""
    name = resource.own_name("zone_ids")
    if any(True for _ in resource.blocks("variable", name)):
        return
    said = {"description": '"Ids of the availability zones in use, as use1-az1"', "type": "list(string)"}
    body: Body = {"filter": {"name": '"zone-id"', "values": f"var.{name}"}}
    edits = resource.followed(resource.settle(body), block_text("variable", (name,), said))
    how = f"A zone that AWS opens later changes nothing: the zones are what the new variable `{name}` names, by their "
    how += "ids, which mean the same zone in every account where a name does not."
    yield from resource.candidate("id-variable", edits, how, [*resource.declare(body), f"variable.{name}"], [_SET])


def _body(one: Named, value: str) -> Body:
    *above, last = one.path.split(".")
    body: Body = {**one.with_it, last: value}
    for step in reversed(above):
        body = {step: body}
    return body


def _own(resource: Resource, one: Named) -> str | None:
    """The module's resource of the kind, where it is the only one that fits and not the flagged one."""
    found = [
        block.labels[1]
        for _, block in (resource.blocks("resource", one.kind) if one.kind else ())
        if len(block.labels) > 1 and not several(block) and block.labels[1] != resource.name
        and (not one.like or one.like in f"{block.labels[1]} {block.text('bucket')} {block.text('name')}".lower())
        and "ASYMMETRIC" not in block.text("purpose") and takes_logs(resource, block)
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _writes_nothing(resource: Resource) -> str:
    """Why an access log would stay empty: a network balancer writes down TLS alone; empty where it would not."""
    if resource.block.text("load_balancer_type") != '"network"':
        return ""
    listeners = [block for kind in _LISTENERS for _, block in resource.blocks("resource", kind)]
    mine = [one for one in listeners if resource.mentioned(one.text("load_balancer_arn"))]
    if not mine or any(one.text("protocol") == '"TLS"' or "var." in one.text("protocol") for one in mine):
        return ""
    return (
        f"{resource.address} is a network load balancer without a TLS listener, and writes down what those take alone: "
        "flow logs of its subnets show the rest"
    )


def _records_logs(resource: Resource, one: Named) -> bool:
    """Whether the flagged bucket is where the module's logs go."""
    if one.path != "logging.log_bucket":
        return False
    others = (block for _, block in resource.blocks("resource", resource.type) if block.block("logging"))
    return bool(_LOGS.search(resource.name)) or any(
        resource.mentioned(one.text("logging", "log_bucket")) for one in others
    )
