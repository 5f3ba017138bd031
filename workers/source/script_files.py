"""Texts of a shell's script that become code of another program: what a command writes into a file that is run."""

from __future__ import annotations

import re

_WRITES = r"(?:^|[\s;|&(])(?:echo|printf|cat|tee)\b[^\n]*?(?:>\s*|\btee\s+(?:-a\s+)?)[\"']?"
_OF_SHELLS = re.compile(
    _WRITES + r"[^\s\"'|;&<>]*(?:\.(?:sh|bash|zsh)|\.(?:bashrc|bash_profile|profile|zshrc)|BASH_ENV\}?)(?![\w.-])"
)
_OF_PROGRAMS = re.compile(_WRITES + r"(?P<file>[^\s\"'|;&<>]*\.(?:py|[cm]?js|ts|rb|pl|php|ps1|bat|cmd|sql))(?![\w.-])")


def for_a_shell(line: str) -> bool:
    """Whether a line of a script writes its text into a file of commands."""
    return _OF_SHELLS.search(line) is not None


def of_a_program(line: str) -> str:
    """The file of another language that a line of a script writes its text into; empty where it writes none."""
    match = _OF_PROGRAMS.search(line)
    return match["file"] if match is not None else ""
