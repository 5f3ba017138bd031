"""Workflow commands that whoever prints to the log can give: `set-env`, `add-path`, and their kin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Step, Workflow
from workers.source import yamledit
from workers.source.yamldoc import Node, Path, dotted

_SWITCH = "ACTIONS_ALLOW_UNSECURE_COMMANDS"
_FILES = {
    "set-env": "GITHUB_ENV",
    "add-path": "GITHUB_PATH",
    "set-output": "GITHUB_OUTPUT",
    "save-state": "GITHUB_STATE",
}
_ANY = re.compile(r"::(?:set-env|add-path|set-output|save-state)\b")
_NAMED = r"::(?P<command>set-env|set-output|save-state)[ \t]+name=(?P<name>[^:\s\"'`$]+)::(?P<value>"
_SHELL = re.compile(
    r"(?P<echo>\becho[ \t]+)(?:"
    r"(?P<quote>[\"'])" + _NAMED + r"(?:(?!(?P=quote))[^\\\n]|\\[^\n])*)(?P=quote)"
    r"|(?P<pathquote>[\"'])::add-path::(?P<path>(?:(?!(?P=pathquote))[^\\\n])*)(?P=pathquote)"
    r")(?=[ \t]*(?:$|[;&|)\n]))",
    re.MULTILINE,
)
_BARE = re.compile(
    r"(?P<echo>\becho[ \t]+)(?:" + _NAMED + r"[^\s;&|\"'`(){}<>]*)|::add-path::(?P<path>[^\s;&|\"'`(){}<>]*))"
    r"(?=[ \t]*(?:$|[;&|)\n]))",
    re.MULTILINE,
)


@fixer(
    name="insecure-commands",
    weakness="Anything that a step prints can set variables of the steps after it",
    rules={
        "zizmor": ["insecure-commands"],
        "checkov": ["CKV_GHA_1"],
        "semgrep": ["allowed-unsecure-commands"],
        "actionlint": ["deprecated-commands"],
    },
    explain=(
        f"With `{_SWITCH}` the runner obeys `::set-env` and `::add-path` wherever they appear in a step's output: a "
        "pull request's title that is printed can set `LD_PRELOAD` or `PATH` for the steps after it. The files "
        "`$GITHUB_ENV`, `$GITHUB_PATH` and `$GITHUB_OUTPUT` do the same, and only code that means to can write to "
        "them. Approaches: remove the switch and write to the files; the same, with the switch set to false."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """The switch off, and the commands of the scripts below it as lines of files."""
    workflow = model.read(target)
    path, holder = _holder(target, workflow)
    if holder is None:
        step = model.flagged_step(target, workflow)
        edits, declares = _rewritten(workflow, [step])
        if not edits:
            message = "no command of this step is one that has a file instead"
            raise NoFix(message)
        yield model.candidate("environment-file", edits, _why(edits), declares=declares)
        return
    edits, declares = _rewritten(workflow, [step for step in workflow.steps if step.path[: len(path)] == path])
    foreign = {step.action for step in workflow.steps if step.uses and not step.action.startswith(("actions/", "./"))}
    warnings = [f"{min(foreign)} may be old enough to print such commands itself"] if foreign else []
    here = dotted((*path, "env", _SWITCH))
    yield model.candidate(
        "environment-file", [_removed(workflow, holder), *edits], _why(edits), warnings=warnings,
        declares=[f"{here}/delete", f"{dotted((*path, 'env'))}/delete", *declares],
    )  # fmt: skip
    off = yamledit.put(workflow.doc, holder, ("env", _SWITCH), False)
    yield model.candidate("switch-off", [off, *edits], _why(edits), declares=[here, *declares], warnings=warnings)


def _why(edits: list[Edit]) -> str:
    written = " Its scripts write to the runner's files instead." if edits else " No script below it uses them."
    return f"The runner no longer obeys commands in a step's output.{written}"


def _holder(target: Target, workflow: Workflow) -> tuple[Path, Node | None]:
    """The step, job or workflow whose environment has the switch, innermost first."""
    if target.finding.tool == "actionlint":
        return (), None
    at = model.place(target, workflow.doc)
    steps = [(step.path, step.node) for step in workflow.steps]
    jobs = [(job.path, job.node) for job in workflow.jobs]
    first, last = model.lines(target)
    for path, node in [*steps, *jobs, ((), workflow.root)]:
        env = node.child("env")
        key = env.key(_SWITCH) if env is not None else None
        if key is None:
            continue
        around = workflow.doc.line_start(node.start) <= at <= node.end
        if around or first <= workflow.doc.line_of(key.start) <= last:
            return path, node
    message = f"nothing here sets {_SWITCH}"
    raise NoFix(message)


def _removed(workflow: Workflow, holder: Node) -> Edit:
    env = holder.child("env")
    if env is None or len(env.entries) == 1:
        return yamledit.delete_key(workflow.doc, holder, "env")
    return yamledit.delete_key(workflow.doc, env, _SWITCH)


def _rewritten(workflow: Workflow, steps: list[Step]) -> tuple[list[Edit], list[str]]:
    edits: list[Edit] = []
    declares = []
    for step in steps:
        if not _ANY.search(step.run):
            continue
        edits.append(_script(workflow, step))
        declares.append(dotted((*step.path, "run")))
    return edits, declares


def _script(workflow: Workflow, step: Step) -> Edit:
    """Raises `NoFix` where a command is printed in a way that cannot be turned into a line of a file."""
    node, key = step.node.child("run"), step.node.key("run")
    shell = workflow.shell(step)
    if node is None or key is None or not shell.startswith(("bash", "sh")):
        message = f"how the shell {shell} writes to the runner's files is not known here"
        raise NoFix(message)
    text = workflow.doc.source(node) if node.block else node.value
    new = _BARE.sub(_line, _SHELL.sub(_line, text))
    if left := _ANY.search(new):
        message = f"`{left[0]}` is printed in a way that cannot be turned into a line of a file"
        raise NoFix(message)
    if node.block:
        return yamledit.edit(workflow.doc, node.start, node.end, new.replace("\r\n", "\n"))
    return yamledit.replace(workflow.doc, key, node, new)


def _line(match: re.Match[str]) -> str:
    found = match.groupdict()
    if found.get("path") is not None:
        quote = found.get("pathquote") or '"'
        return f'{match["echo"]}{quote}{match["path"]}{quote} >> "$GITHUB_PATH"'
    quote = found.get("quote") or '"'
    return f'{match["echo"]}{quote}{match["name"]}={match["value"]}{quote} >> "${_FILES[match["command"]]}"'
