"""yamllint: YAML that tools read differently (syntax, duplicate keys). Matters of style are left to its owners."""

from __future__ import annotations

from workers.verify.kinds import is_yaml
from workers.verify.scanner import Output, Role, Run, scanner

_RULES = "{rules: {key-duplicates: enable, anchors: enable}}"


def applies(path: str, content: bytes) -> bool:
    """Every YAML file."""
    del content
    return is_yaml(path)


@scanner(name="yamllint", requirement="yamllint==1.38.0", applies=applies, role=Role.LINT)
def scan(run: Run) -> Output:
    """One start with every file named: it reads all of them or fails; what it cannot parse it reports."""
    done = run.start("--config-data", _RULES, "--format=parsable", "--", *run.paths, allowed=(0, 1))
    return Output(reports=[(done.stdout, "yamllint.txt")], read=frozenset(run.paths))
