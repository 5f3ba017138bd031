"""The templates that an `Environment` of Jinja takes: by names that the file writes, or from a folder that it names."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

from workers.fixers.python.source.calls import keyword
from workers.fixers.python.source.module import Module
from workers.source.tree import SourceTree


def template_names(tree: SourceTree, file: Module, call: ast.Call) -> list[str]:
    """File names of templates; none where neither the file nor its folders tell."""
    return list(dict.fromkeys((*_named(file), *_in_folders(tree, file, call))))


def renders_strings(file: Module) -> bool:
    """Whether the file makes templates of strings, which have no name that says what they are."""
    return any(isinstance(node, ast.Attribute) and node.attr == "from_string" for node in file.nodes)


def _named(file: Module) -> Iterator[str]:
    for node in file.nodes:
        match node:
            case ast.Call(
                func=ast.Attribute(attr="get_template" | "select_template"), args=[ast.Constant(value=str(name)), *_]
            ):
                yield name


def _in_folders(tree: SourceTree, file: Module, call: ast.Call) -> Iterator[str]:
    """The files of the folders that the loader's texts end with: `FileSystemLoader(here / "templates")`."""
    loader = keyword(call, "loader")
    given = loader.value if loader is not None else None
    if isinstance(given, ast.Name):
        bound = [node.value for node in file.nodes if isinstance(node, ast.Assign) and _is(node.targets, given.id)]
        given = bound[0] if len(bound) == 1 else None
    texts = [node.value for node in ast.walk(given) if isinstance(node, ast.Constant)] if given is not None else []
    folders = [text.strip("./") for text in texts if isinstance(text, str) and text.strip("./")]
    if not folders:
        return
    for path in tree.paths():
        folder, name = posixpath.split(path)
        if f"/{folders[-1]}/" in f"/{folder}/":
            yield name


def _is(targets: list[ast.expr], name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in targets)
