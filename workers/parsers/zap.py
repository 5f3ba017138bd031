"""ZAP's reports, JSON and XML: one row for each alert, with its instances as locations."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, tostring

import defusedxml.ElementTree
import msgspec

from daemon.domain.finding import Finding, Location
from workers.parsers import severity
from workers.parsers.content import Probe, Shape
from workers.parsers.identifiers import cwes
from workers.parsers.records import Record, each
from workers.parsers.registry import Document, Outcome, Parsed, parser
from workers.parsers.text import plain

_RISKS = {"0": "informational", "1": "low", "2": "medium", "3": "high"}
_CONFIDENCES = {"0": "false positive", "1": "low", "2": "medium", "3": "high", "4": "confirmed"}


class Instance(Record):
    """One request that raised the alert."""

    uri: str | None = None
    method: str | None = None
    param: str | None = None
    evidence: str | None = None


class Alert(Record):
    """One alert of one site."""

    plugin_id: str | None = msgspec.field(name="pluginid", default=None)
    alert_ref: str | None = msgspec.field(name="alertRef", default=None)
    alert: str | None = None
    name: str | None = None
    risk: str | None = msgspec.field(name="riskcode", default=None)
    confidence: str | None = None
    description: str | None = msgspec.field(name="desc", default=None)
    solution: str | None = None
    reference: str | None = None
    cwe: str | None = msgspec.field(name="cweid", default=None)
    instances: list[Instance] | None = None


class Site(Record):
    """One origin with its alerts."""

    name: str | None = msgspec.field(name="@name", default=None)
    alerts: list[msgspec.Raw] | None = None


class Log(Record):
    """A report."""

    version: str | None = msgspec.field(name="@version", default=None)
    site: list[Site] | Site | None = None


def _is_json(probe: Probe) -> bool:
    return probe.object_with("site") and ("@version" in probe.fields or "@generated" in probe.fields)


@parser("zap-json", tools=("zap",), recognises=_is_json)
def parse(document: Document) -> Parsed:
    """A ZAP JSON report → its alerts, site after site."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    sites = [log.site] if isinstance(log.site, Site) else log.site or []
    rows = ((raw, _finding(alert, site.name)) for site in sites for raw, alert in each(site.alerts, Alert))
    return Parsed(tool="zap", tool_version=log.version, rows=rows)


def _is_xml(probe: Probe) -> bool:
    return probe.shape is Shape.XML and probe.root == "OWASPZAPReport"


@parser("zap-xml", tools=("zap",), recognises=_is_xml)
def parse_xml(document: Document) -> Parsed:
    """A ZAP XML report → its alerts, site after site."""
    root = defusedxml.ElementTree.fromstring(document.probe.data)
    return Parsed(tool="zap", tool_version=root.get("version"), rows=_xml_rows(root))


def _xml_rows(root: Element) -> Iterator[Outcome]:
    for site in root.iter("site"):
        for item in site.iter("alertitem"):
            alert = Alert(
                plugin_id=item.findtext("pluginid"),
                alert_ref=item.findtext("alertRef"),
                alert=item.findtext("alert"),
                name=item.findtext("name"),
                risk=item.findtext("riskcode"),
                confidence=item.findtext("confidence"),
                description=item.findtext("desc"),
                solution=item.findtext("solution"),
                reference=item.findtext("reference"),
                cwe=item.findtext("cweid"),
                instances=[_xml_instance(part) for part in item.iter("instance")],
            )
            if not alert.instances:
                alert.instances = [_xml_instance(item)]  # before ZAP 2.5 the alert itself was the instance
            yield tostring(item), _finding(alert, site.get("name"))


def _xml_instance(element: Element) -> Instance:
    return Instance(
        uri=element.findtext("uri"),
        method=element.findtext("method"),
        param=element.findtext("param"),
        evidence=element.findtext("evidence"),
    )


def _finding(alert: Alert, site: str | None) -> Finding:
    word = _RISKS.get((alert.risk or "").strip())
    title = alert.name or alert.alert or alert.plugin_id or "alert"
    links = [line.strip() for line in plain(alert.reference).splitlines() if line.strip().startswith("http")]
    cwe = (alert.cwe or "").strip()
    return Finding(
        tool="zap",
        rule=alert.alert_ref or alert.plugin_id or title,
        title=title,
        message=plain(alert.description) or title,
        severity=severity.from_word(word),
        tool_severity=word,
        locations=tuple(_location(instance, site) for instance in alert.instances or ()) or (Location(logical=site),),
        cwes=cwes(cwe) if cwe.isdigit() else (),
        help_text=plain(alert.solution),
        help_uri=links[0] if links else None,
        confidence=_CONFIDENCES.get((alert.confidence or "").strip()),
    )


def _location(instance: Instance, site: str | None) -> Location:
    parts = (instance.method, instance.param and f"parameter {instance.param}", instance.evidence)
    return Location(url=instance.uri, logical=site, message=", ".join(filter(None, parts))[:500] or None)
