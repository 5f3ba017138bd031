"""npm, yarn, pnpm and bun: the version of a package that other packages bring."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from daemon.domain.fix import Candidate, Edit
from workers.fixers.dependencies import pnpm
from workers.fixers.dependencies.job import Job, refuse, replace
from workers.fixers.dependencies.json_write import put
from workers.fixers.dependencies.ranges import raise_npm
from workers.source.manifests.admits import admits
from workers.source.manifests.declaration import Declaration, floor
from workers.source.manifests.npm import Json
from workers.source.manifests.npm_lock import Ask, Copy, copies, entries, is_berry
from workers.source.versions import parse_version

_MANAGERS = {
    "pnpm-lock.yaml": ("pnpm", "pnpm install"),
    "yarn.lock": ("yarn", "yarn install"),
    "package-lock.json": ("npm", "npm install"),
    "npm-shrinkwrap.json": ("npm", "npm install"),
    "bun.lock": ("bun", "bun install"),
    "bun.lockb": ("bun", "bun install"),
}
LOCKS = tuple(_MANAGERS)
_KEYS = {"npm": ("overrides",), "bun": ("overrides",), "pnpm": ("pnpm", "overrides"), "yarn": ("resolutions",)}
_MOST = 4
"""As many askers can be named one by one; more are a list that nobody keeps up."""


class Lock:
    """The lockfile that the finding is about, or the nearest: which manager reads it, and who asks for the package."""

    def __init__(self, job: Job) -> None:
        self.job = job
        name = posixpath.basename(job.manifest)
        path = job.manifest if name in _MANAGERS else job.nearest(*LOCKS) or ""
        self.path = path
        self.name = posixpath.basename(path)
        self.manager, self.command = _MANAGERS.get(self.name, ("npm", ""))
        self.content = (job.read(path) if path else None) or b""

    @property
    def warnings(self) -> list[str]:
        """What is left to do once the manifest is changed."""
        return [f"{self.name} pins integrity hashes: write it anew with `{self.command}`"] if self.command else []

    @cached_property
    def copies(self) -> tuple[Copy, ...]:
        """Every locked version of the package; empty where nobody knows."""
        return copies(self.path, self.content, self.job.package.name) if self.content else ()

    @property
    def asks(self) -> tuple[Ask, ...]:
        """Who asks for the vulnerable copy."""
        version = self.job.package.version
        return next((copy.asks for copy in self.copies if copy.version == version), ())

    @property
    def stubborn(self) -> list[Ask]:
        """Packages whose range does not admit the fixed release."""
        version = self.job.choice.smallest
        return [ask for ask in self.asks if ask.by and admits(ask.range, version) is False]

    @property
    def apart(self) -> list[str]:
        """Locked versions of other lines, which one version for all would take away."""
        line = _line(self.job.choice.smallest)
        others = [copy.version for copy in self.copies if copy.version != self.job.package.version]
        return [version for version in others if admits(line, version.partition("-")[0]) is False]

    @cached_property
    def selectors(self) -> list[str]:
        """Keys that decide the vulnerable copy alone; none where the manager has none."""
        job, name = self.job, self.job.package.name
        match self.manager:
            case "npm":
                return [f"{name}@{job.package.version}"]
            case "pnpm":
                return [f"{name}@>={job.package.version.split('.')[0]}.0.0 <{job.choice.smallest}"]
            case "yarn":
                return self._of_yarn(name)
        return []

    def _of_yarn(self, name: str) -> list[str]:
        """Newer releases read a request, the first one a path from who asks."""
        if is_berry(self.content):
            keys = [
                f"{name}@npm:{text}" for text in sorted({ask.range for ask in self.asks if "npm:" not in ask.range})
            ]
        else:
            askers = {ask.by for ask in self.asks}
            elsewhere = {
                ask.by for copy in self.copies for ask in copy.asks if copy.version != self.job.package.version
            }
            keys = [f"**/{by}/{name}" for by in sorted(askers)] if "" not in askers and not askers & elsewhere else []
        return keys if len(keys) <= _MOST else []

    @property
    def fit(self) -> list[str]:
        """What the ranges of those who ask say about the fixed release."""
        version, name = self.job.choice.smallest, self.job.package.name
        if self.stubborn:
            said = [f"{ask.by} asks for {ask.range}" for ask in self.stubborn]
            more = f" and {len(said) - 3} more" if len(said) > 3 else ""
            return [f"{', '.join(said[:3])}{more}, and was not made for {version}: test what uses it"]
        if self.asks and all(admits(ask.range, version) for ask in self.asks):
            return [
                f"every range that asks for {name} admits {version}: {self.refresh(name)} to do without an override"
            ]
        return []

    @property
    def breaks(self) -> str | None:
        """Who was made for another major version than the fixed release's; none where an override stays within it."""
        job, version = self.job, self.job.choice.smallest
        if not job.other_major or (self.asks and not self.stubborn):
            return None
        one = self.stubborn[0] if self.stubborn else Ask("what brings it", "that one")
        other = f"another major version than {job.package.version}"
        return f"{job.package.name} {version} is {other}, and {one.by} asks for {one.range}: raise {one.by}"

    @property
    def released(self) -> list[Edit]:
        """Edits that take the vulnerable copy out of the lockfile, where every range that asks admits a fixed one."""
        package, version = self.job.package, self.job.choice.smallest
        if self.manager != "yarn" or not self.asks or not all(admits(ask.range, version) for ask in self.asks):
            return []
        found = [
            one
            for one in entries(self.path, self.content)
            if (one.name, one.version) == (package.name, package.version)
        ]
        return [replace(one.at, "") for one in found]

    def refresh(self, name: str) -> str:
        """How the lockfile alone takes up a newer release, for a sentence."""
        if self.manager == "npm":
            return f"run `npm update {name}`"
        if is_berry(self.content):
            return f"run `yarn up -R {name}`"
        return f"delete its entry from {self.name} and run `{self.command}`"


def _line(version: str) -> str:
    """The range of the releases that are compatible by their numbers."""
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    return f"^{numbers[0]}" if numbers[0] else f"~0.{numbers[1]}"


def override(job: Job, document: Json, lock: Lock, asked: Sequence[Declaration]) -> Iterator[Candidate]:
    """Decide the version of the copies that others bring: of the vulnerable line alone, or of all."""
    name, version = job.package.name, job.choice.smallest
    keys = _KEYS[lock.manager]
    workspace = pnpm.workspace(job, document) if lock.manager == "pnpm" else None
    where = f"`overrides` of {workspace.path}" if workspace is not None else ".".join(keys)
    parent = f"another dependency brings {name} {job.package.version}"
    warnings = [*lock.warnings, *lock.fit]
    decided = _decided(job, document, keys, workspace)
    if decided is not None and _no_older(job, decided):
        message = f"{where} decides {name} {decided} already, which is no older: write {lock.name} anew"
        raise refuse(message)
    if lock.breaks:
        raise refuse(lock.breaks)
    if decided is None and (lock.manager != "yarn" or lock.apart or asked) and lock.selectors:
        how = f"{where} replaces only the vulnerable releases, because {parent}; other lines stay."
        edits = decide(job, document, lock, lock.selectors, f"^{version}")
        yield job.candidate("override-vulnerable", edits, how, warnings=warnings)
    released = lock.released
    if released:
        how = (
            f"Takes {name} {job.package.version} out of {lock.name}: every range that asks for it admits {version}, so "
            f"`{lock.command}` resolves it to that or a later release, and no override has to be kept up."
        )
        yield job.candidate(
            "relock", released, how, warnings=[f"{lock.name} lacks an entry until `{lock.command}` has run"]
        )
    elif (decided is not None or not lock.selectors) and (asked or lock.apart):
        lines = ", ".join(sorted({copy.version for copy in lock.copies}))
        message = (
            f"{where} would decide {name} for all who ask for it, and {lock.name or 'the project'} has several lines"
            f"{f' ({lines})' if lines else ''}: {_instead(lock, name)}"
        )
        raise refuse(message)
    if not asked and not lock.apart:
        how = f"{where} decides the version everywhere, because {parent}."
        yield job.candidate("override", decide(job, document, lock, [name], f"^{version}"), how, warnings=warnings)
        if lock.manager == "yarn":
            how = f"{where} pins every {name} to exactly {version}, because {parent}."
            exact = decide(job, document, lock, [name], version)
            yield job.candidate("override-exact", exact, how, warnings=warnings)


def raised(job: Job, documents: Sequence[Json], lock: Lock) -> list[Edit]:
    """Edits of the overrides that hold the package to an older release, whatever a package asks for."""
    keys, version = _KEYS[lock.manager], job.choice.smallest
    found = []
    for document in documents:
        node = document.at(*keys, job.package.name)
        held = document.string(node) if node is not None else ""
        wanted = raise_npm(held, version) if held else None
        if node is not None and wanted and not _no_older(job, held):
            found.append(replace(document.inner(node), wanted))
    return found


def decide(job: Job, document: Json, lock: Lock, selectors: Sequence[str], wanted: str) -> list[Edit]:
    """Edits that give each of these the wanted range, in the file that the manager reads."""
    workspace = pnpm.workspace(job, document) if lock.manager == "pnpm" else None
    if workspace is not None:
        return [pnpm.override(workspace, selector, wanted) for selector in selectors]
    return [put(document, _KEYS[lock.manager], dict.fromkeys(selectors, wanted))]


def _instead(lock: Lock, name: str) -> str:
    if lock.asks and not lock.stubborn:
        version = lock.job.choice.smallest
        return f"the ranges that ask for {lock.job.package.version} admit {version}, so {lock.refresh(name)}"
    return "raise what asks for it"


def _decided(job: Job, document: Json, keys: Sequence[str], workspace: object) -> str | None:
    """The override that names the package already, for every release of it; `` where it says more than a version."""
    if workspace is not None:
        node = workspace.root.get("overrides", job.package.name)  # type: ignore[attr-defined]
        return None if node is None else str(node.value or "")
    found = document.at(*keys, job.package.name)
    return None if found is None else document.string(found)


def _no_older(job: Job, decided: str) -> bool:
    asked = parse_version(job.package.ecosystem, floor(decided) or "")
    fixed = parse_version(job.package.ecosystem, job.choice.smallest)
    return asked is not None and fixed is not None and asked >= fixed
