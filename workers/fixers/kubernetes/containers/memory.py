"""How much memory a container may take at most: as somebody says who knows, or as its program's runtime takes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workers.fixers.docker.bases.images import Base
from workers.fixers.kubernetes.containers.own_build import own_base, takes_little
from workers.fixers.kubernetes.containers.starting import starting
from workers.fixers.kubernetes.manifests.elsewhere import other_limit
from workers.fixers.kubernetes.workload import Part, Resource
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of
from workers.source.yamldoc import Node

_UNITS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3, "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([kMG]i?|Ki)?")
_HEAP = re.compile(r"-Xmx(\d+)([kmgKMG])|max[-_]old[-_]space[-_]size[= ](\d+)")
_OFF = re.compile(
    r"^[ \t]*#[ \t]*limits:[ \t]*\n(?:[ \t]*#.*\n)*?[ \t]*#[ \t]*memory:[ \t]*[\"']?([\w.]+)", re.MULTILINE
)
_MEBI = 1024**2
_SMALL, _MIDDLE, _LARGE = 256 * _MEBI, 512 * _MEBI, 1024 * _MEBI
_RUNTIMES = {
    "node": _MIDDLE, "denoland/deno": _MIDDLE, "oven/bun": _MIDDLE, "python": _MIDDLE, "pypy": _MIDDLE, "ruby": _MIDDLE,
    "golang": _SMALL, "rust": _LARGE, "openjdk": _LARGE, "eclipse-temurin": _LARGE, "amazoncorretto": _LARGE,
    "java": _LARGE, "tomcat": _LARGE, "nginx": _SMALL, "httpd": _SMALL, "php": _MIDDLE, "scratch": _SMALL,
    "gcr.io/distroless/static": _SMALL, "gcr.io/distroless/static-debian11": _SMALL,
    "gcr.io/distroless/static-debian12": _SMALL, "gcr.io/distroless/base": _SMALL,
}  # fmt: skip
_MODELS = re.compile(
    r"\b(?:torch|tensorflow|transformers|spacy|xgboost|pandas|numpy|scikit-learn|langchain|puppeteer)\b"
)
_LISTS = re.compile(r"(?:^|/)(?:requirements[\w.-]*\.txt|pyproject\.toml|Pipfile|package\.json)$")


def memory_limit(resource: Resource, part: Part) -> str:
    """A limit that leaves its program room; empty where nothing tells how much that is.

    What other manifests give the same image, or a remark of this one; twice what this one asks for, for what comes at
    times; what a well-known image or the runtime of a program of the repository takes as a rule. A heap of a size that
    is told fits in.
    """
    asked = number(part.node.text("resources", "requests", "memory"))
    other = other_limit(resource, part, "memory") or _remarked(resource, part)
    if other and number(other) >= asked:
        return other
    usual = _usual(resource, part)
    # What is asked for a program that nothing is known of is often little more than it starts with.
    wanted = max(2 * asked, usual or _SMALL, heap(part) * 3 // 2)
    return quantity(wanted) if asked or usual or heap(part) else ""


def _remarked(resource: Resource, part: Part) -> str:
    """The limit that a remark in the container has, switched off or as an example; empty where none has one."""
    text = resource.doc.content[part.node.start : max(part.node.end, part.node.tail)].decode("utf-8", "replace")
    found = _OFF.search(text)
    return found[1] if found and number(found[1]) else ""


def number(text: str) -> int:
    """A quantity in bytes; nought where it is none."""
    found = _QUANTITY.fullmatch(text)
    return int(float(found[1]) * _UNITS.get(found[2] or "", 0)) if found else 0


def quantity(amount: int) -> str:
    """Bytes as manifests write them."""
    mebi = -(-amount // _MEBI)
    return f"{mebi // 1024}Gi" if mebi % 1024 == 0 else f"{mebi}Mi"


def _usual(resource: Resource, part: Part) -> int:
    known = starting(resource, part).memory
    if known:
        return number(known)
    if takes_little(part.node):
        return number("64Mi")
    base = own_base(resource, part)
    return _of_runtime(resource, base) if base else 0


def _of_runtime(resource: Resource, base: Base) -> int:
    return 0 if _takes_much(resource.target.tree) else _RUNTIMES.get(base.image, 0)


@remembered
def _takes_much(tree: SourceTree) -> bool:
    """Whether a program of the repository depends on what holds whole models or tables in memory."""
    return any(_MODELS.search(text_of(tree, path)) for path in tree.paths() if _LISTS.search(path))


def heap(part: Part) -> int:
    """The heap that its variables or arguments give a Java or Node program."""
    texts = [item.value for key in ("command", "args") for item in _items(part, key)]
    texts += [item.text("value") for item in _items(part, "env")]
    found = [match for text in texts for match in _HEAP.finditer(text)]
    units = {"k": 1024, "m": _MEBI, "g": 1024 * _MEBI}
    return max((int(one[3]) * _MEBI if one[3] else int(one[1]) * units[one[2].lower()] for one in found), default=0)


def _items(part: Part, key: str) -> Sequence[Node]:
    listed = part.node.child(key)
    return listed.items if listed else ()
