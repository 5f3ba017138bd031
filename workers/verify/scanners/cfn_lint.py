"""cfn-lint: CloudFormation templates that would not deploy. A fix must not add a mistake."""

from __future__ import annotations

from workers.verify.kinds import is_cloudformation
from workers.verify.scanner import Output, Role, Run, scanner

_FOUND_BITS = range(16)
"""Its exit code says by bits what sorts of findings there are; 32 and more are its own failures."""


@scanner(name="cfn-lint", requirement="cfn-lint==1.58.0", applies=is_cloudformation, role=Role.LINT)
def scan(run: Run) -> Output:
    """One start with every file named; a template that it cannot parse is one of its findings."""
    options = ("--format", "json", "--config-file", "/dev/null", "--template")
    done = run.start(*options, *run.paths, allowed=tuple(_FOUND_BITS))
    return Output(reports=[(done.stdout.strip() or b"[]", "cfn-lint.json")], read=frozenset(run.paths))
