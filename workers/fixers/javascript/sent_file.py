"""Files that Express sends under the name that a request gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, quote, resolved
from workers.fixers.javascript.strings import quoted, template, written
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_SENDS = re.compile(r"\.send[Ff]ile$")
_JOINS = re.compile(r"(?:^|\.)(?P<how>join|resolve)$")
_OWN = re.compile(
    r"(?:__dirname|import\.meta\.dirname|process\.cwd\(\)|[A-Z][A-Z0-9_]+|path\.\w+\(__dirname[^()]*\)|['\"]/)"
)
_REQUEST = re.compile(r"\b(?:req|request|ctx|params|query|body)\b")


@fixer(
    name="javascript-sent-file",
    weakness="path out of its folder",
    cwes=(22, 73),
    rules={"semgrep": ["express-res-sendfile"]},
    in_tests=False,
    explain="""`res.sendFile` sends whatever the path leads to: a name such as `../../.env` leaves the folder that was
meant (CWE-22, CWE-73).

With `root` the name counts from that folder, and Express answers a name that leads out of it with 403. Nothing else has
to be checked.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`res.sendFile(path.join(folder, name))` → `res.sendFile(name, { root: folder })`."""
    file, call = flagged_node(target, ("call_expression",), _sends)
    given = arguments(call)
    folder, name = _sides(file, given[0], f"{file.path}:{file.number(call)}")
    if len(given) > 1 and given[1].type == "object":
        message = (
            f"{file.path}:{file.number(call)} gives options of its own: add `root` to them, and give the name alone"
        )
        raise NoFix(message)
    yield candidate(
        "root-folder",
        [file.replace(given[0], f"{name}, {{ root: {folder} }}")],
        "The name counts from the folder, and Express refuses one that leads out of it.",
        warnings=("A name that leads out of the folder is answered with 403.",),
    )


def _sides(file: Parsed, path: Node, where: str) -> tuple[str, str]:
    """The folder, of what the program says, and the name.

    Raises:
        NoFix: the folder is not to be seen here.
    """
    message = f"{where} takes the whole path from a request: the folder that it must stay in is not to be seen here"
    path = resolved(file, path, "call_expression") or path
    if path.type == "call_expression":
        joins, given = _JOINS.search(called(file, path)), arguments(path)
        if joins is None or len(given) < 2 or any(_REQUEST.search(file.text(each)) for each in given[:-1]):
            raise NoFix(message)
        base = [file.text(each) for each in given[:-1]]
        if not _OWN.match(base[0]) and joins["how"] != "resolve":
            message = f"{where} joins to `{base[0]}`, of which it is not certain that it is a whole path"
            raise NoFix(message)
        folder = base[0] if len(base) == 1 and joins["how"] == "join" else f"{called(file, path)}({', '.join(base)})"
        return folder, _relative(file, given[-1], where)
    built = template(file, path)
    values = built.values if built is not None else ()
    if built is None or len(built.parts) < 3 or built.parts[0] not in values or not _OWN.fullmatch(values[0].source):
        raise NoFix(message)
    fixed = built.parts[1]
    cut = fixed.rfind("/") + 1 if isinstance(fixed, str) else 0
    if not isinstance(fixed, str) or not cut or ".." in fixed:
        raise NoFix(message)
    mark = quote(file)
    rest = [part for part in (fixed[cut:], *built.parts[2:]) if part != ""]
    return f"{values[0].source} + {quoted(fixed[:cut], mark)}", written(rest) or ""


def _relative(file: Parsed, node: Node, where: str) -> str:
    built = template(file, node)
    if built is not None and ".." in built.literal:
        message = f"{where} goes up a folder on purpose"
        raise NoFix(message)
    return file.text(node)


def _sends(file: Parsed, call: Node) -> bool:
    return _SENDS.search(called(file, call)) is not None and bool(arguments(call))
