"""CWE, OWASP and vulnerability ids out of the many ways in which reports write them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CWE = re.compile(r"(?:^|[^A-Za-z0-9])cwe[-_/ :]?0*(\d{1,5})\b", re.IGNORECASE)
_BARE = re.compile(r"^0*(\d{1,5})$")
_OWASP = re.compile(r"\b((?:A|M|API|LLM)\d{1,2}(?::20\d\d)?)\b", re.IGNORECASE)
_VULNERABILITY = re.compile(
    r"\b(CVE-\d{4}-\d{4,19}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}|PYSEC-\d{4}-\d+|GO-\d{4}-\d+|RUSTSEC-\d{4}-\d+"
    r"|OSV-\d{4}-\d+|SNYK-[A-Z0-9]+-[A-Z0-9]+-\d+|DSA-\d+-\d+|DLA-\d+-\d+|USN-\d+-\d+|ALAS2?-\d{4}-\d+|RHSA-\d{4}:\d+"
    r"|ELSA-\d{4}-\d+|MAL-\d{4}-\d+|BIT-[a-z0-9.-]+-\d{4}-\d+|CGA(?:-[23456789cfghjmpqrvwx]{4}){3}|AVD-[A-Z]+-\d+)\b",
    re.IGNORECASE,
)


def cwes(*values: object) -> tuple[int, ...]:
    """CWE numbers, in the order they are met: from `CWE-79: …`, `external/cwe/cwe-079`, 79, `"79"` or lists of them."""
    found: dict[int, None] = {}
    for value in _flat(values):
        if isinstance(value, int) and not isinstance(value, bool):
            found.setdefault(value)
        elif isinstance(value, str):
            for match in (_BARE.match(value.strip()), *_CWE.finditer(value[:2000])):
                if match:
                    found.setdefault(int(match[1]))
    return tuple(number for number in found if 0 < number < 100_000)


def owasp(*values: object) -> tuple[str, ...]:
    """OWASP entries as `A03:2021` (or `M5`, `API1:2023`) from `A03:2021 - Injection`, `A3:2021`, `A1: Injection` …."""
    found: dict[str, None] = {}
    for value in _flat(values):
        if isinstance(value, str):
            for match in _OWASP.finditer(value[:2000]):
                found.setdefault(_owasp_id(match[1].upper()))
    return tuple(found)


def _owasp_id(text: str) -> str:
    letter, digits, year = re.match(r"([A-Z]+)(\d+)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]  # _OWASP holds it
    return f"{letter}{int(digits):02d}{year}" if letter == "A" and year else f"{letter}{int(digits)}{year}"


def vulnerabilities(*values: object) -> tuple[str, ...]:
    """Ids of known vulnerabilities in text, in the case their issuers write them."""
    found: dict[str, None] = {}
    for value in _flat(values):
        if isinstance(value, str):
            for match in _VULNERABILITY.finditer(value[:20_000]):
                found.setdefault(canonical(match[1]))
    return tuple(found)


def canonical(identifier: str) -> str:
    """The id in its issuer's case: `cve-2024-1` → `CVE-2024-1`, `GHSA-ABCD-…` → `GHSA-abcd-…`."""
    text = identifier.strip()
    kind = text.partition("-")[0].upper()
    if kind in {"GHSA", "CGA", "BIT"}:
        return f"{kind}{text[len(kind) :].lower()}"
    return (
        text.upper() if kind in {"CVE", "PYSEC", "GO", "RUSTSEC", "OSV", "SNYK", "DSA", "DLA", "USN", "MAL"} else text
    )


def unique(values: Iterable[str | None], *, without: str | None = None) -> tuple[str, ...]:
    """The non-empty ones, once each, in order, without one of them."""
    return tuple(dict.fromkeys(value for value in values if value and value != without))


def _flat(values: Iterable[object]) -> Iterable[object]:
    for value in values:
        if isinstance(value, list | tuple | set | frozenset):
            yield from _flat(value)
        else:
            yield value
