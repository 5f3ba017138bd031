"""Actions used by a tag or branch that its owner can move."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model, own
from workers.fixers.workflows.beside import workflows_beside
from workers.fixers.workflows.commits import TOOL_REFS, Known, Pin, Use, own_path, uses_of
from workers.fixers.workflows.model import Workflow
from workers.source import actions_lock, yamledit
from workers.source.actions_lock import numbers
from workers.source.tree import SourceTree


@fixer(
    name="unpinned-uses",
    weakness="An action is used by a ref that can move",
    rules={
        "zizmor": ["unpinned-uses"],
        "semgrep": ["third-party-action-not-pinned-to-commit-sha"],
        "codeql": ["actions/unpinned-tag"],
        "scorecard": ["PinnedDependenciesID"],
    },
    explain=(
        "A tag such as `v4` is a name that the action's owner, or whoever takes over the account, can move to other "
        "code; that code then runs with the job's token and secrets, as it did when tj-actions/changed-files was taken "
        "over. A commit's hash cannot be moved. The version stays beside it as a comment, which Dependabot and "
        "Renovate read and keep up to date. Approaches: this use at the newest release of the line it follows now; "
        "every use in the file, so that one decision covers it; where the file has no other, every use of the action "
        "in the repository, so that all stay at one release. Commits come from the lock shipped with "
        "secaid, else from where this repository itself pins the same release; a commit that nobody wrote down is "
        "never guessed. What the repository uses of itself by its own name is taken from the workflow's own commit."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A movable ref → the commit it stands for."""
    workflow = model.read(target)
    use = _flagged(target, workflow)
    known = Known(target.tree)
    if (path := _own_or_pinned(target.tree, use, known)) is not None:
        yield _itself(workflow, "self-repository", [(use, path)])
        everywhere = [(other, its) for other in uses_of(workflow) if (its := own_path(target.tree, other)) is not None]
        if len(everywhere) > 1:
            yield _itself(workflow, "self-repository-file", everywhere)
        return
    pin = known.pin(use)
    what = f"`{use.ref}` is pinned to the commit of {pin.version}"
    yield _made("pin-commit", [(workflow, use, pin)], what)
    others = [(workflow, one, found) for one in uses_of(workflow) if (found := known.maybe(one)) is not None]
    if len(others) > 1:
        yield _made("pin-commit-file", others, f"All {len(others)} known actions of this file are pinned")
        return
    same = [(workflow, use, pin), *((other, one, pin) for other, one in _elsewhere(target, use))]
    if len(same) > 1:
        yield _made("pin-commit-repository", same, f"{what}, in each of the {len(same)} places that use it so")


def _elsewhere(target: Target, use: Use) -> Iterator[tuple[Workflow, Use]]:
    """The same action by the same ref in other files of the repository."""
    for other in workflows_beside(target, use.repository, f"@{use.ref}"):
        for one in uses_of(other):
            if one.repository.lower() == use.repository.lower() and one.ref == use.ref:
                yield other, one


def _own_or_pinned(tree: SourceTree, use: Use, known: Known) -> str | None:
    """Where the tree holds it as its own; none where a commit is to be named.

    Raises:
        NoFix: it is the tree's own, but not at this commit, and no commit is known either.
    """
    try:
        return own.path_of(f"{use.name}@{use.ref}", tree)
    except NoFix:
        if known.maybe(use) is None:
            raise
        return None


def _itself(workflow: Workflow, approach: str, uses: list[tuple[Use, str]]) -> Candidate:
    edits = [_by_itself(workflow, use, path) for use, path in uses]
    name = uses[0][0].repository
    why = (
        f"{name} is this repository: `$/` takes what lies there at the workflow's own commit, which cannot move "
        "(github.com, since July 2026)."
    )
    refs = ", ".join(dict.fromkeys(f"`{use.ref}`" for use, _ in uses))
    warnings = [f"the repository must be {name}: its tree holds what is used of it",
                f"it is now taken from the workflow's own commit, no longer from {refs}"]  # fmt: skip
    declares = [path for use, _ in uses for path in workflow.everywhere(use.path)]
    return model.candidate(approach, edits, why, declares=declares, warnings=warnings)


def _by_itself(workflow: Workflow, use: Use, path: str) -> Edit:
    quote = use.node.style
    return yamledit.edit(workflow.doc, use.node.start, use.node.end, f"{quote}$/{path}{quote}")


def _flagged(target: Target, workflow: Workflow) -> Use:
    line, last = model.lines(target)
    uses = [*uses_of(workflow)]
    found = [use for use in uses if workflow.doc.line_of(use.node.start) == line]
    found = found or [use for use in uses if line <= workflow.doc.line_of(use.node.start) <= last]
    if not found and line:
        step = model.flagged_step(target, workflow)
        found = [use for use in uses if use.holder is step.node]
    if not found:
        message = "no action stands here with a ref that can move"
        raise NoFix(message)
    return found[0]


def _made(approach: str, places: list[tuple[Workflow, Use, Pin]], what: str) -> Candidate:
    edits = [edit for workflow, use, pin in places for edit in _edits(workflow, use, pin)]
    pins = [(use, pin) for _, use, pin in places]
    locked = [(use, pin) for use, pin in pins if not pin.read]
    sources = {use.repository: action for use, _ in locked if (action := actions_lock.known(use.repository))}
    doubts = [
        f"the commit of {name} was read from a pin in another project's workflow, not from its own tags"
        for name, action in sources.items()
        if action.seen != "tag"
    ]
    doubts += [
        f"the commit of {use.repository} {pin.version} was read from pins of it in {action.agreed[pin.version]}"
        for use, pin in locked
        if (action := actions_lock.known(use.repository)) is not None and pin.version in action.agreed
    ]
    doubts += [
        f"what is known of {name} is of {day}: `{use.ref}` may be a newer release by now"
        for name, action in sources.items()
        if (day := actions_lock.aged(action)) is not None
        for use, pin in locked
        if use.repository == name and use.ref != pin.version
    ]
    moving = [doubt for use, pin in pins if (doubt := _moving(use, pin))]
    read = [f"{name}: {action.read}" for name, action in sources.items()]
    read += dict.fromkeys(f"{use.repository}: pinned so in {pin.read}" for use, pin in pins if pin.read)
    why = f"{what}; read from {'; '.join(read[:3])}."
    paths = [(workflow, use.path) for workflow, use, _ in places] + [
        (workflow, (*use.path[:-1], "with", TOOL_REFS[use.repository][0])) for workflow, use, pin in places if pin.tool
    ]
    declares = [one for workflow, path in paths for one in workflow.everywhere(path)]
    return model.candidate(approach, edits, why, declares=declares, warnings=[*doubts, *moving])


def _moving(use: Use, pin: Pin) -> str:
    """What is to be said of a ref that is no version; empty where it is one."""
    if not numbers(pin.version):
        return f"{pin.version} of {use.repository} is a branch: its commit is the one read then"
    if pin.tool or numbers(use.ref.removeprefix("release/")):
        return ""
    return f"{use.ref} of {use.repository} stood at {pin.version} when it was read: it may have moved on"


def _edits(workflow: Workflow, use: Use, pin: Pin) -> Iterator[Edit]:
    doc = workflow.doc
    written = doc.source(use.node)
    at = use.node.start + len(written[: written.rindex("@") + 1].encode())
    rest = doc.slice(use.node.end, doc.line_end(use.node.end))
    end = at + len(use.ref.encode())
    quote = doc.slice(end, use.node.end)
    comment = f" # {pin.version}" if not rest.strip() or rest.lstrip().startswith("#") else ""
    yield yamledit.edit(doc, at, use.node.end, f"{pin.commit}{quote}{comment}")
    if pin.tool:
        yield from yamledit.put_all(doc, use.holder, "with", {TOOL_REFS[use.repository][0]: pin.tool}, after="uses")
