"""Java, Kotlin and Android manifests as their fixers see them: text at the flagged place that is code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import FLAGGED, Parsed, candidate, parsed, region
from workers.fixers.registry import NoFix, Target
from workers.source.tree import folders_up, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_ANDROID_IMPORT = re.compile(rb"^\s*import\s+androidx?\.", re.MULTILINE)
_ANDROID_BUILD = re.compile(r"com\.android\.\w|plugins\.android\.\w|^\s*android\s*\{", re.MULTILINE)
_NOT_CODE = re.compile(r"comment|^string_content$|^string_fragment$|^character_literal$")
_BLOCKS = ("block", "constructor_body", "switch_block_statement_group", "statements", "source_file")


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A call or a property whose unsafe value has a safe one."""

    pattern: str
    """A regular expression; its group `value` is what is unsafe."""
    approaches: tuple[tuple[str, str, str], ...]
    """Name, safe text, and why it is safe."""
    warning: str | None = None
    default: str | None = None
    """Why leaving the whole statement out is safe too; none where it is not."""


def jvm(target: Target) -> Parsed:
    """The flagged file and its tree.

    Raises:
        OtherLanguage: it is neither Java nor Kotlin.
        NoFix: it cannot be read.
    """
    return parsed(target, "java", "kotlin")


def matches(file: Parsed, pattern: str, start: int, end: int) -> list[re.Match[bytes]]:
    """Matches between two offsets that begin in code, not in a comment or a string."""
    found = re.compile(pattern.encode()).finditer(file.content, start, end)
    return [match for match in found if not in_text(file, match.start())]


def flagged_bytes(target: Target, file: Parsed) -> tuple[int, int]:
    """The flagged lines' bytes."""
    where = region(target)
    if where.start_line > len(file.starts):
        message = f"{file.path} has no line {where.start_line}"
        raise NoFix(message)
    last = min(where.last_line, len(file.starts))
    return file.starts[where.start_line - 1], file.line_end(last)


def propose_settings(target: Target, settings: tuple[Setting, ...]) -> Iterator[Candidate]:
    """The first unsafe setting at the flagged lines → each of its safe values."""
    file = jvm(target)
    start, end = flagged_bytes(target, file)
    for setting in settings:
        for match in matches(file, setting.pattern, start, end):
            for approach, safe, why in setting.approaches:
                edits = [file.edit(match.start("value"), match.end("value"), safe)]
                yield candidate(approach, edits, why, warnings=(setting.warning,) if setting.warning else ())
            if setting.default is not None:
                yield from _left_out(file, setting, setting.default, statement(file, match.start()))
            return
    message = f"{file.path}:{region(target).start_line} does not hold the setting that this rule is about"
    raise NoFix(message)


def _left_out(file: Parsed, setting: Setting, why: str, node: Node) -> Iterator[Candidate]:
    """The setting's statement → none, where it has its line for itself."""
    line, last = file.number(node), file.line_of(node.end_byte)
    before, after = file.slice(file.starts[line - 1], node.start_byte), file.slice(node.end_byte, file.line_end(last))
    if before.strip() or after.strip(" \t;") or last >= len(file.starts) or "{" in file.text(node):
        return
    yield candidate(
        "left-out",
        [file.edit(file.starts[line - 1], file.starts[last], "")],
        why,
        declares=(f"{FLAGGED}/delete", f"statement:{line}/delete"),
        warnings=(setting.warning,) if setting.warning else (),
    )


def statement(file: Parsed, offset: int) -> Node:
    """The innermost statement or declaration around the byte."""
    node = file.syntax.node_at(offset, offset + 1)
    while node is not None and node.parent is not None:
        if node.type.endswith(("_statement", "_declaration")) or node.parent.type in {"block", "statements"}:
            return node
        node = node.parent
    message = f"{file.path}:{file.line_of(offset)} is not inside a statement"
    raise NoFix(message)


def before_line(file: Parsed, node: Node, text: str) -> Edit:
    """Whole lines before the one where the statement begins, indented as it is.

    Raises:
        NoFix: the statement shares its line.
    """
    line = file.number(node)
    start = file.starts[line - 1]
    indent = file.slice(start, node.start_byte)
    if indent.strip() or not in_block(node):
        message = (
            f"{file.path}:{line} shares its line with other code, is a field, or is all that a condition decides on"
        )
        raise NoFix(message)
    lines = text.split("\n")
    return file.insert(start, "".join(f"{indent}{each}\n" for each in lines))


def in_block(node: Node) -> bool:
    """Whether statements can stand beside it: it is no field, and not the only one of an `if` without braces."""
    return node.parent is not None and node.parent.type in _BLOCKS


def is_kotlin(file: Parsed) -> bool:
    """Whether the file is Kotlin."""
    return file.path.endswith((".kt", ".kts"))


def on_android(target: Target, file: Parsed) -> bool:
    """Whether the code is of an Android app, as it or its module's build says; a build script runs elsewhere."""
    if file.path.endswith(".kts"):
        return False
    if _ANDROID_IMPORT.search(file.content):
        return True
    builds = (
        text_of(target.tree, f"{folder}/{name}".lstrip("/"))
        for folder in folders_up(file.path.rpartition("/")[0])
        for name in ("build.gradle", "build.gradle.kts")
    )
    return bool(_ANDROID_BUILD.search(next(filter(None, builds), "")))


def end_mark(file: Parsed) -> str:
    """What ends a statement."""
    return "" if is_kotlin(file) else ";"


def in_text(file: Parsed, offset: int) -> bool:
    """Whether the byte is in a comment or a string, and not in code."""
    node = file.syntax.node_at(offset, offset + 1)
    return node is not None and _NOT_CODE.search(node.type) is not None
