"""Semgrep, with the scanned repository's own rules only: the registry's need a network, and their licence forbids it.

It leaves with 0 on files that it could parse in part or not at all; `paths.scanned` and `errors` say which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from workers.verify.scanner import Output, Run, scanner
from workers.verify.scanners.njsscan import ENGINE

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ABOUT = re.compile(
    r"\.(?:py|jsx?|mjs|cjs|tsx?|java|kts?|go|rb|php|[ch]|cpp|cs|rs|scala|swift|sh|bash|ya?ml|json|tf|html|xml)$"
    r"|(?:^|/)(?:Docker|Container)file[^/]*$"
)


_SUFFIXES = {
    "python": (".py",),
    "javascript": (".js", ".jsx", ".mjs", ".cjs"),
    "typescript": (".ts", ".tsx"),
    "java": (".java",),
    "kotlin": (".kt", ".kts"),
    "go": (".go",),
    "ruby": (".rb",),
    "php": (".php",),
}
_SAYS_WHAT = re.compile(r"\.[^/]*$|(?:Docker|Container)file$")
"""A program of another name may say its language in its first line."""
_NAMES = {"py": "python", "python3": "python", "js": "javascript", "ts": "typescript", "kt": "kotlin", "golang": "go"}
"""What else rules call these languages."""


class _Paths(msgspec.Struct):
    scanned: list[str] = []


class _Report(msgspec.Struct):
    paths: _Paths
    errors: list[dict[str, Any]] = []


def applies(path: str, content: bytes) -> bool:
    """What some rule may be about."""
    del content
    return bool(_ABOUT.search(path))


def unasked(paths: Iterable[str], rules: Path) -> frozenset[str]:
    """The files that no rule is about, by its language: Semgrep passes over them unsaid, and nothing is missed.

    None where a rule is of a language whose files are not known here (`generic` reads all of them).
    """
    named: set[str] = set()
    for file in sorted(rules.glob("*.yaml")):
        document = yaml.load(file.read_bytes(), Loader=_LOADER)  # noqa: S506  a safe loader, in C
        for rule in document["rules"]:
            languages = rule["languages"]
            if not isinstance(languages, list):
                return frozenset()
            named |= {_NAMES.get(str(one).lower(), str(one).lower()) for one in languages}
    # JavaScript's rules read TypeScript, too.
    named |= {"typescript"} if "javascript" in named else set()
    if not named <= _SUFFIXES.keys():
        return frozenset()
    suffixes = tuple(suffix for language in named for suffix in _SUFFIXES[language])
    return frozenset(path for path in paths if not path.endswith(suffixes) and _SAYS_WHAT.search(path))


@scanner(name="semgrep", requirement="semgrep==1.172.0", applies=applies, needs_rules=True)
def scan(run: Run) -> Output:
    """One start over the folder. Without rules there is nothing to ask it."""
    if run.tool.rules is None:
        return Output(reports=(), read=frozenset())
    # Semgrep leaves out tests and more where no file of this name says otherwise.
    (run.root / ".semgrepignore").write_bytes(b"")
    done = run.start(
        "scan",
        *("--json", "--metrics=off", "--disable-version-check", "--no-git-ignore", "--max-target-bytes=0", "--jobs=1"),
        *("--no-rewrite-rule-ids", "--config", run.tool.rules, "."),
        env=ENGINE,
        allowed=(0, 1, 2),
    )
    report = msgspec.json.decode(done.stdout, type=_Report)
    broken = {str(error["path"]): str(error.get("message", "")) for error in report.errors if error.get("path")}
    return Output(
        reports=[(done.stdout, "semgrep.json")],
        read=(frozenset(report.paths.scanned) | unasked(run.paths, Path(run.tool.rules))) - broken.keys(),
        errors=[f"{path}: {message[:200]}" for path, message in sorted(broken.items())],
    )
