"""Maven: the version in the `pom.xml` that decides it, or `dependencyManagement` where it is transitive."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.dependencies.job import Job, refuse, replace
from workers.fixers.dependencies.maven_write import direct, insert, managed, put_before, versioned, written
from workers.fixers.dependencies.trains import is_sibling, is_train, members_of, released_apart
from workers.source.manifests.boms import bom_at, bom_of
from workers.source.manifests.boot import boot_parent, by_property, property_of
from workers.source.manifests.declaration import Declaration
from workers.source.manifests.maven import Pom, declarations, lineage, read_poms
from workers.source.versions import release_numbers, same_line

_IMPORT = "<type>pom</type>\n<scope>import</scope>"
_DATABIND = "com.fasterxml.jackson.core:jackson-databind"
_IMPORTS_BOMS = (2, 4)
_AFTER_PROPERTIES = ("dependencyManagement", "dependencies", "build", "profiles", "repositories")


def propose(job: Job) -> Iterator[Candidate]:
    """Raise the declaration or its property; manage the version where nothing in the repository sets it."""
    poms = read_poms(job.files(lambda path: path.endswith(".xml") and "pom" in posixpath.basename(path)))
    path = _pom(job, poms)
    if path is None:
        message = f"no pom.xml in the repository brings {job.package.name} {job.package.version}"
        raise refuse(message)
    found = [place for pom in lineage(poms, path) for place in declarations(poms, pom)]
    mine = [place for place in found if place.name == job.package.name and place.literal]
    everyone = [place for pom in poms for place in declarations(poms, pom)]
    if mine and all(job.lowers(place) for place in mine):
        message = f"{mine[0].at.path} asks for {job.package.name} {mine[0].version} already, which is no older"
        raise refuse(message)
    if mine:
        beside = [
            place for place in found if place.literal and is_sibling(place, job.package.name, job.package.version)
        ]
        yield from _raise(job, [*mine, *(() if _skipped(job) else beside)], everyone)
    else:
        unversioned = [place for place in found if place.name == job.package.name and place.scope == "dependencies"]
        family = _beside(job, found)
        if family:
            yield from _raise(job, family, everyone, of="the artifact that it is released with")
        if not family or not _led(family, job.package.name):
            yield from _set_property(job, poms, path)
            job.refuse_other_major()
            yield from _manage(job, poms, path, unversioned)


def _beside(job: Job, found: Sequence[Declaration]) -> list[Declaration]:
    """What is declared at the same version and released with the package."""
    if _skipped(job):
        return []
    return [place for place in found if place.literal and is_sibling(place, job.package.name, job.package.version)]


def _led(family: Sequence[Declaration], name: str) -> bool:
    """Whether the family has a parent or a bill of materials of its own here, which decides all of its members."""
    return any(place.scope in ("parent", "import") for place in family) and is_train(name)


def _pom(job: Job, poms: Mapping[str, Pom]) -> str | None:
    """The pom that the finding is about: its own, the nearest, or the only one that names the package."""
    if job.manifest in poms:
        return job.manifest
    named = [pom for pom in poms if any(place.name == job.package.name for place in declarations(poms, pom))]
    nearest = job.nearest("pom.xml")
    if nearest in poms and (job.read(job.manifest) is not None or not named):
        return nearest
    return named[0] if named else None


def _raise(
    job: Job, places: Sequence[Declaration], everyone: Sequence[Declaration], of: str = ""
) -> Iterator[Candidate]:
    whole, single = [], []
    for place in places:
        if place.via and (_foreign(place, everyone) or _own_release(job, place, everyone)):
            single.append(place.at)
        elif place.literal and (place.version == job.package.version or len(places) == 1 or not place.via):
            whole.append(place.literal)
    spans = set(whole + single)
    through = sorted({place.via for place in places if place.via and place.literal in whole})
    where = f" through the property {', '.join(through)}" if through else ""
    siblings = {place.name for place in everyone if place.literal in whole}
    step = _step(job)
    shared = {place.literal for place in places if place.via and place.literal and place.literal not in whole}
    first = [replace(span, step) for span in shared] if step else []
    siblings |= {place.name for place in everyone if step and place.literal in shared}
    for approach, version, what in job.versions():
        how = f"Raises {of or job.package.name} to {version}{where}, {what}."
        yield job.candidate(approach, [*first, *(replace(span, version) for span in spans)], how, names=siblings)
    alone = len(siblings) > 1 and not is_train(job.package.name)
    if alone and through and not of and any(place.via and place.at not in spans for place in places):
        own = [replace(place.at, job.choice.smallest) for place in places]
        how = f"Sets {job.choice.smallest} for this artifact alone; what else the property decides stays as it is."
        yield job.candidate("this-artifact-only", own, how)


def _skipped(job: Job) -> bool:
    """Whether the fixed release is jackson-databind's own, with a fourth number: the artifacts beside it skipped it."""
    return job.package.name == _DATABIND and len(release_numbers(job.choice.smallest)) > 3


def _step(job: Job) -> str | None:
    """The release that the artifacts beside it have to be raised to first, where theirs is of another line."""
    if not _skipped(job) or same_line(job.choice.smallest, job.package.version):
        return None
    return ".".join(str(number) for number in release_numbers(job.choice.smallest)[:3])


def _own_release(job: Job, place: Declaration, everyone: Sequence[Declaration]) -> bool:
    """Whether the property also decides artifacts that skipped the fixed release."""
    beside = any(other.literal == place.literal and other.name != place.name for other in everyone)
    return beside and _skipped(job)


def _foreign(place: Declaration, everyone: Sequence[Declaration]) -> bool:
    """Whether the property also decides artifacts of other groups, which may have no such release."""
    return any(other.literal == place.literal and released_apart(place.name, other.name) for other in everyone)


def _manage(job: Job, poms: Mapping[str, Pom], path: str, unversioned: Sequence[Declaration]) -> Iterator[Candidate]:
    name, version = job.package.name, job.choice.smallest
    managing = [each for each in lineage(poms, path) if poms[each].root.at("dependencyManagement", "dependencies")]
    place = managing[-1] if managing else path
    pom, content = poms[place], job.tree.read(place)
    whole = "the whole build" if place != path or pom.root.child("modules") else "this module"
    brought = "a parent or a bill of materials sets its version" if unversioned else "something else brings it"
    boot = boot_parent(poms, path)
    bom = bom_at(name, version)
    # What a parent of Boot's before 2.4 manages one by one wins over what a bill of materials says.
    bom = bom if boot is None or release_numbers(boot.version) >= _IMPORTS_BOMS else None
    if (step := _step(job)) is not None:
        if boot is not None and release_numbers(boot.version) < _IMPORTS_BOMS:
            message = (
                f"{name} {version} needs the rest of Jackson {step}, and Spring Boot {boot.version} sets it: raise Boot"
            )
            raise refuse(message)
        how = (
            f"Imports the bill of materials of Jackson {step}, and sets {name} {version}, which no other artifact has."
        )
        family = bom_of(name) or name
        entries = [written(family, step, _IMPORT), written(name, version, "")]
        # Of imported bills of materials the first that names an artifact decides.
        edits = [managed(pom, content, "\n".join(entries), first=True)]
        yield job.candidate("bill-of-materials", edits, how, names=[family])
        return
    imported = any(one.name == bom for each in lineage(poms, path) for one in declarations(poms, each))
    whole_family = is_train(name) and ((bom and not imported) or _property(job, boot))
    members = [name] if _skipped(job) or not is_train(name) else members_of(name)
    if not whole_family and not members:
        message = f"{name.partition(':')[0]} is released as one, which nothing here decides: raise what brings it"
        raise refuse(message)
    if not whole_family or _skipped(job):
        how = f"dependencyManagement sets {name} {version} for {whole}: {brought}."
        edits = [managed(pom, content, "\n".join(written(each, version, "") for each in members))]
        yield job.candidate("dependency-management", edits, how, names=members, warnings=_other_line(job, version))
    if bom and not imported:
        how = f"Imports {bom} {version}, so that the whole family moves together."
        # Of imported bills of materials the first that names an artifact decides.
        edits = [managed(pom, content, written(bom, version, _IMPORT), first=True)]
        yield job.candidate("bill-of-materials", edits, how, names=[bom], warnings=_other_line(job, version))
    elif is_train(name) and not _skipped(job):
        return
    elif unversioned and not bom:
        how = f"Writes {version} where {name} is asked for: it wins over the version that is managed elsewhere."
        edits = [versioned(job.tree.read(place.at.path), place, version) for place in unversioned]
        yield job.candidate("explicit-version", edits, how)
    elif not bom:
        how = f"Asks for {name} {version} directly: the nearest declaration wins over what other dependencies ask for."
        asked = direct(poms[path], job.tree.read(path), name, version)
        yield job.candidate("direct-dependency", [asked], how)


def _property(job: Job, boot: Declaration | None) -> str | None:
    return property_of(job.package.name, release_numbers(boot.version)) if boot and not _skipped(job) else None


def _set_property(job: Job, poms: Mapping[str, Pom], path: str) -> Iterator[Candidate]:
    """Boot's parent lets a project set the version of what it manages."""
    boot = boot_parent(poms, path)
    name = _property(job, boot)
    if boot is None or name is None:
        return
    pom, own = poms[boot.at.path], poms[boot.at.path].properties().get(name)
    if own is not None and any(job.lowers(place) for place in by_property({pom.path: pom}, job.package.name)):
        message = f"{pom.path} sets {name} to {own.text.strip()} already, which is no older"
        raise refuse(message)
    how = f"Sets {name}, by which Spring Boot's parent takes the version of {job.package.name} and what goes with it."
    for approach, version in (("managed-property", job.choice.smallest), ("installed-line", job.choice.line)):
        if version and (approach == "installed-line" or not job.other_major):
            edit = _property_edit(pom, job.tree.read(pom.path), name, version)
            stays = f"remove {name} once Spring Boot manages {version} or later itself: it holds back later ones"
            told = [stays, *_other_line(job, version)]
            yield job.candidate(approach, [edit], how, warnings=told, names=[name])


def _other_line(job: Job, version: str) -> list[str]:
    """What brings an artifact was tested with the line that it asks for."""
    same = same_line(version, job.package.version)
    return (
        [] if same else [f"{version} is another line than {job.package.version}: test what brings {job.package.name}"]
    )


def _property_edit(pom: Pom, content: bytes, name: str, version: str) -> Edit:
    entry = f"<{name}>{version}</{name}>"
    holder, own = pom.root.child("properties"), pom.properties().get(name)
    if own is not None:
        return Edit(path=pom.path, start=own.inner, end=own.close, text=version)
    if holder is not None and holder.close > holder.inner:
        return insert(pom, content, holder, entry)
    before = next((child for child in pom.root.children if child.tag in _AFTER_PROPERTIES), None)
    block = f"<properties>\n\t{entry}\n</properties>"
    return put_before(pom, content, before.start, block) if before else insert(pom, content, pom.root, block)
