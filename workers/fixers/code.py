"""What code fixers share: source text with byte offsets, and the words of `Candidate.declares`.

A candidate for code declares what a syntax-tree comparison may see changed; anything else is a reason to refuse:

- `node:flagged` – the innermost statement that holds the flagged region may change, also into several statements of
  the same block (an `assert` into an `if` and a `raise`).
- `node:flagged/delete` – that statement may vanish.
- `statement:LINE` – the innermost statement that begins at LINE (from 1, of the original file) may change likewise;
  `statement:LINE/delete` – it may vanish.
- `import:NAME` – an import of NAME may be added (`import NAME`, `from NAME import …`, `require("NAME")`).
- `import:NAME/delete` – an import of NAME may be removed or renamed.
- `insert:LINE` – whole new statements may stand right before the statement that begins at LINE.
- `line:LINE` – in a configuration file, that line may change.
- `secret:masked` – the lines that the patch removes hold a credential: mask them wherever the patch is shown or logged.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.finding import Region
from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, NotHere, OtherLanguage, Target
from workers.source.syntax import Syntax, parse, walk

if TYPE_CHECKING:
    from tree_sitter import Node

FLAGGED = "node:flagged"
MASKED = "secret:masked"
_LINE_ENDS = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class Text:
    """A source file's bytes, with its lines; offsets are bytes, lines count from 1."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content

    @cached_property
    def starts(self) -> list[int]:
        r"""Where each line starts; `\n`, `\r\n` and `\r` end one."""
        first = len(_BOM) if self.content.startswith(_BOM) else 0
        return [first, *(match.end() for match in _LINE_ENDS.finditer(self.content))]

    @cached_property
    def newline(self) -> str:
        """The file's own line ending: that of its first line."""
        match = _LINE_ENDS.search(self.content)
        return match[0].decode() if match else "\n"

    @cached_property
    def indent_unit(self) -> str:
        """One level of indentation as this file writes it: the least that a line has."""
        found = re.findall(rb"^(\t| {2,8})(?=[^\s*/#])", self.content, re.MULTILINE)
        if not found:
            return "    "
        return str(min(found, key=len).decode())

    def line(self, number: int) -> bytes:
        """The line's bytes without its ending."""
        if not 1 <= number <= len(self.starts):
            return b""
        start = self.starts[number - 1]
        end = self.starts[number] if number < len(self.starts) else len(self.content)
        return self.content[start:end].rstrip(b"\r\n")

    def line_end(self, number: int) -> int:
        """Offset of the line's end, before its ending."""
        return self.starts[number - 1] + len(self.line(number))

    def line_of(self, offset: int) -> int:
        """The line that holds the byte."""
        low, high = 0, len(self.starts)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.starts[middle] <= offset else (low, middle)
        return max(low, 1)

    def indent(self, number: int) -> str:
        """The line's leading blanks."""
        line = self.line(number)
        return line[: len(line) - len(line.lstrip(b" \t"))].decode()

    def slice(self, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.content[start:end].decode()

    def edit(self, start: int, end: int, text: str) -> Edit:
        """An edit of this file. Line endings in `text` become the file's own."""
        return Edit(path=self.path, start=start, end=end, text=text.replace("\r\n", "\n").replace("\n", self.newline))

    def insert(self, at: int, text: str) -> Edit:
        """An edit that only adds."""
        return self.edit(at, at, text)


def read(target: Target) -> Text:
    """The flagged file.

    Raises:
        NoFix: the finding names no file, the tree has none, or it is not UTF-8.
    """
    path = target.finding.path
    if path is None:
        message = "the finding names no file of the repository"
        raise NoFix(message)
    try:
        content = target.tree.read(path)
        content.decode()
    except SourceUnavailable as error:
        raise NoFix(str(error)) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8, so offsets in it cannot be trusted"
        raise NoFix(message) from error
    return Text(path, content)


class Parsed(Text):
    """A source file with its tree-sitter tree."""

    def __init__(self, path: str, content: bytes, syntax: Syntax) -> None:
        super().__init__(path, content)
        self.syntax = syntax

    @cached_property
    def nodes(self) -> list[Node]:
        """Every named node, in source order."""
        return [node for node in walk(self.syntax.root) if node.is_named]

    def of(self, *types: str) -> Iterator[Node]:
        """The nodes of these types."""
        return (node for node in self.nodes if node.type in types)

    def text(self, node: Node) -> str:
        """The node's source."""
        return self.slice(node.start_byte, node.end_byte)

    def replace(self, node: Node, text: str) -> Edit:
        """The node becomes `text`."""
        return self.edit(node.start_byte, node.end_byte, text)

    def number(self, node: Node) -> int:
        """The node's first line, from 1."""
        return node.start_point[0] + 1


def parsed(target: Target, *languages: str) -> Parsed:
    """The flagged file and its tree.

    Raises:
        OtherLanguage: it is in none of the languages named.
        NoFix: it cannot be read, or no grammar knows it.
    """
    text = read(target)
    syntax = parse(text.content, text.path)
    if syntax is None:
        message = f"{text.path} is in a language that no grammar here knows"
        raise NoFix(message)
    if languages and syntax.language not in languages:
        message = f"{text.path} is {syntax.language}, not {', '.join(languages)}"
        raise OtherLanguage(message)
    return _with_tree(text.path, text.content, syntax)


def flagged_node(
    target: Target, file: Parsed, types: Sequence[str], matches: Callable[[Parsed, Node], bool]
) -> tuple[Parsed, Node]:
    """The file and the node the finding is about: of one of these types, matching, at the region.

    Raises:
        NoFix: there is none.
    """
    where = region(target)
    found = [
        node
        for node in file.of(*types)
        if where.overlaps(file.number(node), node.end_point[0] + 1) and matches(file, node)
    ]
    if not found:
        message = f"{file.path}:{where.start_line} does not hold the code that this rule is about"
        raise NotHere(message)
    return file, min(found, key=lambda node: _distance(node, where))


def _distance(node: Node, where: Region) -> tuple[int, int, int, int]:
    first = node.start_point[0] + 1
    inside = 0 if first in where.lines else 1
    column = 0 if where.start_column is None else abs(node.start_point[1] + 1 - where.start_column)
    return inside, abs(first - where.start_line), column, node.end_byte - node.start_byte


@functools.lru_cache(maxsize=8)
def _with_tree(path: str, content: bytes, syntax: Syntax) -> Parsed:
    return Parsed(path, content, syntax)


def region(target: Target) -> Region:
    """Where the finding points.

    Raises:
        NoFix: it points to no line.
    """
    found = target.finding.location.region
    if found is None:
        message = "the report gives no line for this finding"
        raise NoFix(message)
    return found


def candidate(
    approach: str,
    edits: Iterable[Edit],
    explanation: str,
    *,
    declares: Iterable[str] = (),
    warnings: Iterable[str] = (),
) -> Candidate:
    """A candidate that changes the flagged statement, and what else it declares."""
    declared = (FLAGGED, *declares)
    return Candidate(
        approach=approach,
        edits=_in_one_group(sorted(set(edits))),
        explanation=explanation,
        declares=tuple(dict.fromkeys(declared)),
        warnings=tuple(warnings),
    )


def _in_one_group(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits, with no blank line between whole lines of imports that come to the same place."""
    made: list[Edit] = []
    for edit in edits:
        last = made[-1] if made else None
        same = last is not None and (last.path, last.start, last.end) == (edit.path, edit.start, edit.start)
        if last is not None and same and edit.start == edit.end and _is_import(last.text) and _is_import(edit.text):
            if last.text.endswith("\n\n") and edit.text.endswith("\n\n"):
                made[-1] = msgspec.structs.replace(last, text=last.text[:-1])
            elif last.text.startswith("\n\n") and edit.text.startswith("\n\n"):
                edit = msgspec.structs.replace(edit, text=edit.text[1:])
        made.append(edit)
    return tuple(made)


def _is_import(text: str) -> bool:
    return text.strip().startswith(("import ", "from "))


def any_of(*makers: Callable[[], Candidate]) -> Iterator[Candidate]:
    """The candidates that can be made.

    Raises:
        NoFix: none can; the reason is that of the last.
    """
    reasons: list[NoFix] = []
    made = 0
    for make in makers:
        try:
            yield make()
            made += 1
        except NoFix as reason:
            reasons.append(reason)
    if not made and reasons:
        raise reasons[-1]
