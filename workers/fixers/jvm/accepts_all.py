"""Trust managers that check nothing, and those of a store of certificates."""

from __future__ import annotations

import re

from workers.fixers.code import Parsed
from workers.source.syntax import ancestors

_EMPTY_CHECK = re.compile(r"checkServerTrusted\s*\([^)]*\)[^{;=]*(?:\{(?:\s|//[^\n]*)*(?:return;?\s*)?\}|=\s*Unit\b)")
_NAMED = re.compile(
    r"\b(?:trust_?all|all_?trust\w*|naive|fake|dummy|unsafe|nonvalidating|insecure)\w*\s*\(", re.IGNORECASE
)
_CLASS = re.compile(r"\bclass\s+(?P<name>\w+)[^{]*\bX509TrustManager\b[^{]*\{")


def accepts_all(file: Parsed, text: str) -> bool:
    """Whether it makes a trust manager that checks nothing: there, of a class of the file, or of one called so."""
    if _EMPTY_CHECK.search(text) or _NAMED.search(text):
        return True
    made = set(re.findall(r"\bnew\s+(\w+)\(", text))
    classes = (file.text(node) for node in file.of("class_declaration"))
    return any(
        _EMPTY_CHECK.search(each) for each in classes if (found := _CLASS.search(each)) and found["name"] in made
    )


def is_of_a_factory(file: Parsed, trust: str) -> bool:
    """Whether the trust managers are those of Java's own factory, which are made of a store of certificates."""
    found = re.fullmatch(r"(\w+)\s*\.\s*(?:getTrustManagers\(\s*\)|trustManagers)", trust)
    made = rf"\b{found[1]}\s*=\s*(?:\w+\.)*TrustManagerFactory\s*\.\s*getInstance\(" if found is not None else ""
    return bool(made) and re.search(made, file.content.decode()) is not None


def decides(file: Parsed, start: int) -> bool:
    """Whether what is there may say no: a verifier with a condition, or a manager whose check does something."""
    around = list(ancestors(file.syntax.node_at(start, start + 1)))
    method = next((file.text(each) for each in around if each.type == "method_declaration"), "")
    holder = next((file.text(each) for each in around if each.type == "class_declaration"), "")
    verifies = re.search(r"\bverify\s*\(", method.partition("{")[0]) is not None
    return (
        "if" in re.findall(r"\w+", method)
        if verifies
        else _EMPTY_CHECK.search(holder) is None and "checkServerTrusted" in holder
    )
