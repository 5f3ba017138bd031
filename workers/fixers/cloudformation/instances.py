"""Disks and network interfaces that a template lists for its instances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.in_use import needs_address
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamldoc import Node
from workers.source.yamltext import Value


class _Listed(msgspec.Struct, frozen=True):
    """A key of the items of a list, and what it must say."""

    paths: Sequence[tuple[str, ...]]
    """Where the list may stand, below the properties."""
    inside: str
    """The mapping of an item that holds the key; empty where the item does."""
    key: str
    safe: bool
    approach: str
    how: str
    warning: str
    toggle: str


_LISTED = {
    "CKV_AWS_8": _Listed(
        (("BlockDeviceMappings",),), "Ebs", "Encrypted", safe=True, approach="encrypt",
        how="New instances get disks that are encrypted with the account's key for EBS.",
        warning="CloudFormation makes the launch configuration anew; instances that run keep their disks",
        toggle="DisksEncrypted",
    ),
    "CKV_AWS_88": _Listed(
        (("NetworkInterfaces",), ("LaunchTemplateData", "NetworkInterfaces")), "", "AssociatePublicIpAddress",
        safe=False, approach="private", how="The instance gets no address of the internet.",
        warning="CloudFormation replaces an instance; whoever reaches it over the internet needs another way",
        toggle="PublicAddress",
    ),
}  # fmt: skip


@fixer(
    name="cloudformation-instances",
    weakness="configuration",
    rules={"checkov": tuple(_LISTED)},
    explain="""Whatever is on an unencrypted disk can be read from a snapshot that was shared or a volume that was
attached elsewhere; what has an address of the internet is tried by strangers all day.""",
)
def instances(target: Target) -> Iterator[Candidate]:
    """The safe value in each item; or a parameter with it, where environments may differ."""
    template = Template(target)
    one = _LISTED[target.finding.rule]
    found = [(path, node) for path in one.paths for node in _items(template, path, one)]
    if not found:
        message = f"{template.name} lists nothing of its own whose {one.key} could be set"
        raise NoFix(message)
    if target.finding.rule == "CKV_AWS_88" and (why := needs_address(template)):
        raise NoFix(why)
    declares = [f"{template.declare(*path[:1])[0]}" for path, _ in found[:1]]
    edits = [template.set_key(node, one.key, one.safe) for _, node in found]
    yield from template.candidate(one.approach, edits, one.how, declares, [one.warning])
    name = f"{template.name}{one.toggle}"
    body: dict[str, Value] = {
        "Type": "String", "AllowedValues": ["true", "false"], "Default": "true" if one.safe else "false",
        "Description": f"{one.key} of {template.name}",
    }  # fmt: skip
    edits = [template.set_key(node, one.key, {"Ref": name}) for _, node in found]
    edits += template.parameter(name, body)
    how = f"{one.how} A parameter with the safe default lets a test environment choose otherwise."
    declares = [*declares, f"Parameters.{name}"]
    yield from template.candidate(f"{one.approach}-parameter", edits, how, declares, [one.warning])


def _items(template: Template, path: tuple[str, ...], one: _Listed) -> Iterator[Node]:
    listed = template.property(*path)
    for item in listed.items if listed is not None else ():
        node = item.child(one.inside) if one.inside and item.kind == "mapping" else item
        if node is None or node.kind != "mapping" or not node.entries:
            continue
        old = node.child(one.key)
        if old is not None and (old.kind != "scalar" or old.tag in ("!Ref", "!If", "!ImportValue")):
            message = (
                f"{one.key} of {template.name} is worked out by the template itself: change it where it is decided"
            )
            raise NoFix(message)
        said = old.value.lower() if old is not None else ""
        if said != str(one.safe).lower() and (old is not None or one.safe):
            yield node
