"""Images that the repository builds itself: what a manifest runs → the image that it was built on."""

from __future__ import annotations

import re

from daemon.errors import SourceUnavailable
from workers.fixers.docker.bases.built_images import builder_of, documented_builder
from workers.fixers.docker.build import base_image, final_stage, lineage
from workers.fixers.docker.service.deployment import skaffold_builds
from workers.fixers.docker.service.entry_scripts import root_step
from workers.fixers.kubernetes.containers.project_names import built_alone, built_as, built_beside
from workers.fixers.kubernetes.manifests.kustomize import new_names
from workers.source import dockerfile
from workers.source.dockerfile import Dockerfile
from workers.source.images import latest_tags, split
from workers.source.remembered import remembered
from workers.source.tree import SourceTree


def root_entry(tree: SourceTree, reference: str) -> tuple[str, str] | None:
    """The script that an image of the repository starts with and that does what only root can; what that is."""
    file = dockerfile_of(tree, reference)
    return root_step(tree, file) if file is not None and not file.windows else None


def built_on(tree: SourceTree, reference: str) -> str | None:
    """The base of the Dockerfile that builds the image and that names no user; none where unknown.

    A base like postgres needs what it needs under every name.
    """
    file = dockerfile_of(tree, reference)
    if file is None or any(stage.all("USER") for stage in lineage(file, final_stage(file))):
        return None
    return base_image(file, final_stage(file)).partition("@")[0]


def opened_by(tree: SourceTree, reference: str) -> set[str]:
    """The ports that the Dockerfile of an image of the repository says it opens."""
    file = dockerfile_of(tree, reference)
    stages = lineage(file, final_stage(file)) if file is not None else []
    return {port for each in stages for one in each.all("EXPOSE") for port in re.findall(r"\b\d{2,5}\b", one.text)}


@remembered
def dockerfile_of(tree: SourceTree, reference: str) -> Dockerfile | None:
    """The file that the repository's build files build the image from, or whose folder or project alone has its name.

    `REGISTRY/ledger-db:1` is taken for what `src/ledger-db/Dockerfile` builds, where nothing says what does.
    """
    image = split(reference.partition("@")[0])[0]
    given = new_names(tree, image)
    path = None
    for name in (image, *(given if len(given) == 1 else ())):
        for find in (builder_of, skaffold_builds, documented_builder, _in_folder, built_as, built_beside, built_alone):
            path = path or (None if latest_tags(name)[0] else find(tree, name))
    if not path:
        return None
    try:
        file = dockerfile.parse(tree.read(path), path)
    except (SourceUnavailable, dockerfile.DockerfileBroken):
        return None
    return file if file.stages else None


def _in_folder(tree: SourceTree, image: str) -> str | None:
    name = image.rpartition("/")[2]
    found = [path for path in tree.paths() if path == f"{name}/Dockerfile" or path.endswith(f"/{name}/Dockerfile")]
    return found[0] if name and len(found) == 1 else None
