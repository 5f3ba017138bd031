"""Machines that need an address of the internet: nothing else leads them out, or somebody reads their address."""

from __future__ import annotations

import re

from workers.fixers.terraform.resource import Resource
from workers.source.hcl import Block, Hcl, HclBroken
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of

_WAYS_OUT = re.compile(r"\"aws_nat_gateway\"|\benable_nat_gateway\s*=\s*true|\bnat_gateway_id\b|\"aws_vpc_endpoint\"")
_MACHINES = frozenset((
    "aws_instance", "aws_spot_instance_request", "aws_autoscaling_group", "aws_launch_configuration", "aws_ecs_service",
    "aws_launch_template", "aws_eks_node_group", "aws_spot_fleet_request", "aws_emr_cluster",
))  # fmt: skip
_PLACED = {"aws_instance": "subnet_id", "aws_autoscaling_group": "vpc_zone_identifier"}
"""Machines, and where they say in which subnet they start."""
_OWN = ("associate_public_ip_address", "network_interfaces.associate_public_ip_address")


def needs_address(resource: Resource) -> str:
    """Why what is started there needs a public address; empty where the module shows that it does without."""
    tree = resource.target.tree
    texts = {each.path: text_of(tree, each.path) for each in resource.module}
    machines = [block for kind in sorted(_MACHINES) for _, block in resource.blocks("resource", kind)]
    mine = [block for block in machines if f"{block.labels[0]}.{block.labels[1]}" == resource.address]
    if resource.type == "aws_subnet":
        mine = [block for block in machines if resource.mentioned(block.syntax.text(block.node)) and not _asks(block)]
        if mine and mine[0].labels[0] in ("aws_eks_node_group", "aws_ecs_service"):
            return f"{'.'.join(mine[0].labels)} starts machines in {resource.address}, whose address it gives them"
        if elsewhere := _elsewhere(resource):
            return elsewhere
    for block in mine:
        address = re.escape(".".join(block.labels[:2]))
        read = re.compile(rf"\b{address}(?:\[[^\]]*\]|\.\*)?\.public_(?:ip|dns)\b|\bself\.public_(?:ip|dns)\b")
        for path, text in texts.items():
            if found := read.search(text):
                return f"{path} uses the address (`{found[0]}`), which would be empty: lead there by another way first"
    if any(_WAYS_OUT.search(text) for text in texts.values()):
        return ""
    return (
        f"nothing in the module leads what is started by {resource.address} out of its network otherwise: without an "
        "address it needs a NAT gateway or endpoints first"
    )


def _elsewhere(resource: Resource) -> str:
    """Which machine of another module may start in a subnet of gateways, whose own machines no gateway leads out."""
    gateways = [block for _, block in resource.blocks("resource", "aws_nat_gateway")]
    holds = any(resource.mentioned(block.text("subnet_id")) for block in gateways)
    handed = any(
        resource.mentioned(block.text("value")) for file in resource.module for block in file.blocks
        if block.type == "output"
    )  # fmt: skip
    if not holds or not handed:
        return ""
    own = {each.path for each in resource.module}
    found = next(((path, name) for path, name in _in_handed_subnets(resource.target.tree) if path not in own), None)
    return (
        f"{resource.address} holds the NAT gateway and is handed to other modules: {found[1]} of {found[0]} starts in "
        "a subnet that it is handed, and has no way out of this one without an address"
        if found
        else ""
    )


@remembered
def _in_handed_subnets(tree: SourceTree) -> list[tuple[str, str]]:
    """The machines of all modules, by file and address, that start where a variable says and ask for no address."""
    found = []
    for path in tree.paths():
        if not path.endswith(".tf") or not any(kind in (text := text_of(tree, path)) for kind in _PLACED):
            continue
        try:
            blocks = Hcl(path, text.encode()).blocks
        except HclBroken:
            continue
        for block in blocks:
            place = _PLACED.get(block.labels[0]) if block.type == "resource" and len(block.labels) > 1 else None
            if place and "var." in block.text(place) and not _asks(block):
                found.append((path, ".".join(block.labels[:2])))
    return found


def _asks(block: Block) -> bool:
    """Whether a machine asks for an address itself, whatever its subnet gives."""
    return any(block.text(*path.split(".")) == "true" for path in _OWN)
