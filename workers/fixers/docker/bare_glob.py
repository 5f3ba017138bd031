"""Patterns whose matches may look like options."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.shell.command import Command, Word
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer

_TAKES_DASHES = frozenset(("rm", "mv", "cp", "chmod", "chown", "chgrp", "ls", "touch", "mkdir", "rmdir", "du"))
"""What ends its options at `--`, in coreutils and in busybox, and does not care for `./` in front of a name."""
_BARE = re.compile(r"[*?][\w.*?-]*")


@fixer(
    name="docker-bare-glob",
    weakness="pattern that may match an option",
    rules={"hadolint": ["SC2035"]},
    explain="""`rm *` hands every name over as it is, and a file called `-rf` becomes an option. `./*` names the same
files so that none begins with a hyphen; `--` says that no option follows.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`./` in front of the pattern, or `--` in front of the first operand."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    found = [(call, words) for call in script.commands if (words := _bare(call))]
    unknown = next((call for call, _ in found if call.name not in _TAKES_DASHES), None)
    if not found or unknown:
        what = f"`{unknown.name}` may use the names that it is given" if unknown else "no pattern is plain to see"
        message = f"{file.path}:{one.line}: {what}"
        raise NoFix(message)
    edits = [file.edit(word.start, word.start, "./") for _, words in found for word in words]
    yield candidate("dot-slash", edits, "The same files, by names that cannot be options.", ["RUN"])
    if not any(call.says("--") for call, _ in found):
        edits = [file.edit(at, at, "-- ") for call, _ in found if (at := call.operands[0].start)]
        yield candidate("end-of-options", edits, "What follows is names, whatever they look like.", ["RUN"])


def _bare(call: Command) -> list[Word]:
    words = call.arguments
    ended = next((number for number, word in enumerate(words) if word.text == "--"), len(words))
    return [word for word in words[:ended] if _BARE.fullmatch(word.text)]
