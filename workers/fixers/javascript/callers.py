"""What a project's own calls hand to a function of JavaScript's."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.javascript.manifest import nearest
from workers.fixers.javascript.script import arguments
from workers.source.syntax import parse
from workers.source.tests import is_test
from workers.source.tree import SourceTree, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_SCRIPTS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
_TEMPLATES = (".vue", ".svelte", ".html", ".ejs", ".hbs")
_SHORTEST = 5
"""Letters: what is called by a shorter name may be another function."""
_MOST_FILES = 12
_FUNCTIONS = frozenset(("function_declaration", "generator_function_declaration"))
_NAMES = ("identifier", "property_identifier", "shorthand_property_identifier")
"""What may use the name; what takes it out of a module, `{ NAME } = …`, is another kind of node."""
_LISTS = frozenset(("import_specifier", "export_specifier"))


def handed(file: Parsed, function: Node, index: int, tree: SourceTree) -> list[tuple[Parsed, Node]]:
    """Every value that the project gives for the parameter, with its file; none where not all calls are to be seen."""
    named = _named(file, function)
    if named is None:
        return []
    name, seen = file.text(named), _is_seen_outside(file, named)
    others = list(_importing(file, name, tree)) if seen else []
    if seen and (len(name) < _SHORTEST or not others or _is_published(file, tree)):
        return []
    found: list[tuple[Parsed, Node]] = []
    for where in (file, *others):
        calls = _calls(where, name, named) if where is not None else None
        if calls is None or any(len(given) <= index for given in calls):
            return []
        found += [(where, given[index]) for given in calls if where is not None]
    return found


def _named(file: Parsed, function: Node) -> Node | None:
    """The name by which the function is called: of its declaration, its variable, or `exports.NAME`.

    A method's is none: what is called by it elsewhere may be another object's.
    """
    holder = function.parent if function.parent is not None else function
    if function.type in _FUNCTIONS:
        default = holder.type == "export_statement" and any(child.type == "default" for child in holder.children)
        return None if default else function.child_by_field_name("name")
    if holder.type == "assignment_expression" and holder.child_by_field_name("right") == function:
        left = holder.child_by_field_name("left")
        exported = left is not None and re.fullmatch(r"(?:module\.)?exports\.[\w$]+", file.text(left))
        return left.child_by_field_name("property") if exported and left is not None else None
    return holder.child_by_field_name("name") if holder.type == "variable_declarator" else None


def _is_seen_outside(file: Parsed, name: Node) -> bool:
    if name.type != "identifier":
        return True
    text = re.escape(file.text(name))
    said = (
        rf"\bexport\b[^;\n=]*\b{text}\b|exports\b[^;]{{0,600}}(?<![\w$.]){text}\b(?!\s*\()|exports\.{text}\b"
        rf"|\bexport\s*\{{[^}}]*\b{text}\b|\bexport\s+default\s+{text}\b"
    )
    return re.search(said, file.content.decode()) is not None


def _is_published(file: Parsed, tree: SourceTree) -> bool:
    """Whether other projects call it: a package that is no program of its own."""
    manifest = nearest(tree, file.path)
    scripts = manifest.get("scripts")
    started = isinstance(scripts, dict) and "start" in scripts
    return not (started or manifest.get("private")) and bool(manifest.keys() & {"main", "exports", "module"})


def _importing(file: Parsed, name: str, tree: SourceTree) -> Iterator[Parsed | None]:
    """The other files that take the name from this module; `None` for what cannot be followed.

    That is a file that is no script, one that hands on all that this one exports, or more files than can be read here.
    """
    stem = posixpath.splitext(file.path)[0].removesuffix("/index").rpartition("/")[2]
    module = rf"['\"](?:[^'\"]*/)?{re.escape(stem)}(?:/index)?(?:\.[cm]?[jt]sx?)?['\"]"
    sought = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
    all_of_it = re.compile(
        rf"export\s*\*[^;\n]*{module}|\.\.\.\s*require\(\s*{module}|exports\s*=\s*require\(\s*{module}"
    )
    known = []
    for path in tree.paths():
        if not path.endswith((*_SCRIPTS, *_TEMPLATES)) or path == file.path or is_test(path):
            continue
        text = text_of(tree, path)
        if all_of_it.search(text):
            yield None
        if re.search(module, text) and sought.search(text):
            known.append(path)
    for path in known[:_MOST_FILES]:
        content = text_of(tree, path).encode()
        syntax = parse(content, path) if path.endswith(_SCRIPTS) else None
        yield Parsed(path, content, syntax) if syntax is not None else None
    if len(known) > _MOST_FILES:
        yield None


def _calls(file: Parsed, name: str, named: Node) -> list[list[Node]] | None:
    """The arguments of each call by this name; `None` where it is used in another way, or means something else too."""
    found: list[list[Node]] = []
    for node in file.of(*_NAMES):
        if file.text(node) != name or node.parent is None or node == named:
            continue
        member = node.parent.type == "member_expression" and node.parent.child_by_field_name("property") == node
        callee = node.parent if member else node
        call = callee.parent
        if call is not None and call.type == "call_expression" and call.child_by_field_name("function") == callee:
            values = arguments(call)
            if any(each.type == "spread_element" for each in values):
                return None
            found.append(values)
        elif not _passes_on(file, node):
            return None
    return found


def _passes_on(file: Parsed, node: Node) -> bool:
    """Whether it is only named: in an import, in what the file exports by that name, or taken out of a module."""
    around = node.parent
    if around is None or around.type in _LISTS:
        return around is not None and around.child_by_field_name("alias") is None
    if around.type == "object" and node.type == "shorthand_property_identifier":
        outer = around.parent
        return outer is not None and "exports" in file.text(outer).partition("=")[0]
    if around.type == "variable_declarator" and around.child_by_field_name("name") == node:
        value = around.child_by_field_name("value")
        return value is not None and "require(" in file.text(value)
    return False
