"""How many raw records a report holds, counted without secaid's parsers: plain json and ElementTree, and a path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import defusedxml.ElementTree

# `[]` goes into every element of a list, `{}` into every value of an object. A format's records may lie in several
# places, and a whole file may be a list of documents.
_JSON = {
    "actionlint-json": ("[]",),
    "bandit-json": ("results[]",),
    "cfn-lint-json": ("[]",),
    "checkov-json": ("results.failed_checks[]", "results.skipped_checks[]", "results.passed_checks[]"),
    "detect-secrets-json": ("results{}[]",),
    "gitleaks-json": ("[]",),
    "gosec-json": ("Issues[]",),
    "grype-json": ("matches[]", "ignoredMatches[]"),
    "hadolint-json": ("[]",),
    "kics-json": ("queries[].files[]",),
    "osv-scanner-json": ("results[].packages[].vulnerabilities[]",),
    "sarif": ("runs[].results[]",),
    "semgrep-json": ("results[]",),
    "shellcheck-json": ("[]", "comments[]"),
    "snyk-json": tuple(
        f"{project}{kind}[]"
        for project in ("", "applications[].")
        for kind in ("vulnerabilities", "infrastructureAsCodeIssues", "filtered.ignore", "filtered.patch")
    ),
    "trivy-json": tuple(
        f"{results}{kind}[]"
        for results in (
            "Results[].",
            "Resources[].Results[].",
            "Vulnerabilities[].Results[].",
            "Misconfigurations[].Results[].",
            "[].",
        )
        for kind in ("Vulnerabilities", "Misconfigurations", "Secrets", "Licenses")
    ),
    "zap-json": ("site[].alerts[]",),
    "zizmor-json": ("[]",),
}
_XML = {"zap-xml": "alertitem", "dependency-check-xml": "vulnerability"}
_LINES = frozenset({"trufflehog-json", "trufflehog-2-json", "yarn-audit"})


def count(content: bytes, form: str) -> int | None:
    """The records of a report of this format; none where the format's rows are no plain count."""
    if form in _LINES:
        return _lines(content)
    if form in _XML:
        return len(_suppressible(defusedxml.ElementTree.fromstring(content), _XML[form]))
    if form not in _JSON:
        return None
    document = json.loads(content.decode("utf-8-sig"))
    whole = any(path.startswith("[]") for path in _JSON[form])
    documents = document if isinstance(document, list) and not whole else [document]
    return sum(1 for item in documents for path in _JSON[form] for _ in _walk(item, path))


def _lines(content: bytes) -> int:
    """Lines, or the elements of a list, or one document on several lines."""
    try:
        document = json.loads(content)
    except ValueError:
        return sum(1 for line in content.splitlines() if line.strip())
    return len(document) if isinstance(document, list) else 1


def _suppressible(root: Any, tag: str) -> list[Any]:
    wanted = {tag, f"suppressed{tag.capitalize()}"}
    return [item for item in root.iter() if isinstance(item.tag, str) and item.tag.rpartition("}")[2] in wanted]


def _walk(value: Any, path: str) -> Iterator[Any]:
    name = path.split(".", 1)[0].rstrip("[]{}")
    found = value.get(name) if name and isinstance(value, dict) else value if not name else None
    rest = path[len(name) :]
    yield from _spread(found, rest)


def _spread(value: Any, rest: str) -> Iterator[Any]:
    """Follow `[]`, `{}` and what comes after a point."""
    if value is None:
        return
    if not rest:
        yield value
    elif rest.startswith("."):
        yield from _walk(value, rest[1:])
    else:
        items = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
        for item in items:
            yield from _spread(item, rest[2:])
