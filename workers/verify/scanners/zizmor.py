"""zizmor: GitHub Actions workflows, actions, and the configuration of Dependabot and pre-commit.

On a folder it skips what it cannot read and still leaves with 0, so a file counts as read only where its log says
`completed` for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from workers.source.tree import safe_path
from workers.verify.kinds import is_action, is_dependabot, is_pre_commit, is_workflow
from workers.verify.process import execute
from workers.verify.scanner import Output, Run, Tool, scanner
from workers.verify.scratch import Scratch

_COMPLETED = re.compile(r"completed (?:\./)?(?P<path>\S.*?)\s*$", re.MULTILINE)
_FAILED = re.compile(r"(?:WARN|ERROR).*?(?P<what>failed to .*)$", re.MULTILINE)
ARGUMENTS = ("--offline", "--no-config", "--no-progress", "--no-exit-codes", "--color=never")


def applies(path: str, content: bytes) -> bool:
    """Workflows, composite actions, Dependabot's file, and pre-commit's."""
    del content
    return is_workflow(path) or is_action(path) or is_dependabot(path) or is_pre_commit(path)


@scanner(name="zizmor", requirement="zizmor==1.32.0", applies=applies)
def scan(run: Run) -> Output:
    """One start over the folder; the log on stderr proves what was read."""
    done = run.start(*ARGUMENTS, "--format=json-v1", ".")
    log = done.stderr.decode("utf-8", "replace")
    return Output(
        reports=[(done.stdout, "zizmor.json")],
        read=frozenset(match["path"] for match in _COMPLETED.finditer(log)),
        errors=[match["what"] for match in _FAILED.finditer(log)],
    )


def fixed(
    tool: Tool, contents: Mapping[str, bytes], *, disabled: Iterable[str] = (), timeout: float = 120
) -> dict[str, bytes]:
    """What `zizmor --fix=all`, offline, makes of files: path → content, for those that it changed.

    Rules in `disabled` are left alone, so that the edits of one rule can be told from those of another.

    Raises:
        ScannerUnavailable: it did not run to its end.
    """
    with Scratch("fix") as folder:
        root = Path(folder).resolve()
        for path, content in contents.items():
            file = root / safe_path(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        configuration = root / ".secaid-zizmor.yml"
        rules = ", ".join(f"{rule}: {{disable: true}}" for rule in sorted(set(disabled)))
        configuration.write_text(f"rules: {{{rules}}}\n", encoding="utf-8")
        options = (*(option for option in ARGUMENTS if option != "--no-config"), "--config", configuration.name)
        execute([tool.executable, *options, "--fix=all", "."], folder=root, timeout=timeout)
        after = {path: (root / path).read_bytes() for path in contents}
    return {path: content for path, content in after.items() if content != contents[path]}
