"""The folder that an image is built from."""

import pytest

from workers.fixers.docker.users.written import context_of
from workers.source import dockerfile
from workers.source.tree import MemoryTree

FILES = ("pom.xml", "shop/pom.xml", "shop/cart/pom.xml", "shop/cart/src/main/docker/Dockerfile", "tool/run.sh")


@pytest.mark.parametrize(
    ("files", "copied", "folder"),
    [
        (FILES, "cart-1.0.jar", ""),
        (FILES[1:], "cart-1.0.jar", "shop/"),
        (FILES[2:], "cart-1.0.jar", "shop/cart/"),
        (FILES[3:], "cart-1.0.jar", ""),
        (FILES[1:], "tool/run.sh", ""),
        (FILES[1:], "pom.xml", "shop/cart/"),
    ],
)
def test_what_a_build_makes_lies_in_the_folder_of_its_project(files, copied, folder):
    path = FILES[3]
    tree = MemoryTree(dict.fromkeys(files, b""))
    text = f"FROM openjdk:8\nCOPY {copied} /app/\n".encode()
    assert context_of(tree, dockerfile.parse(text, path)) == folder
