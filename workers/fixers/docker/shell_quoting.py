"""Variables of a RUN script that the shell splits and expands once more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import before, candidate, flagged, pairs
from workers.fixers.docker.script import Script, Word
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_BARE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_WORD = re.compile(r"[\w./:@%+=,${}-]+")
_SEVERAL = re.compile(
    r"(?:ARGS?|FLAGS?|OPTS?|OPTIONS?|PARAMS|PACKAGES|PKGS?|DEPS|FILES|LIST|MODULES|EXTENSIONS|EXTRAS?)$", re.IGNORECASE
)
_ONE = re.compile(
    r"(?:VERSION|VER|ARCH|PLATFORM|USER|UID|GID|SHA\d*|HASH|TAG|DIR|DIRECTORY|PATH|HOME|ROOT|PREFIX|FILE|URL|PORT|HOST|NAME|"
    r"BRANCH|COMMIT|DATE)$"
)
_PLAIN = re.compile(r"[\w./:@%+=,-]*")


@fixer(
    name="docker-shell-quoting",
    weakness="unquoted variable",
    rules={"hadolint": ["SC2086"]},
    explain="""The shell splits the value of a bare `$NAME` at blanks and expands `*` in it: a path with a blank becomes
two arguments. In double quotes it stays one. A list of options or packages is split on purpose, so a variable is
quoted only where the file gives it a value of one word, or its name says that it is one (a version, a path).""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """Quotes around the whole word, or around the variable alone."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    values = _values(file, one)
    words = [word for call in script.commands for word in call.arguments if _splits(word)]
    open_ended = [word.text for word in words if not _single(word, values)]
    if not words or open_ended:
        which = ", ".join(open_ended[:3]) or "a variable"
        message = f"{file.path}:{one.line}: whether {which} is one word is not plain to see, and a list stays unquoted"
        raise NoFix(message)
    how = "The value stays one argument whatever it holds: a blank or a `*` in it changes nothing any more."
    warning = "an empty value is now an empty argument instead of none"
    yield candidate(
        "quote-word", [file.edit(word.start, word.end, f'"{word.text}"') for word in words], how, ["RUN"], [warning]
    )
    inner = [file.edit(word.start, word.end, _BARE.sub(lambda match: f'"{match[0]}"', word.text)) for word in words]
    yield candidate("quote-variable", inner, how, ["RUN"], [warning])


def _splits(word: Word) -> bool:
    return bool(_BARE.search(word.text)) and '"' not in word.text and "'" not in word.text


def _single(word: Word, values: dict[str, str]) -> bool:
    """Whether all of the word's variables are known, and known to be one word."""
    names = [match[1] or match[2] for match in _BARE.finditer(word.text)]
    return bool(_WORD.fullmatch(word.text)) and all(_one_word(name, values.get(name)) for name in names)


def _one_word(name: str, value: str | None) -> bool:
    if value:
        return bool(_PLAIN.fullmatch(value)) and not _SEVERAL.search(name)
    return bool(_ONE.search(name.upper()))


def _values(file: Dockerfile, one: Instruction) -> dict[str, str]:
    """What the ENV and ARG above give each variable."""
    found: dict[str, str] = {}
    for each in reversed(before(file, one, "ENV", "ARG")):
        found |= pairs(each)
    return found
