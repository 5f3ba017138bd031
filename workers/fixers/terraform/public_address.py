"""Machines that need an address of the internet: nothing else leads them out, or somebody reads their address."""

from __future__ import annotations

import re

from workers.fixers.terraform.resource import Resource
from workers.source.hcl import Block
from workers.source.tree import text_of

_WAYS_OUT = re.compile(r"\"aws_nat_gateway\"|\benable_nat_gateway\s*=\s*true|\bnat_gateway_id\b|\"aws_vpc_endpoint\"")
_MACHINES = frozenset((
    "aws_instance", "aws_spot_instance_request", "aws_autoscaling_group", "aws_launch_configuration", "aws_ecs_service",
    "aws_launch_template", "aws_eks_node_group", "aws_spot_fleet_request", "aws_emr_cluster",
))  # fmt: skip
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


def _asks(block: Block) -> bool:
    """Whether a machine asks for an address itself, whatever its subnet gives."""
    return any(block.text(*path.split(".")) == "true" for path in _OWN)
