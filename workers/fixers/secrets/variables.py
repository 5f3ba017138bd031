"""Which variable a setting's value comes from: one that no other value of the file shares."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from pathlib import PurePosixPath

from workers.fixers.code import Text
from workers.fixers.secrets.configuration import Setting, is_compose, is_rails, pairs
from workers.fixers.secrets.names import environment_name, is_any_of_its_kind
from workers.source.tree import SourceTree, text_of
from workers.source.yamldoc import YamlBroken, parse

_STRUCTURED = (".yaml", ".yml", ".json")
_AROUND = frozenset((
    "services", "environment", "env", "jobs", "steps", "build", "args", "with", "config", "configs", "configuration",
    "data", "settings", "variables", "values", "credentials", "spec", "default", "defaults", "properties", "options",
    "secrets",
))  # fmt: skip
"""Keys that hold settings and say nothing of whose they are."""
_SET = re.compile(r"^(?:export\s+)?(?P<key>[A-Za-z_]\w*)=(?P<value>.*)$", re.MULTILINE)


def keys_of(file: Text, found: Setting) -> tuple[str, ...]:
    """The keys above a value, the outermost first, and its own; of a flat file its own alone."""
    if not file.path.endswith(_STRUCTURED):
        return (found.key,)
    try:
        steps = parse(file.content, file.path).path_at(found.start)
    except YamlBroken:
        return (found.key,)
    keys = tuple(str(step) for step in steps if isinstance(step, str))
    return keys if keys[-1:] == (found.key,) else (*keys, found.key)


@lru_cache(maxsize=4)
def _named(path: str, content: bytes) -> tuple[tuple[Setting, tuple[str, ...]], ...]:
    """The file's settings, each with the keys that say whose it is."""
    file = Text(path, content)
    return tuple((each, _telling(file, each)) for each in pairs(file))


def variable_of(tree: SourceTree, file: Text, found: Setting) -> str:
    """The key's name, after as many of the keys above as tell it from the file's other values of that name.

    `clientSecret` below `github` and below `google` are two: `GITHUB_CLIENT_SECRET`. What the `.env` beside a Compose
    file gives to a name is another value, too.
    """
    own = _telling(file, found)
    value = file.slice(found.start, found.end).strip("\"'")
    others = [keys for each, keys in _named(file.path, file.content) if _is_another(file, each, found, value)]
    taken = _given_beside(tree, file, value)
    for length in range(1, len(own) + 1):
        name = environment_name("_".join(own[-length:]))
        alike = any(environment_name("_".join(each[-length:])) == name for each in others)
        if not alike and name not in taken and not (length < len(own) and is_any_of_its_kind(name)):
            return name
    return environment_name("_".join(own))


def is_shared(tree: SourceTree, file: Text, found: Setting) -> bool:
    """Whether the key alone is also the name of another value."""
    value = file.slice(found.start, found.end).strip("\"'")
    return any(_is_another(file, each, found, value) for each in pairs(file)) or environment_name(
        found.key
    ) in _given_beside(tree, file, value)


def _telling(file: Text, found: Setting) -> tuple[str, ...]:
    """The keys that say whose value it is; in Rails' files the file's name goes behind the environment's."""
    keys = keys_of(file, found)
    named = (PurePosixPath(file.path).stem,) if is_rails(file.path) else ()
    above = (*keys[:1], *named, *keys[1:-1]) if len(keys) > 1 else ()
    return (*(key for key in above if key.lower() not in _AROUND), keys[-1])


def _is_another(file: Text, one: Setting, found: Setting, value: str) -> bool:
    """Whether it is another value that goes by the same name; a value from elsewhere is none."""
    said = file.slice(one.start, one.end).strip("\"'")
    named = environment_name(one.key) == environment_name(found.key)
    return named and bool(said) and said != value and not said.startswith(("$", "<", "{"))


def _given_beside(tree: SourceTree, file: Text, value: str) -> frozenset[str]:
    """The names to which the `.env` beside a Compose file gives another value."""
    if not is_compose(file.path):
        return frozenset()
    text = text_of(tree, posixpath.join(posixpath.dirname(file.path), ".env"))
    return frozenset(each["key"] for each in _SET.finditer(text) if each["value"].strip("\"' ") not in {"", value})
