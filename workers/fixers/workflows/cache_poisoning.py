"""Caches that a release restores, although other runs may have written them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.actions_lock import numbers
from workers.fixers.workflows.model import Step, Workflow
from workers.source import yamledit
from workers.source.yamldoc import dotted

_CACHES_BY_ITSELF = 5
_TAG = "startsWith(github.ref, 'refs/tags/')"


class _Switch(msgspec.Struct, frozen=True):
    """How an action's cache is switched off."""

    off: dict[str, bool | str] = {}
    remove: tuple[str, ...] = ()
    """Inputs that switch it on."""


_SWITCHES: dict[str, _Switch] = {
    "actions/cache": _Switch(off={"lookup-only": True}),
    "actions/setup-dotnet": _Switch(off={"cache": False}),
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
    "pyo3/maturin-action": _Switch(off={"sccache": False}),
    "ramsey/composer-install": _Switch(off={"ignore-cache": "yes"}),
    "swatinem/rust-cache": _Switch(off={"lookup-only": True}),
}
_INSTALLS = {"ruby/setup-ruby": "`bundler-cache` also runs `bundle install`, which a step of its own would have to do"}


@fixer(
    name="cache-poisoning",
    weakness="A release is built from a cache that other runs can write",
    rules={"zizmor": ["cache-poisoning"], "codeql": ["actions/cache-poisoning/*"]},
    explain=(
        "Whoever runs code in any job of the default branch can write the repository's caches, and a release that "
        "restores one builds what they put there. A release can do without: it takes longer, and is made from what it "
        "downloaded and checked itself. Approaches: no cache in this step; no cache where a tag is built, so that "
        "other runs keep theirs."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A step with a cache → one without, always or for tags."""
    workflow = model.read(target)
    step = model.flagged_step(target, workflow)
    switch = _SWITCHES.get(step.action)
    if switch is None:
        why = _INSTALLS.get(step.action, f"{step.action or 'this step'} has no switch for its cache that is known here")
        raise NoFix(why)
    switch = _of_version(workflow, step, switch)
    if "lookup-only" in switch.off and _asked(workflow, step):
        message = "another step asks whether this cache was hit, and would take a look-up for a restored cache: remove "
        message += "the step, and what asks for it, from the jobs that release"
        raise NoFix(message)
    edits, declares = _changes(workflow, step, switch, switch.off)
    why = f"{step.action} restores no cache, so a release is built from nothing that another run wrote."
    yield model.candidate("no-cache", edits, why, declares=declares)
    value = next((value for value in switch.off.values() if isinstance(value, bool)), None)
    on = [name for name in switch.remove if step.input(name)]
    if value is None or on or not _builds_tags(workflow):
        return
    expression = f"${{{{ {_TAG if value else f'!{_TAG}'} }}}}"
    edits, declares = _changes(workflow, step, switch, dict.fromkeys(switch.off, expression))
    why = f"{step.action} restores no cache where a tag is built; other runs of this workflow keep theirs."
    yield model.candidate("no-cache-for-tags", edits, why, declares=declares)


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
    old = step.action == "actions/setup-node" and version and version[0] < _CACHES_BY_ITSELF
    return _Switch(remove=switch.remove) if old else switch


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
    declares = [f"{dotted((*path, name))}/delete" for name in gone]
    values: dict[str, yamledit.Value] = {names.get(name, name): value for name, value in off.items()}
    if given is not None and gone and len(gone) == len(names) and not values:
        return [yamledit.delete_key(workflow.doc, step.node, "with")], [f"{dotted(path)}/delete"]
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
    return edits, [*declares, *(dotted((*path, name)) for name in values)]
