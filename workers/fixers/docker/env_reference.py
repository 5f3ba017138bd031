"""A variable that is read in the same ENV that sets it, where it has no value yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import base_of
from workers.fixers.docker.build import before, candidate, flagged, pairs, stage_of
from workers.fixers.registry import NoFix, Target, fixer

_PAIR = re.compile(r"(?P<name>\w+)=(?P<value>\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\\"']|\\.)*)", re.DOTALL)
_BETWEEN = re.compile(r"(?:\s|\\\s*\n)*")
_PLAIN = re.compile(r"[\w./:@%+,-]+")
_OF_EVERY_IMAGE = re.compile(r"PATH|HOME|HOSTNAME|TERM|LANG|LC_\w+")
_OF_THE_IMAGE = re.compile(rf"{_OF_EVERY_IMAGE.pattern}|\w*_(?:VERSION|HOME|PATH|PREFIX|DIR)")
"""What base images set by themselves: today that value is read, and it may well be meant."""
_SET_NO_MORE = frozenset(("debian", "ubuntu", "alpine", "fedora", "centos", "rockylinux", "almalinux", "amazonlinux"))


@fixer(
    name="docker-env-reference",
    weakness="variable read before it is set",
    rules={"hadolint": ["DL3044"]},
    explain="""Docker fills in the whole ENV instruction with the values from before it: in `ENV A=/x B=$A/y`, B becomes
`/y`. The variable has to be set by an instruction of its own, above; or its value stands where it is read.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """An ENV for each variable, in the same order; or the value, written out."""
    file, one = flagged(target, "ENV")
    text = file.slice(one.body, one.end)
    found = list(_PAIR.finditer(text))
    if _BETWEEN.fullmatch(_PAIR.sub("", text)) is None or file.escape != "\\":
        message = f"{file.path}:{one.line} sets its variables in a way that is not plain to see"
        raise NoFix(message)
    values: dict[str, str] = {}
    names = [match["name"] for match in found]
    known = {name for each in before(file, one, "ENV", "ARG") for name in pairs(each)}
    read = set()
    for number, match in enumerate(found):
        if "'" in match["value"] or "\\$" in match["value"]:
            message = f"{file.path}:{one.line} holds a value that is taken word for word"
            raise NoFix(message)
        used = {name for name in re.findall(r"\$\{?(\w+)", match["value"]) if name in names and name != match["name"]}
        if used - set(names[:number]):
            message = f"{file.path}:{one.line} reads {min(used)} in front of where it is set: what it means is unclear"
            raise NoFix(message)
        read |= used
        values[match["name"]] = match["value"].strip("\"'")
    bare = base_of(file, stage_of(file, one)).image in _SET_NO_MORE
    set_before = _OF_EVERY_IMAGE if bare else _OF_THE_IMAGE
    if other := next((name for name in sorted(read) if name in known or set_before.fullmatch(name)), None):
        message = f"{file.path}:{one.line}: {other} may have a value from before, which is read today and may be meant"
        raise NoFix(message)
    if not read or len(names) != len(set(names)):
        message = f"{file.path}:{one.line} reads no variable that it sets itself, or sets one twice"
        raise NoFix(message)
    how = "What was set to nothing so far, since the variable had no value yet, is what the line says now."
    text = "\n".join(f"ENV {match[0]}" for match in found)
    yield candidate("instruction-for-each", [file.edit(one.start, one.end, text)], how, ["ENV"], [_MEANT])
    if all(_PLAIN.fullmatch(values[name]) for name in read):
        edits = [
            file.edit(one.body + len(text_before.encode()), one.body + len(text_before.encode()) + len(part), written)
            for text_before, part, written in _references(file.slice(one.body, one.end), found, read, values)
        ]
        yield candidate("value-written-out", edits, how, ["ENV"], [_MEANT])


_MEANT = "programs of the image meet the value that is written here for the first time"


def _references(
    text: str, found: list[re.Match[str]], read: set[str], values: dict[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Each place that reads one of the variables: the text in front of it, itself, and the value."""
    for match in found:
        for use in re.finditer(r"\$(?:\{(\w+)\}|(\w+))", match["value"]):
            name = use[1] or use[2]
            if name in read and name != match["name"]:
                start = match.start("value") + use.start()
                yield text[:start], use[0], values[name]
