"""CycloneDX's XML: the vulnerabilities of version 1.4 and later, and those of the extension before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree.ElementTree import Element, tostring

import defusedxml.ElementTree

from workers.parsers import severity
from workers.parsers.content import Probe, Shape
from workers.parsers.cyclonedx import (
    Affects,
    Analysis,
    Component,
    Rating,
    Reference,
    Source,
    Versions,
    Vulnerability,
    outcomes,
    scanner,
)
from workers.parsers.identifiers import cwes
from workers.parsers.registry import Document, Outcome, Parsed, parser


def _is_xml(probe: Probe) -> bool:
    return probe.shape is Shape.XML and probe.root == "bom"


@parser("cyclonedx-xml", tools=("cyclonedx",), recognises=_is_xml)
def parse_xml(document: Document) -> Parsed:
    """An XML document → its vulnerabilities: those of version 1.4, and of the extension before it."""
    root = defusedxml.ElementTree.fromstring(document.probe.data)
    known = {
        item.get("bom-ref") or item.findtext("{*}purl") or "": _xml_component(item)
        for item in root.iter()
        if _tag(item) == "component"
    }
    items = [item for item in root.iter() if _tag(item) == "vulnerability"]
    notes = () if items else ("the document lists components and no vulnerabilities",)
    tool, version = scanner(_xml_component(item) for item in root.iterfind("{*}metadata/{*}tools//*"))
    return Parsed(tool=tool, tool_version=version, rows=_xml_rows(items, known, tool), notes=notes)


def _xml_rows(items: Iterable[Element], known: dict[str, Component], tool: str) -> Iterator[Outcome]:
    for element in items:
        item = _xml_vulnerability(element)
        raw = tostring(element)
        for outcome in outcomes(item, known, tool):
            yield raw, outcome


def _xml_component(element: Element) -> Component:
    return Component(
        name=element.findtext("{*}name"),
        group=element.findtext("{*}group"),
        version=element.findtext("{*}version"),
        purl=element.findtext("{*}purl"),
    )


def _xml_vulnerability(element: Element) -> Vulnerability:
    targets = [_xml_affects(part) for part in element.iterfind("{*}affects/{*}target")]
    if element.get("ref"):  # the extension of versions before 1.4
        targets.insert(0, Affects(ref=element.get("ref")))
    numbers = [part.text or "" for part in element.iterfind("{*}cwes/{*}cwe")]
    advice = [element.findtext("{*}recommendation"), *(part.text for part in element.iterfind("{*}recommendations/*"))]
    return Vulnerability(
        id=element.findtext("{*}id"),
        source=Source(url=element.findtext("{*}source/{*}url")),
        references=[Reference(id=part.text) for part in element.iterfind("{*}references/{*}reference/{*}id")],
        ratings=[_xml_rating(part) for part in element.iterfind("{*}ratings/{*}rating")],
        cwes=list(cwes(numbers)),
        description=element.findtext("{*}description"),
        detail=element.findtext("{*}detail"),
        recommendation="\n".join(filter(None, advice)),
        analysis=Analysis(
            state=element.findtext("{*}analysis/{*}state"),
            justification=element.findtext("{*}analysis/{*}justification"),
        ),
        affects=targets,
    )


def _xml_affects(element: Element) -> Affects:
    versions = [
        Versions(
            version=part.findtext("{*}version"), range=part.findtext("{*}range"), status=part.findtext("{*}status")
        )
        for part in element.iterfind("{*}versions/{*}version")
    ]
    return Affects(ref=element.findtext("{*}ref"), versions=versions)


def _xml_rating(element: Element) -> Rating:
    score: Any = element.findtext("{*}score/{*}base") or element.findtext("{*}score")
    return Rating(
        severity=element.findtext("{*}severity"),
        score=severity.number(score),
        method=element.findtext("{*}method"),
        vector=element.findtext("{*}vector"),
    )


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]
