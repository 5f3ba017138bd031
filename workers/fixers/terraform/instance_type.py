"""Instances of a type that lacks what its successor has: bandwidth for its disks, encryption."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NotHere, Target, fixer
from workers.fixers.terraform.defaults import default_edits
from workers.fixers.terraform.resource import Resource
from workers.source.hcltext import Body

_BURSTING = re.compile(r"t2\.(nano|micro|small|medium|large|xlarge|2xlarge)|t1\.(micro)")
_FAMILIES = (
    ("newer-type", "t3", "on the same kind of processor"),
    ("newer-type-amd", "t3a", "on AMD's processors, which cost a tenth less"),
)
_TOO_OLD = "db.t2.micro"
_CLASSES = (
    ("newer-class", "db.t3.micro", "which is as large"),
    ("newer-class-arm", "db.t4g.micro", "which is as large, on AWS's own processors"),
)
_MADE_ANEW = "an existing instance is replaced: move its data over an encrypted copy of a snapshot"
_RELEASE = "the oldest releases of an engine do not run on the class: RDS names those that do"
_STOPPED = "the machine is stopped for the change"
_DRIVERS = "its image needs drivers for NVMe disks and ENA, as Amazon Linux 2, Ubuntu 18.04 and what came later have"


@fixer(
    name="terraform-instance-type",
    weakness="availability",
    rules={"checkov": ["CKV_AWS_135"]},
    explain="""T2 shares one connection between disks and network, and AWS starts none of them as EBS-optimized. T3 has
the same sizes for less money and is always optimized. It may run up a bill for CPU by itself, which T2 did not: the
setting that is written beside it keeps that as it was.""",
)
def newer_type(target: Target) -> Iterator[Candidate]:
    """The same size of T3; or of T3a."""
    resource = Resource(target)
    size = _BURSTING.fullmatch(resource.usual("instance_type"))
    if resource.type != "aws_instance" or size is None:
        message = f"{resource.address} is of no type that a newer one of the same sizes follows"
        raise NotHere(message)
    for approach, family, what in _FAMILIES:
        wanted = f"{family}.{size[1] or size[2]}"
        edits, declares = _typed(resource, f'"{wanted}"')
        if not edits:
            message = (
                f"the type of {resource.address} is decided for other resources too, or elsewhere: change it there"
            )
            raise NotHere(message)
        body: Body = {"ebs_optimized": "true"}
        if not resource.block.block("credit_specification"):
            body = {**body, "credit_specification": {"cpu_credits": '"standard"'}}
        how = f"The instance becomes a {wanted}, {what}: its disks have bandwidth of their own."
        yield from resource.candidate(
            approach, [*edits, *resource.settle(body)], how, [*declares, *resource.declare(body)], [_STOPPED, _DRIVERS]
        )


def _typed(resource: Resource, value: str) -> tuple[list[Edit], list[str]]:
    """Edits that give the instance another type, where it stands or in the default of its variable."""
    body: Body = {"instance_type": value}
    name = resource.variable("instance_type")
    if not name:
        return resource.settle(body), resource.declare(body)
    used = sum(len(re.findall(rf"\bvar\.{re.escape(name)}\b", file.content.decode())) for file in resource.module)
    return (default_edits(resource, body) if used == 1 else []), [f"variable.{name}.default"]


@fixer(
    name="terraform-database-class",
    weakness="cryptography",
    rules={"checkov": ["CKV_AWS_16"]},
    explain="""RDS encrypts the storage of every class but the first ones, db.t2.micro among them. Its successors are as
large, cost less and can; the instance is made anew for the encryption in any case.""",
)
def newer_class(target: Target) -> Iterator[Candidate]:
    """The same size of T3, encrypted; or of T4g."""
    resource = Resource(target)
    if resource.type != "aws_db_instance" or resource.block.text("instance_class") != f'"{_TOO_OLD}"':
        message = f"{resource.address} is of no class that a newer one of the same size follows"
        raise NotHere(message)
    for approach, wanted, what in _CLASSES:
        body: Body = {"instance_class": f'"{wanted}"', "storage_encrypted": "true"}
        how = f"The database becomes a {wanted}, {what}, and its storage is encrypted with the account's key for RDS."
        yield from resource.candidate(
            approach, resource.settle(body), how, resource.declare(body), [_MADE_ANEW, _RELEASE]
        )
