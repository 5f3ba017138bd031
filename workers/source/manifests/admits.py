"""Whether a range admits a version: npm's ranges, and the clauses of Python's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.source.versions import parse_version, release_numbers

_PART = r"(?:\d+|[xX*])"
_COMPARATOR = re.compile(
    rf"(?P<op>\^|~>?|>=|<=|>|<|=)?\s*v?(?P<numbers>{_PART}(?:\.{_PART}){{0,2}})(?:-[\w.-]+)?(?:\+[\w.-]+)?"
)
_HYPHEN = re.compile(r"^\s*(?P<low>\S+)\s+-\s+(?P<high>\S+)\s*$")
_Numbers = tuple[int, ...]
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*([^\s,]+)")


def admits(spec: str, version: str) -> bool | None:
    """Whether it does; none where the text is no range (a tag, an address, a workspace). A pre-release is not known."""
    numbers = (*release_numbers(version), 0, 0, 0)[:3]
    if "-" in version.partition("+")[0] or not release_numbers(version):
        return None
    spec = re.sub(r"^npm:(?:@?[^@]+@)?", "", spec.strip())
    answers = [_alternative(each, numbers) for each in spec.split("||")]
    return None if None in answers else any(answers)


def _alternative(text: str, version: _Numbers) -> bool | None:
    hyphen = _HYPHEN.match(text)
    text = f">={hyphen['low']} <={hyphen['high']}" if hyphen else text.strip()
    found = list(_COMPARATOR.finditer(text))
    if _COMPARATOR.sub("", text).strip(" ,"):
        return None
    return all(low <= version < high for low, high in (pair for match in found for pair in _bounds(match)))


def _bounds(match: re.Match[str]) -> Iterator[tuple[_Numbers, _Numbers]]:
    """From where up to below where; numbers left open are free."""
    given: list[int] = []
    for part in match["numbers"].split("."):
        if not part.isdigit():
            break
        given.append(int(part))
    if not given:
        return
    low = (*given, 0, 0)[:3]
    top, operator = (10**9, 0, 0), (match["op"] or "=").rstrip(">" if match["op"] == "~>" else "")
    step = {"^": next((i for i, number in enumerate(given) if number), len(given) - 1), "~": min(1, len(given) - 1)}
    after = _raised(given, step.get(operator, len(given) - 1))
    match operator:
        case ">=":
            yield low, top
        case ">":
            yield after, top
        case "<":
            yield (0, 0, 0), low
        case "<=":
            yield (0, 0, 0), after
        case _:
            yield low, after


def _raised(given: list[int], index: int) -> _Numbers:
    return (*given[:index], given[index] + 1, *(0, 0, 0))[:3]


def admits_python(spec: str, version: str) -> bool | None:
    """Whether clauses of PEP 440 admit a version; none where they are written in another way."""
    ours = parse_version("pypi", version)
    text = spec.strip()
    if text in ("", "*") or ours is None:
        return True if text else None
    clauses = _CLAUSE.findall(text)
    if _CLAUSE.sub("", text).strip(" ,"):
        return None
    answers = [_clause(operator, wanted, version) for operator, wanted in clauses]
    return None if None in answers else all(answers)


def _clause(operator: str, wanted: str, version: str) -> bool | None:
    ours, theirs = parse_version("pypi", version), parse_version("pypi", wanted.removesuffix(".*"))
    if theirs is None or (wanted.endswith(".*") and operator not in ("==", "!=")):
        return None
    stem = release_numbers(wanted.removesuffix(".*"))
    same = release_numbers(version)[: len(stem)] == stem if wanted.endswith(".*") else ours == theirs
    match operator:
        case "==" | "===":
            return same
        case "!=":
            return not same
        case "~=":
            return bool(ours >= theirs) and release_numbers(version)[: len(stem) - 1] == stem[:-1]
        case "<":
            return bool(ours < theirs)
        case "<=":
            return bool(ours <= theirs)
        case ">":
            return bool(ours > theirs)
    return bool(ours >= theirs)
