"""The Dockerfile of the repository that builds the image which another one starts from."""

from __future__ import annotations

import re

from workers.fixers.docker.bases.built_images import builder_of
from workers.fixers.docker.bases.images import base_named
from workers.fixers.docker.build import base_image, final_stage, lineage
from workers.source import dockerfile
from workers.source.dockerfile import Dockerfile, DockerfileBroken, Stage
from workers.source.images import latest_tags, split
from workers.source.tree import SourceTree, text_of

_DEPTH = 4
_NAME = re.compile(r"(?:^|/)(?:Dockerfile|Containerfile)$")


def built_from(tree: SourceTree, file: Dockerfile, stage: Stage) -> list[tuple[Dockerfile, Stage]]:
    """The stage, the final stage of the Dockerfile that builds its base, and so on to an image of somebody else.

    A build script, Compose file or workflow names the image; and `${NAMESPACE}/node-base` is taken for what
    `NodeBase/Dockerfile` builds, where one folder alone has the name: a namespace that the build fills in is the
    project's own.
    """
    found = [(file, stage)]
    while len(found) < _DEPTH and base_named(image := base_image(*found[-1])).family is None:
        below = builder_in_folder(tree, own_name(*found[-1])) or _read(tree, _named(tree, image))
        if below is None or below.path in {one.path for one, _ in found}:
            break
        found.append((below, final_stage(below)))
    return found


def own_name(file: Dockerfile, stage: Stage) -> str:
    """The last part of the base's name, as it is compared, where a variable stands in front of it; else empty."""
    written = lineage(file, stage)[-1].image.strip("'\"")
    image = split(base_image(file, stage))[0]
    return plain(image.rpartition("/")[2]) if re.match(r"\$[^:]*/", written) and "/" in image else ""


def builder_in_folder(tree: SourceTree, name: str) -> Dockerfile | None:
    """The one Dockerfile whose folder has an image's name, as `plain` writes it; none where several have it."""
    paths = [path for path in tree.paths() if _NAME.search(path) and plain(folder_name(path)) == name] if name else []
    return _read(tree, paths[0]) if len(paths) == 1 else None


def _named(tree: SourceTree, image: str) -> str | None:
    """The Dockerfile that the repository builds an image of this reference from; none of Docker's official ones."""
    name = split(image)[0]
    return None if "$" in name or latest_tags(name)[0] else builder_of(tree, name)


def _read(tree: SourceTree, path: str | None) -> Dockerfile | None:
    if path is None:
        return None
    try:
        file = dockerfile.parse(tree.read(path), path)
    except DockerfileBroken:
        return None
    return file if file.stages and not file.windows else None


def built_on(tree: SourceTree, file: Dockerfile) -> str | None:
    """A Dockerfile of the repository whose image starts from the one that `file` builds, by the folder's name.

    `kubernetes/node/Dockerfile` builds what others call `example/kubernetes-node`, or `example/node`; what Docker's
    official images are called is theirs, and so is what the file itself starts from.
    """
    folders = file.path.split("/")[:-1]
    # `elasticsearch/Dockerfile` on somebody's `…/elasticsearch` builds another image than that.
    others = {re.split(r"[:@]", stage.image)[0] for stage in file.stages}
    names = {plain("".join(folders[-count:])) for count in (1, 2) if folders}
    for path in tree.paths():
        if path == file.path or not re.search(r"(?:^|/)Dockerfile(?:\.[\w.-]+)?$", path):
            continue
        for match in re.finditer(r"^FROM\s+(?:--\S+\s+)?([^\s:@]+)", text_of(tree, path), re.MULTILINE | re.IGNORECASE):
            name = match[1].rpartition("/")[2]
            if match[1] in others or latest_tags(match[1])[0]:
                continue
            if plain(name) in names or builder_of(tree, match[1]) == file.path:
                return path
    return None


def works_as_root(tree: SourceTree, path: str) -> bool:
    """Whether the last stage of a Dockerfile runs steps before any USER of its own: as whom the image below leaves."""
    file = _read(tree, path)
    if file is None:
        return True
    first = next((one for one in file.stages[-1].instructions if one.keyword in {"RUN", "USER"}), None)
    return first is not None and first.keyword == "RUN"


def folder_name(path: str) -> str:
    """The name of the folder that a file is in."""
    return path.rpartition("/")[0].rpartition("/")[2]


def plain(name: str) -> str:
    """A name as it is compared: `node-base` and `NodeBase` are one."""
    return re.sub(r"[-_.]", "", name).lower()


def commands(chain: list[tuple[Dockerfile, Stage]]) -> tuple[Dockerfile, Stage]:
    """The first of the chain that says what the image starts; the last where none does."""
    for file, stage in chain:
        if any(each.last("CMD", "ENTRYPOINT") for each in lineage(file, stage)):
            return file, stage
    return chain[-1]
