"""A workflow before and after → how it would stop working, as sentences."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from workers.source import handed as shared
from workers.source import whose
from workers.source.tree import SourceTree
from workers.verify.parsing import shell_problem
from workers.verify.structure.documents import read_yaml
from workers.verify.workflows import (
    app_tokens,
    caches,
    callees,
    conditions,
    credentials,
    handed,
    images,
    inline,
    lent,
    quoting,
    releases,
    scopes,
    scripts,
    templates,
    triggers,
)
from workers.verify.workflows.model import EXPRESSION, Job, Step, Workflow, step_pairs, workflow


def broken(before: bytes, after: bytes, tree: SourceTree, path: str = "") -> list[str]:
    """Everything that a fixed workflow or composite action could no longer do; its callers are found by its path."""
    old, new = workflow(before), workflow(after)
    if old is None or new is None:
        return []
    documents = read_yaml(before), read_yaml(after)
    return [
        *triggers.lost(before, after),
        *templates.replaced(before, after),
        *_jobs(old, new, tree),
        *lent.lost(path, old, new, tree),
        *_steps(old, new, tree),
        *_command_lines(old, new, tree, path),
        *images.changed(*documents),
        *handed.lost(*documents),
    ]


def _jobs(old: Workflow, new: Workflow, tree: SourceTree) -> Iterator[str]:
    after = {job.name: job for job in new.jobs}
    for job in old.jobs:
        if job.name not in after:
            yield f"job {job.name} vanished"
            continue
        yield from callees.without_secrets(job, after[job.name], tree)
        if not _same_callee(job.uses or "", after[job.name].uses or "", tree):
            yield f"job {job.name} calls {after[job.name].uses} instead of {job.uses}"
        yield from _decided(f"job {job.name}", job.condition, after[job.name].condition)
        yield from _old_commands(job, after[job.name])
        had = scopes.grants(job.permissions, old.permissions)
        has = scopes.grants(after[job.name].permissions, new.permissions)
        if has != had:
            yield from _needless(after[job.name], had, has, tree)
            yield from _wider(after[job.name], had, has)
            yield from _rights(after[job.name], had, has, tree)
        writes = had is not None and scopes.satisfied(("contents:write",), had)
        if (loss := credentials.lost(job, after[job.name], tree, writes=writes)) is not None:
            yield loss


def _decided(where: str, before: str, after: str) -> Iterator[str]:
    if before != after and before and (how := conditions.differ(before, after)) is not None:
        yield f"{where}: its condition {how}"


_COMMAND = re.compile(r"::(?:set-env|add-path)\b")
_ALLOWED = "ACTIONS_ALLOW_UNSECURE_COMMANDS"


def _old_commands(before: Job, after: Job) -> Iterator[str]:
    """Commands that the runner refuses once they are no longer allowed."""
    for old, new in zip(before.steps, after.steps, strict=False):
        if _ALLOWED in old.everything and _ALLOWED not in new.everything and _COMMAND.search(new.run or ""):
            yield f"job {before.name} still uses `{_COMMAND.findall(new.run or '')[0]}`, which the runner now refuses"
            return


def _same_callee(before: str, after: str, tree: SourceTree) -> bool:
    """Whether it is the same reusable workflow, whichever ref it has."""
    return before.partition("@")[0].lower() == after.partition("@")[0].lower() or _itself(before, after, tree)


_READS = frozenset(
    ("actions/checkout", "actions/setup-node", "actions/setup-python", "actions/setup-java", "actions/setup-go")
)
_USES_TOKEN = re.compile(r"token|\bgh\b|\bgit\b.*\bpush\b|docker|curl|publish|release", re.IGNORECASE)


def _needless(job: Job, had: scopes.Grants, has: scopes.Grants, tree: SourceTree) -> Iterator[str]:
    """Rights to write that are new, in a job of which no step could use them."""
    used = {alternative for need, _ in scopes.needs(job, tree) for alternative in need}
    given = [name for name, level in (has or {}).items()
             if level == "write" and (had or {}).get(name) != "write" and f"{name}:write" not in used]  # fmt: skip
    words = "\n".join(word for step in job.steps for word in (step.run or "", *step.everything.values()))
    plain = job.uses is None and all(step.action in (None, *_READS) for step in job.steps)
    if given and plain and not _USES_TOKEN.search(words) and "secrets." not in words and "./" not in words:
        yield f"job {job.name} may write {given[0]} now, which none of its steps does"


def _wider(job: Job, had: scopes.Grants, has: scopes.Grants) -> Iterator[str]:
    """Rights to write that the workflow said the job has not."""
    for scope, level in (has or {}).items():
        if had is not None and level == "write" and scope != "*" and not scopes.satisfied((f"{scope}:write",), had):
            yield f"job {job.name} may write {scope} now, which the workflow did not let it"


def _rights(job: Job, had: scopes.Grants, has: scopes.Grants, tree: SourceTree) -> Iterator[str]:
    if job.uses is not None:
        wanted = callees.needs(job.uses, tree)
        if wanted is None:
            if not _as_wide(had, has):
                yield f"job {job.name} calls {job.uses}, whose needs are not known here, with fewer permissions"
            return
    else:
        wanted = scopes.needs(job, tree)
        unseen = scopes.hidden(job, tree)
        if unseen is not None and not _as_wide(had, has):
            yield f"job {job.name}: what {unseen} needs of the token is not known here, and it gets less"
    for need, user in dict(wanted).items():
        if scopes.satisfied(need, had) and not scopes.satisfied(need, has):
            yield f"job {job.name}: {user} needs {' or '.join(need)}, which is no longer granted"


def _as_wide(had: scopes.Grants, has: scopes.Grants) -> bool:
    if has is None:
        return True
    if had is None:
        return has.get("*") == "write"
    return all(scopes.satisfied((f"{scope}:{level}",), has) for scope, level in had.items() if level != "none")


def _steps(old: Workflow, new: Workflow, tree: SourceTree) -> Iterator[str]:
    for job, index, before, after in step_pairs(old, new):
        where = f"job {job}, step {index + 1}"
        if after.run is not None and after.run == _COMMANDS.get(before.action or "", _no_command)(before):
            continue
        if (problem := scripts.changed_meaning(before, after)) is not None:
            yield f"{where}: {problem}"
        yield from (f"{where}: {lost}" for lost in inline.changed_meaning(before, after))
        yield from _decided(where, before.condition, after.condition)
        for unlike in (caches.not_restored(new, before, after), app_tokens.too_narrow(new, before, after)):
            if unlike is not None:
                yield f"{where}: {unlike}"
        if (otherwise := releases.otherwise(new, before, after)) is not None:
            yield f"{where}: {otherwise}"
        same = before.action == after.action or _moved(before.action or "", after.action or "")
        same = same or _same_image(before.uses or "", after.uses or "")
        if not same and not _itself(before.uses or "", after.uses or "", tree):
            yield f"{where}: it uses {after.uses} instead of {before.uses}"
        if before.run != after.run and after.run is not None and after.shell.startswith(("bash", "sh")):
            was, now = (shell_problem(EXPRESSION.sub("x", script or "").encode()) for script in (before.run, after.run))
            if now is not None and was is None:
                yield f"{where}: {now}"


def _command_lines(old: Workflow, new: Workflow, tree: SourceTree, path: str) -> Iterator[str]:
    """Inputs that a shell read as a part of its command line, and now has in a variable."""
    for job, index, before, after in step_pairs(old, new):
        for name in quoting.inputs_outside_quotes(before, after):
            if shared.is_shell(name, shared.values(path, name, tree) if path else []):
                yield f"job {job}, step {index + 1}: `{name}` is a piece of its command line, whose quotes are text now"


_MOVED = {
    "google-github-actions/release-please-action": "googleapis/release-please-action",
    "gradle/gradle-build-action": "gradle/actions/setup-gradle",
    "gradle/wrapper-validation-action": "gradle/actions/wrapper-validation",
    "nick-invision/retry": "nick-fields/retry",
    releases.OLD: releases.NEW,
    "actions/setup-ruby": "ruby/setup-ruby",
    "actions-rs/toolchain": "dtolnay/rust-toolchain",
    "docker/bake-action/subaction/list-targets": "docker/bake-action/subaction/matrix",
}
"""Actions that live on under another name."""


def _no_command(step: Step) -> None:
    del step


def _cargo(step: Step) -> str:
    """What actions-rs/cargo runs."""
    inputs = step.inputs
    toolchain = f"+{inputs['toolchain']}" if inputs.get("toolchain") else ""
    return " ".join(filter(None, ("cargo", toolchain, inputs.get("command"), *inputs.get("args", "").split())))


_COMMANDS: dict[str, Callable[[Step], str | None]] = {"actions-rs/cargo": _cargo}
"""Actions that are one command, with what that is."""


def _moved(before: str, after: str) -> bool:
    """Whether it is the same action: by its new name, or by its place without detours."""
    return after in (_plain(before), _MOVED.get(before))


def _same_image(before: str, after: str) -> bool:
    both = before.startswith("docker://") and after.startswith("docker://")
    return both and images.becomes_other(before, after) is None


def _plain(action: str) -> str:
    """Its path without detours inside of its repository."""
    parts = [part for part in action.split("/") if part]
    within = 1 if action.startswith(("./", "$/")) else 2
    path = posixpath.normpath("/".join(parts[within:])) if parts[within:] else "."
    front = "/".join(parts[:within])
    return front if path == "." else f"{front}/{path}" if not path.startswith("..") else action


def _itself(before: str, after: str, tree: SourceTree) -> bool:
    """Whether what was named by its place in the workspace, or by its repository's name, is named as its own."""
    if not after.startswith("$/"):
        return False
    if before.startswith("./"):
        return after == f"${before[1:]}"
    return whose.own_path(before, tree) == after[2:]
