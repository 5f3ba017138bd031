"""The variables of ENV and ARG with their bytes, who sees them, and what takes one out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

from daemon.domain.fix import Edit
from workers.fixers.docker.build import after, lineage, stage_of
from workers.fixers.docker.shell.flat_text import flat
from workers.source.dockerfile import Dockerfile, Instruction

_PAIR = re.compile(
    rb"(?<!\S)(?P<name>[A-Za-z_][\w.-]*)=(?P<value>(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\\\"']|\\.)*)", re.DOTALL
)
_OLD = re.compile(rb"(?P<name>[A-Za-z_][\w.-]*)[ \t]+(?!=)(?P<value>\S.*?)\s*", re.DOTALL)
_BARE = re.compile(rb"(?P<name>[A-Za-z_]\w*)\s*")


@dataclass(frozen=True)
class Variable:
    """One name and its value; offsets are bytes of the file."""

    name: str
    value: str
    """Without quotes; empty where none is given."""
    start: int
    end: int

    @property
    def handed_on(self) -> str | None:
        """The variable that it is nothing but the value of."""
        match = re.fullmatch(r"\$(?:\{(\w+)(?::?-)?\}|(\w+))", self.value)
        return match[1] or match[2] if match else None

    @property
    def literal(self) -> bool:
        """Whether the file says the value itself."""
        return bool(self.value) and not self.handed_on


def variables(file: Dockerfile, one: Instruction) -> list[Variable]:
    """What an ENV or ARG gives values to, in order; nothing where that is not plain to see.

    Raises:
        NoFix: a word is broken over two lines.
    """
    text = flat(file.content[one.body : one.end], file.escape.encode())
    if one.keyword == "ARG" and (bare := _BARE.fullmatch(text)):
        return [_variable(one, bare, "")]
    if one.keyword == "ENV" and (old := _OLD.fullmatch(text)) and b"=" not in old["name"]:
        return [_variable(one, old, old["value"].decode("utf-8", "replace"))]
    found = list(_PAIR.finditer(text))
    rest = _PAIR.sub(b"", text)
    return [] if rest.strip() else [_variable(one, each, each["value"].decode("utf-8", "replace")) for each in found]


def _variable(one: Instruction, match: re.Match[bytes], value: str) -> Variable:
    quoted = value[:1] in "\"'" and value[:1] == value[-1:] and len(value) > 1
    end = match.end("value" if "value" in match.re.groupindex else "name")
    written = value[1:-1] if quoted else value
    return Variable(match["name"].decode(), written, one.body + match.start("name"), one.body + end)


def without(file: Dockerfile, one: Instruction, names: Collection[str]) -> list[Edit]:
    """What takes variables out of an instruction: it goes as a whole where no other is left."""
    found = variables(file, one)
    if all(each.name in names for each in found):
        return [file.delete(one)]
    edits: list[Edit] = []
    last: int | None = None
    for gone, row in groupby(found, lambda each: each.name in names):
        group = list(row)
        if gone:
            behind = next((each.start for each in found if each.start > group[-1].start), group[-1].end)
            edits.append(file.edit(group[0].start, behind, "") if last is None else file.edit(last, group[-1].end, ""))
        last = group[-1].end
    return edits


def scope(file: Dockerfile, one: Instruction) -> list[Instruction]:
    """The instructions that a variable is in force for: those behind it, and the stages built on its stage.

    Raises:
        NoFix: it stands before the first FROM.
    """
    found = after(stage_of(file, one), one)
    for stage in file.stages:
        behind = (each.origin.stage for each in lineage(file, stage))
        if stage.origin.stage != one.stage and one.stage in behind:
            found += stage.instructions
    return found


def names_it(one: Instruction, name: str) -> bool:
    """Whether an instruction speaks of a variable: of its value, or in a script of its name."""
    if one.keyword in {"RUN", "ONBUILD"}:
        return any(re.search(rf"\b{re.escape(name)}\b", text) for text in (one.text, *one.heredocs))
    return any(re.search(rf"\${{?{re.escape(name)}\b", text) for text in (one.text, *one.heredocs, *one.flags))


def redeclared(file: Dockerfile, around: list[Instruction], name: str) -> Iterator[Instruction]:
    """The ARG and ENV among these that give a variable of the same name."""
    for one in around:
        if one.keyword in {"ARG", "ENV"} and any(each.name == name for each in variables(file, one)):
            yield one
