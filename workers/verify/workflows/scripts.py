"""Whether a rewritten `run` script passes the same arguments, without running a stranger's script.

Both scripts are read as the shell would read them: quotes removed, escapes undone, and every variable that stands for
an expression replaced by one harmless word, but only where the shell expands it. The old script gets the same words
where its expressions stood. Equal text means equal commands and arguments for such values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from workers.verify.workflows import powershell, quoting, shell_text
from workers.verify.workflows.model import Step
from workers.verify.workflows.words import environment_names, shell_of, values_of, worded

_SETUP = re.compile(r"\A\s*gh auth setup-git[ \t]*\r?\n")


def changed_meaning(before: Step, after: Step) -> str | None:
    """How a step's script stopped meaning the same; none where it does, or where it did not change."""
    if before.run is None or after.run is None:
        return None if before.run == after.run else "a step's script vanished or appeared"
    fresh = after.everything.keys() - before.everything.keys()
    if (clash := quoting.clash(before.run, fresh)) is not None:
        return clash
    after = _without_setup(before, after)
    if after.run is None or before.run == after.run:
        return None
    shell = shell_of(before)
    if shell in {"pwsh", "powershell"}:
        named = environment_names(before.run)
        misread = powershell.misread(before.run, after.run)
        return misread or _compare(powershell.meant(before, named), powershell.meant(after, named))
    if shell not in quoting.SHELLS:
        return None if shell == "python" else f"scripts of the shell {shell} cannot be compared"
    if (words := quoting.joined(before.run, after) or quoting.still_code(before.run, after)) is not None:
        return words
    if (chosen := quoting.still_command(before.run, after.run)) is not None:
        return chosen
    if (clash := quoting.assigned(before.run, after.run or "")) is not None:
        return clash
    if (split := quoting.unquoted(before, after, fresh)) is not None:
        return split
    named = environment_names(before.run)
    return _compare(_with_files(_normalised(before, named)), _with_files(_normalised(after, named)))


_FILES = (
    (re.compile(r"^(?P<head>\s*echo )::set-env name=(?P<name>\w+)::(?P<value>.*)$", re.MULTILINE), "GITHUB_ENV"),
    (re.compile(r"^(?P<head>\s*echo )::set-output name=(?P<name>\w+)::(?P<value>.*)$", re.MULTILINE), "GITHUB_OUTPUT"),
    (re.compile(r"^(?P<head>\s*echo )::add-path::(?P<name>)(?P<value>.*)$", re.MULTILINE), "GITHUB_PATH"),
)
"""Commands that the runner reads on a script's output, and the files that mean the same."""


def _with_files(script: str) -> str:
    """The script with the runner's old commands as lines in its files."""
    for command, file in _FILES:
        script = command.sub(
            lambda match, file=file: (  # type: ignore[misc]  # the loop's value, taken now
                f"{match['head']}{match['name']}{'=' if match['name'] else ''}{match['value']} >> ${file}"
            ),
            script,
        )
    return script


def _without_setup(before: Step, after: Step) -> Step:
    """The step without a first line that gives git the credentials of `gh`, where it has a token for that."""
    run = after.run or ""
    fresh = _SETUP.match(run) is not None and _SETUP.match(before.run or "") is None
    return msgspec.structs.replace(after, run=_SETUP.sub("", run)) if fresh and "GH_TOKEN" in after.env else after


def _normalised(step: Step, named: Iterable[str]) -> str:
    """The step's script as the shell means it, with one harmless word for each expression."""
    values = values_of(step, named)
    return shell_text.read(worded(step.run or "", values), values, zsh=shell_of(step) == "zsh")


def _compare(before: str, after: str) -> str | None:
    old, new = before.split(), after.split()
    for one, other in zip(old, new, strict=False):
        if one != other:
            return f"its script passes {other[:60]!r} where it passed {one[:60]!r}"
    if len(old) != len(new):
        return f"its script has {len(new)} words where it had {len(old)}"
    return None
