"""What a Dockerfile's steps leave for those behind them: apt's package lists, and the number of a user."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from workers.verify.structure.dockerfile import Instruction

_APT = re.compile(
    r"\b(?:apt-get|apt)\b(?:\s+-[\w=:.-]+)*\s+(?P<does>update|install|build-dep)\b|(?P<gone>\brm\s[^&|;]*/apt/lists)"
)
_MOUNTED = re.compile(r"--mount=\S*target=/var/lib/apt(?:/lists)?\b")
_NUMBERED = re.compile(r"\b(?:useradd|adduser|usermod)\b[^&|;]*?(?:\s-u|\s--uid)[\s=]+(?P<number>[^\s&|;]+)")


def missed(before: Sequence[Instruction], after: Sequence[Instruction]) -> Iterator[str]:
    """What a step of the patched file no longer finds, as phrases."""
    for step in sorted(_without_lists(after) - _without_lists(before)):
        yield f"`{step}` installs from package lists that an earlier step no longer leaves"
    yield from _numbers(before, after)


def _without_lists(instructions: Sequence[Instruction]) -> set[str]:
    """The steps that install while an earlier one fetched the lists and kept them to itself."""
    found: set[str] = set()
    fetched = held = False
    for keyword, arguments in instructions:
        if keyword == "FROM":
            fetched = held = False
        if keyword != "RUN":
            continue
        mounted = bool(_MOUNTED.search(arguments))
        here = held or (mounted and fetched)
        for match in _APT.finditer(arguments):
            if match["does"] == "update":
                fetched = here = True
            elif match["gone"]:
                here = False
            elif fetched and not here:
                found.add(match[0])
        held = held if mounted else here
    return found


def _numbers(before: Sequence[Instruction], after: Sequence[Instruction]) -> Iterator[str]:
    """Users told by a number although the build, by an argument, chooses another."""
    script = "\n".join(arguments for keyword, arguments in after if keyword == "RUN")
    chosen = [match["number"].strip("\"'") for match in _NUMBERED.finditer(script)]
    fresh = [arguments for keyword, arguments in after if keyword == "USER" and (keyword, arguments) not in before]
    for user in fresh:
        number = user.partition(":")[0].strip("\"'")
        if number.isdigit() and number not in chosen and any("$" in one for one in chosen):
            yield f"USER {user} is a number, and the build chooses its users' numbers itself"
