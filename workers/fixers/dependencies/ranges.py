"""Version requirements, raised in the style in which they are written."""

from __future__ import annotations

import re

_NPM_SINGLE = re.compile(r"^(?P<prefix>npm:(?:@[^/]+/)?[^@]+@)?(?P<op>\^|~>?|>=|=)?\s*v?\d[\w.+-]*$")
_NPM_RANGE = re.compile(r"^>=\s*\d[\w.+-]*\s+<\s*(?P<upper>\d[\w.-]*)$")
_PARTIAL = re.compile(r"^(?P<op>[~^]?)(?P<numbers>\d+(?:\.\d+)?)(?P<wild>(?:\.[x*])*)$")
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*([^\s,]+)")
_SPACED = re.compile(r"[=~<>]\s+[\d*]")


def raise_npm(spec: str, version: str) -> str | None:
    """`^1.2.3` → `^1.2.4`; none where the style cannot name a version (a tag, a URL, a workspace).

    Alternatives (`^1 || ^2`) keep none of their old lines: only the one that is fixed stays.
    """
    spec, major = spec.strip(), version.split(".")[0]
    single = _NPM_SINGLE.match(spec)
    if single and not is_npm_wildcard(spec):
        return f"{single['prefix'] or ''}{single['op'] or ''}{version}"
    bounded = _NPM_RANGE.match(spec)
    if bounded:
        upper = bounded["upper"].split(".")[0]
        return f">={version} <{bounded['upper']}" if int(major) < int(upper) else f">={version} <{int(major) + 1}"
    if is_npm_wildcard(spec) or spec in ("*", "", "latest") or "||" in spec or " - " in spec:
        return f"^{version}"
    return None


def is_npm_wildcard(spec: str) -> bool:
    """Whether a number or more are left open: `1`, `1.2`, `1.x`, `^1.2`."""
    return bool(_PARTIAL.match(spec))


def raise_python(spec: str, version: str) -> str | None:
    """`==1.2` → `==1.4`, `>=1,<2` → `>=1.4,<2`, `~=1.2` → `~=1.4`; none for what cannot be raised.

    An excluded version stays excluded; where it is the very one to go to, there is no answer.
    """
    clauses = _CLAUSE.findall(spec)
    if not clauses:
        return None
    kept = []
    lower = False
    for operator, wanted in clauses:
        starred = operator == "==" and wanted.endswith(".*")
        if starred or (operator == "~=" and wanted.count(".") < version.count(".")):
            lower = True
            kept += [f">={version}", f"<{_after_compatible(wanted, version)}"]
        elif operator in ("==", "===", ">=", "~=", ">"):
            lower = True
            kept.append(f"{'>=' if operator == '>' else operator}{version}")
        elif operator in ("<", "<=") and not _above(wanted, version):
            kept.append(f"<{_next_major(version)}")
        elif operator != "!=" or _above(wanted, version):
            kept.append(f"{operator}{wanted}")
        elif wanted == version:
            return None
    if not lower:
        kept.insert(0, f">={version}")
    if _SPACED.search(spec):
        kept = [re.sub(r"^([=~!<>]+)", r"\1 ", each) for each in kept]
    return (", " if ", " in spec else ",").join(dict.fromkeys(kept))


def raise_poetry(spec: str, version: str) -> str | None:
    """Poetry's carets, tildes and wildcards; PEP 440 clauses as `raise_python`; a bare version stays exact."""
    spec = spec.strip()
    operator = re.match(r"^(\^|~(?!=))?\s*v?\d[\w.+-]*$", spec)
    if operator:
        return f"{operator[1] or ''}{version}"
    if spec == "*" or re.fullmatch(r"(?:==)?\d+(?:\.\d+)*\.\*", spec):
        return f">={version},<{_next_major(version)}"
    return raise_python(spec, version)


def compatible_python(version: str) -> str:
    """The version and everything later of its line: the major one, or the minor one before 1.0."""
    minor = re.match(r"0\.(\d+)", version)
    return f">={version},<0.{int(minor[1]) + 1}" if minor else f">={version},<{_next_major(version)}"


def _after_compatible(wanted: str, version: str) -> str:
    """The upper bound of a `~=`, or a `==` with a star, that leaves its last number open: `~=3.2` allows all of 3."""
    numbers = re.findall(r"\d+", version)[: max(1, wanted.count("."))]
    return ".".join([*numbers[:-1], str(int(numbers[-1]) + 1)])


def _next_major(version: str) -> int:
    match = re.match(r"(?:\d+!)?(\d+)", version)
    return int(match[1]) + 1 if match else 1


def _above(bound: str, version: str) -> bool:
    """Whether an upper bound lies above the version, by numbers alone."""
    left, right = ([int(number) for number in re.findall(r"\d+", text)] for text in (bound, version))
    return left > right
