"""Packages as scanners name them → packages as OSV and purl name them."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from packageurl import PackageURL

from daemon.domain.finding import Package
from workers.parsers.identifiers import unique

# OSV's name of the ecosystem: purl type, then the words that scanners use for it.
_ECOSYSTEMS = {
    "npm": ("npm", "node node-pkg nodejs npm-lock javascript yarn pnpm bun js node.js"),
    "PyPI": ("pypi", "python pip pipenv poetry uv python-pkg pypi conda-pkg"),
    "Maven": ("maven", "java jar war java-archive pom gradle gradle-lockfile sbt maven jenkins-plugin"),
    "Go": ("golang", "go gomod gobinary go-module golang gomodules"),
    "crates.io": ("cargo", "rust cargo rustbinary rust-binary rust-crate crates.io"),
    "RubyGems": ("gem", "ruby gem bundler gemspec rubygems"),
    "Packagist": ("composer", "php composer composer-vendor php-composer packagist"),
    "NuGet": ("nuget", "nuget dotnet dotnet-core dotnet-deps packages-props .net paket"),
    "Pub": ("pub", "pub dart"),
    "Hex": ("hex", "hex mix elixir erlang"),
    "SwiftURL": ("swift", "swift swifturl"),
    "CocoaPods": ("cocoapods", "cocoapods pod"),
    "GitHub Actions": ("githubactions", "github-action github-actions actions github-action-workflow"),
    "Alpine": ("apk", "alpine apk"),
    "Wolfi": ("apk", "wolfi"),
    "Chainguard": ("apk", "chainguard"),
    "Debian": ("deb", "debian deb dpkg"),
    "Ubuntu": ("deb", "ubuntu"),
    "Red Hat": ("rpm", "redhat rhel rpm"),
    "Rocky Linux": ("rpm", "rocky"),
    "AlmaLinux": ("rpm", "alma almalinux"),
    "Amazon Linux": ("rpm", "amazon amzn"),
    "SUSE": ("rpm", "suse sles opensuse opensuse-leap"),
    "CentOS": ("rpm", "centos"),
    "Fedora": ("rpm", "fedora"),
    "Oracle Linux": ("rpm", "oracle"),
    "Photon OS": ("rpm", "photon"),
    "Azure Linux": ("rpm", "azurelinux cbl-mariner mariner"),
}
_BY_WORD = {word: name for name, (_, words) in _ECOSYSTEMS.items() for word in (name.lower(), *words.split())}
_DISTRIBUTIONS = ("apk", "deb", "rpm")
UNKNOWN = "unknown"


def ecosystem(word: str | None) -> str:
    """OSV's name for a scanner's word; the word itself where OSV has none, `unknown` where there is no word."""
    if not word:
        return UNKNOWN
    name, colon, release = word.partition(":")
    known = _BY_WORD.get(name.strip().lower(), name.strip())
    return f"{known}:{release}" if colon and release else known


@functools.lru_cache(maxsize=20_000)
def parse_purl(purl: str) -> PackageURL | None:
    """A package URL, taken apart; none where it is not one."""
    try:
        return PackageURL.from_string(purl)
    except ValueError:
        return None


def package(
    *,
    kind: str | None = None,
    name: str | None = None,
    version: str | None = None,
    purl: str | None = None,
    fixed: Iterable[str | None] = (),
    manifest: str | None = None,
) -> Package | None:
    """A package from what a report gives of it; none where it has not even a name.

    `kind` is the scanner's word for the ecosystem; a purl fills what is missing.
    """
    parts = parse_purl(purl) if purl else None
    if parts:
        name = name or _full_name(parts)
        version = version or parts.version
        kind = kind or _purl_ecosystem(parts)
    if not name:
        return None
    system = ecosystem(kind)
    return Package(
        ecosystem=system,
        name=name,
        version=version or "",
        purl=parts.to_string() if parts else make_purl(system, name, version or ""),
        fixed_versions=unique(text.strip() for text in fixed if text),
        manifest=manifest,
    )


def _full_name(parts: PackageURL) -> str:
    """The name as its ecosystem writes it: `group:artifact`, `@scope/name`, `owner/name`."""
    if not parts.namespace or parts.type in _DISTRIBUTIONS:
        return parts.name
    return f"{parts.namespace}{':' if parts.type == 'maven' else '/'}{parts.name}"


def _purl_ecosystem(parts: PackageURL) -> str:
    return (parts.namespace or parts.type) if parts.type in _DISTRIBUTIONS else parts.type


@functools.lru_cache(maxsize=20_000)
def make_purl(system: str, name: str, version: str) -> str | None:
    """The package URL of an OSV package; none where purl has no type for its ecosystem."""
    base, _, _ = system.partition(":")
    kind = _ECOSYSTEMS.get(base, ("", ""))[0]
    if not kind:
        return None
    namespace, _, last = name.rpartition(":" if kind == "maven" else "/")
    if kind in _DISTRIBUTIONS:
        namespace, last = base.lower().replace(" ", ""), name
    if not last.strip("/ "):
        return None
    try:
        return PackageURL(type=kind, namespace=namespace or None, name=last, version=version or None).to_string()
    except ValueError:
        return None


_MANIFESTS = {
    "package-lock.json": "npm",
    "package.json": "npm",
    "yarn.lock": "npm",
    "pnpm-lock.yaml": "npm",
    "bun.lock": "npm",
    "requirements.txt": "PyPI",
    "pipfile.lock": "PyPI",
    "poetry.lock": "PyPI",
    "uv.lock": "PyPI",
    "pdm.lock": "PyPI",
    "pyproject.toml": "PyPI",
    "gradle.lockfile": "Maven",
    "buildscript-gradle.lockfile": "Maven",
    "build.gradle": "Maven",
    "build.gradle.kts": "Maven",
    "verification-metadata.xml": "Maven",
    "pom.xml": "Maven",
    "go.mod": "Go",
    "cargo.lock": "crates.io",
    "gemfile.lock": "RubyGems",
    "composer.lock": "Packagist",
    "packages.lock.json": "NuGet",
    "pubspec.lock": "Pub",
    "mix.lock": "Hex",
}
_ARCHIVES = {".jar": "Maven", ".war": "Maven", ".ear": "Maven", ".whl": "PyPI", ".gemspec": "RubyGems"}
_VERSION_MARKS = (
    ("ubuntu", "Ubuntu"),
    ("build", "Ubuntu"),
    ("+deb", "Debian"),
    ("~deb", "Debian"),
    (".el", "Red Hat"),
    (".amzn", "Amazon Linux"),
)


def guess_ecosystem(name: str, version: str, file: str | None) -> str | None:
    """The ecosystem where a report does not name it: by the file, else by marks in versions."""
    base = (file or "").rpartition("/")[2].lower()
    if base in _MANIFESTS:
        return _MANIFESTS[base]
    archive = next((system for ending, system in _ARCHIVES.items() if base.endswith(ending)), None)
    if archive:
        return archive
    return next((system for mark, system in _VERSION_MARKS if mark in version), "Maven" if ":" in name else None)
