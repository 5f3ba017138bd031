"""Keys by which people log in to Compute instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource

_BLOCK = {"block-project-ssh-keys": '"true"'}
_LOGIN = {"block-project-ssh-keys": '"true"', "enable-oslogin": '"TRUE"'}


@fixer(
    name="terraform-project-ssh-keys",
    weakness="access-control",
    rules={"checkov": ["CKV_GCP_32"]},
    explain="""Who may add a key to the project's metadata logs in to every instance of it, unless the instance refuses
such keys. OS Login ties logins to people's accounts and roles, and takes their access away with the account.""",
)
def project_ssh_keys(target: Target) -> Iterator[Candidate]:
    """Refuse the project's keys; or also let OS Login decide."""
    resource = Resource(target)
    warning = "who logs in by a key of the project's needs one of the instance's own"
    how = "Keys of the project's metadata no longer open the instance."
    yield from _with(resource, _BLOCK, "block-project-keys", how, warning)
    if "ssh-keys" in resource.block.text("metadata").replace("block-project-ssh-keys", ""):
        return
    how = "Nobody logs in by a key of the metadata: OS Login asks for an account with the role for it."
    warning = "who logs in needs the role compute.osLogin or compute.osAdminLogin"
    yield from _with(resource, _LOGIN, "os-login", how, warning)


def _with(resource: Resource, wanted: Mapping[str, str], approach: str, how: str, warning: str) -> Iterator[Candidate]:
    old = resource.block.attributes.get("metadata")
    if old is None:
        width = max(len(name) for name in wanted)
        lines = "".join(f"    {name:{width}} = {value}\n" for name, value in wanted.items())
        edits = resource.settle({"metadata": f"{{\n{lines}  }}"})
    else:
        edits = [_into(resource, wanted)]
    yield from resource.candidate(approach, edits, how, resource.declare({"metadata": ""}), [warning])


def _into(resource: Resource, wanted: Mapping[str, str]) -> Edit:
    """More entries of a map that is written out."""
    node = resource.block.attributes["metadata"].expression
    text = resource.block.text("metadata")
    if not text.startswith("{") or any(name in text for name in wanted) or " for " in text:
        message = f"the metadata of {resource.address} are worked out, or say something else of these keys already"
        raise NoFix(message)
    inside = text[1:-1].rstrip()
    start = node.start_byte + 1 + len(inside.encode())
    if "\n" not in text:
        comma = ", " if inside.strip() else " "
        new = comma + ", ".join(f"{name} = {value}" for name, value in wanted.items())
        return resource.hcl.edit(start, start, new)
    margin = next(line for line in text.splitlines()[1:] if line.strip())
    margin = margin[: len(margin) - len(margin.lstrip())]
    if "#" in inside.rpartition("\n")[2] or "//" in inside.rpartition("\n")[2]:
        message = f"a remark ends the metadata of {resource.address}: an entry behind it has no plain place"
        raise NoFix(message)
    return resource.hcl.edit(start, start, "".join(f"\n{margin}{name} = {value}" for name, value in wanted.items()))
