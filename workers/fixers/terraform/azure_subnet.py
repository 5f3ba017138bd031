"""Azure's subnets whose traffic no security group filters."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource, several
from workers.source.hcltext import Body, block_text

_GROUP = "azurerm_network_security_group"
_LINK = "azurerm_subnet_network_security_group_association"
_OWN_RULES = ("AzureBastionSubnet", "RouteServerSubnet")


@fixer(
    name="terraform-azure-subnet-group",
    weakness="access-control",
    rules={"checkov": ["CKV2_AZURE_31"]},
    explain="""Without a security group every machine of a subnet takes what the internet and the rest of the network
send it, at every port that it listens at. A group without rules of its own lets in what comes from the network and
from Azure's balancers, and nothing from outside.""",
)
def subnet_group(target: Target) -> Iterator[Candidate]:
    """The module's own group; or a new one, where nothing in the module has a public address."""
    resource = Resource(target)
    if several(resource.block) or resource.block.text("name").strip('"') in _OWN_RULES:
        message = f"{resource.address} stands for several subnets, or for one whose rules Azure prescribes"
        raise NoFix(message)
    subnet: Body = {"subnet_id": resource.reference("id")}
    found = [block for _, block in resource.blocks("resource", _GROUP) if len(block.labels) > 1]
    if len(found) == 1 and not several(found[0]):
        group = found[0].labels[1]
        edit, path = resource.beside(_LINK, {**subnet, "network_security_group_id": f"{_GROUP}.{group}.id"})
        how = f"The module's own group {group} filters what reaches the subnet."
        warning = "its rules hold for all of the subnet: what else runs there needs rules in it too"
        yield from resource.candidate("module-group", [edit], how, [path], [warning])
    if any(True for _ in resource.blocks("resource", "azurerm_public_ip")):
        if not found:
            message = "something of the module has a public address: which of its ports are asked is known to its owner"
            raise NoFix(message)
        return
    label = resource.unique_name(_GROUP, resource.name)
    place = {name: text for name in ("location", "resource_group_name") if (text := _place(resource, name))}
    if len(place) == 2:
        group_text = block_text("resource", (_GROUP, label), {"name": f'"{label}"', **place})
        link: Body = {**subnet, "network_security_group_id": f"{_GROUP}.{label}.id"}
        link_label = resource.unique_name(_LINK, resource.name)
        text = f"{group_text}\n\n{block_text('resource', (_LINK, link_label), link)}"
        how = "A new group lets in what comes from the virtual network and from Azure's balancers, and nothing else."
        declares = [f"resource.{_GROUP}.{label}", f"resource.{_LINK}.{link_label}"]
        yield from resource.candidate("new-group", [resource.hcl.after(resource.block, text)], how, declares)


def _place(resource: Resource, name: str) -> str:
    """Where the group goes: as the subnet's own network says, which alone has a location."""
    if name in resource.block.attributes:
        return resource.block.text(name)
    network = resource.block.text("virtual_network_name")
    for _, block in resource.blocks("resource", "azurerm_virtual_network"):
        if network == f"azurerm_virtual_network.{block.labels[1]}.name" and not several(block):
            return f"azurerm_virtual_network.{block.labels[1]}.{name}"
    return ""
