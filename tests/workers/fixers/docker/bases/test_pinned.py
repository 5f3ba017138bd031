"""Images of others, and images that the repository makes itself."""

import pytest

from workers.fixers.docker.bases import pinned
from workers.fixers.registry import NoFix
from workers.source.tree import MemoryTree

IMAGE = "getmeili/meilisearch"
DATA = "where it keeps data"


def _tree(files):
    return MemoryTree({path: text.encode() for path, text in files.items()})


@pytest.mark.parametrize(
    "files",
    [
        {"README.md": "Run it:\n\n    docker run -p 7700:7700 getmeili/meilisearch\n"},
        {".github/workflows/release.yml": "      - with:\n          tags: getmeili/meilisearch:latest\n"},
        {"Makefile": "push:\n\tdocker push ghcr.io/getmeili/meilisearch:latest\n"},
        {"go.mod": "module github.com/getmeili/tools\n"},
        {"go.mod": "module example.org/meilisearch\n"},
        {"package.json": '{"name": "meilisearch"}'},
        {"build.sh": "docker build -t getmeili/meilisearch .\n", "Dockerfile": "FROM alpine\n"},
    ],
)
def test_the_makers_of_an_image_know_its_release(files):
    with pytest.raises(NoFix, match="makes getmeili/meilisearch"):
        list(pinned.newest(_tree(files), IMAGE))
    assert pinned.by_digest(_tree(files), f"{IMAGE}:v1.53.1") is None


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"README.md": "It searches with getmeili/meilisearch.\n"},
        {".github/workflows/ci.yml": "        image: getmeili/meilisearch:latest\n"},
        {"go.mod": "module github.com/someone/shop\n"},
    ],
)
def test_the_users_of_an_image_are_told_what_others_pin(files):
    found = list(pinned.newest(_tree(files), IMAGE))
    assert [pin.approach for pin in found] == ["newest-known-release", "newest-known-digest"]
    assert all("later release" in pin.warnings[0] and DATA in pin.warnings[1] for pin in found)


@pytest.mark.parametrize("reference", [f"{IMAGE}:v1", f"{IMAGE}@sha256:{'0' * 64}", "$IMAGE", "redis", "example/tool"])
def test_a_tag_that_is_named_stays(reference):
    assert list(pinned.newest(_tree({}), reference)) == []
