"""njsscan: Node.js. Without its engine on PATH it silently finds nothing, so a canary must be reported."""

from __future__ import annotations

from workers.verify import canary
from workers.verify.kinds import suffix
from workers.verify.scanner import Output, Run, scanner

_CANARY = 'const app = require("express")();\napp.get("/", (req, res) => { eval(req.query.a); });\n'
# No settings file is named: semgrep renames a new one onto it at every start, and it belongs into the run's own home.
OFFLINE = {"SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}


def applies(path: str, content: bytes) -> bool:
    """JavaScript; minified bundles are left out."""
    del content
    return suffix(path) in {".js", ".mjs", ".cjs"} and not path.endswith(".min.js")


@scanner(name="njsscan", requirement="njsscan==1.0.2", applies=applies)
def scan(run: Run) -> Output:
    """One start over the folder; its exit code is 1 where it finds something."""
    planted = canary.plant(run.root, "canary.js", _CANARY)
    done = run.start("--json", ".", env=OFFLINE, allowed=(0, 1))
    alive = canary.sings(done.stdout, planted)
    return Output(
        reports=[(done.stdout, "njsscan.json")],
        read=frozenset(run.paths if alive else ()),
        errors=() if alive else [f"{path}: njsscan did not report its canary" for path in run.paths],
    )
