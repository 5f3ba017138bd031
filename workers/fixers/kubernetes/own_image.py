"""Images that the repository builds itself: what a manifest runs → the image that it was built on."""

from __future__ import annotations

from daemon.errors import SourceUnavailable
from workers.fixers.docker.build import base_image, final_stage, lineage
from workers.fixers.docker.images import split
from workers.source import dockerfile
from workers.source.tree import SourceTree


def built_on(tree: SourceTree, reference: str) -> str | None:
    """The base of the one Dockerfile whose folder has the image's name and that names no user; none where unknown.

    `REGISTRY/ledger-db:1` is taken for what `src/ledger-db/Dockerfile` builds. A base like postgres needs what it
    needs under every name.
    """
    name = split(reference.partition("@")[0])[0].rpartition("/")[2]
    found = [path for path in tree.paths() if path == f"{name}/Dockerfile" or path.endswith(f"/{name}/Dockerfile")]
    if not name or len(found) != 1:
        return None
    try:
        file = dockerfile.parse(tree.read(found[0]), found[0])
    except (SourceUnavailable, dockerfile.DockerfileBroken):
        return None
    if not file.stages or any(stage.all("USER") for stage in lineage(file, final_stage(file))):
        return None
    return base_image(file, final_stage(file)).partition("@")[0]
