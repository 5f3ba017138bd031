"""`x` in front of both sides of a comparison."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import syntax

_WORD = r"(?:\"[^\"]*\"|'[^']*'|[^\s\"';&|\]]|\\.)+"
_COMPARED = re.compile(
    rf"(?P<head>\[\s+(?:!\s+)?|test\s+(?:!\s+)?)(?P<left>{_WORD})(?P<op>\s+(?:=|==|!=)\s+)(?P<right>{_WORD})(?P<tail>\s+\]|)"
)
_PREFIXED = re.compile(r"([\"']?)([xX])(.*)", re.DOTALL)
_VALUE = re.compile(r"\$\w+|\$\{\w+\}|[\w./:@+-]+")


@fixer(
    name="docker-x-prefix",
    weakness="x in front of both sides of a comparison",
    rules={"hadolint": ["SC2268"]},
    explain="""`[ "x$A" = "xyes" ]` kept shells of the last century from taking a value such as `-n` or `(` for an
operator. POSIX decides by the number of arguments: `[ "$A" = yes ]` compares whatever the value is, and reads as what
is meant; for the empty string there is `-z`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The comparison without the prefix; where it asks for the empty string, also `-z` or `-n`."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    plain: list[Edit] = []
    asked: list[Edit] = []
    for node in syntax.walk(script.root):
        text = script.source(node)
        match = _COMPARED.fullmatch(text) if node.type in {"test_command", "command"} else None
        left, right = (_without(match["left"]), _without(match["right"])) if match else (None, None)
        if (
            match is None
            or left is None
            or right is None
            or match["left"].strip("\"'")[:1] != match["right"].strip("\"'")[:1]
        ):
            continue
        start = script.offset + node.start_byte
        span = (start + len(match["head"].encode()), start + len(text[: match.end("right")].encode()))
        plain.append(file.edit(*span, f"{left}{match['op']}{right}"))
        empty = '""' in (left, right)
        value = right if left == '""' else left
        operator = "-n" if "!" in match["op"] else "-z"
        asked.append(file.edit(*span, f"{operator} {value}") if empty else plain[-1])
    if not plain:
        message = f"{file.path}:{one.line}: no comparison with an `x` on both sides is plain to see"
        raise NoFix(message)
    yield candidate("no-prefix", plain, "The same strings are compared, without what both began with.", ["RUN"])
    if asked != plain:
        yield candidate(
            "empty-test", asked, "`-z` and `-n` ask for the empty string, which is what it is about.", ["RUN"]
        )


def _without(word: str) -> str | None:
    """The word without its first letter, in quotes where the shell would split it; none where it is not plain."""
    match = _PREFIXED.fullmatch(word)
    if match is None:
        return None
    quote, rest = match[1], match[3]
    if quote:
        return (f"{quote}{rest}" if rest != quote else '""') if rest.find(quote) == len(rest) - 1 else None
    if not rest:
        return '""'
    if rest[0] in "\"'":
        return rest
    if not _VALUE.fullmatch(rest):
        return None
    return f'"{rest}"' if "$" in rest else rest
