"""SARIF 2.1.0: runs, rules, taxonomies, flows, suppressions, fixes, with refinements for single tools."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.severity import Severity
from daemon.errors import UnknownFormat
from workers.parsers import severity
from workers.parsers.content import Probe
from workers.parsers.identifiers import cwes, owasp
from workers.parsers.registry import Document, Outcome, Parsed, parser
from workers.parsers.sarif_case import camel_case, is_snake_case
from workers.parsers.sarif_external import lies_elsewhere, runs_of
from workers.parsers.sarif_messages import text_of
from workers.parsers.sarif_model import Invocation, Log, Message, Notification, Result, Run, Suppression
from workers.parsers.sarif_places import Places
from workers.parsers.sarif_rules import RuleFacts, Rules
from workers.parsers.sarif_tools import Context, Refine, refinement_for

_NO_FINDING = {
    "pass": "the rule was met here (kind: pass)",
    "notApplicable": "the rule does not apply here (kind: notApplicable)",
}
_decode_log = msgspec.json.Decoder(Log, strict=False)
_decode_result = msgspec.json.Decoder(Result, strict=False)


def _is_sarif(probe: Probe) -> bool:
    if not probe.object_with("runs"):
        return False
    if not probe.fields.keys().isdisjoint({"version", "$schema", "inlineExternalProperties"}):
        return True
    return any(member in probe.start("runs") for member in (b'"driver"', b'"tool"', b'"results"', b'"invocations"'))


@parser("sarif", tools=(), recognises=_is_sarif)
def parse(document: Document) -> Parsed:
    """A SARIF log → its results, run after run. The first run names the tool where several tools share a file."""
    _check_version(document.probe)
    data = document.probe.data
    log = _decode_log.decode(camel_case(data) if is_snake_case(data) else data)
    joined = runs_of(log)
    runs = [RunReader(run, document) for run in joined]
    notes = [note for run in runs for note in run.notes()]
    apart = any(lies_elsewhere(run, log.inline_external_properties) for run in joined)
    if apart:
        notes.append("some results lie in other files (externalPropertyFileReferences), which are not read")
    return Parsed(
        tool=runs[0].tool if runs else "unknown",
        tool_version=runs[0].version if runs else None,
        rows=(row for run in runs for row in run.rows()),
        tools=tuple(run.tool for run in runs),
        scanned=tuple(dict.fromkeys(path for run in runs for path in run.places.scanned())),
        unread=tuple(dict.fromkeys(path for run in runs for path in run.unread())),
        notes=tuple(notes),
        complete=not apart and all(run.complete for run in runs),
    )


def _check_version(probe: Probe) -> None:
    """Drafts and SARIF 1 have other shapes, and would fail with words about members that they never had."""
    version = probe.value("version")
    if isinstance(version, str) and not version.startswith("2.1"):
        message = f"it is SARIF {version[:40]}; version 2.1.0 is read"
        raise UnknownFormat(message)


class RunReader:
    """Reads the results of one run."""

    def __init__(self, run: Run, document: Document) -> None:
        driver = run.tool.driver
        self._run = run
        self._refine: Refine | None
        self.tool, self._refine = refinement_for(driver.name or "")
        self.version = driver.semantic_version or driver.version
        self._rules = Rules(run)
        self.places = Places(run, document.paths)

    @property
    def complete(self) -> bool:
        """Whether no invocation says that it failed."""
        return all(call.execution_successful is not False for call in self._run.invocations or ())

    def rows(self) -> Iterator[Outcome]:
        """Each result, as the finding it is or with why it is none."""
        for raw in self._run.results or ():
            result = _decode_result.decode(raw)
            reason = _NO_FINDING.get(result.kind or "")
            if result.baseline_state == "absent":
                reason = "the result is gone since the baseline (baselineState: absent)"
            yield raw, reason or self._finding(result)

    def notes(self) -> Iterator[str]:
        """What the tool said went wrong in its own run."""
        for invocation in self._run.invocations or ():
            yield from _trouble(invocation)

    def unread(self) -> Iterator[str]:
        """Files that the tool says it failed on."""
        for invocation in self._run.invocations or ():
            for said in _notifications(invocation):
                if said.level == "error":
                    places = self.places.locations(said.locations)
                    yield from (place.path for place in places if place.path)

    def _finding(self, result: Result) -> Finding:
        rule = self._rules.of(result)
        properties = result.properties or {}
        level = result.level or rule.level or "warning"
        word, score = _severity(level, result, rule)
        locations = self.places.locations(result.locations, rule.messages) or self.places.file(result.analysis_target)
        if result.web_request and result.web_request.target:
            locations = (*locations, self.places.url(result.web_request.target))
        finding = Finding(
            tool=self.tool,
            tool_version=self.version,
            rule=rule.id,
            title=rule.title,
            message=message_text(result.message, rule),
            severity=word,
            tool_severity=level,
            cvss_score=score,
            locations=locations,
            related=self.places.locations(result.related_locations, rule.messages),
            flow=self.places.flow(result.code_flows, locations, rule.messages),
            cwes=tuple(
                dict.fromkeys(
                    (*cwes(properties.get("cwe"), properties.get("tags"), self._rules.taxa(result.taxa)), *rule.cwes)
                )
            ),
            owasp=tuple(
                dict.fromkeys((*owasp(*_owasp_values(properties), self._rules.owasp_taxa(result.taxa)), *rule.owasp))
            ),
            aliases=rule.aliases,
            help_text=rule.help_text,
            help_uri=rule.help_uri,
            fixes=self.places.fixes(result.fixes),
            partial_fingerprints=_fingerprints(result),
            confidence=rule.precision,
            baseline=result.baseline_state,
            suppressed=_suppressed(result.suppressions),
        )
        return self._refine(finding, Context(result, rule, self._run, self.places)) if self._refine else finding


def message_text(message: Message | None, rule: RuleFacts) -> str:
    """A result's message in words; its rule's title where it has none."""
    return text_of(message, rule.messages) or rule.title


def _severity(level: str, result: Result, rule: RuleFacts) -> tuple[Severity, float | None]:
    """`security-severity` of the result or its rule decides, else the level."""
    score = severity.number((result.properties or {}).get("security-severity"))
    if score is None:
        score = rule.score
    if score is not None and 0 <= score <= 10:
        return severity.from_score(score), score if rule.aliases else None
    return (Severity.INFO if result.kind == "informational" else severity.from_word(level)), None


def _owasp_values(properties: dict[str, object]) -> Iterator[object]:
    for key, value in properties.items():
        if "owasp" in key.lower():
            yield value


def _fingerprints(result: Result) -> dict[str, str]:
    """Both sorts of fingerprint, flat; nested values (seen in the wild) as JSON."""
    found: dict[str, str] = {}
    for group in (result.partial_fingerprints, result.fingerprints):
        for key, value in (group or {}).items():
            text = value if isinstance(value, str) else msgspec.json.encode(value, order="sorted").decode()
            if text and text != "requires login":
                found[key] = text
    return found


def _suppressed(suppressions: list[Suppression] | None) -> str | None:
    """Why a result is suppressed: only one that nobody rejected or still looks at is."""
    if not suppressions or any(one.status not in {None, "accepted"} for one in suppressions):
        return None
    first = suppressions[0]
    return ": ".join(filter(None, (first.kind or "suppressed", first.justification)))


def _trouble(invocation: Invocation) -> Iterator[str]:
    if invocation.execution_successful is False:
        yield f"the scanner says that its run failed (exit code {invocation.exit_code})"
    for said in _notifications(invocation):
        level = said.level or "warning"
        if level in {"error", "warning"} and said.message:
            yield f"{level}: {text_of(said.message) or said.message.id}"


def _notifications(invocation: Invocation) -> Iterator[Notification]:
    yield from invocation.tool_execution_notifications or ()
    yield from invocation.tool_configuration_notifications or ()
