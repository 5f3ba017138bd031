"""A repository's own Semgrep rules: found in its tree, kept as they are outside of it, and given to the scanner.

The registry's rules need a network, and their licence forbids a tool like this one to use them; a repository's own
rules are what its own scans ran with, so the positive control needs them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from daemon.errors import SourceUnavailable
from workers.source.tree import SourceTree
from workers.verify.kinds import is_yaml
from workers.verify.scanner import SCANNERS, Tool

MAX_FILES = 200
MAX_BYTES = 2**20
"""Of one file: rules are written by hand."""
_ABOUT_RULES = re.compile(rb"^rules:\s*$", re.MULTILINE)
_PATTERNS = frozenset(("pattern", "patterns", "pattern-either", "pattern-regex", "pattern-sources", "match", "taint"))
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def with_own_rules(tools: Iterable[Tool], tree: SourceTree, place: Path) -> list[Tool]:
    """The tools, each that takes a repository's rules with those of this tree, where it has some.

    The rules lie below `place` in a folder named by their hash, which is also part of the tool's version then.
    """
    found = list(tools)
    if not any(SCANNERS.get(tool.name).needs_rules for tool in found):
        return found
    rules = dict(_rule_files(tree))
    if not rules:
        return found
    folder, digest = _keep(rules, place)
    return [
        msgspec.structs.replace(tool, rules=str(folder), version=f"{tool.version}+rules.{digest}")
        if SCANNERS.get(tool.name).needs_rules
        else tool
        for tool in found
    ]


def is_rules(content: bytes) -> bool:
    """Whether a YAML file holds Semgrep rules and nothing that Semgrep would refuse at first sight."""
    if not _ABOUT_RULES.search(content):
        return False
    try:
        document = yaml.load(content.decode("utf-8-sig"), Loader=_LOADER)  # noqa: S506  a safe loader, in C
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        return False
    rules = document.get("rules") if isinstance(document, dict) else None
    return isinstance(rules, list) and bool(rules) and all(_is_rule(rule) for rule in rules)


def _is_rule(rule: Any) -> bool:
    return isinstance(rule, dict) and {"id", "languages", "message"} <= rule.keys() and bool(_PATTERNS & rule.keys())


def _rule_files(tree: SourceTree) -> Iterator[tuple[str, bytes]]:
    found = 0
    for path in tree.paths():
        if not is_yaml(path) or found == MAX_FILES:
            continue
        try:
            content = tree.read(path)
        except SourceUnavailable:
            continue
        if len(content) <= MAX_BYTES and is_rules(content):
            found += 1
            yield path, content


def _keep(rules: dict[str, bytes], place: Path) -> tuple[Path, str]:
    digest = hashlib.sha256()
    for path, content in sorted(rules.items()):
        digest.update(b"%d %s\0%s" % (len(content), path.encode("utf-8", "surrogateescape"), content))
    name = digest.hexdigest()[:12]
    folder = place / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, (_, content) in enumerate(sorted(rules.items())):
        (folder / f"rules_{number:03d}.yaml").write_bytes(content)
    return folder, name
