"""Which program reads a place of a shell's script once more: what is data to the shell may be code to that."""

from __future__ import annotations

import re

from workers.fixers.workflows.scripts import Place
from workers.source import script_files

_LOCAL_SHELL = re.compile(r"(?:^|/)(?:ba|da|k|z)?sh$")
INTERPRETERS = frozenset(
    ("eval", "ssh", "python", "python3", "node", "deno", "perl", "ruby", "php", "psql", "mysql", "awk", "gawk", "pwsh",
    "powershell", "osascript", "sqlite3", "trap", "alias", "source", "Rscript")
)  # fmt: skip
_PASSES_COMMANDS = frozenset(("docker", "kubectl", "podman", "ssh", "chroot", "su", "gcloud", "az", "vagrant"))
_INLINE = frozenset(("-c", "-e", "-lc", "-ec", "-xc", "-euxc", "-exc", "-p", "--command", "--eval", "-ce", "-r", "-m"))
_COMMAND_WORDS = frozenset(
    ("sudo", "env", "time", "exec", "command", "nohup", "then", "do", "else", "!", "if", "elif", "while", "until")
)  # fmt: skip
_SMALL_PROGRAMS = frozenset(("sed", "gsed", "jq", "yq"))
_OF_TWO = frozenset(("--arg", "--argjson", "--slurpfile", "--rawfile"))


def first_command(words: list[str]) -> str:
    """The program that a simple command starts."""
    return next((word for word in words if word not in _COMMAND_WORDS and "=" not in word), "")


def small(script: str, place: Place) -> str:
    """Who reads it as part of a program that is no shell's: `sed "s/a/${{ … }}/"`; empty where nobody does."""
    file = script_files.of_a_program(_line(script, place))
    if file:
        return f"whoever runs {file}"
    words = [word.strip("'\"") for word in place.before]
    name = first_command(words)
    if name not in _SMALL_PROGRAMS or place.heredoc is not None:
        return ""
    rest = iter(words[words.index(name) + 1 :])
    for word in rest:
        if word in _OF_TWO:
            if next(rest, None) is None or next(rest, None) is None:
                return ""
        elif word and not word.startswith("-"):
            return ""
    return name


def reader(script: str, place: Place) -> str | None:
    """The program that parses the text once more: `sh` where it is a local shell, else its name."""
    words = [word.strip("'\"") for word in place.words]
    if script_files.for_a_shell(_line(script, place)):
        return "the file that is written"
    if place.quote == "heredoc" or place.heredoc is not None:
        first = first_command(words)
        return "heredoc" if first in INTERPRETERS or _LOCAL_SHELL.search(first) else None
    first = first_command(words)
    if first in ("eval", "ssh", "trap", "alias"):
        return first
    if first == "rsync" and words and words[-1].startswith("--rsync-path"):
        return "the remote shell"
    before = [word.strip("'\"") for word in place.before]
    if before and before[-1] in _INLINE:
        for word in reversed(before[:-1]):
            if _LOCAL_SHELL.search(word):
                return first if first in _PASSES_COMMANDS else "sh"
            if word in INTERPRETERS:
                return word
    return first if first in ("awk", "gawk") and place.quote in ("single", "double") else None


def _line(script: str, place: Place) -> str:
    """The line of its command, which opens the here-document that it stands in."""
    at = place.heredoc.opener if place.heredoc is not None else place.start
    end = script.find("\n", at)
    return script[script.rfind("\n", 0, at) + 1 : end if end >= 0 else len(script)]
