"""Paths of files put together with what a request says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.script import arguments, called, flagged_node, imported, quote
from workers.fixers.javascript.strings import quoted, template, written
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_BELOW = """function joinBelow(folder, name) {
  // from the root, `..` leads nowhere else: whatever the name says, the result lies below the folder
  return path.join(folder, path.join(path.sep, name));
}"""
_WITHIN = """function joinFileName(folder, name) {
  return path.join(folder, path.basename(path.join(path.sep, name)));
}"""
_TYPED = "folder: string, name: string"
_PATH = re.compile(r"(?:^|\.)path\.(?:join|resolve)$")
_REQUEST = re.compile(r"\b(?:req|request|ctx)\b")


@fixer(
    name="javascript-joined-path",
    weakness="path out of its folder",
    cwes=(22, 23),
    rules={
        "njsscan": ["join_resolve_path_traversal"],
        "semgrep": ["path-join-resolve-traversal", "express-path-join-resolve-traversal"],
    },
    in_tests=False,
    explain="""`path.join(folder, name)` does what the name says: with `../../etc/passwd` it leaves the folder, and with
`path.resolve` an absolute name replaces it (CWE-22). Removing `../` from the text is no cure: `....//` becomes `../` by
it.

Joined to the root first, every `..` has been worked out and has nowhere to go: the rest is a path below the folder,
and names that never left it stay as they are. Where there are no folders below, the last part of the name is all that
is needed, whatever stands before it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`path.join(folder, req.….name)` → a path that cannot leave the folder."""
    file, call = flagged_node(target, ("call_expression",), _joins)
    folder, name = _sides(file, call, target)
    yield from any_of(
        lambda: _through(file, call, f"joinBelow({folder}, {name})", _BELOW, "below-folder", _STAYS),
        lambda: _through(file, call, f"joinFileName({folder}, {name})", _WITHIN, "file-name", _NAME),
    )


_STAYS = ("`..` in the name is worked out before it is joined: the path cannot leave the folder.", None)
_NAME = ("Only the last part of the name is used: no folder in it counts.", "Names with a folder in them lose it.")


def _sides(file: Parsed, call: Node, target: Target) -> tuple[str, str]:
    """The folder, of what the program says, and the name, of what the request says.

    Raises:
        NoFix: the request says the folder, or more than one part of the path.
    """
    given = arguments(call)
    told = [node for node in given if _of_request(file, node, target)]
    if len(told) != 1 or told[0] != given[-1] or len(given) == 1:
        message = (
            f"{file.path}:{file.number(call)} takes more than the end of its path from elsewhere: the folder that the "
            "path must stay in is not to be seen here"
        )
        raise NoFix(message)
    base = [file.text(node) for node in given[:-1]]
    method = called(file, call)
    fixed, name = _split(file, given[-1])
    base += [fixed] if fixed else []
    folder = base[0] if len(base) == 1 and method.endswith("join") else f"{method}({', '.join(base)})"
    return folder, name


def _split(file: Parsed, node: Node) -> tuple[str | None, str]:
    """The folders that the program writes before the name, as a literal, and the name.

    Raises:
        NoFix: the program goes up a folder behind the name.
    """
    built = template(file, node)
    if built is None:
        return None, file.text(node)
    first = built.parts[0]
    cut = first.rfind("/") + 1 if isinstance(first, str) else 0
    rest = (first[cut:], *built.parts[1:]) if isinstance(first, str) else built.parts
    if any(isinstance(part, str) and ".." in part for part in rest):
        message = f"{file.path}:{file.number(node)} goes up a folder on purpose"
        raise NoFix(message)
    if not isinstance(first, str) or not cut:
        return None, file.text(node)
    name = written([part for part in rest if part != ""]) or file.text(node)
    return quoted(first[:cut], quote(file)), name


def _of_request(file: Parsed, node: Node, target: Target) -> bool:
    text = file.text(node)
    where = target.finding.location.region
    source = file.line(where.start_line).decode() if where is not None else ""
    named = re.match(r"\s*(?:(?:const|let|var)\s+)?(\w+)\s*=(?!=)", source)
    tainted = named is not None and re.search(rf"(?<![\w.]){named[1]}(?!\w)", text) is not None
    return tainted or _REQUEST.search(text) is not None


def _through(
    file: Parsed, call: Node, text: str, source: str, approach: str, words: tuple[str, str | None]
) -> Candidate:
    name, edits, _ = imported(file, "path")
    if name != "path" or edits:
        message = f"{file.path} has Node's `path` under another name: join to the root before joining to the folder"
        raise NoFix(message)
    added = helper(file, source, typed=_TYPED)
    why, warning = words
    return candidate(
        approach,
        [file.replace(call, text), *added.edits],
        why,
        declares=added.declares,
        warnings=(warning,) if warning else (),
    )


def _joins(file: Parsed, call: Node) -> bool:
    return _PATH.search(called(file, call)) is not None and bool(arguments(call))
