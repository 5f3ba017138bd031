"""Commands that always end the same way: a health check of one of them asks nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

_SHELL = re.compile(r"(?:.*/)?(?:ba|da|a|z|k)?sh")
_IDLE = frozenset(
    (
        "true",
        ":",
        "echo",
        "exit",
        "date",
        "ls",
        "sleep",
        "pwd",
        "whoami",
        "id",
        "uname",
        "hostname",
        "printf",
        "cat",
        "env",
    )
)
_PARTS = re.compile(r"\s*(?:&&|\|\||;|\n)\s*")


def says_nothing(words: Sequence[str]) -> bool:
    """Whether a command's result is decided before it runs: `true`, `sh -c "exit 0"`, `test 1`, `curl …; echo ok`."""
    if not words:
        return True
    if _SHELL.fullmatch(words[0]) and len(words) > 2 and words[1].startswith("-"):
        return _script(words[-1])
    return _idle(words)


def _script(script: str) -> bool:
    parts = [part for part in _PARTS.split(script.strip()) if part]
    if not parts:
        return True
    try:
        commands = [shlex.split(part) for part in parts]
    except ValueError:
        return False
    joined = re.findall(r"&&|\|\||;|\n", script)
    # What comes last after `;` or `||` decides; before `&&` every part does.
    last = commands[-1]
    if joined and joined[-1] in {";", "\n", "||"}:
        return _idle(last) and last[:2] != ["exit", "1"] and last[:1] != ["false"]
    return all(_idle(command) for command in commands)


def _idle(words: Sequence[str]) -> bool:
    if not words:
        return True
    program = words[0].rpartition("/")[2]
    if program in {"test", "["}:
        return not any(word.startswith(("-", "$", "/")) for word in words[1:])
    if program == "exit":
        return words[1:2] in ([], ["0"])
    # Reading a file or a folder of its own says something; the root folder is always there.
    return program in _IDLE and not any(word.startswith("/") and len(word) > 1 for word in words[1:])
