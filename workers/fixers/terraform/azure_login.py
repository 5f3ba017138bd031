"""Azure's Linux machines that let people in by a password."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.resource import Resource
from workers.source.hcl import Block
from workers.source.hcltext import Body, block_text

_FILE = 'file(pathexpand("~/.ssh/id_rsa.pub"))'
_OLD = "azurerm_virtual_machine"
_IN = "an existing machine is replaced: move its data first, and have the private key at hand"


@fixer(
    name="terraform-azure-password-login",
    weakness="authentication",
    rules={"checkov": ["CKV_AZURE_1", "CKV_AZURE_49", "CKV_AZURE_149", "CKV_AZURE_178"]},
    explain="""Passwords of machines that the internet reaches are guessed all day, and this one lies in Terraform's
state in the clear. A key cannot be guessed, and only its public half is told to Azure.""",
)
def password_login(target: Target) -> Iterator[Candidate]:
    """A key that a variable names; or the one of who applies the module."""
    resource = Resource(target)
    if _by_password(resource):
        message = f"a provisioner of the module logs in to {resource.address} by its password: give it the key first"
        raise NoFix(message)
    name = resource.own_name("ssh_public_key")
    if _has_key(resource):
        edits, declares = _with(resource, "")
        how = "Only the key that is there already opens the machine; there is no password any more."
        yield from resource.candidate("ssh-key-alone", edits, how, declares, [_IN])
        return
    if not any(True for _ in resource.blocks("variable", name)):
        edits, declares = _with(resource, f"var.{name}")
        text = block_text(
            "variable", (name,), {"description": '"Public SSH key of the administrator"', "type": "string"}
        )
        how = f"Only the key that the new variable `{name}` holds opens the machine; there is no password any more."
        yield from resource.candidate(
            "ssh-key-variable", resource.followed(edits, text), how, [*declares, f"variable.{name}"],
            ["set the variable before the next plan", _IN],
        )  # fmt: skip
    edits, declares = _with(resource, _FILE)
    how = "Only the key of who applies the module opens the machine; there is no password any more."
    yield from resource.candidate("ssh-key-file", edits, how, declares, [_IN])


def _has_key(resource: Resource) -> bool:
    """Whether the machine knows a key of its administrator's, beside the password."""
    linux = resource.block.block("os_profile_linux_config")
    return resource.block.block("admin_ssh_key") is not None or bool(linux and linux.block("ssh_keys"))


def _with(resource: Resource, key: str) -> tuple[list[Edit], list[str]]:
    """Edits that let a public key in and passwords out."""
    block = resource.block
    if resource.type == _OLD:
        return _old(resource, key)
    user = block.text("admin_username")
    if not user:
        message = f"{resource.address} has no admin_username of its own that a key could belong to"
        raise NoFix(message)
    body: dict[str, str | Body] = {"disable_password_authentication": "true"}
    if block.block("admin_ssh_key") is None:
        body["admin_ssh_key"] = {"username": user, "public_key": key}
    edits = resource.settle(body)
    declares = resource.declare(body)
    if "admin_password" in block.attributes:
        edits.append(resource.hcl.delete(block.attributes["admin_password"].node))
        declares += [f"{one}/delete" for one in resource.declare({"admin_password": ""})]
    return _apart(resource, edits), declares


def _old(resource: Resource, key: str) -> tuple[list[Edit], list[str]]:
    profile, linux = resource.block.block("os_profile"), resource.block.block("os_profile_linux_config")
    user = profile.text("admin_username").strip() if profile else ""
    if profile is None or linux is None or not re.fullmatch(r'"[\w-]+"|[\w.]+', user):
        message = f"{resource.address} has no os_profile of its own whose administrator a key could belong to"
        raise NoFix(message)
    home = f"/home/{user.strip(chr(34))}" if user.startswith('"') else f"/home/${{{user}}}"
    body: dict[str, str | Body] = {"disable_password_authentication": "true"}
    if linux.block("ssh_keys") is None:
        body["ssh_keys"] = {"path": f'"{home}/.ssh/authorized_keys"', "key_data": key}
    edits = resource.settle(body, block=linux)
    if "admin_password" in profile.attributes:
        edits.append(resource.hcl.delete(profile.attributes["admin_password"].node))
    names = resource.declare({"os_profile": "", "os_profile_linux_config": ""})
    return _apart(resource, edits), [*names, *(f"{one}/delete" for one in names)]


def _apart(resource: Resource, edits: list[Edit]) -> list[Edit]:
    """Lines that are put behind one that goes take its place: edits may not overlap."""
    gone = [edit for edit in edits if not edit.text]
    for one in gone:
        inside = [edit for edit in edits if edit.text and one.start < edit.start < one.end]
        if inside:
            text = "".join(edit.text for edit in inside).lstrip("\r\n") + resource.hcl.newline
            edits = [edit for edit in edits if edit is not one and edit not in inside]
            edits.append(Edit(path=one.path, start=one.start, end=one.end, text=text))
    return edits


def _by_password(resource: Resource) -> bool:
    """Whether a connection of the module takes this machine's password."""
    return any(
        "connection" in _text(hcl.content, block) and "password" in _text(hcl.content, block)
        for hcl, block in resource.blocks("resource")
        if any(one.type in ("connection", "provisioner") for one in block.blocks)
    )


def _text(content: bytes, block: Block) -> str:
    return " ".join(
        content[one.node.start_byte : one.node.end_byte].decode()
        for one in block.blocks
        if one.type in ("connection", "provisioner")
    )
