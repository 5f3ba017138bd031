"""Files that are read by a name which a request says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.script import TYPED, arguments, called, flagged_node, imported, quote, statement
from workers.fixers.javascript.strings import quoted, template, written
from workers.fixers.pieces import Value
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_READS = re.compile(r"(?P<module>\w+(?:\.promises)?)\.(?P<how>readFile(?:Sync)?|createReadStream)$")
_REQUEST = re.compile(r"\b(?:req|request|ctx)\.(?:query|params|body|headers|cookies)\b")
_HELPER = """function {name}(folder, file, ...rest) {{
  // from the root, `..` leads nowhere else: whatever the name says, the file lies below the folder
  return {module}.{how}(path.join(folder, path.normalize(path.sep + file)), ...rest);
}}"""


@fixer(
    name="javascript-read-path",
    weakness="path out of its folder",
    cwes=(22, 23),
    rules={"njsscan": ["generic_path_traversal"]},
    in_tests=False,
    explain="""A name from a request that is put behind a folder leaves it with `../../etc/passwd`, and whoever asks
reads any file that the program may read (CWE-22). Removing `../` from the text is no cure: `....//` becomes `../`.

Joined to the root first, every `..` has been worked out and has nowhere to go: the rest is a path below the folder,
and names that never left it stay as they are.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`fs.readFile('./data/' + req.query.file)` → a read that cannot leave the folder."""
    file, call = flagged_node(target, ("call_expression",), _reads)
    where = f"{file.path}:{file.number(call)}"
    given = arguments(call)
    folder, name = _sides(file, given[0], where)
    if file.path.endswith(TYPED):
        message = f"{where}: join the name to the root first, and its result to the folder"
        raise NoFix(message)
    how = _READS.search(called(file, call))
    library, edits, declares = imported(file, "path")
    if how is None or library != "path":
        message = f"{file.path} has Node's `path` under another name: join to the root before joining to the folder"
        raise NoFix(message)
    below = f"{how['how'].removesuffix('Sync')}Below{'Sync' * how['how'].endswith('Sync')}"
    added = helper(file, _HELPER.format(name=below, module=how["module"], how=how["how"]), typed="")
    yield candidate(
        "below-folder",
        [file.edit(call.start_byte, given[0].end_byte, f"{below}({folder}, {name}"), *edits, *added.edits],
        "`..` in the name is worked out before it is joined: no file outside of the folder is read.",
        declares=(*declares, *added.declares, f"statement:{file.number(statement(call))}"),
    )


def _sides(file: Parsed, node: Node, where: str) -> tuple[str, str]:
    """The folder, of what the program says, and the name, of what the request says.

    Raises:
        NoFix: the path does not begin with a folder that the program names.
    """
    built = template(file, node)
    parts = list(built.parts) if built is not None else []
    asked = [isinstance(part, Value) and _REQUEST.search(part.source) is not None for part in parts]
    first = asked.index(True) if True in asked else 0
    before = parts[first - 1] if first else None
    if not isinstance(before, str) or "/" not in before:
        message = f"{where} reads a file at a path that the request says as a whole: which folder is meant is not here"
        raise NoFix(message)
    cut = before.rfind("/")
    rest = [before[cut + 1 :], *parts[first:]]
    if any(isinstance(part, str) and ".." in part for part in rest):
        message = f"{where} goes up a folder on purpose"
        raise NoFix(message)
    folder = [part for part in (*parts[: first - 1], before[:cut]) if part != ""]
    if folder in ([], [before[:cut]]):
        return quoted(before[:cut] or "/", quote(file)), _joined(rest)
    return _joined(folder), _joined(rest)


def _joined(parts: list[str | Value]) -> str:
    return written([part for part in parts if part != ""]) or ""


def _reads(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    return (
        _READS.search(called(file, call)) is not None
        and bool(given)
        and _REQUEST.search(file.text(given[0])) is not None
    )
