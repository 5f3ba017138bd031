"""What shell scripts write when a container starts: files and folders that are root's where nobody says otherwise."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.source import syntax

if TYPE_CHECKING:
    from tree_sitter import Node

_OPEN = re.compile(r"(?:/(?:tmp|var/tmp|dev|proc)(?:/|$)|~|\$\{?(?:HOME|TMPDIR|XDG_\w+)\b|\$\(\s*mktemp|&)")
_INTO_LAST = frozenset(("cp", "mv", "ln", "install", "rsync"))
_INTO_EACH = frozenset(("mkdir", "touch", "tee", "truncate", "chmod", "rm", "rmdir", "unlink"))
_FILES = frozenset(
    ("--access-logfile", "--error-logfile", "--log-file", "--logfile", "--pid", "--pidfile", "--pid-file", "--schedule")
)
"""Options by which servers are told a file that they write."""
_BESIDE = re.compile(
    r"\b(?:manage\.py|django-admin)\s+(?:collectstatic|makemigrations|compilemessages|compress)\b|\bartisan\s+\S|"
    r"\bprisma\s+(?:generate|db\s+push|migrate\s+dev)\b|\bbin/console\s+cache:\w+|\bflask\s+db\s+(?:init|migrate|revision)\b|"
    r"\balembic\s+(?:init|revision)\b|\bnext\s+build\b|\bassets:precompile\b|"
    r"\bstrapi\s+(?:start|dev\w*)\b|\bjupyter(?:-lab|-notebook)?\b|\bhugo\s+serve\w*\b|\bjekyll\s+\w|\bmlflow\s+(?:server|ui)\b"
)
"""Calls of frameworks that write beside the program."""
_VALUE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::?[-=](?P<default>[^{}]*))?\}|(?P<name>\w+))")
_NO_WORDS = frozenset(("file_redirect", "variable_assignment", "heredoc_redirect", "herestring_redirect"))
_DEPTH = 5


def writes(content: bytes, environment: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Line and path of whatever the script writes or deletes outside of folders that everybody may write.

    A path is `.` where a framework writes beside the program, and starts with `$` where it is told at the start.
    """
    tree = syntax.parse(content, language="bash")
    if tree is None:
        return
    values = environment | _assigned(tree.root)
    folder = ""
    for node in syntax.walk(tree.root):
        if node.type == "command" and (words := _words(node))[:1] == ["cd"]:
            folder = _filled_in(words[-1], values) if len(words) > 1 else "~"
        for place in _targets(node):
            path = _filled_in(place, values)
            path = path if path.startswith(("/", "$", "~", "&")) else posixpath.join(folder, path)
            if path and not _OPEN.match(path):
                yield node.start_point[0] + 1, path


def _targets(node: Node) -> Iterator[str]:
    if node.type == "file_redirect":
        operator = next((child.type for child in node.children if not child.is_named), "")
        if operator in {">", ">>", "&>", "&>>", ">|"}:
            yield from (_text(child) for child in node.named_children[-1:])
        return
    if node.type != "command":
        return
    name, *words = _words(node) or [""]
    name = name.rpartition("/")[2]
    if _BESIDE.search(" ".join((name, *words))):
        yield "."
    yield from _told(name, words)
    plain = [word for word in words if not word.startswith("-")]
    if name in _INTO_LAST:
        yield from plain[1:][-1:]
    elif name in _INTO_EACH:
        yield from plain[1:] if name == "chmod" else plain
    elif name == "sed" and any(re.match(r"-\w*i|--in-place", word) for word in words):
        yield from plain[-1:]
    elif name in {"curl", "wget"}:
        options = ("-o", "--output") if name == "curl" else ("-O", "--output-document")
        yield from (words[at + 1] for at, word in enumerate(words[:-1]) if word in options and words[at + 1] != "-")


def _told(name: str, words: list[str]) -> Iterator[str]:
    """The files that a server is told by its options, or keeps where nobody tells it one."""
    if name == "celery" and "beat" in words and not re.search(r"\s(?:-s|--schedule\w*|-S)\b", " ".join(words)):
        # It keeps when it last ran what.
        yield "."
    for at, word in enumerate(words):
        option, _, value = word.partition("=")
        told = value or "".join(words[at + 1 : at + 2])
        if option in _FILES and told not in {"", "-"}:
            yield told


def _words(node: Node) -> list[str]:
    return [_text(child) for child in node.named_children if child.type not in _NO_WORDS]


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace").strip("\"'")


def _assigned(root: Node) -> dict[str, str]:
    """What the script gives each variable; the last one counts."""
    found = {}
    for node in syntax.walk(root):
        if node.type == "variable_assignment" and len(node.named_children) == 2:
            name, value = (_text(child) for child in node.named_children)
            found[name] = value
    return found


def _filled_in(text: str, values: dict[str, str]) -> str:
    for _ in range(_DEPTH):
        filled = _VALUE.sub(
            lambda match: values.get(match["braced"] or match["name"]) or match["default"] or match[0], text
        )
        if filled == text:
            break
        text = filled
    return text.replace('"', "").replace("'", "")
