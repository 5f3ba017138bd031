"""Actions whose repository is archived: nobody mends them any more."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Step, Workflow
from workers.source import actions_lock, yamledit, yamltext
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node, dotted


class _Successor(msgspec.Struct, frozen=True):
    """The action that goes on, and which of its releases takes what the old one took."""

    name: str
    line: str
    inputs: tuple[str, ...]
    """Inputs that both know."""
    renamed: dict[str, str] = {}
    outputs: tuple[str, ...] | None = None
    """Outputs that both have; none where the old one has none that the new one lacks."""


_SUCCESSORS: dict[str, _Successor] = {
    "actions/create-release": _Successor(
        "softprops/action-gh-release", "v2", ("tag_name", "release_name", "body", "body_path", "commitish", "draft",
        "prerelease"), {"release_name": "name", "commitish": "target_commitish"}, ("id", "upload_url"),
    ),
    "actions/setup-ruby": _Successor("ruby/setup-ruby", "v1", ("ruby-version",)),
    "actions-rs/toolchain": _Successor(
        "dtolnay/rust-toolchain", "master", ("toolchain", "target", "components"), {"target": "targets"}
    ),
    "google-github-actions/release-please-action": _Successor(
        "googleapis/release-please-action", "v4", ("token", "release-type", "path", "target-branch", "config-file",
        "manifest-file", "repo-url", "fork", "include-component-in-tag", "skip-github-release",
        "skip-github-pull-request"),
    ),
    "gradle/gradle-build-action": _Successor(
        "gradle/actions", "v3", ("arguments", "gradle-version", "build-root-directory", "cache-disabled",
        "cache-read-only", "cache-write-only", "cache-overwrite-existing", "cache-encryption-key",
        "gradle-home-cache-includes",
        "gradle-home-cache-excludes", "gradle-home-cache-cleanup", "add-job-summary", "dependency-graph"),
    ),
    "gradle/wrapper-validation-action": _Successor(
        "gradle/actions", "v3", ("min-wrapper-count", "allow-snapshots", "allow-checksums")
    ),
    "nick-invision/retry": _Successor(
        "nick-fields/retry", "v2", ("timeout_minutes", "timeout_seconds", "max_attempts", "command",
        "retry_wait_seconds",
        "shell", "polling_interval_seconds", "retry_on", "warning_on_retry", "on_retry_command", "continue_on_error"),
    ),
}  # fmt: skip
_SUBPATH = {"gradle/gradle-build-action": "/setup-gradle", "gradle/wrapper-validation-action": "/wrapper-validation"}
_WORD = re.compile(r"[\w./:=@,+-]+")


@fixer(
    name="archived-uses",
    weakness="An action that nobody mends any more",
    rules={"zizmor": ["archived-uses"]},
    explain=(
        "An archived repository gets no fixes, and its action goes on running with the job's token. Approaches: the "
        "action that its owners or users went on with, where it takes the same inputs, pinned to a commit; the "
        "command that the action ran, where it did no more than that."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """An archived action → its successor, or the command behind it."""
    workflow = model.read(target)
    if workflow.root.child("repos") is not None:
        message = "a hook's repository is archived: which one goes on with it, and at which of its own revisions, is "
        message += "for a person to say"
        raise NoFix(message)
    step = model.flagged_step(target, workflow)
    if step.action == "actions-rs/cargo":
        yield _cargo(workflow, step)
        return
    successor = _SUCCESSORS.get(step.action)
    if successor is None:
        message = f"{step.action} is archived, and no action that takes over its inputs is known here"
        raise NoFix(message)
    yield _moved(workflow, step, successor, target.tree)


def _same_toolchain(step: Step, tree: SourceTree) -> None:
    """Raises `NoFix` where another toolchain would run: the successor wants one named, and makes it the default."""
    wanted, override = step.input("toolchain"), step.input("override") == "true"
    file = next((path for path in tree.paths() if re.search(r"(?:^|/)rust-toolchain(?:\.toml)?$", path)), None)
    if not wanted:
        message = "dtolnay/rust-toolchain wants to be told the toolchain, which the old action read from a file"
    elif override and file is not None:
        message = f"`override` lets {wanted} win over {file}, and the successor's default does not"
    elif not override and wanted != "stable":
        message = f"the step only installs {wanted}, and the successor would make it the default for what follows"
    else:
        return
    raise NoFix(message)


def _moved(workflow: Workflow, step: Step, successor: _Successor, tree: SourceTree) -> Candidate:
    given = step.node.child("with")
    names = given.keys() if given is not None else []
    unknown = [name for name in names if name not in successor.inputs]
    if step.action == "actions-rs/toolchain":
        # `rustup` takes the minimal profile and makes the toolchain the default: what these two ask for.
        unknown = [name for name in unknown if name not in ("profile", "override")]
        _same_toolchain(step, tree)
    if unknown:
        message = f"{successor.name} does not know the input {unknown[0]} that this step gives to {step.action}"
        raise NoFix(message)
    if (lost := _lost_output(workflow, step, successor)) is not None:
        message = f"{successor.name} has no output {lost}, which another step reads"
        raise NoFix(message)
    name = successor.name + _SUBPATH.get(step.action, "")
    commit, version = _commit(successor)
    node = step.node.child("uses")
    if node is None:
        message = "the step uses no action"
        raise NoFix(message)
    line_end = workflow.doc.line_end(node.end)
    edits = [yamledit.edit(workflow.doc, node.start, line_end, f"{name}@{commit} # {version}")]
    declares = [dotted((*step.path, "uses"))]
    if given is not None:
        toolchain = step.action == "actions-rs/toolchain"
        gone = [old for old in names if old in ("profile", "override") and toolchain]
        edits += yamledit.delete_keys(workflow.doc, given, gone)
        for old in names:
            edits += _title(workflow, step, given.child(old)) if old == "release_name" else []
            path = dotted((*step.path, "with", old))
            key = given.key(old)
            if old in gone:
                declares.append(f"{path}/delete")
            elif old in successor.renamed and key is not None:
                declares += [f"{path}/delete", dotted((*step.path, "with", successor.renamed[old]))]
                edits.append(yamledit.edit(workflow.doc, key.start, key.end, successor.renamed[old]))
    why = f"{name} takes over from {step.action}, with all that this step gives; it is pinned to {version}."
    return model.candidate("successor", edits, why, declares=declares)


def _title(workflow: Workflow, step: Step, value: Node | None) -> Iterator[Edit]:
    """The tag in a release's title, which only the old action cut out of `refs/tags/…`.

    Raises:
        NoFix: the run may be of a branch.
    """
    if value is None or not (match := re.search(r"\$\{\{\s*github\.ref(?=\s*\}\})", workflow.doc.source(value))):
        return
    pushed = workflow.root.get("on", "push")
    if workflow.triggers != ["push"] or pushed is None or pushed.keys() != ["tags"]:
        message = f"{step.action} cuts `refs/tags/` out of the title, and the run may be of something else than a tag"
        raise NoFix(message)
    at = value.start + len(workflow.doc.source(value)[: match.end()].encode())
    yield yamledit.edit(workflow.doc, at, at, "_name")


def _lost_output(workflow: Workflow, step: Step, successor: _Successor) -> str | None:
    """The first output of the step that somebody reads and the successor has not."""
    name = step.node.text("id")
    if not name or successor.outputs is None:
        return None
    text = workflow.doc.content.decode("utf-8", "replace")
    read = re.findall(rf"\bsteps\.{re.escape(name)}\.outputs\.([\w-]+)", text)
    return next((output for output in read if output not in successor.outputs), None)


def _commit(successor: _Successor) -> tuple[str, str]:
    action = actions_lock.known(successor.name)
    tag = action.newest(successor.line) if action is not None else None
    if action is not None and tag is not None:
        return action.releases[tag], tag
    if action is not None and successor.line in action.branches:
        return action.branches[successor.line], successor.line
    message = f"no commit is known offline for {successor.name}@{successor.line}, which goes on with this action"
    raise NoFix(message)


def _cargo(workflow: Workflow, step: Step) -> Candidate:
    """`actions-rs/cargo` runs one command of cargo."""
    inputs = {name: step.input(name) for name in ("command", "args", "toolchain", "use-cross")}
    given = step.node.child("with")
    extra = [name for name in (given.keys() if given is not None else []) if name not in inputs]
    words = inputs["args"].split()
    plain = all(_WORD.fullmatch(word) for word in [inputs["command"], *words])
    if extra or not inputs["command"] or not plain or inputs["use-cross"] not in ("", "false"):
        message = "the command that actions-rs/cargo runs here cannot be written as one line of a script"
        raise NoFix(message)
    toolchain = [f"+{inputs['toolchain']}"] if inputs["toolchain"] else []
    command = " ".join(["cargo", *toolchain, inputs["command"], *words])
    key, node = step.node.key("uses"), step.node.child("uses")
    if key is None or node is None:
        message = "the step uses no action"
        raise NoFix(message)
    edits = [
        yamledit.edit(workflow.doc, key.start, workflow.doc.line_end(node.end), f"run: {yamltext.scalar(command)}")
    ]
    declares = [dotted((*step.path, name)) for name in ("run", "uses/delete", "with/delete")]
    if given is not None:
        edits.append(yamledit.delete_key(workflow.doc, step.node, "with"))
    why = f"The action did no more than to run `{command}`, which the runner's own cargo does as well."
    return model.candidate("command", edits, why, declares=declares)
