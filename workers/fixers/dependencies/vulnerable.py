"""A dependency with a known vulnerability → the smallest fixed version, at the place that decides it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable

from daemon.domain.fix import Candidate
from workers.fixers.dependencies import actions, golang, gradle, image, maven, npm, python
from workers.fixers.dependencies.job import Job, refuse
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.manifests.gradle import is_build_file
from workers.source.versions import canonical_ecosystem

_IDS = ("CVE-*", "GHSA-*", "OSV-*", "GO-*", "PYSEC-*", "RUSTSEC-*", "MAL-*", "SNYK-*", "DSA-*", "DLA-*", "USN-*",
        "ALAS*", "RHSA-*", "ELSA-*", "NSWG-*", "TEMP-*", "GMS-*", "BIT-*")  # fmt: skip
_SCANNERS = (
    "osv-scanner", "osv", "trivy", "grype", "dependabot", "pip-audit", "npm-audit", "npm", "yarn", "pnpm", "snyk",
    "govulncheck", "dependency-check", "safety",
)  # fmt: skip
EXPLAIN = """The project uses a release of a package in which a vulnerability is known, and a later release fixes it.

Going to the smallest fixed release of the installed line changes as little else as possible; the newest line buys
more time and costs more review. Where nothing in the repository names the package (another dependency brings it),
a constraint or an override decides its version for the whole build; remove it once the parent asks for a fixed
release itself. A lockfile with hashes must be written by its own tool, because a hash cannot be made up.
"""


@fixer(
    name="vulnerable-dependency",
    weakness="dependency",
    rules=dict.fromkeys(_SCANNERS, _IDS),
    explain=EXPLAIN,
)
def propose(target: Target) -> Iterable[Candidate]:
    """A bump, and where there are several sound ones, each of them."""
    image.refuse_image_package(target)
    job = Job(target)
    system = canonical_ecosystem(job.package.ecosystem)
    ecosystem = _ECOSYSTEMS.get(system)
    if ecosystem is None:
        known = "Maven, npm, PyPI, Go and GitHub Actions"
        message = f"secaid bumps {known} packages; {job.package.name} is of {job.package.ecosystem}"
        raise NoFix(message)
    found: list[Candidate] = []
    try:
        found.extend(ecosystem(job))
    except NoFix:
        # Why there is no further approach matters where there is none at all.
        if not found:
            raise
    return found


def _jvm(job: Job) -> Iterable[Candidate]:
    """Maven's packages come through Maven or Gradle: whichever builds what the finding is about."""
    name = posixpath.basename(job.manifest)
    nearest = job.nearest("pom.xml", "build.gradle.kts", "build.gradle")
    if name.endswith(".xml") or (nearest and nearest.endswith("pom.xml") and "gradle" not in name):
        return maven.propose(job)
    if nearest or any(is_build_file(path) for path in job.tree.paths()):
        return gradle.propose(job)
    if any(path.endswith("pom.xml") for path in job.tree.paths()):
        return maven.propose(job)
    message = f"no Maven or Gradle build file in the repository decides the version of {job.package.name}"
    raise refuse(message)


_ECOSYSTEMS: dict[str, Callable[[Job], Iterable[Candidate]]] = {
    "maven": _jvm,
    "npm": npm.propose,
    "pypi": python.propose,
    "go": golang.propose,
    "githubactions": actions.propose,
}
