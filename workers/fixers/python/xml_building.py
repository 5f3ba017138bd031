"""Imports of the standard library's XML modules in files that only build or write documents."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from workers.fixers.python.source.module import Module
from workers.fixers.registry import Harmless

_PACKAGES = ("xml.etree", "xml.dom", "xml.sax")
_PARSES = frozenset((
    "parse", "iterparse", "fromstring", "fromstringlist", "XML", "XMLID", "XMLParser", "XMLPullParser", "parseString",
    "make_parser", "create_parser", "expatreader", "expatbuilder", "pulldom", "DOMBuilder", "XMLFilterBase",
    "XMLReader", "IncrementalParser", "feed", "import_module", "__import__",
))  # fmt: skip
"""What reads a document, or may lead to what does."""


def refuse_harmless(file: Module, line: int) -> None:
    """Say so where the import at this line serves for building or escaping, and this file reads no document by it.

    Raises:
        Harmless: it is so.
    """
    statement = next((each for each in file.nodes if isinstance(each, ast.stmt) and each.lineno == line), None)
    if statement is None or not any(True for _ in _imported(statement)):
        return
    if all(name.startswith(_PACKAGES) for name in _imported(statement)) and not _reads(file):
        message = f"{file.path}:{line} imports what builds, escapes or handles XML, and this file parses none by it"
        raise Harmless(message)


def _imported(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.Import(names=names):
            yield from (each.name for each in names)
        case ast.ImportFrom(module=str(name), level=0, names=names):
            yield from (f"{name}.{each.name}" for each in names)


def _reads(file: Module) -> bool:
    """Whether the file names anything that parses and is not defusedxml's, or hands the modules themselves on."""
    if file.path.endswith("__init__.py"):
        return True
    return any(_parses(file, node) or _is_whole(file, node) for node in file.nodes)


def _parses(file: Module, node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in _PARSES and not _is_of_others(file, node)
        case ast.ImportFrom(module=str(module), names=names):
            named = {each.name for each in names}
            theirs = module.startswith(_PACKAGES) and bool(named & {"*", *_PARSES})
            return theirs or module.rpartition(".")[2] in _PARSES & {"expatreader", "expatbuilder", "pulldom"}
        case ast.Call(func=function, args=args, keywords=keywords):
            from_file = len(args) > 1 or any(each.arg in ("file", None) for each in keywords)
            return from_file and (file.qualified(function) or "").endswith("ElementTree.ElementTree")
    return False


def _is_of_others(file: Module, node: ast.AST) -> bool:
    """Whether the name comes from an import of anything but the standard library's XML: defusedxml, urllib."""
    root = node
    while isinstance(root, ast.Attribute):
        root = root.value
    imported = isinstance(root, ast.Name) and root.id in file.aliases
    return imported and not (file.qualified(node) or "xml.").startswith("xml.")


def _is_whole(file: Module, node: ast.AST) -> bool:
    """Whether a module of the packages is used as a value."""
    if not isinstance(node, ast.Name | ast.Attribute) or isinstance(file.parents.get(node), ast.Attribute):
        return False
    name = file.qualified(node)
    return name in _MODULES and isinstance(node.ctx, ast.Load)


_MODULES = frozenset((
    "xml", "xml.etree", "xml.etree.ElementTree", "xml.etree.cElementTree", "xml.dom", "xml.dom.minidom", "xml.sax",
    "xml.sax.saxutils", "xml.sax.handler",
))  # fmt: skip
