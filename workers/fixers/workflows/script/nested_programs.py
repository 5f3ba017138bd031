"""Which program reads a place of a shell's script once more: what is data to the shell may be code to that."""

from __future__ import annotations

import re

from workers.fixers.workflows.script.scripts import Place
from workers.source import script_files

_LOCAL_SHELL = re.compile(r"(?:^|/)(?:ba|da|k|z)?sh$")
_PROGRAMS = """
    eval ssh python python3 node deno perl ruby php psql mysql awk gawk pwsh powershell osascript sqlite3 trap alias
    source Rscript R julia groovy lua elixir iex erl scala tclsh expect nix nix-shell su runuser sg flock script
    ansible"""
INTERPRETERS = frozenset(_PROGRAMS.split())
_TAKES_COMMANDS = frozenset(
    ("watch", "parallel", "hyperfine", "concurrently", "start-server-and-test", "emulators:exec", "send-command",
    "run-command", "tmux")
)  # fmt: skip
"""They hand what they are given to a shell, here or on another machine."""
_PIPED = re.compile(
    r"\|[ \t]*(?:sudo[ \t]+(?:-\S+[ \t]+)*)?(?:(?P<shell>(?:(?:ba|da|k|z)?sh|python3?|node|pwsh)(?:[ \t]+-[a-z]*)*)"
    r"(?=[ \t]*(?:$|[|;&)>#]))|(?P<reads>psql|mysql|sqlite3|ssh\b(?![^\n|]*\b(?:cat|tee)\b))\b)"
)
_PASSES_COMMANDS = frozenset(("docker", "kubectl", "podman", "ssh", "chroot", "su", "gcloud", "az", "vagrant"))
_INLINE = frozenset(
    ("-c", "-e", "-lc", "-ec", "-xc", "-euxc", "-exc", "-p", "--command", "--eval", "-ce", "-r", "-m", "--run", "-a")
)
_COMMAND_WORDS = frozenset(
    ("sudo", "env", "time", "exec", "command", "nohup", "then", "do", "else", "!", "if", "elif", "while", "until")
)  # fmt: skip
_SMALL_PROGRAMS = frozenset(("sed", "gsed", "jq", "yq"))
_PASTE = frozenset(("make", "gmake", "just", "task"))
"""They paste the values of their variables into the commands that they run."""
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
    if name in _PASTE:
        return name
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
    if script_files.for_a_shell(_line(script, place)):
        return "the file that is written"
    if (piped := _PIPED.search(_rest(script, place))) is not None:
        return f"{(piped['shell'] or piped['reads']).split()[0]} behind a pipe"
    first = first_command([word.strip("'\"") for word in place.words])
    if place.heredoc is not None:
        return "heredoc" if _parses(first) else None
    before = [word.strip("'\"") for word in place.before]
    if first == "rsync" and place.words[-1].strip("'\"").startswith("--rsync-path"):
        return "the remote shell"
    if first in ("eval", "ssh", "trap", "alias") or (before[-1:] == ["<<<"] and _parses(first)):
        return first
    if (takes := next((word for word in before if word in _TAKES_COMMANDS), None)) is not None:
        return takes
    inline = _inline(first, before[:-1]) if before and before[-1] in _INLINE else None
    return inline or (first if first in ("awk", "gawk") and place.quote in ("single", "double") else None)


def _parses(name: str) -> bool:
    return name in INTERPRETERS or _LOCAL_SHELL.search(name) is not None


def _inline(first: str, before: list[str]) -> str | None:
    """Who runs the text behind `-c` and its kin."""
    for word in reversed(before):
        if _LOCAL_SHELL.search(word):
            return first if first in _PASSES_COMMANDS else "sh"
        if word in INTERPRETERS:
            return word
    return None


def _rest(script: str, place: Place) -> str:
    """What stands behind it on the last line of its word, or on the line that opens its here-document."""
    at = place.heredoc.opener_end if place.heredoc is not None else max(place.end, place.quote_end)
    end = script.find("\n", at)
    return script[at : end if end >= 0 else len(script)]


def _line(script: str, place: Place) -> str:
    """The line of its command, which opens the here-document that it stands in."""
    at = place.heredoc.opener if place.heredoc is not None else place.start
    end = script.find("\n", at)
    return script[script.rfind("\n", 0, at) + 1 : end if end >= 0 else len(script)]
