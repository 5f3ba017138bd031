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


def is_environment(file: Module, call: ast.Call) -> bool:
    """Whether a call makes an `Environment` of Jinja."""
    return file.calls(call, "jinja2.Environment", "jinja2.environment.Environment")


def string_templates(file: Module, call: ast.Call) -> list[str | None]:
    """The templates that the environment may make of strings, which have no name; `None` for one made elsewhere."""
    found: list[str | None] = []
    called = {id(node.func) for node in file.nodes if isinstance(node, ast.Call)}
    for node in file.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=maker, attr="from_string"), args=given):
                made_by = _bound(file, maker)
                if made_by is call or not (isinstance(made_by, ast.Call) and is_environment(file, made_by)):
                    found.append(_text(_bound(file, given[0])) if given else None)
            case ast.Attribute(attr="from_string") if id(node) not in called:
                found.append(None)
    return found


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


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
    given = _bound(file, loader.value) if loader is not None else None
    texts = [node.value for node in ast.walk(given) if isinstance(node, ast.Constant)] if given is not None else []
    folders = [text.strip("./") for text in texts if isinstance(text, str) and text.strip("./")]
    if not folders:
        return
    for path in tree.paths():
        folder, name = posixpath.split(path)
        if f"/{folders[-1]}/" in f"/{folder}/":
            yield name


def _bound(file: Module, node: ast.expr) -> ast.expr | None:
    """What a name stands for, where the file gives it one value; itself, where it is no name."""
    if not isinstance(node, ast.Name):
        return node
    bound = [each.value for each in file.nodes if isinstance(each, ast.Assign) and _is(each.targets, node.id)]
    return bound[0] if len(bound) == 1 else None


def _is(targets: list[ast.expr], name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in targets)
