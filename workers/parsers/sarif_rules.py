"""A SARIF run's rules and taxonomies: which rule a result means, and what the rule says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from workers.parsers import severity
from workers.parsers.identifiers import cwes, owasp, vulnerabilities
from workers.parsers.sarif_model import Component, DescriptorReference, Message, Result, Rule, Run
from workers.parsers.text import first_line


class RuleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says, worked out once for all of its results."""

    id: str
    title: str = ""
    help_text: str = ""
    description: str = ""
    """The full description alone."""
    help_uri: str | None = None
    level: str | None = None
    score: float | None = None
    """`security-severity`."""
    cwes: tuple[int, ...] = ()
    owasp: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Ids of known vulnerabilities in its id and tags."""
    tags: tuple[str, ...] = ()
    precision: str | None = None
    messages: dict[str, str] = {}
    properties: dict[str, Any] = {}


class Rules:
    """The rules of one run, of its driver and its extensions."""

    def __init__(self, run: Run) -> None:
        self._components: list[Component] = [run.tool.driver, *(run.tool.extensions or ())]
        self._taxonomies = run.taxonomies or []
        self._facts: dict[tuple[str, int], RuleFacts] = {}
        self._by_id: dict[str, Rule] = {}
        for component in self._components:
            for rule in component.rules or ():
                self._by_id.setdefault(rule.id or "", rule)
        self._levels = dict(self._overridden_levels(run))

    def of(self, result: Result) -> RuleFacts:
        """The facts of the rule that a result means: by component and index, else by id, else by its parent's id."""
        rule = self._find(result)
        name = result.rule_id or (result.rule.id if result.rule else None) or (rule.id if rule else None) or "unknown"
        key = (name, id(rule))
        facts = self._facts.get(key)
        if facts is None:
            facts = self._facts[key] = self._describe(name, rule)
        return facts

    def taxa(self, references: list[DescriptorReference] | None) -> list[str]:
        """References to the taxa of CWE, as `CWE-79`."""
        return [f"CWE-{found}" for reference in references or () if (found := self._cwe(reference)) is not None]

    def owasp_taxa(self, references: list[DescriptorReference] | None) -> list[str]:
        """References to the taxa of OWASP's lists, by their ids."""
        named = (self._taxon(reference) for reference in references or ())
        return [taxon for name, taxon in named if taxon and "owasp" in name.lower()]

    def _find(self, result: Result) -> Rule | None:
        reference = result.rule or DescriptorReference()
        name = result.rule_id or reference.id
        index = result.rule_index if result.rule_index is not None else reference.index
        component = self._component(reference)
        rules = component.rules or []
        if index is not None and 0 <= index < len(rules) and _same(rules[index].id, name):
            return rules[index]
        known = next((rule for rule in rules if reference.guid and rule.guid == reference.guid), None)
        return known or self._by_id.get(name or "") or self._by_parent(name or "")

    def _by_parent(self, name: str) -> Rule | None:
        """`CA1/md5/x` is a case of `CA1/md5`, else of `CA1`."""
        while name := name.rpartition("/")[0]:
            if name in self._by_id:
                return self._by_id[name]
        return None

    def _component(self, reference: DescriptorReference) -> Component:
        wanted = reference.tool_component
        if wanted is None:
            return self._components[0]
        if wanted.index is not None and 0 <= wanted.index < len(self._components) - 1:
            return self._components[wanted.index + 1]
        named = (item for item in self._components if _named(item, wanted.guid, wanted.name))
        return next(named, self._components[0])

    def _overridden_levels(self, run: Run) -> Iterator[tuple[str, str]]:
        """Rule id → the level that an invocation set for it."""
        for call in run.invocations or ():
            for item in call.rule_configuration_overrides or ():
                level = item.configuration.level if item.configuration else None
                rule = self._find(Result(rule=item.descriptor)) if item.descriptor else None
                name = (item.descriptor.id if item.descriptor else None) or (rule.id if rule else None)
                if name and level:
                    yield name, level

    def _cwe(self, reference: DescriptorReference) -> str | None:
        name, taxon = self._taxon(reference)
        if not taxon or ("cwe" not in name.lower() and not taxon.upper().startswith("CWE")):
            return None
        return taxon.upper().removeprefix("CWE-").removeprefix("CWE")

    def _taxon(self, reference: DescriptorReference) -> tuple[str, str | None]:
        """The name of the taxonomy that a reference means, and the taxon's id there."""
        wanted = reference.tool_component
        component = None
        if wanted:
            component = next((item for item in self._taxonomies if _named(item, wanted.guid, wanted.name)), None)
            if component is None and wanted.index is not None and 0 <= wanted.index < len(self._taxonomies):
                component = self._taxonomies[wanted.index]
        name = (component.name if component else None) or (wanted.name if wanted else None) or ""
        taxon = reference.id
        taxa = (component.taxa if component else None) or []
        if taxon is None and reference.index is not None and 0 <= reference.index < len(taxa):
            taxon = taxa[reference.index].id
        return name, taxon

    def _describe(self, name: str, rule: Rule | None) -> RuleFacts:
        if rule is None:
            return RuleFacts(id=name, aliases=vulnerabilities(name), level=self._levels.get(name))
        properties = rule.properties or {}
        listed = properties.get("tags")
        tags = tuple(tag for tag in listed if isinstance(tag, str)) if isinstance(listed, list) else ()
        targets = [link.target for link in rule.relationships or () if link.target]
        short, full, help_text = (_text(part) for part in (rule.short_description, rule.full_description, rule.help))
        configured = rule.default_configuration.level if rule.default_configuration else None
        precision = properties.get("precision")
        return RuleFacts(
            id=name,
            title=first_line(short or full or rule.name or name),
            help_text=max(help_text, full, key=len) or short,
            description=full or short,
            help_uri=rule.help_uri,
            level=self._levels.get(name) or self._levels.get(rule.id or "") or configured,
            score=severity.number(properties.get("security-severity")),
            cwes=cwes(properties.get("cwe"), tags, self.taxa(targets)),
            owasp=owasp(
                [tag for tag in tags if "owasp" in tag.lower()], properties.get("owasp"), self.owasp_taxa(targets)
            ),
            aliases=vulnerabilities(name, tags),
            tags=tags,
            precision=precision if isinstance(precision, str) else None,
            messages=self._messages(rule),
            properties=properties,
        )

    def _messages(self, rule: Rule) -> dict[str, str]:
        shared = self._components[0].global_message_strings or {}
        return {key: _text(value) for key, value in (*shared.items(), *(rule.message_strings or {}).items())}


def _same(rule_id: str | None, name: str | None) -> bool:
    return name is None or rule_id is None or name == rule_id or name.startswith(f"{rule_id}/")


def _named(component: Component, guid: str | None, name: str | None) -> bool:
    return bool((guid and component.guid == guid) or (name and component.name == name))


def _text(message: Message | None) -> str:
    return (message.text or message.markdown or "") if message else ""
