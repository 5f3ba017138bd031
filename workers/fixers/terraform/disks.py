"""Machines of EC2 whose disks are not encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import Target, fixer
from workers.fixers.terraform.resource import Resource
from workers.fixers.terraform.settings import Setting, apply, on
from workers.source.hcl import Block
from workers.source.hcltext import block_text

_ROOT = "root_block_device"
_REPLACE = "an existing resource is replaced: move its data over a snapshot"


@fixer(
    name="terraform-machine-disks",
    weakness="cryptography",
    rules={"checkov": ["CKV_AWS_8"], "trivy": ["AVD-AWS-0131"]},
    explain="""Whatever is on a disk that is not encrypted can be read from a snapshot that was shared, or a volume that
was attached elsewhere. Encrypted with the account's key, both are worth nothing outside of it. A disk that is made of
a snapshot is as encrypted as that one.""",
)
def machine_disks(target: Target) -> Iterator[Candidate]:
    """Encrypt the root volume, and the other disks that say they are not; or as a variable says."""
    resource = Resource(target)
    disks = [
        block for block in resource.block.blocks
        if block.type == "ebs_block_device" and block.text("encrypted") != "true" and not block.text("snapshot_id")
    ]  # fmt: skip
    if not disks:
        root = "The root volume is encrypted."
        yield from apply(
            resource, [Setting("encrypt-root-volume", on(f"{_ROOT}.encrypted"), root, _REPLACE, toggle=True)]
        )
        return
    how = "The root volume and the other disks of the machine are encrypted."
    declares = resource.declare({_ROOT: "", "ebs_block_device": ""})
    yield from resource.candidate("encrypt-disks", _edits(resource, disks, "true"), how, declares, [_REPLACE])
    name = resource.own_name("encrypted")
    if any(True for _ in resource.blocks("variable", name)):
        return
    said = {
        "description": f'"Whether the disks of {resource.address} are encrypted"',
        "type": "bool",
        "default": "true",
    }
    edits = resource.followed(_edits(resource, disks, f"var.{name}"), block_text("variable", (name,), said))
    how = f"{how} A variable with the safe default lets a test environment choose otherwise."
    yield from resource.candidate("encrypt-disks-variable", edits, how, [*declares, f"variable.{name}"], [_REPLACE])


def _edits(resource: Resource, disks: list[Block], value: str) -> list[Edit]:
    edits = resource.settle(on(f"{_ROOT}.encrypted", value))
    return edits + [edit for block in disks for edit in resource.settle({"encrypted": value}, block=block)]
