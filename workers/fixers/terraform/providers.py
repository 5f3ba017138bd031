"""Which release of a provider a module is written for: attributes come, change their name and go between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from daemon.domain.fix import Edit
from workers.source.hcl import Block

_VERSION = re.compile(r'version\s*=\s*"([^"]+)"')
_TERM = re.compile(r"\s*(=|!=|>=|<=|~>|>|<)?\s*v?(\d+)((?:\.\d+)*)[\w.+-]*\s*")


def constraints(blocks: Iterable[Block], name: str) -> Iterator[str]:
    """What the top-level blocks of a module, or of its lock file, ask of a provider."""
    for block in blocks:
        if (
            block.type == "terraform"
            and (required := block.block("required_providers"))
            and (attribute := required.attributes.get(name))
        ):
            found = _VERSION.search(attribute.text)
            yield found[1] if found else attribute.text.strip('"')
        if block.type == "provider" and block.labels[:1] and block.labels[0].rpartition("/")[2] == name:
            yield block.text("version").strip('"')


def newest_major(wanted: Iterable[str]) -> int | None:
    """The newest major release that all constraints allow; none where nothing bounds it."""
    bounds = [bound for text in wanted for term in text.split(",") if (bound := _bound(term)) is not None]
    return min(bounds, default=None)


def _bound(term: str) -> int | None:
    """The newest major release that one comparison allows."""
    match = _TERM.fullmatch(term)
    if match is None or match[1] in (">", ">=", "!="):
        return None
    major, rest = int(match[2]), match[3]
    if match[1] == "<" and not rest.strip(".0"):
        return major - 1
    if match[1] == "~>" and not rest:
        # Only the last number given may grow: here it is the major one.
        return None
    return major


def made_by(edits: Iterable[Edit], kind: str, provider: str) -> list[Edit]:
    """The same edits, whose new resources and data are of the provider that a resource of that type names itself."""
    if not provider:
        return list(edits)
    own = re.compile(rf'^((?:resource|data) "{kind.partition("_")[0]}_\w+" "[^"]+" \{{)(\}}?)$', re.MULTILINE)
    said = rf"\1\n  provider = {provider}\n"
    return [
        msgspec.structs.replace(one, text=own.sub(lambda found: found.expand(said) + found[2], one.text))
        for one in edits
    ]
