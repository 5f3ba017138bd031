"""njsscan: Node.js and its templates. Without its engine it silently finds nothing, so a canary must be reported.

Its engine gives up on a rule after five seconds by the clock unless told otherwise, on a busy machine sooner than on an
idle one, and on a file after three such rules. It says so in `errors` alone: a file of which that is said has not been
looked at for all rules.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from workers.verify import canary
from workers.verify.kinds import suffix
from workers.verify.scanner import Output, Run, scanner

_CANARY = 'const app = require("express")();\napp.get("/", (req, res) => { eval(req.query.a); });\n'
# No settings file is named: semgrep renames a new one onto it at every start, and it belongs into the run's own home.
ENGINE = {"SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0", "SEMGREP_TIMEOUT": "30"}
_CODE = {".js", ".mjs", ".cjs"}
_TEMPLATES = {".ejs", ".hbs", ".mustache", ".pug", ".jade", ".ect", ".dust", ".vue"}
_MINIFIED = 1000
"""Bytes of a line, on average: written code has some thirty, a bundle thousands."""
_RELEASE = re.compile(
    rb"\s*(?:(?=/\*!|/\*\*?\s*(?:\*\s*)?@(?:license|preserve))/\*(?:(?!\*/)[\s\S]){0,1000}?|//!(?:.*\n//!){0,9}?.*?)"
    rb"\bv?\d+\.\d+"
)
"""The banner that tools keep when they build a library: what it is, and which version."""
_MAX_BYTES = 256 * 2**10
"""Nobody writes more by hand into one file, and the engine takes half a minute over it."""
START_BYTES = 2**20
"""A minute and a half of one processor: in smaller starts findings come as they are found, and none is out of time."""


class _Report(msgspec.Struct):
    errors: list[Any] = []


def unread(report: bytes) -> dict[str, str]:
    """Path → what semgrep, the engine of this scanner and of mobsfscan, could not do with the file."""
    errors = msgspec.json.decode(report, type=_Report).errors
    named = [one for one in errors if isinstance(one, dict) and one.get("path")]
    return {str(one["path"]).removeprefix("./"): " ".join(str(one.get("message", "")).split())[:200] for one in named}


def applies(path: str, content: bytes) -> bool:
    """JavaScript and what only its template engines read, where people of this repository write it."""
    if suffix(path) in _CODE:
        return leaves(path, content) is None
    return suffix(path) in _TEMPLATES


def leaves(path: str, content: bytes) -> str | None:
    """JavaScript that was built: a bundle, by its name or its lines, or a library's release, by its banner."""
    if suffix(path) not in _CODE:
        return None
    if path.endswith(".min.js") or len(content) >= _MINIFIED * (content.count(b"\n") + 1):
        return "it is a bundle, which is mended in its source"
    if _RELEASE.match(content):
        return "it is a library's release by its banner, which a newer one replaces"
    return None


@scanner(
    name="njsscan",
    requirement="njsscan==1.0.2",
    applies=applies,
    leaves=leaves,
    max_bytes=_MAX_BYTES,
    start_bytes=START_BYTES,
    rule_folders=("rules/semantic_grep",),
)
def scan(run: Run) -> Output:
    """One start over the folder; its exit code is 1 where it finds something."""
    planted = canary.plant(run.root, "canary.js", _CANARY)
    done = run.start("--json", ".", env=ENGINE, allowed=(0, 1))
    alive = canary.sings(done.stdout, planted)
    broken = unread(done.stdout) if alive else dict.fromkeys(run.paths, "njsscan did not report its canary")
    return Output(
        reports=[(done.stdout, "njsscan.json")],
        read=frozenset(run.paths) - broken.keys(),
        errors=[f"{path}: {why}" for path, why in sorted(broken.items())],
    )
