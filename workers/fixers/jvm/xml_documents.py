"""What a program reads with its XML parsers, as far as its code and its files show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.jvm.source import on_android
from workers.fixers.registry import Harmless, NoFix, Target
from workers.source.tests import is_test
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_OWN_DOCTYPE = re.compile(r"^\s*(?:<\?[^>]*\?>\s*|<!--.*?-->\s*)*<!DOCTYPE\s+\S+\s+(?:SYSTEM|\[)", re.DOTALL)
_MADE = re.compile(r"(?:\b(?P<name>\w+)\s*=\s*)[\w.]+\s*\.\s*newDocumentBuilder\(")


def refuse_android(target: Target, file: Parsed, use: re.Match[bytes]) -> None:
    """Say so on Android, whose factories throw at both features.

    Raises:
        Harmless: its document builder takes an external entity for an empty text.
        NoFix: its SAX parser asks the handler for what a DTD names.
    """
    if not on_android(target, file):
        return
    where = f"{file.path}:{file.line_of(use.start())}"
    if use["use"] == b"newDocumentBuilder":
        message = f"{where} runs on Android, whose document builder takes each external entity for an empty text"
        raise Harmless(message)
    message = f"{where} runs on Android, whose SAX factory throws at these features: let resolveEntity give nothing"
    raise NoFix(message)


def refuse_nothing_read(file: Parsed, holder: Node, use: str, method: str) -> None:
    """Say so where the builder only makes documents that the program fills.

    Raises:
        Harmless: no document is read with it.
    """
    text = file.text(holder)
    made = _MADE.search(text)
    chained = re.search(r"newDocumentBuilder\(\s*\)\s*\.\s*newDocument\(", text) is not None
    uses = re.findall(rf"(?<![\w.]){made['name']}\b(?!\s*=)(\s*\.\s*\w+)?", method) if made is not None else []
    called = [re.sub(r"[\s.]", "", each) for each in uses]
    declared = [each for each in called if each]
    makes = bool(declared) and set(declared) == {"newDocument"} and called.count("") <= _declarations(method, made)
    if use == "newDocumentBuilder" and (chained or makes):
        message = f"{file.path}:{file.number(holder)} makes new documents with its builder, and reads none"
        raise Harmless(message)


def _declarations(method: str, made: re.Match[str] | None) -> int:
    """How often the method declares the builder's variable without giving it a value."""
    return len(re.findall(rf"DocumentBuilder\s+{made['name']}\s*;", method)) if made is not None else 0


def refuse_own_doctypes(target: Target, where: str) -> None:
    """Raise where documents of the project have a DOCTYPE of its own, which this may be what reads.

    Raises:
        NoFix: one has.
    """
    for path in target.tree.paths():
        if path.endswith(".xml") and not is_test(path) and _OWN_DOCTYPE.match(text_of(target.tree, path)):
            message = f"{where} may read {path}, which has a DOCTYPE"
            raise NoFix(message)
