"""Caches that a release restores, although other runs may have written them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Step, Workflow
from workers.source import yamledit, yamltext
from workers.source.actions_lock import numbers
from workers.source.yamldoc import dotted

_BY_ITSELF = "actions/setup-node"
_CACHES_BY_ITSELF = 5
_OF_THIS_RUN = re.compile(r"\bgithub\.(?:sha|run_id|run_number|run_attempt)\b")
_PUBLISHES = re.compile(r"publish|deploy|release|docker|upload|\bpush\b|\.ya?ml", re.IGNORECASE)
_TAG = "startsWith(github.ref, 'refs/tags/')"


class _Switch(msgspec.Struct, frozen=True):
    """How an action's cache is switched off."""

    off: dict[str, bool | str] = {}
    remove: tuple[str, ...] = ()
    """Inputs that switch it on."""
    asked: bool = False
    """Whether there is no cache unless an input asks for it."""


_SWITCHES: dict[str, _Switch] = {
    "actions/cache": _Switch(off={"lookup-only": True}),
    "actions/setup-dotnet": _Switch(off={"cache": False}, asked=True),
    "actions/setup-go": _Switch(off={"cache": False}),
    "actions/setup-java": _Switch(remove=("cache", "cache-dependency-path")),
    "actions/setup-node": _Switch(off={"package-manager-cache": False}, remove=("cache", "cache-dependency-path")),
    "actions/setup-python": _Switch(remove=("cache", "cache-dependency-path")),
    "actions-rust-lang/setup-rust-toolchain": _Switch(off={"cache": False}),
    "astral-sh/setup-uv": _Switch(off={"enable-cache": False}),
    "determinatesystems/magic-nix-cache-action": _Switch(off={"use-gha-cache": False}),
    "docker/setup-buildx-action": _Switch(off={"cache-binary": False}),
    "graalvm/setup-graalvm": _Switch(remove=("cache",)),
    "gradle/actions/setup-gradle": _Switch(off={"cache-disabled": True}),
    "jdx/mise-action": _Switch(off={"cache": False}),
    "mlugg/setup-zig": _Switch(off={"use-cache": False}),
    "oven-sh/setup-bun": _Switch(off={"no-cache": True}),
    "pyo3/maturin-action": _Switch(off={"sccache": False}, asked=True),
    "ramsey/composer-install": _Switch(off={"ignore-cache": "yes"}),
    "swatinem/rust-cache": _Switch(off={"lookup-only": True}),
}
_ON_BY_EXPRESSION = frozenset(("actions/setup-node", "astral-sh/setup-uv", "docker/setup-buildx-action"))
"""zizmor takes their cache for switched on wherever an expression decides it."""
_INSTALLS = {"ruby/setup-ruby": "`bundler-cache` also runs `bundle install`, which a step of its own would have to do"}


@fixer(
    name="cache-poisoning",
    weakness="A release is built from a cache that other runs can write",
    rules={"zizmor": ["cache-poisoning"], "codeql": ["actions/cache-poisoning/*"]},
    explain=(
        "Whoever runs code in any job of the default branch can write the repository's caches, and a release that "
        "restores one builds what they put there. A release can do without: it takes longer, and is made from what it "
        "downloaded and checked itself. Approaches: no cache in this step; no cache where a tag is built, so that "
        "other runs keep theirs; no cache in any step of the workflow, as one job's files may reach another."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A step with a cache → one without, always or for tags."""
    workflow = model.read(target)
    step = model.flagged_step(target, workflow)
    if (kept_away := _kept_away(workflow)) is not None:
        message = f"`{kept_away}` keeps this workflow away from releases, and nothing in it publishes one"
        raise Harmless(message)
    edits, declares = _off(workflow, step)
    why = f"{step.action} restores no cache, so a release is built from nothing that another run wrote."
    yield model.candidate("no-cache", edits, why, declares=declares)
    yield from _for_tags(workflow, step)
    yield from _everywhere(workflow, step)


def _for_tags(workflow: Workflow, step: Step) -> Iterator[Candidate]:
    switch = _switch(workflow, step)
    value = next((value for value in switch.off.values() if isinstance(value, bool)), None)
    on = [name for name in switch.remove if step.input(name)]
    if value is None or on or step.action in _ON_BY_EXPRESSION or not _builds_tags(workflow):
        return
    expression = f"${{{{ {_TAG if value else f'!{_TAG}'} }}}}"
    edits, declares = _changes(workflow, step, switch, dict.fromkeys(switch.off, expression))
    why = f"{step.action} restores no cache where a tag is built; other runs of this workflow keep theirs."
    yield model.candidate("no-cache-for-tags", edits, why, declares=declares)


def _everywhere(workflow: Workflow, flagged: Step) -> Iterator[Candidate]:
    found: dict[str, tuple[list[Edit], list[str]]] = {}
    for step in workflow.steps:
        if step.path == flagged.path or _is_on(workflow, step):
            try:
                found[dotted(step.path)] = _off(workflow, step)
            except NoFix:
                continue
    if len(found) > 1:
        why = (
            f"The {len(found)} steps of this workflow that are known here to restore a cache restore none any more, in "
        )
        why += "whichever job: what one makes reaches the others."
        edits = [edit for made, _ in found.values() for edit in made]
        declares = [path for _, paths in found.values() for path in paths]
        yield model.candidate("no-cache-file", edits, why, declares=declares)


def _is_on(workflow: Workflow, step: Step) -> bool:
    """Whether the step restores a cache as it is written; what an expression decides is left alone."""
    switch = _SWITCHES.get(step.action)
    if switch is None:
        return False
    switch = _of_version(workflow, step, switch)
    said = [step.input(name).lower() for name in switch.off if step.input(name)]
    if said:
        return all("${{" not in text and text not in map(_written, switch.off.values()) for text in said)
    return bool(switch.off and not switch.asked) or any(
        step.input(name) and "${{" not in step.input(name) for name in switch.remove
    )


def _written(value: bool | str) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _off(workflow: Workflow, step: Step) -> tuple[list[Edit], list[str]]:
    """The edits that switch the step's cache off, and the paths that they declare.

    Raises:
        NoFix: no switch is known, or what the step restores is asked for elsewhere.
    """
    switch = _switch(workflow, step)
    if not switch.off and step.action == _BY_ITSELF and not any(step.input(name) for name in switch.remove):
        message = f"{step.uses} restores a cache only where `cache` asks for one; version {_CACHES_BY_ITSELF} and "
        message += "later ones do so by themselves"
        raise Harmless(message)
    if "lookup-only" in switch.off and _OF_THIS_RUN.search(step.input("key")) and not step.input("restore-keys"):
        message = (
            "the cache is of this run alone: it hands files from one job to another, for which an artifact is the "
        )
        message += "means that no other run can write to"
        raise NoFix(message)
    if "lookup-only" in switch.off and step.input("fail-on-cache-miss") == "true":
        message = "the job ends where this cache is missing, so it needs the files: an artifact hands them on as well"
        raise NoFix(message)
    if "lookup-only" in switch.off and _asked(workflow, step):
        message = "another step asks whether this cache was hit, and would take a look-up for a restored cache: remove "
        message += "the step, and what asks for it, from the jobs that release"
        raise NoFix(message)
    return _changes(workflow, step, switch, switch.off)


def _switch(workflow: Workflow, step: Step) -> _Switch:
    switch = _SWITCHES.get(step.action)
    if switch is None:
        why = _INSTALLS.get(step.action, f"{step.action or 'this step'} has no switch for its cache that is known here")
        raise NoFix(why)
    return _of_version(workflow, step, switch)


def _asked(workflow: Workflow, step: Step) -> bool:
    """Whether another step asks if the cache was hit: a look-up alone says so, although it restores nothing."""
    name = step.node.text("id")
    reference = rf"steps\.{re.escape(name)}\.outputs\.cache-hit"
    return bool(name and re.search(reference, workflow.doc.content.decode("utf-8", "replace")))


def _of_version(workflow: Workflow, step: Step, switch: _Switch) -> _Switch:
    """setup-node caches by itself since its fifth version, and has had the switch for that since then."""
    ref = step.uses.partition("@")[2]
    uses = step.node.child("uses")
    comment = workflow.doc.slice(uses.end, workflow.doc.line_end(uses.end)) if uses is not None else ""
    version = numbers(ref) or numbers(comment.rpartition("#")[2].strip())
    old = step.action == _BY_ITSELF and version and version[0] < _CACHES_BY_ITSELF
    return _Switch(remove=switch.remove) if old else switch


def _kept_away(workflow: Workflow) -> str | None:
    """The pattern by which a workflow that publishes nothing names the branches of releases, but not to run there."""
    on = workflow.root.child("on")
    branches = on.get("push", "branches") if on is not None and on.kind == "mapping" else None
    named = [item.value for item in branches.items if "release" in item.value] if branches is not None else []
    if not named or not all(name.startswith("!") for name in named) or _builds_tags(workflow):
        return None
    does = " ".join(f"{step.uses} {step.run}" for step in workflow.steps)
    does += " ".join(job.uses for job in workflow.jobs)
    return None if _PUBLISHES.search(does) else named[0]


def _builds_tags(workflow: Workflow) -> bool:
    on = workflow.root.child("on")
    tags = on.get("push", "tags") if on is not None and on.kind == "mapping" else None
    return tags is not None or "release" in workflow.triggers


def _changes(
    workflow: Workflow, step: Step, switch: _Switch, off: dict[str, bool | str] | dict[str, str]
) -> tuple[list[Edit], list[str]]:
    """The edits, and the paths that they declare.

    Raises:
        NoFix: nothing switches the cache on here, or `with` cannot be changed.
    """
    given = step.node.child("with")
    names = {key.value.lower(): key.value for key, _ in given.entries} if given is not None else {}
    edits: list[Edit] = []
    gone = [names[name] for name in switch.remove if name in names]
    path = (*step.path, "with")
    places = [dotted(each) for each in workflow.everywhere(path)]
    declares = [f"{place}.{name}/delete" for place in places for name in gone]
    values: dict[str, yamltext.Value] = {names.get(name, name): value for name, value in off.items()}
    if given is not None and gone and len(gone) == len(names) and not values:
        return [yamledit.delete_key(workflow.doc, step.node, "with")], [f"{place}/delete" for place in places]
    added = next((name for name in values if name not in names), None)
    if given is not None and gone:
        # In the place of one that goes: behind the last it might touch another that goes.
        instead = [yamledit.replace_entry(workflow.doc, given, gone[0], added, values[added])] if added else []
        edits += [*instead, *yamledit.delete_keys(workflow.doc, given, gone[1:] if added else gone)]
    rest = {name: value for name, value in values.items() if not gone or name != added}
    try:
        edits += yamledit.put_all(workflow.doc, step.node, "with", rest, after="uses")
    except ValueError as error:
        message = f"`with` of this step cannot be added to: {error}"
        raise NoFix(message) from error
    if not edits:
        message = f"nothing in this step switches the cache of {step.action} on"
        raise NoFix(message)
    return edits, [*declares, *(f"{place}.{name}" for place in places for name in values)]
