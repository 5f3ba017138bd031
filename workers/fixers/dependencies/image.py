"""Packages that come with an image: nothing in the repository declares their version."""

from __future__ import annotations

from workers.fixers.dependencies.choice import vulnerability_id
from workers.fixers.registry import NoFix, Target
from workers.source.versions import IMAGE_ECOSYSTEMS, canonical_ecosystem


def refuse_image_package(target: Target) -> None:
    """Say why an image package has no fix in the source.

    Raises:
        NoFix: the package is one of a distribution.
    """
    package = target.finding.package
    if package is None or canonical_ecosystem(package.ecosystem) not in IMAGE_ECOSYSTEMS:
        return
    where = f"{package.name} {package.version} comes with the base image"
    if not package.fixed_versions:
        message = (
            f"{where}; no fix available: the distribution has no fixed package for {vulnerability_id(target.finding)}"
        )
        raise NoFix(message)
    fixed = ", ".join(package.fixed_versions)
    message = (
        f"{where}; the distribution fixes it in {fixed}: rebuild on a base image that carries it (no tag is guessed)"
    )
    raise NoFix(message)
