"""Weaknesses that one setting of the resource itself ends: rule → what the block must say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.terraform.defaults import default_edits
from workers.fixers.terraform.resource import Resource, leaves
from workers.source.hcltext import Body, block_text


class Setting(msgspec.Struct, frozen=True):
    """One sound state of a resource."""

    approach: str
    body: Body
    how: str
    """A sentence about what changes for the resource."""
    warning: str = ""
    types: tuple[str, ...] = ()
    """Resource types that it fits; empty for all that the rule reports."""
    where: str = ""
    """A nested block that must stand there for this spelling."""
    unless: str = ""
    """A nested block that must not."""
    needs: tuple[str, ...] = ()
    """Attributes, one of which the resource must have for the state to mean anything."""
    otherwise: str = ""
    """Why there is no fix where it has none of them."""
    only: str = ""
    """`attribute=pattern`: what the attribute, or the default of its variable, must match from its start."""
    never: str = ""
    """The same, of what it must not match."""
    moot: str = ""
    """The same, of what makes the finding harmless, as `otherwise` says; or a nested block without which it is."""
    refused: Callable[[Resource], str] | None = None
    """Why it is not sound for this resource; empty where it is."""
    since: str = ""
    """`google:6`: the first major release of the provider that knows the spelling."""
    before: str = ""
    """The first that no longer does."""
    at_times: bool = False
    """Whether it has to be switched off before the resource may go, so that no module can insist on it."""
    toggle: bool = False
    """Whether environments may rightly differ, so that a variable with the safe default is an alternative."""


_ANYTHING = frozenset(("enabled", "mode", "value", "name", "type", "days", "status"))
"""What a setting is called whose block says what it is about."""
Table = Mapping[str, Sequence[Setting]]
"""Rule → its alternatives."""


def single(
    approach: str,
    path: str,
    how: str,
    value: str = "true",
    warning: str = "",
    *,
    toggle: bool = True,
    refused: Callable[[Resource], str] | None = None,
) -> list[Setting]:
    """A row of one alternative: the attribute at the dotted path has this value."""
    return [Setting(approach, on(path, value), how, warning, toggle=toggle, refused=refused)]


def settings_fixer(
    name: str, weakness: str, explain: str, table: Table, trivy: Mapping[str, str] | None = None
) -> Callable[[Target], Iterable[Candidate]]:
    """Register a fixer whose rules each have a table row; `trivy` maps its ids to Checkov's."""
    same = trivy or {}
    rules: dict[str, Sequence[str]] = {"checkov": tuple(table)}
    if same:
        rules["trivy"] = tuple(same)

    def propose(target: Target) -> Iterator[Candidate]:
        """One candidate for each state that the rule's row names."""
        rule = target.finding.rule
        yield from apply(Resource(target), table[same.get(rule, rule)])

    return fixer(name=name, weakness=weakness, rules=rules, explain=explain)(propose)


def apply(resource: Resource, settings: Sequence[Setting]) -> Iterator[Candidate]:
    """A candidate for each state; first in the variables' defaults, where variables decide.

    Raises:
        NoFix: no state fits this type of resource.
        Harmless: what it is has that state by itself.
    """
    for one in settings:
        if one.moot and (_matches(resource, one.moot) if "=" in one.moot else resource.block.block(one.moot) is None):
            raise Harmless(one.otherwise)
    fitting = [one for one in settings if _fits(resource, one)]
    if not fitting:
        unmet = next((one.otherwise for one in settings if one.otherwise), "")
        old = any(not _known(resource, one) for one in settings)
        if old and not unmet:
            unmet = "the provider release that the module keeps to has no setting for this: raise its version first"
        message = unmet or f"what this rule wants of a {resource.type} is not one setting of it"
        raise NoFix(message)
    for one in fitting:
        if one.refused and (why := one.refused(resource)):
            raise NoFix(why)
        warnings = [one.warning] if one.warning else []
        defaults = default_edits(resource, one.body)
        if defaults:
            how = f"{one.how} The variable's default decides it for every use of the module that sets nothing else."
            declares = [f"variable.{name}" for name in _variables(resource, one.body)]
            yield from resource.candidate(f"{one.approach}-default", defaults, how, declares, warnings)
            if one.at_times:
                continue
            how = f"{one.how} The variable's default decides it, and a module that asks for anything else is refused."
            required = default_edits(resource, one.body, required=True)
            declares = [each.removesuffix(".default") for each in declares]
            yield from resource.candidate(f"{one.approach}-required", required, how, declares, warnings)
            continue
        yield from resource.candidate(
            one.approach, resource.settle(one.body), one.how, resource.declare(one.body), warnings
        )
        yield from _toggles(resource, one)


def _fits(resource: Resource, one: Setting) -> bool:
    blocks = {block.type for block in resource.block.blocks}
    typed = not one.types or resource.type in one.types
    spelled = typed and (not one.where or one.where in blocks) and one.unless not in blocks
    if (one.only and not _matches(resource, one.only)) or (one.never and _matches(resource, one.never)):
        return False
    met = not one.needs or any(resource.block.text(*each.split(".")) for each in one.needs)
    return spelled and met and _known(resource, one)


def _matches(resource: Resource, condition: str) -> bool:
    attribute, _, pattern = condition.partition("=")
    return re.match(pattern, resource.usual(*attribute.split("."))) is not None


def _known(resource: Resource, one: Setting) -> bool:
    """Whether the provider release that the module takes knows the spelling; without a bound it takes the newest."""
    name, _, since = one.since.partition(":")
    old, _, gone = one.before.partition(":")
    newest = resource.provider_major(name or old) if name or old else None
    if since and newest is not None and newest < int(since):
        return False
    return not gone or (newest is not None and newest < int(gone))


def _toggles(resource: Resource, one: Setting) -> Iterator[Candidate]:
    """The same state through a new variable whose default is the safe value; for one attribute of the resource."""
    wanted = list(leaves(one.body))
    if not one.toggle or len(wanted) != 1:
        return
    path, value = wanted[0]
    kind = "bool" if value in ("true", "false") else "string" if value.startswith('"') else ""
    if not kind:
        return
    said = "_".join(path[-2:] if path[-1] in _ANYTHING else path[-1:])
    name = resource.own_name(said)
    if any(True for _ in resource.blocks("variable", name)):
        return
    body: Body | str = f"var.{name}"
    for step in reversed(path):
        body = {step: body}
    edits = resource.settle(body if isinstance(body, Mapping) else {})
    text = block_text(
        "variable",
        (name,),
        {"description": f'"{".".join(path)} of {resource.address}"', "type": kind, "default": value},
    )
    how = f"{one.how} A variable with the safe default lets a test environment choose otherwise."
    declares = [*resource.declare(one.body), f"variable.{name}"]
    warnings = [one.warning] if one.warning else []
    yield from resource.candidate(
        f"{one.approach}-variable", [*edits, resource.hcl.after(resource.block, text)], how, declares, warnings
    )


def _variables(resource: Resource, body: Body) -> list[str]:
    return [f"{resource.variable(*path)}.default" for path, _ in leaves(body)]


def on(path: str, value: str = "true") -> Body:
    """`a.b.c` → a body that sets `c` of the nested block `a.b`; `value` is HCL text."""
    body: Body | str = value
    for step in reversed(path.split(".")):
        body = {step: body}
    return body if isinstance(body, Mapping) else {}
