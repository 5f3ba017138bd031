"""Edits of a `pom.xml`, in its own layout."""

from __future__ import annotations

import re

from daemon.domain.fix import Edit
from workers.fixers.dependencies.job import newline_of
from workers.source.manifests.declaration import Declaration
from workers.source.manifests.maven import Pom
from workers.source.manifests.xml import Element


def versioned(content: bytes, place: Declaration, version: str) -> Edit:
    """The version after the artifact's name, where the declaration gives none."""
    path = place.at.path
    at = content.index(b"</artifactId>", place.at.start) + len(b"</artifactId>")
    opening = content.rindex(b"<artifactId", 0, at)
    start = content.rfind(b"\n", 0, opening) + 1
    margin = content[start:opening].decode("latin-1")
    lead = "" if margin.strip() else newline_of(content) + margin
    return Edit(path=path, start=at, end=at, text=f"{lead}<version>{version}</version>")


def managed(pom: Pom, content: bytes, entry: str, *, first: bool = False) -> Edit:
    """Among what dependencyManagement sets, which is made where there is none."""
    management = pom.root.at("dependencyManagement", "dependencies")
    if first and management is not None and management.children:
        return put_before(pom, content, management.children[0].start, entry, blank="")
    if management is not None and management.close > management.inner:
        return insert(pom, content, management, entry)
    block = f"<dependencies>\n\t{_deeper(entry)}\n</dependencies>"
    holder = pom.root.child("dependencyManagement")
    if holder is not None and management is None and holder.close > holder.inner:
        return insert(pom, content, holder, block)
    wrapped = f"<dependencyManagement>\n\t{_deeper(block)}\n</dependencyManagement>"
    before = pom.root.child("dependencies") or pom.root.child("build")
    if before is not None:
        return put_before(pom, content, before.start, wrapped)
    return insert(pom, content, pom.root, wrapped)


def direct(pom: Pom, content: bytes, name: str, version: str) -> Edit:
    """Among what the project asks for."""
    dependencies = pom.root.child("dependencies")
    entry = written(name, version, "")
    if dependencies is not None and dependencies.close > dependencies.inner:
        return insert(pom, content, dependencies, entry)
    return insert(pom, content, pom.root, f"<dependencies>\n\t{_deeper(entry)}\n</dependencies>")


def written(name: str, version: str, extra: str) -> str:
    """A dependency as XML, with a tab for each step of indentation."""
    group, _, artifact = name.partition(":")
    rows = [f"<groupId>{group}</groupId>", f"<artifactId>{artifact}</artifactId>", f"<version>{version}</version>"]
    inside = "\n\t".join([*rows, *extra.splitlines()])
    return f"<dependency>\n\t{inside}\n</dependency>"


def _deeper(text: str) -> str:
    return text.replace("\n", "\n\t")


def insert(pom: Pom, content: bytes, holder: Element, text: str) -> Edit:
    """At the end of an element, indented as its children are."""
    closing = _margin(content, holder.close)
    unit = _unit(content)
    margin = _margin(content, holder.children[0].start) if holder.children else closing + unit
    at = len(content[: holder.close].rstrip(b" \t"))
    newline = newline_of(content)
    own_line = content[:at].endswith(b"\n")
    lead, tail = ("", newline) if own_line else (newline, newline + closing)
    start = at if own_line else holder.close
    body = text.replace("\t", unit).replace("\n", f"{newline}{margin}")
    return Edit(path=pom.path, start=start, end=start, text=f"{lead}{margin}{body}{tail}")


def put_before(pom: Pom, content: bytes, at: int, text: str, *, blank: str = "\n") -> Edit:
    """Before an element, indented as that is."""
    margin, newline = _margin(content, at), newline_of(content)
    body = text.replace("\t", _unit(content)).replace("\n", f"{newline}{margin}")
    return Edit(path=pom.path, start=at, end=at, text=f"{body}{newline}{blank and newline}{margin}")


def _margin(content: bytes, at: int) -> str:
    """The blanks before a position on its line."""
    line = content[content.rfind(b"\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(b" \t"))].decode()


def _unit(content: bytes) -> str:
    match = re.search(rb"^([ \t]+)<", content, re.MULTILINE)
    return match[1].decode() if match else "    "
