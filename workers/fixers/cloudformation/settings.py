"""Weaknesses that properties of the resource itself end: rule → what the resource must say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.cloudformation.decided import by_template, leaf
from workers.fixers.cloudformation.template import Template
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamltext import Value


class Setting(msgspec.Struct, frozen=True):
    """One sound state of a resource."""

    approach: str
    properties: Mapping[str, Value]
    how: str
    """A sentence about what changes for the resource."""
    warning: str = ""
    types: tuple[str, ...] = ()
    """Resource types that it fits, without `AWS::`; empty for all that the rule reports."""
    unless: str = ""
    """A property that the resource must not have."""
    otherwise: str = ""
    """Why there is no fix where it has it."""
    refused: Callable[[Template], str] | None = None
    """Why it is not sound for this resource; empty where it is."""
    toggle: str = ""
    """What a parameter with the safe default is called behind the resource's name, where environments may differ."""


Table = Mapping[str, Sequence[Setting]]
"""Rule → its alternatives."""


def settings_fixer(name: str, weakness: str, explain: str, table: Table) -> Callable[[Target], Iterable[Candidate]]:
    """Register a fixer whose Checkov rules each have a row of the table."""

    def propose(target: Target) -> Iterator[Candidate]:
        """One candidate for each state that the rule's row names."""
        yield from apply(Template(target), table[target.finding.rule])

    return fixer(name=name, weakness=weakness, rules={"checkov": tuple(table)}, explain=explain)(propose)


def apply(template: Template, settings: Iterable[Setting]) -> Iterator[Candidate]:
    """A candidate for each state, and one through a new parameter where environments may differ.

    Raises:
        NoFix: no state fits this resource.
    """
    settings = list(settings)
    kind = template.type.removeprefix("AWS::")
    typed = [one for one in settings if not one.types or kind in one.types]
    fitting = [one for one in typed if not one.unless or template.property(one.unless) is None]
    if not fitting:
        unmet = next((one.otherwise for one in typed if one.otherwise), "")
        message = unmet or f"what this rule wants of a {template.type or template.name} is not one property of it"
        raise NoFix(message)
    for one in fitting:
        if one.refused and (why := one.refused(template)):
            raise NoFix(why)
        found = list(by_template(template, one.approach, one.properties, one.how, one.warning))
        if found:
            yield from found
            continue
        declares = template.declare(*one.properties)
        edits = template.settle(one.properties)
        yield from template.candidate(one.approach, edits, one.how, declares, [one.warning])
        if edits and one.toggle:
            yield from _toggled(template, one)


def _toggled(template: Template, one: Setting) -> Iterator[Candidate]:
    """The same state through a parameter whose default is the safe value."""
    path, value = leaf(one.properties)
    name = f"{template.name}{one.toggle}"
    safe = "true" if value is True else "false"
    body = {
        "Type": "String",
        "AllowedValues": ["true", "false"],
        "Default": safe,
        "Description": f"{path[-1]} of {template.name}",
    }
    wanted: Value = {"Ref": name}
    for key in reversed(path):
        wanted = {key: wanted}
    try:
        edits = [*template.settle(wanted if isinstance(wanted, Mapping) else {}), *template.parameter(name, body)]
    except NoFix:
        return
    how = f"{one.how} A parameter with the safe default lets a test environment choose otherwise."
    declares = [*template.declare(path[0]), f"Parameters.{name}"]
    yield from template.candidate(f"{one.approach}-parameter", edits, how, declares, [one.warning])
