"""Modules for Terraform before 0.12: how they are told, and what is written in their language."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

import msgspec

from daemon.domain.fix import Edit
from workers.fixers.terraform.providers import constraints, newest_major
from workers.source.hcl import Block
from workers.source.tree import SourceTree, folders_up, text_of

LAST_RELEASE = {"aws": 2, "azurerm": 1, "google": 2}
"""The last major releases of the providers that such a Terraform takes."""
_REFERENCE = re.compile(
    r"(?<![\w.\"$\{-])((?:var|local|data|module|aws_\w+|azurerm_\w+|google_\w+)\.[\w.-]+(?:\[[\w.*]+\][\w.-]*)?)"
)
_TYPE = re.compile(r"(?m)^[ \t]*type[ \t]*=[ \t]*(?:bool|number|string)[ \t]*\r?\n")
"""What such a Terraform has in quotes, and no later one: without a type both take what is given."""
_LIST = re.compile(r"(?m)^(\s*type\s*=\s*)list\(string\)[ \t]*(?=\r?$)")
_WRAPPED = re.compile(r"\"\$\{\s*(?:var|local|data|module|[a-z]+_\w+)\.")
_BARE = re.compile(
    r"(?m)^[ \t]*[\w-]+[ \t]*=[ \t]*\[?[ \t]*(?:var|local|data|module|aws_\w+|azurerm_\w+|google_\w+)\."
    r"|required_providers\s*\{"
)
_ENOUGH = 5
_LATER = re.compile(r"(?:[>=~]|^\")\s*v?(?:[1-9]|0\.(?:1[2-9]|[2-9]\d))")
_NEWER = re.compile(r"\b(?:jsonencode|toset|try)\s*\(|\bfor_each\b|\bdynamic\b|\bvalidation\b|\[for\b")


def is_legacy(block: Block) -> bool:
    """Whether a resource says `tags { … }`: a map, which from 0.12 on is written `tags = { … }` and else refused."""
    return block.type == "resource" and any(one.type == "tags" for one in block.blocks)


def is_wrapped(texts: Iterable[str]) -> bool:
    """Whether a module wraps every reference, as `"${var.x}"`, and has enough of them to call that its language.

    A later Terraform reads that, too.
    """
    whole = "\n".join(texts)
    return len(_WRAPPED.findall(whole)) >= _ENOUGH and not (_BARE.search(whole) or _NEWER.search(whole))


def is_pinned(tree: SourceTree, path: str) -> bool:
    """Whether a `.terraform-version` above the file, as tfenv reads it, says so."""
    for folder in folders_up(posixpath.dirname(path)):
        if said := text_of(tree, posixpath.join(folder, ".terraform-version")).strip():
            return re.match(r"0\.(?:\d|1[01])(?:\.|$)", said) is not None
    return False


def unwrapped(text: str) -> str:
    """`"${var.x}"`, as such a module says `var.x`, without its wrapping."""
    return re.sub(r'^"\$\{\s*([\w.-]+)\s*\}"$', r"\1", text)


def is_newer(blocks: Iterable[Block]) -> bool:
    """Whether what a module or its callers ask for is more than such a Terraform has."""
    found = list(blocks)
    majors = ((newest_major(constraints(found, name)) or 0, last) for name, last in LAST_RELEASE.items())
    wanted = (one.text("required_version") for one in found if one.type == "terraform")
    return any(major > last for major, last in majors) or any(_LATER.search(text) for text in wanted)


def translated(edits: Iterable[Edit], *, surely: bool) -> list[Edit] | None:
    """The edits with every reference in a string, as such a Terraform reads it; none where it has no words for it, or
    none that a later one, where it is not sure, would read as well.
    """
    found = []
    for edit in edits:
        if _NEWER.search(edit.text) or (not surely and _LIST.search(edit.text)):
            return None
        text = _LIST.sub(r'\1"list"', _TYPE.sub("", edit.text))
        text = "".join(_quoted(line) for line in text.splitlines(keepends=True))
        found.append(msgspec.structs.replace(edit, text=text))
    return found


def _quoted(line: str) -> str:
    # A line with a string of its own holds its references there.
    return line if '"' in line.partition("=")[2] else _REFERENCE.sub(r'"${\1}"', line)
