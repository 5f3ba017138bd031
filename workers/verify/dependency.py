"""Dependency bumps, which no scanner can re-scan offline: evidence from the manifests and the advisory's own range.

A bump counts as evidence when the installed version was inside the advisory's range (positive control), and after it
every declaration of the package in the files it touches is outside of that range, by the ecosystem's version order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from daemon.domain.finding import Package
from daemon.domain.fix import Edit
from daemon.errors import SourceUnavailable
from workers.source.manifests import boot, golang, gradle, maven, npm, npm_lock, pnpm, python
from workers.source.manifests.admits import admits
from workers.source.manifests.boms import bom_of
from workers.source.manifests.declaration import Declaration, floor
from workers.source.tree import SourceTree
from workers.source.versions import canonical_ecosystem, parse_version, release_numbers, same_line

DECLARES = "dependency:"
_VERSION = re.compile(r"v?\d+(?:\.\d+)*(?:[-.+]?[A-Za-z0-9]+)*")
_NPM_OVERRIDES = (("overrides",), ("resolutions",), ("pnpm", "overrides"))


class Evidence(msgspec.Struct, frozen=True):
    """What the manifests show."""

    reason: str | None
    """Why it is no evidence; none where it is."""
    before: tuple[str, ...] = ()
    """`path: version` of each declaration."""
    after: tuple[str, ...] = ()


def evidence(package: Package, tree: SourceTree, patched: Mapping[str, bytes]) -> Evidence:
    """Whether the patched manifests decide a version of the package outside the advisory's range."""
    if not package.fixed_versions:
        return Evidence("the report names no fixed version")
    if is_fixed(package.version, package.fixed_versions, package.ecosystem):
        return Evidence(f"the installed version {package.version} is not inside the advisory's range")
    if (released := _released(package, tree, patched)) is not None:
        return released
    old = _of(package, [*_declared(tree, {}, patched), *_by_property(package, tree, {}, patched)], patched)
    new = _of(package, [*_declared(tree, patched, patched), *_by_property(package, tree, patched, patched)], patched)
    shown = _shown(old), _shown(new)
    changed = list(new)
    for one in old:
        twin = next((other for other in changed if _place(other) == _place(one)), None)
        if twin is not None:
            changed.remove(twin)
    if not changed:
        return Evidence(f"no declaration of {package.name} in the changed files is new", *shown)
    for one in _deciding(package, new):
        lowest = floor(one.version)
        fixed = lowest is not None and is_fixed(lowest, package.fixed_versions, package.ecosystem)
        # Another configuration may hold another version: that is another finding.
        if not fixed and (one in changed or lowest == package.version):
            return Evidence(f"{one.at.path} still allows {one.version or 'any version'}, which is not fixed", *shown)
    return Evidence(None, *shown)


def _released(package: Package, tree: SourceTree, patched: Mapping[str, bytes]) -> Evidence | None:
    """Entries that a lockfile no longer has: what asked for them gets the newest release that its range admits."""
    locks = [path for path in patched if _name(path) == "yarn.lock"]
    if len(locks) != len(patched) or not locks:
        return None
    shown: list[str] = []
    for path in locks:
        before = {copy.version: copy for copy in npm_lock.copies(path, tree.read(path), package.name)}
        after = {copy.version for copy in npm_lock.copies(path, patched[path], package.name)}
        gone = before.get(package.version)
        if gone is None or package.version in after:
            return Evidence(f"{path} locks {package.name} {package.version} still", (), ())
        good = [text for text in package.fixed_versions if is_fixed(text, package.fixed_versions, package.ecosystem)]
        if not any(gone.asks and all(admits(ask.range, text) for ask in gone.asks) for text in good):
            return Evidence(f"not every range that asks for {package.name} admits a fixed release", (), ())
        shown += [f"{path}: {ask.by or 'the project'} asks for {ask.range}" for ask in gone.asks]
    return Evidence(None, (f"{package.name} {package.version}",), tuple(shown))


def violations(
    declares: Sequence[str], tree: SourceTree, files: Mapping[str, tuple[bytes, Sequence[Edit]]]
) -> list[str]:
    """Edits that touch anything but the declared dependencies, as phrases; `files`: path → content after, edits."""
    patched = {path: content for path, (content, _) in files.items()}
    names = {declared.removeprefix(DECLARES).removesuffix("/delete") for declared in declares}
    before = _declared(tree, {}, patched)
    after = _declared(tree, patched, patched)
    spans = [span for one in before if _named(one.name, names) for span in (one.literal, one.at) if span is not None]
    found = [
        f"{path}: an edit lies outside of the declared dependencies"
        for path, (_, edits) in files.items()
        for edit in edits
        if not any(span.path == path and span.start <= edit.end and edit.start <= span.end for span in spans)
        and not _mentions(edit.text, names)
        and not _VERSION.fullmatch(edit.text.strip())
    ]
    moved = _moved(before, after)
    return found + [
        f"{name} changed as well, which the fix does not declare" for name in sorted(moved) if not _named(name, names)
    ]


def is_manifest(path: str) -> bool:
    """Whether a Python project says there what it is installed with, and nothing else that runs."""
    return python.is_requirements(path) or _name(path) in ("pyproject.toml", "Pipfile", "setup.cfg")


def is_fixed(version: str, fixed: Iterable[str], ecosystem: str) -> bool:
    """Whether a version lies outside the range that ends with these fixed versions, one for each release line."""
    ours = parse_version(ecosystem, version)
    known = [(text, parsed) for text in fixed if (parsed := parse_version(ecosystem, text)) is not None]
    if ours is None or not known:
        return False
    line = [parsed for text, parsed in known if same_line(text, version)]
    major = (*release_numbers(version), 0)[0]
    older = [parsed for text, parsed in known if (*release_numbers(text), 0)[0] <= major]
    return bool(line or older) and all(ours >= parsed for parsed in line or older)


def _declared(tree: SourceTree, patched: Mapping[str, bytes], touched: Iterable[str]) -> list[Declaration]:
    """Every declaration in the touched files, and in the build files that they work with."""
    found: list[Declaration] = []
    touched = set(touched)
    builds = {path for path in touched if gradle.is_build_file(path)}
    poms = {path for path in touched if _name(path).endswith(".xml")}
    if builds:
        found += gradle.declarations(_files(tree, patched, gradle.is_build_file))
    if poms:
        read = maven.read_poms(_files(tree, patched, lambda path: _name(path) == "pom.xml"))
        found += [one for path in read for one in maven.declarations(read, path)]
    for path in sorted(touched - builds - poms):
        content = patched[path] if path in patched else tree.read(path)
        found += _single(path, content)
    return found


def _by_property(
    package: Package, tree: SourceTree, patched: Mapping[str, bytes], touched: Iterable[str]
) -> list[Declaration]:
    """Where Spring Boot's parent takes the package's version from, in the touched poms."""
    if canonical_ecosystem(package.ecosystem) != "maven" or not any(_name(path).endswith(".xml") for path in touched):
        return []
    return boot.by_property(maven.read_poms(_files(tree, patched, lambda path: _name(path) == "pom.xml")), package.name)


def _single(path: str, content: bytes) -> list[Declaration]:
    name = _name(path)
    try:
        if name == "package.json":
            document = npm.Json(path, content)
            return npm.declarations(document) + _overrides(document)
        if name == "yarn.lock":
            return npm_lock.entries(path, content)
        if name == pnpm.WORKSPACE:
            return pnpm.overrides(path, content)
        if name == "go.mod":
            return golang.declarations(path, content)
        if name.endswith(".lockfile"):
            return gradle.locked(path, content)
        return python.declarations(path, content)
    except ValueError:
        return []


def _overrides(document: npm.Json) -> list[Declaration]:
    found = []
    for keys in _NPM_OVERRIDES:
        node = document.at(*keys)
        for name, value in document.pairs(node) if node is not None and node.type == "object" else ():
            version = document.string(value)
            if version:
                span = document.inner(value)
                name = pnpm.package_of(name)
                found.append(Declaration(name=name, version=version, literal=span, at=span, scope="overrides"))
    return found


def _files(tree: SourceTree, patched: Mapping[str, bytes], wanted: Callable[[str], bool]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in tree.paths():
        if wanted(path):
            try:
                found[path] = patched[path] if path in patched else tree.read(path)
            except SourceUnavailable:
                continue
    return found


def _name(path: str) -> str:
    return PurePosixPath(path).name


def _of(package: Package, declared: Iterable[Declaration], touched: Iterable[str]) -> list[Declaration]:
    """The declarations of the package and of its family's bill of materials that a touched file makes or decides."""
    files = set(touched)
    jvm = canonical_ecosystem(package.ecosystem) == "maven"
    deciding = {bom_of(package.name), *boot.deciding(package.name)} if jvm else set()
    return [
        one
        for one in declared
        if one.version
        and (_same_name(one.name, package.name, package.ecosystem) or one.name in deciding)
        and (one.at.path in files or (one.literal is not None and one.literal.path in files))
    ]


def _deciding(package: Package, declared: Sequence[Declaration]) -> Sequence[Declaration]:
    """Those that decide the version: Go itself builds with the higher one of its `go` and `toolchain` lines."""
    if canonical_ecosystem(package.ecosystem) == "npm":
        # What a package asks of its users' trees brings nothing into its own, where it asks for the same one itself.
        return [one for one in declared if one.scope != "peerDependencies"] or declared
    if canonical_ecosystem(package.ecosystem) == "maven":
        # What an artifact itself is given wins over what is said of its family.
        return [one for one in declared if _same_name(one.name, package.name, package.ecosystem)] or declared
    if canonical_ecosystem(package.ecosystem) != "go" or package.name != "stdlib":
        return declared
    return sorted(declared, key=lambda one: release_numbers(one.version))[-1:]


def _shown(declared: Iterable[Declaration]) -> tuple[str, ...]:
    return tuple(f"{one.at.path}: {one.version}" for one in declared)


def _place(one: Declaration) -> tuple[str, str, str]:
    return one.at.path, one.scope, one.version


def _same_name(declared: str, installed: str, ecosystem: str) -> bool:
    match canonical_ecosystem(ecosystem):
        case "pypi":
            return python.normal_name(declared) == python.normal_name(installed)
        case "maven":
            # Kotlin's multiplatform modules are declared by one name and installed under the JVM's.
            return installed in (declared, f"{declared}-jvm")
    return declared == installed


def _named(name: str, names: Iterable[str]) -> bool:
    return any(name == other or python.normal_name(name) == python.normal_name(other) for other in names)


def _mentions(text: str, names: Iterable[str]) -> bool:
    return any(re.split(r"[:/]", name)[-1].lower() in text.lower() for name in names)


def _moved(before: Iterable[Declaration], after: Iterable[Declaration]) -> set[str]:
    """Names of which the versions differ."""

    def versions(declared: Iterable[Declaration]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in declared:
            found.setdefault(one.name, []).append(f"{one.at.path} {one.scope} {one.version}")
        return {name: sorted(places) for name, places in found.items()}

    old, new = versions(before), versions(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
