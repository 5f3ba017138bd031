"""YAML whose aliases stand for more than anybody means: a few hundred bytes on which programs spend all memory."""

from __future__ import annotations

import functools
import re

import yaml

MOST_VALUES = 1_000_000
"""What aliases may stand for; real files with hundreds of aliases come to some thousands."""
_FEWEST_ALIASES = 12
"""Fewer cannot come to a million."""
_ALIAS = re.compile(rb"(?:^|[\s\[,{:])\*[^\s,\]}]", re.MULTILINE)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@functools.lru_cache(maxsize=1024)
def is_bomb(path: str, content: bytes) -> bool:
    """Whether a YAML file would come to more than `MOST_VALUES`; one that cannot be parsed is none."""
    if not path.endswith((".yml", ".yaml")) or len(_ALIAS.findall(content)) < _FEWEST_ALIASES:
        return False
    try:
        return _comes_to_more(content)
    except (yaml.YAMLError, ValueError):
        return False


def _comes_to_more(content: bytes) -> bool:
    """By the parser's events, so that depth costs no stack and an alias no second look."""
    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(content, Loader=_LOADER):
        anchor = getattr(event, "anchor", None)
        match event:
            case yaml.ScalarEvent():
                total += 1
                if anchor:
                    sizes[anchor] = 1
            case yaml.AliasEvent():
                total += sizes.get(anchor or "", 1)
            case yaml.CollectionStartEvent():
                open_.append((anchor, total))
            case yaml.CollectionEndEvent():
                name, before = open_.pop()
                if name:
                    sizes[name] = total - before + 1
        if total > MOST_VALUES:
            return True
    return False
