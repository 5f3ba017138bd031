"""Tags that a repository's own scripts push."""

import pytest

from workers.source.pushed import why_tags_move
from workers.source.tree import MemoryTree


@pytest.mark.parametrize(
    "text",
    ["docker push $REPO/app:latest\n", "      - docker push registry.example/app:latest && echo done\n"],
)
def test_a_script_that_pushes_latest_moves_the_tag(text):
    tree = MemoryTree({"README.md": b"docker push app:latest", "ci/buildspec.yml": text.encode()})
    assert why_tags_move(tree, "registry.tf").startswith("ci/buildspec.yml pushes `latest`")


@pytest.mark.parametrize(
    "text",
    ["docker push $REPO/app:$COMMIT\n", "docker tag app:1 app:latest\n", "docker pull app:latest\ndocker push app:1\n"],
)
def test_what_only_names_it_moves_nothing(text):
    assert why_tags_move(MemoryTree({"build.sh": text.encode()}), "registry.tf") == ""


@pytest.mark.parametrize(("where", "moves"), [("shop/registry.tf", True), ("blog/registry.tf", False)])
def test_a_script_of_another_part_pushes_elsewhere(where, moves):
    tree = MemoryTree({"shop/app/buildspec.yml": b"docker push app:latest\n"})
    assert bool(why_tags_move(tree, where)) is moves
