"""Modules for Terraform before 0.12: how they are told, and what is written in their language."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

import msgspec

from daemon.domain.fix import Edit
from workers.source.hcl import Block
from workers.source.tree import SourceTree, folders_up, text_of

LAST_RELEASE = {"aws": 2, "azurerm": 1, "google": 2}
"""The last major releases of the providers that such a Terraform takes."""
_REFERENCE = re.compile(
    r"(?<![\w.\"$\{-])((?:var|local|data|module|aws_\w+|azurerm_\w+|google_\w+)\.[\w.-]+(?:\[[\w.*]+\][\w.-]*)?)"
)
_TYPES = (
    (re.compile(r"(?m)^(\s*type\s*=\s*)(?:bool|number|string)[ \t]*(?=\r?$)"), r'\1"string"'),
    (re.compile(r"(?m)^(\s*type\s*=\s*)list\(string\)[ \t]*(?=\r?$)"), r'\1"list"'),
)
_WRAPPED = re.compile(r"\"\$\{\s*(?:var|local|data|module|[a-z]+_\w+)\.")
_BARE = re.compile(
    r"(?m)^[ \t]*[\w-]+[ \t]*=[ \t]*\[?[ \t]*(?:var|local|data|module|aws_\w+|azurerm_\w+|google_\w+)\."
    r"|required_providers\s*\{"
)
_ENOUGH = 5
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


def translated(edits: Iterable[Edit]) -> list[Edit] | None:
    """The edits with every reference in a string, as such a Terraform reads it; none where it has no words for it."""
    found = []
    for edit in edits:
        if _NEWER.search(edit.text):
            return None
        text = edit.text
        for pattern, instead in _TYPES:
            text = pattern.sub(instead, text)
        text = "".join(_quoted(line) for line in text.splitlines(keepends=True))
        found.append(msgspec.structs.replace(edit, text=text))
    return found


def _quoted(line: str) -> str:
    # A line with a string of its own holds its references there.
    return line if '"' in line.partition("=")[2] else _REFERENCE.sub(r'"${\1}"', line)
