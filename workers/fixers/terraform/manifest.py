"""A Kubernetes object of Terraform's provider as the manifest that it stands for, and a changed one as HCL again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Edit
from workers.fixers.registry import NoFix
from workers.fixers.terraform.resource import Resource
from workers.source import yamldoc, yamltext
from workers.source.hcl import Block
from workers.source.hcltext import Body
from workers.source.yamltext import Value

_KINDS = {
    "deployment": "Deployment", "pod": "Pod", "daemonset": "DaemonSet", "daemon_set": "DaemonSet",
    "stateful_set": "StatefulSet", "job": "Job", "cron_job": "CronJob",
    "replication_controller": "ReplicationController",
}  # fmt: skip
_LISTS = {
    "container": "containers", "init_container": "initContainers", "volume": "volumes", "volume_mount": "volumeMounts",
    "port": "ports", "env": "env", "env_from": "envFrom", "sysctl": "sysctls", "toleration": "tolerations",
    "http_header": "httpHeaders", "image_pull_secrets": "imagePullSecrets",
}  # fmt: skip
"""Blocks that stand once for each item of a list."""
_BLOCKS = {name: block for block, name in _LISTS.items()}
_MORE = frozenset(("env", "env_from", "image_pull_secrets", "toleration", "volume", "volume_mount"))
"""Lists that a dynamic block may make: an edit of such a list is refused where it is made."""
_MAPS = frozenset(("limits", "requests", "labels", "annotations", "matchLabels", "nodeSelector"))
"""Mappings that are an attribute's value, not a block."""
_NAMES = {"host_pid": "hostPID", "host_ipc": "hostIPC"}
_WORDS = {name: word for word, name in _NAMES.items()}
_PORT = "container_port"
_STANDS_FOR = 60001
_SIMPLE = re.compile(r'"[^"$\\]*"|-?\d+(?:\.\d+)?|true|false')
_LIST = re.compile(r'\[\s*(?:"[^"$\\]*"\s*,?\s*)*\]')
_ENTRY = re.compile(r'"?([\w./-]+)"?\s*[=:]\s*("[^"\\]*"|[\w.\[\]-]+)')

Plain = Mapping[str, object]


def kind_of(resource: Resource) -> str:
    """`Deployment` of `kubernetes_deployment_v1`; empty for what runs no pod."""
    return _KINDS.get(resource.type.removeprefix("kubernetes_").removesuffix("_v1"), "")


class Manifest:
    """The object as YAML; what Terraform works out stands there as its expression."""

    def __init__(self, resource: Resource, *, any_port: bool) -> None:
        """Translate it; with `any_port` a port that only the module's user knows is a port, too.

        Raises:
            NoFix: dynamic blocks make parts of it.
        """
        self._resource, self._any_port = resource, any_port
        self.ports: dict[int, str] = {}
        """Port → the expression that gives it."""
        body = {**self._mapping(resource.block), "apiVersion": "v1", "kind": kind_of(resource)}
        self.content = yamltext.render(body, -2).lstrip("\n").encode() + b"\n"

    def _mapping(self, block: Block) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, attribute in block.attributes.items():
            found[_camel(name)] = self._port(attribute.text) if name == _PORT else _value(attribute.text)
        for inner in block.blocks:
            if inner.type == "dynamic" and inner.labels and inner.labels[0] in _MORE:
                continue
            if inner.type == "dynamic":
                message = f"a dynamic block makes {inner.labels[0]} of {self._resource.address}: it is decided there"
                raise NoFix(message)
            value = self._mapping(inner)
            if inner.type in _LISTS:
                items = found.setdefault(_LISTS[inner.type], [])
                if isinstance(items, list):
                    items.append(value)
            else:
                found[_camel(inner.type)] = value
        return found

    def _port(self, text: str) -> Value:
        """The number; for a variable its default, or one that stands for whatever it is given."""
        value = _value(text)
        if isinstance(value, int):
            return value
        name = re.fullmatch(r"var\.(\w+)", text)
        blocks = [block for _, block in self._resource.blocks("variable", name[1])] if name else []
        default = blocks[0].text("default").strip('"') if blocks else ""
        if not default.isdigit() and not self._any_port:
            return text
        number = int(default) if default.isdigit() else _STANDS_FOR + len(self.ports)
        self.ports[number] = text
        return number


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if _SIMPLE.fullmatch(text):
        return text.strip('"')
    if _LIST.fullmatch(text):
        return re.findall(r'"([^"]*)"', text)
    if text.startswith("{"):
        return {name: value.strip('"') for name, value in _ENTRY.findall(text)}
    return text


def plain(content: bytes) -> Plain:
    """A manifest as values to compare.

    Raises:
        NoFix: there is more than one document.
    """
    doc = yamldoc.parse(content)
    if len(doc.roots) != 1:
        message = "another object is needed beside this one"
        raise NoFix(message)
    found = _plain(doc.root)
    return found if isinstance(found, Mapping) else {}


def _plain(node: yamldoc.Node) -> object:
    if node.kind == "mapping":
        return {key.value: _plain(value) for key, value in node.entries}
    if node.kind == "sequence":
        return [_plain(item) for item in node.items]
    if not node.style and node.value in ("true", "false"):
        return node.value == "true"
    return int(node.value) if not node.style and re.fullmatch(r"-?\d+", node.value) else node.value


class Translated:
    """What a changed manifest means for the resource: edits, and the declared paths of what they touch."""

    def __init__(self, resource: Resource, before: Plain, after: Plain, ports: Mapping[int, str]) -> None:
        """Translate it.

        Raises:
            NoFix: it takes something away, or has no form here.
        """
        self._resource, self._ports = resource, ports
        self.declares: list[str] = []
        self.edits = list(self._mapping(resource.block, before, after, f"resource.{resource.address}"))

    def _mapping(self, block: Block, before: Plain, after: Plain, path: str) -> Iterator[Edit]:
        if gone := before.keys() - after.keys():
            message = f"{min(gone)} of {self._resource.address} would go, which is its owner's decision"
            raise NoFix(message)
        new: dict[str, str | Body] = {}
        for key, value in after.items():
            old = before.get(key)
            if value == old:
                continue
            here = f"{path}.{_snake(key)}"
            inner = block.block(_snake(key))
            if key in _BLOCKS and isinstance(value, list):
                yield from self._list(block, key, old if isinstance(old, list) else [], value, path)
            elif isinstance(value, Mapping) and isinstance(old, Mapping) and inner:
                yield from self._mapping(inner, old, value, f"{here}.*")
            elif key in _MAPS and isinstance(value, Mapping) and isinstance(old, Mapping):
                self.declares.append(here)
                yield self._map(block, _snake(key), old, value)
            else:
                self.declares.append(here)
                new[_snake(key)] = self._body(key, value)
        if new:
            yield from self._resource.settle(new, block=block)

    def _list(
        self, block: Block, key: str, before: Sequence[object], after: Sequence[object], path: str
    ) -> Iterator[Edit]:
        name = _BLOCKS[key]
        blocks = [one for one in block.blocks if one.type == name]
        if len(after) < len(before) or len(blocks) != len(before):
            message = f"{name} of {self._resource.address} is more than its blocks"
            raise NoFix(message)
        for inner, old, new in zip(blocks, before, after, strict=False):
            if isinstance(old, Mapping) and isinstance(new, Mapping):
                yield from self._mapping(inner, old, new, f"{path}.{name}.*")
        more = [self._body(key, {"": one}) for one in after[len(before) :]]
        bodies = [inside for one in more if not isinstance(one, str) for inside in one.values()]
        if bodies:
            self.declares.append(f"{path}.{name}")
            yield self._resource.hcl.append(block, name, [one for one in bodies if not isinstance(one, str)])

    def _map(self, block: Block, name: str, before: Plain, after: Plain) -> Edit:
        """Entries more of a map that is written out."""
        attribute = block.attributes.get(name)
        text = attribute.text if attribute else ""
        new = {key: value for key, value in after.items() if key not in before}
        if attribute is None or not text.startswith("{") or {key: after[key] for key in before} != before:
            message = f"{name} of {self._resource.address} is worked out elsewhere"
            raise NoFix(message)
        inside = text[1:-1].rstrip()
        if "\n" not in text:
            joined = ", ".join([*([inside.strip().rstrip(",")] if inside.strip() else []), *_entries(new)])
            return self._resource.hcl.edit(attribute.expression.start_byte, attribute.expression.end_byte,
                                           f"{{ {joined} }}")  # fmt: skip
        margin = re.match(r"\s*", inside.rpartition("\n")[2])
        lines = "".join(f"\n{margin[0] if margin else ''}{one}" for one in _entries(new))
        at = attribute.expression.start_byte + 1 + len(inside.encode())
        comma = "," if re.search(r",\s*\n", inside) and inside[-1] != "," else ""
        return self._resource.hcl.edit(at, at, comma + lines)

    def _body(self, key: str, value: object) -> str | Body:
        """A value as an attribute's text, or as a block's body."""
        if isinstance(value, Mapping):
            if key in _MAPS:
                return "{ " + ", ".join(_entries(value)) + " }"
            return {(_BLOCKS.get(name) or _snake(name)): self._inner(name, one) for name, one in value.items()}
        return self._ports.get(value, str(value)) if key == "port" and isinstance(value, int) else _text(value)

    def _inner(self, name: str, value: object) -> str | Body:
        if name in _BLOCKS and isinstance(value, list):
            if len(value) != 1:
                message = f"several {_BLOCKS[name]} have no form here"
                raise NoFix(message)
            return self._body("", value[0])
        return self._body(name, value)


def _entries(values: Plain) -> list[str]:
    return [f"{key} = {_text(value)}" for key, value in values.items()]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_text(one) for one in value) + "]"
    if isinstance(value, Mapping):
        message = "a mapping has no form here"
        raise NoFix(message)
    text = str(value)
    return text if isinstance(value, int) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return _NAMES.get(name) or first + "".join(word.capitalize() for word in rest)


def _snake(name: str) -> str:
    return _WORDS.get(name) or re.sub(r"(?<=[a-z0-9])[A-Z]", lambda found: f"_{found[0]}", name).lower()
