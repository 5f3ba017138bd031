"""Dependabot's configuration: updates that are too fresh, and code of strangers that runs during an update."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.source import yamledit
from workers.source.yamldoc import Node, YamlDoc

_MINIMUM, _CAUTIOUS = 7, 14
_EXECUTION = "insecure-external-code-execution"
_RUN_CODE = ("bundler", "mix", "pip")


@fixer(
    name="dependabot-cooldown",
    weakness="A release is proposed before anybody had time to look at it",
    rules={"zizmor": ["dependabot-cooldown"]},
    explain=(
        "Releases of a package that was taken over are mostly found and withdrawn within days. A cooldown lets "
        "Dependabot wait that long before it proposes a version; security updates do not wait. Approaches: a week for "
        "this ecosystem, which is what zizmor asks for at least; two weeks; a week for every ecosystem of the file."
    ),
)
def cooldown(target: Target) -> Iterator[Candidate]:
    """No or a short cooldown → one of a week or two."""
    doc = model.read_yaml(target)
    index = _flagged(target, doc)
    yield _waits(doc, "cooldown-7-days", [index], _MINIMUM)
    yield _waits(doc, "cooldown-14-days", [index], _CAUTIOUS)
    short = [number for number, update in enumerate(_updates(doc)) if _days(update) < _MINIMUM]
    if len(short) > 1:
        yield _waits(doc, "cooldown-file", short, _MINIMUM)


@fixer(
    name="dependabot-execution",
    weakness="Dependabot runs code of the packages that it updates",
    rules={"zizmor": ["dependabot-execution"]},
    explain=(
        "Some package managers run code of a package while they resolve versions. Dependabot refuses that unless "
        f"`{_EXECUTION}: allow` says otherwise; a malicious release could then use the credentials of Dependabot's "
        "registries. Approaches: say `deny`; leave the key out, where that means the same: Dependabot denies it by "
        "itself to an update that has registries, and knows no such code but of Bundler, Mix and Pip."
    ),
)
def execution(target: Target) -> Iterator[Candidate]:
    """`allow` → `deny`, or nothing."""
    doc = model.read_yaml(target)
    index = _flagged(target, doc)
    update = _updates(doc)[index]
    if update.text(_EXECUTION) != "allow":
        message = "this update runs no external code"
        raise NoFix(message)
    path = f"updates[{index}].{_EXECUTION}"
    why = "Updates of this ecosystem no longer run code of packages; an update that needs it fails and says so."
    yield model.candidate("deny", [yamledit.set_key(doc, update, _EXECUTION, "deny")], why, declares=[path])
    if update.text("package-ecosystem") in _RUN_CODE and update.child("registries") is None:
        return
    edit = yamledit.delete_key(doc, update, _EXECUTION)
    why = "Without the key Dependabot runs no code of packages here; an update that needs it fails and says so."
    yield model.candidate("default", [edit], why, declares=[f"{path}/delete"])


def _updates(doc: YamlDoc) -> list[Node]:
    node = doc.root.child("updates")
    return [item for item in node.items if item.kind == "mapping"] if node is not None else []


def _flagged(target: Target, doc: YamlDoc) -> int:
    at = model.place(target, doc)
    for index, update in enumerate(_updates(doc)):
        if doc.line_start(update.start) <= at <= update.end:
            return index
    message = "the finding points to no update of this file"
    raise NoFix(message)


def _days(update: Node) -> int:
    text = update.text("cooldown", "default-days")
    return int(text) if text.isdigit() else 0


def _waits(doc: YamlDoc, approach: str, indexes: list[int], days: int) -> Candidate:
    edits = [_set(doc, _updates(doc)[index], days) for index in indexes]
    where = "Every ecosystem" if len(indexes) > 1 else "This ecosystem"
    why = f"{where} waits {days} days before a release is proposed; security updates do not wait."
    declares = [f"updates[{index}].cooldown.default-days" for index in indexes]
    return model.candidate(approach, edits, why, declares=declares)


def _set(doc: YamlDoc, update: Node, days: int) -> Edit:
    try:
        return yamledit.put(doc, update, ("cooldown", "default-days"), days)
    except ValueError as error:
        message = f"the cooldown of this update cannot be changed: {error}"
        raise NoFix(message) from error
