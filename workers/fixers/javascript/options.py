"""Options whose safe value is known: one table row for each, shared by the fixers of their weaknesses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.script import flagged_node
from workers.fixers.registry import NoFix, Target

if TYPE_CHECKING:
    from tree_sitter import Node


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """A property that is unsafe with one of some values."""

    name: str
    bad: tuple[str, ...]
    """Source texts of unsafe values; `*` is any."""
    good: str | None
    """The safe value; `None` where only its absence is safe."""
    default_is_safe: bool = True
    """Whether leaving it out is safe too."""
    why: str
    warning: str | None = None


def propose_options(target: Target, options: Sequence[Option]) -> Iterator[Candidate]:
    """The flagged option → its safe value, or nothing where the default is safe."""
    known = {option.name: option for option in options}
    file, pair = flagged_node(target, ("pair",), lambda each, node: _is_bad(each, node, known))
    option = known[_key(file, pair)]
    value = pair.child_by_field_name("value")
    if value is None:
        message = f"{file.path}:{file.number(pair)} has no value"
        raise NoFix(message)
    warnings = (option.warning,) if option.warning else ()
    makers = []
    if option.good is not None:
        good = option.good
        makers.append(lambda: candidate("safe-value", [file.replace(value, good)], option.why, warnings=warnings))
    if option.default_is_safe:
        makers.append(
            lambda: candidate(
                "default",
                [remove_pair(file, pair)],
                f"{option.why} That is what the library does unless told otherwise.",
                warnings=warnings,
            )
        )
    yield from any_of(*makers)


def remove_pair(file: Parsed, pair: Node) -> Edit:
    """The object without this property, its comma and its line; no object where it was all of the last argument.

    Raises:
        NoFix: comments stand between it and its neighbours.
    """
    parent = pair.parent
    members = list(parent.named_children) if parent is not None else []
    if parent is None or any(node.type == "comment" for node in members):
        message = f"{file.path}:{file.number(pair)} has comments beside the option that would lose their place"
        raise NoFix(message)
    index = members.index(pair)
    if index:
        return file.edit(members[index - 1].end_byte, pair.end_byte, "")
    if len(members) > 1:
        return file.edit(pair.start_byte, members[1].start_byte, "")
    around = parent.parent
    given = [node for node in around.named_children if node.type != "comment"] if around is not None else []
    if around is not None and around.type == "arguments" and given[-1] == parent:
        return file.edit(given[-2].end_byte if len(given) > 1 else parent.start_byte, parent.end_byte, "")
    return file.edit(parent.start_byte, parent.end_byte, "{}")


def _key(file: Parsed, pair: Node) -> str:
    key = pair.child_by_field_name("key")
    return file.text(key).strip("'\"") if key is not None else ""


def _is_bad(file: Parsed, pair: Node, known: dict[str, Option]) -> bool:
    option = known.get(_key(file, pair))
    value = pair.child_by_field_name("value")
    if option is None or value is None:
        return False
    return "*" in option.bad or file.text(value).replace('"', "'") in option.bad
