"""Resources that the open internet can reach, although one setting would keep them inside."""

from __future__ import annotations

import re
from collections.abc import Callable

from workers.fixers.terraform.in_use import has_public_container, shown
from workers.fixers.terraform.public_address import needs_address
from workers.fixers.terraform.reached_from import talks_to_cluster
from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.settings import Setting, on, settings_fixer
from workers.source.tree import text_of

_REACH = "whoever reaches it over the internet today needs another way: a private endpoint, a VPN, a bastion"
_ASKED = "the function is called over HTTP, and by whom is known to its owner: put a load balancer in front of it first"
_INSIDE = "What is started there gets no address of the internet."
_ANEW = "an existing instance is replaced: move its data first"
_WAY_OUT = "its own way out (updates, images, AWS's services) needs a NAT gateway or endpoints"
_NOT_PUBLIC = "Nothing that is stored there can be made public, by whatever policy or ACL."
_SIGNED_IN = "Who reads what is stored there has to sign in."
_NO_LINKS = "whoever reads it without signing in today loses access"
_BY_ROLES = "Roles alone decide who reads and writes the bucket; ACLs of single objects have no say any more."
_NO_ACLS = "who has access by an ACL of the bucket or of an object alone loses it"
_OWN_TRAFFIC = "The machine takes and sends only traffic of its own addresses."
_PASSES_ON = re.compile(
    r"(?<![a-z])(?:router|nat|vpn|gateway|gw|firewall|fw|appliance|wireguard|bastion-router|forwarder|nva|hub)(?![a-z])",
    re.IGNORECASE,
)
_ROUTER = (
    "a machine that passes traffic on (NAT, a firewall, a VPN) needs forwarding; some releases replace the machine"
)
_AZURE = "public_network_access_enabled"
_PRIVATE = "The resource is reached from its own network only."


def _private(
    path: str, value: str = "false", since: str = "", how: str = _PRIVATE, warning: str = _REACH
) -> list[Setting]:
    refused = _cut_off if path == _AZURE else None
    return [Setting("private", on(path, value), how, warning, toggle=True, since=since, refused=refused)]


def _cut_off(service: Resource) -> str:
    """Why nobody could reach it any more: without its public address Azure lets in private endpoints alone."""
    for kind in ("azurerm_private_endpoint", "module"):
        for _, block in service.blocks("module" if kind == "module" else "resource", "" if kind == "module" else kind):
            text = block.syntax.text(block.node)
            if service.mentioned(text) and (kind != "module" or "private" in text.lower()):
                return ""
    return (
        f"no private endpoint of the module leads to {service.address}: without its public address nobody reaches it, "
        "not even from networks that its rules let in"
    )


def _own_traffic(path: str) -> list[Setting]:
    return [Setting("private", on(path, "false"), _OWN_TRAFFIC, _ROUTER, toggle=True, refused=_forwards)]


def _forwards(machine: Resource) -> str:
    """Why it has to pass traffic on: by its name, or as the module's routes lead through it; empty where neither."""
    names = " ".join((machine.name, machine.block.text("name"), machine.block.text("tags")))
    route = r"(?:next_hop_instance|virtual_machine|next_hop_in_ip_address)"
    through = re.compile(rf"{route}\s*=[^\n]*\b{re.escape(machine.name)}\b")
    texts = (text_of(machine.target.tree, each.path) for each in machine.module)
    if _PASSES_ON.search(names) or any(through.search(text) for text in texts):
        return f"{machine.address} passes traffic on, as its name or a route through it says: it has to forward"
    return ""


def _no_address(
    path: str, refused: Callable[[Resource], str], before: str = "", types: tuple[str, ...] = ()
) -> list[Setting]:
    warning = f"{before}{_REACH}; {_WAY_OUT}"
    return [Setting("private", on(path, "false"), _INSIDE, warning, toggle=True, refused=refused, types=types)]


def _cannot_start(service: Resource) -> str:
    """Why its tasks would not start without an address: they fetch their image over it; empty where they may not."""
    subnets = service.block.text("network_configuration", "subnets")
    if "public" not in subnets.lower() and not _of_default_network(service, subnets):
        return ""
    return (
        f"the tasks of {service.address} run in public subnets ({subnets[:60]}), where without an address they cannot "
        "fetch their image: move them to private ones, with a NAT gateway or endpoints, first"
    )


def _of_default_network(service: Resource, subnets: str) -> bool:
    """Whether they are looked up in the account's default network, whose subnets are all public."""
    default = [
        f"data.aws_vpc.{block.labels[1]}." for _, block in service.blocks("data", "aws_vpc")
        if block.text("default") == "true"
    ]  # fmt: skip
    for kind in ("aws_subnets", "aws_subnet_ids"):
        for _, block in service.blocks("data", kind):
            found = f"data.{kind}.{block.labels[1]}." in subnets
            if found and any(network in block.syntax.text(block.node) for network in default):
                return True
    return False


_EKS = [
    Setting(
        "private-endpoint",
        {"vpc_config": {"endpoint_private_access": "true", "endpoint_public_access": "false"}},
        "The Kubernetes API is reached from the VPC only.",
        _REACH,
        refused=talks_to_cluster,
    )
]
_NESTED = [
    Setting(
        "private",
        on("allow_nested_items_to_be_public", "false"),
        _NOT_PUBLIC,
        _NO_LINKS,
        toggle=True,
        since="azurerm:3",
        refused=has_public_container,
    )
]
EXPOSURE = {
    "CKV_AWS_17": _private("publicly_accessible"),
    "CKV_AWS_69": _private("publicly_accessible", warning=f"an existing broker is replaced; {_REACH}"),
    "CKV_AWS_87": _private("publicly_accessible"),
    "CKV_AWS_89": _private("publicly_accessible", warning=f"{_ANEW}; {_REACH}"),
    "CKV_AWS_102": _private("publicly_accessible", warning=f"{_ANEW}; {_REACH}"),
    "CKV_AWS_88": [
        *_no_address("associate_public_ip_address", needs_address, f"{_ANEW}; ", ("aws_instance",)),
        *_no_address("network_interfaces.associate_public_ip_address", needs_address, "", ("aws_launch_template",)),
    ],
    "CKV_AWS_130": _no_address("map_public_ip_on_launch", needs_address),
    "CKV_AWS_333": _no_address("network_configuration.assign_public_ip", _cannot_start),
    "CKV_AWS_389": _no_address("associate_public_ip_address", needs_address),
    "CKV_AWS_38": _EKS,
    "CKV_AWS_39": _EKS,
    "CKV_AZURE_48": _private(_AZURE),
    "CKV_AZURE_53": _private(_AZURE),
    "CKV_AZURE_59": _private(_AZURE, since="azurerm:3"),
    "CKV_AZURE_68": _private(_AZURE),
    "CKV_AZURE_89": _private(_AZURE),
    "CKV_AZURE_101": _private(_AZURE),
    "CKV_AZURE_113": _private(_AZURE),
    "CKV_AZURE_139": _private(_AZURE),
    "CKV_AZURE_189": _private(_AZURE),
    "CKV_AZURE_221": _private(_AZURE, since="azurerm:3"),
    "CKV_AZURE_222": _private(_AZURE),
    "CKV_AZURE_34": [
        Setting("private", on("container_access_type", '"private"'), _SIGNED_IN, _NO_LINKS, toggle=True, refused=shown),
    ],
    "CKV_AZURE_190": _NESTED,
    "CKV2_AZURE_47": _NESTED,
    "CKV_AZURE_118": _own_traffic("enable_ip_forwarding"),
    "CKV_AZURE_251": _private(_AZURE),
    "CKV_GCP_36": _own_traffic("can_ip_forward"),
    "CKV_GCP_124": [
        Setting(approach, on(path, value), how, types=types, where="event_trigger", otherwise=_ASKED)
        for approach, value, how in (
            ("internal-only", '"ALLOW_INTERNAL_ONLY"', "Only its events and the project's own networks call it."),
            ("internal-and-balancer", '"ALLOW_INTERNAL_AND_GCLB"', "Its events, own networks and a balancer call it."),
        )
        for path, types in (
            ("ingress_settings", ("google_cloudfunctions_function",)),
            ("service_config.ingress_settings", ("google_cloudfunctions2_function",)),
        )
    ],
    "CKV_AWS_321": [
        Setting(
            "enhanced-vpc-routing",
            on("enhanced_vpc_routing"),
            "COPY and UNLOAD go through the VPC, where its rules and flow logs see them.",
            "the VPC needs a way to S3 and whatever else is loaded from: an endpoint, or NAT",
            toggle=True,
        )
    ],
    "CKV_GCP_114": _private("public_access_prevention", '"enforced"', how=_NOT_PUBLIC, warning=_NO_LINKS),
    "CKV_GCP_29": _private("uniform_bucket_level_access", "true", how=_BY_ROLES, warning=_NO_ACLS),
}

propose = settings_fixer(
    "terraform-public-exposure",
    "access-control",
    """A database, bucket or cluster with a public address is found by scanners within hours, and then one weak
password, one missing patch or one wrong policy is all that stands between it and everyone.""",
    EXPOSURE,
    {"AVD-AWS-0180": "CKV_AWS_17", "AVD-AWS-0164": "CKV_AWS_130", "AVD-AWS-0040": "CKV_AWS_39"},
)
