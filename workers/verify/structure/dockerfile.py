"""Dockerfiles as their instructions: keyword and arguments, continuation lines joined, comments left out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from workers.verify.structure.diff import DELETE
from workers.verify.structure.documents import Malformed

_KEYWORDS = re.compile(
    r"FROM|RUN|CMD|LABEL|MAINTAINER|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|ONBUILD|STOPSIGNAL"
    r"|HEALTHCHECK|SHELL",
    re.IGNORECASE,
)
_HEREDOC = re.compile(r"<<-?(?P<quote>['\"]?)(?P<word>[A-Za-z_][A-Za-z0-9_]*)(?P=quote)")
_DIRECTIVE = re.compile(r"#\s*escape\s*=\s*(?P<escape>[\\`])\s*$", re.IGNORECASE)

Instruction = tuple[str, str]
"""Keyword in upper case, and its arguments with blanks collapsed."""


def instructions(content: bytes) -> list[Instruction]:
    """The instructions of a Dockerfile, in order.

    Raises:
        Malformed: a line starts with no known instruction, a heredoc never ends, or none is there.
    """
    found = [_instruction(number, text) for number, text in _logical_lines(content.decode("utf-8", "replace"))]
    if not found:
        message = "it has no instruction"
        raise Malformed(message)
    first = next((keyword for keyword, _ in found if keyword != "ARG"), "ARG")
    if first != "FROM":
        message = f"it starts with {first} instead of FROM"
        raise Malformed(message)
    return found


def violations(before: Sequence[Instruction], after: Sequence[Instruction], declares: Sequence[str]) -> list[str]:
    """Every instruction that changed undeclared, as a phrase."""
    return [
        f"{what} instruction {keyword}"
        for what, keyword in _changes(before, after)
        if not _declared(what, keyword, declares)
    ]


def _changes(before: Sequence[Instruction], after: Sequence[Instruction]) -> Iterator[tuple[str, str]]:
    for tag, first, last, now, now_last in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        old, new = [keyword for keyword, _ in before[first:last]], [keyword for keyword, _ in after[now:now_last]]
        for keyword in list(old):
            if keyword in new:
                old.remove(keyword)
                new.remove(keyword)
                yield "changed", keyword
        yield from (("removed", keyword) for keyword in old)
        yield from (("added", keyword) for keyword in new)


def _declared(what: str, keyword: str, declares: Sequence[str]) -> bool:
    for declared in declares:
        kind, _, name = declared.removesuffix(DELETE).partition(":")
        named = kind == "instruction" and name.upper() in {keyword, "*"}
        if named and (what != "removed" or declared.endswith(DELETE)):
            return True
    return False


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    lines = text.removeprefix("\ufeff").splitlines()
    directive = next((match for line in lines[:3] if (match := _DIRECTIVE.match(line))), None)
    escape = directive["escape"] if directive else "\\"
    index = 0
    while index < len(lines):
        start = index
        parts: list[str] = []
        while index < len(lines):
            line = lines[index].rstrip()
            index += 1
            if line.lstrip().startswith("#") or (parts and not line.strip()):
                if not parts:
                    break
                continue
            parts.append(line.removesuffix(escape).strip())
            if not line.endswith(escape):
                break
        joined = " ".join(part for part in parts if part)
        if not joined:
            continue
        body, index = _heredocs(lines, index, joined)
        yield start + 1, joined + body


def _heredocs(lines: Sequence[str], index: int, joined: str) -> tuple[str, int]:
    """The bodies of the heredocs that an instruction opens, and where they end."""
    body = []
    if not re.match(r"(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\b", joined, re.IGNORECASE):
        return "", index
    for match in _HEREDOC.finditer(joined):
        while index < len(lines) and lines[index].strip() != match["word"]:
            body.append(lines[index])
            index += 1
        if index == len(lines):
            message = f"heredoc {match['word']} never ends"
            raise Malformed(message)
        index += 1
    return "".join(f"\n{line}" for line in body), index


def _instruction(number: int, text: str) -> Instruction:
    keyword, arguments = (*text.split(maxsplit=1), "", "")[:2]
    if not _KEYWORDS.fullmatch(keyword) or not arguments.strip():
        message = f"line {number}: {keyword[:30]!r} starts no instruction"
        raise Malformed(message)
    return keyword.upper(), arguments.strip() if "\n" in arguments else " ".join(arguments.split())
