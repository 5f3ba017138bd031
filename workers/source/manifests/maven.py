"""Maven: `pom.xml` files, their properties, and those of the parents that lie in the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from workers.source.manifests.declaration import Declaration, Span
from workers.source.manifests.xml import Broken, Element, read_xml

_PROPERTY = re.compile(r"\$\{([^}]+)\}")
_PLACES = {"dependency": "dependencies", "plugin": "plugins", "parent": "parent", "extension": "extensions"}


class Pom:
    """One parsed `pom.xml`."""

    def __init__(self, path: str, content: bytes) -> None:
        """Parse it.

        Raises:
            Broken: it is no XML that secaid reads.
        """
        self.path = path
        self.root = read_xml(content)

    @property
    def parent_path(self) -> str | None:
        """Where its parent would lie; none where it has no parent, or only one from a registry."""
        parent = self.root.child("parent")
        if parent is None:
            return None
        relative = parent.child("relativePath")
        written = relative.text.strip() if relative else "../pom.xml"
        if not written:
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), written))
        path = path if path.endswith(".xml") else f"{path}/pom.xml"
        return None if path.startswith("..") else path

    def properties(self) -> dict[str, Element]:
        """Property → the element that holds its value."""
        found = {}
        for element in self.root.walk():
            if element.tag == "properties" and element.parent and element.parent.tag in ("project", "profile"):
                found.update({child.tag: child for child in element.children})
        return found


def read_poms(files: Mapping[str, bytes]) -> dict[str, Pom]:
    """The poms that parse."""
    poms = {}
    for path, content in files.items():
        try:
            poms[path] = Pom(path, content)
        except Broken:
            continue
    return poms


def declarations(poms: Mapping[str, Pom], path: str) -> list[Declaration]:
    """What one pom declares, with versions resolved through its own and its parents' properties."""
    return list(_declared(poms, path)) if path in poms else []


def lineage(poms: Mapping[str, Pom], path: str) -> list[str]:
    """The pom and its parents in the repository, nearest first."""
    found: list[str] = []
    current: str | None = path
    while current is not None and current in poms and current not in found:
        found.append(current)
        current = poms[current].parent_path
    return found


def _declared(poms: Mapping[str, Pom], path: str) -> Iterator[Declaration]:
    for element in poms[path].root.walk():
        if element.tag in _PLACES and element.child("artifactId"):
            group = element.value("groupId") or ("org.apache.maven.plugins" if element.tag == "plugin" else "")
            group = _expand(poms, path, group)
            yield _declaration(poms, path, element, f"{group}:{_expand(poms, path, element.value('artifactId'))}")


def _declaration(poms: Mapping[str, Pom], path: str, element: Element, name: str) -> Declaration:
    version = element.child("version")
    if version is None:
        span = Span(path, element.start, element.end)
        return Declaration(name=name, version="", at=span, scope=_scope(element))
    at = _trimmed(path, version)
    mention = _PROPERTY.fullmatch(version.text.strip())
    if mention is None:
        text = version.text.strip()
        literal = None if "${" in text else at
        return Declaration(name=name, version=text, literal=literal, at=at, scope=_scope(element))
    value = _property(poms, path, mention[1])
    return Declaration(
        name=name,
        version=value[1].text.strip() if value else "",
        literal=_trimmed(*value) if value else None,
        at=at,
        via=mention[1],
        scope=_scope(element),
    )


def _scope(element: Element) -> str:
    """`dependencyManagement` (`import` where it is a BOM), `dependencies`, `plugins` or `parent`."""
    if element.value("scope") == "import":
        return "import"
    around = {ancestor.tag for ancestor in _ancestors(element)}
    return "dependencyManagement" if "dependencyManagement" in around else _PLACES[element.tag]


def _ancestors(element: Element) -> Iterator[Element]:
    while element.parent:
        element = element.parent
        yield element


def _property(poms: Mapping[str, Pom], path: str, name: str) -> tuple[str, Element] | None:
    for place in lineage(poms, path):
        element = poms[place].properties().get(name)
        if element is not None and not element.children and "${" not in element.text:
            return place, element
    return None


def _expand(poms: Mapping[str, Pom], path: str, text: str) -> str:
    """The text with properties, and the project's own coordinates, put in."""
    own = poms[path].root

    def value(match: re.Match[str]) -> str:
        if match[1] in ("project.groupId", "pom.groupId"):
            parent = own.child("parent")
            return own.value("groupId") or (parent.value("groupId") if parent else "")
        found = _property(poms, path, match[1])
        return found[1].text.strip() if found else match[0]

    return _PROPERTY.sub(value, text)


def _trimmed(path: str, element: Element) -> Span:
    """The element's text without the blanks around it. The text must be plain: no CDATA, no entities."""
    raw_length = element.close - element.inner
    leading = len(element.text) - len(element.text.lstrip())
    size = len(element.text.strip().encode())
    start = element.inner + leading
    return Span(path, start, min(start + size, element.inner + raw_length))
