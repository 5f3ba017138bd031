"""Strict reading of data formats into mappings, lists and leaves: the native parsers of L1, the input of L3.

Each reader refuses what the format's own tools would misread: duplicate keys, tabs, unclosed strings.
"""

from __future__ import annotations

import functools
import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import defusedxml.ElementTree
import yaml

from workers.source import syntax
from workers.verify.kinds import suffix

MAX_NODES = 200_000
"""Aliases unfold; a document larger than this when unfolded is an attack."""
_Made = Callable[[Iterable[tuple[str, Any]], str], dict[str, Any]]
"""What makes a mapping of the pairs that stand at a place."""


class Malformed(ValueError):
    """The content is not a document of its format; the message says where."""


def reader(path: str) -> Callable[[bytes], Any] | None:
    """The strict reader of a path's format, if it has one."""
    name = path.rpartition("/")[2]
    if name in _BY_NAME:
        return _BY_NAME[name]
    return _BY_SUFFIX.get(suffix(path))


@functools.lru_cache(maxsize=16)
def read_yaml(content: bytes) -> Any:
    """One document, or a list of them under `---`; leaves are (tag, text). Kept for a while: nobody may change it.

    Raises:
        Malformed: it is not YAML, repeats a key, or unfolds without bound.
    """
    return _composed(content, _unique)


def read_repeating(content: bytes) -> Any:
    """The same, of a file that repeats keys itself: the second `kind` of a mapping is `kind#2`.

    Raises:
        Malformed: it is not YAML, or unfolds without bound.
    """
    return _composed(content, _numbered)


def _composed(content: bytes, mapping: _Made) -> Any:
    try:
        text = content.decode("utf-8-sig")
        budget = iter(range(MAX_NODES))
        documents = [_node(node, budget, mapping) for node in yaml.compose_all(text, Loader=_LOADER)]
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(_one_line(error)) from error
    return documents[0] if len(documents) == 1 else documents


def read_json(content: bytes) -> Any:
    """A JSON document.

    Raises:
        Malformed: it is not JSON, or repeats a key.
    """
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Malformed(_one_line(error)) from error


def read_template(content: bytes) -> Any:
    """A CloudFormation template in YAML or JSON, as `.template` does not say.

    Raises:
        Malformed: it is neither, or something else that is filled in.
    """
    found = read_json(content) if content.lstrip().startswith(b"{") else read_yaml(content)
    if not isinstance(found, dict) or "Resources" not in found:
        message = "it is no CloudFormation template"
        raise Malformed(message)
    return found


def read_toml(content: bytes) -> Any:
    """A TOML document.

    Raises:
        Malformed: it is not TOML.
    """
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Malformed(_one_line(error)) from error


def read_xml(content: bytes) -> Any:
    """An XML document: elements by their local name, repeated ones by position.

    Raises:
        Malformed: it is not XML, or declares entities.
    """
    try:
        root = defusedxml.ElementTree.fromstring(content)
        return {_local(root.tag): _element(root)}
    except (defusedxml.ElementTree.ParseError, defusedxml.DefusedXmlException, ValueError, RecursionError) as error:
        raise Malformed(_one_line(error)) from error


def read_hcl(content: bytes) -> Any:
    """A Terraform file: blocks by type and labels, nested blocks as lists, attributes as their text.

    Raises:
        Malformed: tree-sitter finds an error.
    """
    tree = syntax.parse(content, language="hcl")
    if tree is None:
        message = "the HCL grammar is not installed"
        raise Malformed(message)
    if tree.problems:
        first = tree.problems[0]
        message = f"line {first.line}, column {first.column}: {first.kind}"
        raise Malformed(message)
    return _hcl_body(tree, tree.root)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _node(node: yaml.Node, budget: Iterator[int], mapping: _Made) -> Any:
    if next(budget, None) is None:
        message = f"it unfolds to more than {MAX_NODES} nodes"
        raise Malformed(message)
    if isinstance(node, yaml.MappingNode):
        pairs = []
        for key, value in node.value:
            pairs.append((_key(key), _node(value, budget, mapping)))
        return mapping(pairs, f"line {node.start_mark.line + 1}")
    if isinstance(node, yaml.SequenceNode):
        return [_node(item, budget, mapping) for item in node.value]
    return (node.tag.rpartition(":")[2], "" if node.tag.endswith(":null") else str(node.value))


def _key(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else repr(node.value)


def _unique(pairs: Iterable[tuple[str, Any]], at: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            message = f"key {key!r} stands twice in one mapping" + (f" ({at})" if at else "")
            raise Malformed(message)
        found[key] = value
    return found


def _numbered(pairs: Iterable[tuple[str, Any]], _at: str = "") -> dict[str, Any]:
    seen: Counter[str] = Counter()
    found: dict[str, Any] = {}
    for key, value in pairs:
        seen[key] += 1
        found[key if seen[key] == 1 else f"{key}#{seen[key]}"] = value
    return found


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _element(element: Any) -> Any:
    children: dict[str, list[Any]] = {}
    for child in element:
        children.setdefault(_local(child.tag), []).append(_element(child))
    content: dict[str, Any] = {name: items[0] if len(items) == 1 else items for name, items in children.items()}
    content |= {f"@{name}": value for name, value in element.attrib.items()}
    text = (element.text or "").strip()
    if not content:
        return text
    return content | {"#text": text} if text else content


def _hcl_body(tree: syntax.Syntax, node: Any) -> dict[str, Any]:
    body = next((child for child in node.children if child.type == "body"), node)
    found: dict[str, Any] = {}
    for child in body.named_children:
        if child.type == "attribute":
            name = tree.text(child.named_children[0])
            if isinstance(found.get(name), list):
                raise Malformed(_twofold(name))
            found[name] = " ".join(_tokens(tree, child.named_children[1]))
        elif child.type == "block":
            _hcl_block(tree, child, found)
    return found


_REPEATED = frozenset({"provider", "dynamic", "provisioner"})
"""Labelled blocks that may stand several times: a provider has an alias, the others are lists."""


def _hcl_block(tree: syntax.Syntax, block: Any, into: dict[str, Any]) -> None:
    words = [tree.text(part).strip('"') for part in block.children if part.type in {"identifier", "string_lit"}]
    place = into
    for word in words[:-1]:
        place = place.setdefault(word, {})
        if not isinstance(place, dict):
            raise Malformed(_twofold(word))
    body = _hcl_body(tree, block)
    if len(words) > 1:
        name = words[-1]
        if name in place and words[0] not in _REPEATED:
            message = f"block {' '.join(words)} stands twice"
            raise Malformed(message)
        place[name if name not in place else f"{name} #{len(place) + 1}"] = body
        return
    same = place.setdefault(words[-1], [])
    if not isinstance(same, list):
        raise Malformed(_twofold(words[-1]))
    same.append(body)


def _twofold(name: str) -> str:
    return f"{name} is given as a value and as a block"


def _tokens(tree: syntax.Syntax, node: Any) -> list[str]:
    return [tree.text(part) for part in syntax.walk(node) if not part.children and part.type != "comment"]


_BY_SUFFIX: dict[str, Callable[[bytes], Any]] = {
    ".yml": read_yaml,
    ".yaml": read_yaml,
    ".json": read_json,
    ".template": read_template,
    ".toml": read_toml,
    ".xml": read_xml,
    ".tf": read_hcl,
    ".tfvars": read_hcl,
    ".hcl": read_hcl,
}
_BY_NAME: dict[str, Callable[[bytes], Any]] = {
    "poetry.lock": read_toml,
    "uv.lock": read_toml,
    "Cargo.lock": read_toml,
    "Pipfile": read_toml,
    "Pipfile.lock": read_json,
    "composer.lock": read_json,
}
