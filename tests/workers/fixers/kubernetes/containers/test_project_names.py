"""The Dockerfile of an image, by what the project beside it calls itself."""

import pytest

from workers.fixers.kubernetes.containers.project_names import built_alone, built_as, built_beside
from workers.source.tree import MemoryTree


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("package.json", '{"name": "@shop/fast-food"}'),
        (
            "pom.xml",
            "<project><parent><artifactId>boot</artifactId></parent><artifactId>fast-food</artifactId></project>",
        ),
        ("go.mod", "module github.com/shop/fast-food\n"),
        ("pyproject.toml", '[project]\nname = "fast_food"\n'),
        ("settings.gradle.kts", 'rootProject.name = "fast-food"\n'),
    ],
)
def test_a_project_of_the_image_s_name_has_its_dockerfile_beside_it(file, text):
    files = {f"api/{file}": text, "api/Dockerfile": "FROM scratch\n", "web/Dockerfile": "FROM scratch\n"}
    tree = MemoryTree({path: content.encode() for path, content in files.items()})
    assert built_as(tree, "1.dkr.ecr.eu-west-1.amazonaws.com/fast-food") == "api/Dockerfile"
    assert built_as(tree, "shop/fast-foods") is None


@pytest.mark.parametrize(
    ("beside", "found"), [("Dockerfile.dev", True), ("Dockerfile.prod", False), ("prod.dockerfile", False)]
)
def test_a_dockerfile_beside_another_one_may_be_the_one_for_developers(beside, found):
    files = {"package.json": b'{"name": "cart"}', "Dockerfile": b"FROM a\n", beside: b"FROM a\n"}
    assert built_as(MemoryTree(files), "cart") == ("Dockerfile" if found else None)


def test_two_projects_of_a_name_or_none_with_a_dockerfile_say_nothing():
    named = b'{"name": "cart"}'
    assert built_as(MemoryTree({"package.json": named, "docker/Dockerfile": b"FROM a\n"}), "cart") is None
    both = {f"{folder}/{file}": named for folder in "ab" for file in ("package.json", "Dockerfile")}
    assert built_as(MemoryTree(both), "cart") is None


RUN = "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: %s}, {image: other-web:1}]}\n"


@pytest.mark.parametrize(("image", "found"), [("shop/shop-web:2", True), ("shop-api:1", False), ("web:1", False)])
def test_a_folder_s_name_behind_the_project_s_is_an_image_s_where_another_one_has_it_too(image, found):
    files = {"k8s/a.yaml": RUN % image, "src/cart/Dockerfile": "FROM a\n", "src/web/Dockerfile": "FROM a\n"}
    tree = MemoryTree({path: text.encode() for path, text in files.items()})
    assert built_beside(tree, "shop-cart") == ("src/cart/Dockerfile" if found else None)


@pytest.mark.parametrize(
    ("image", "file"),
    [
        ("shop", "Dockerfile"),
        ("o/shop-worker", "Dockerfile.worker"),
        ("shop-web", "docker/web.Dockerfile"),
        ("web", None),
    ],
)
def test_a_dockerfile_s_own_label_is_the_image_s_behind_the_project_s(image, file):
    run = "kind: Pod\nmetadata: {name: a, namespace: shop}\n"
    run += "spec: {containers: [{image: shop:1}, {image: shop-worker:1}]}\n"
    files = ("Dockerfile", "Dockerfile.worker", "docker/web.Dockerfile", "docker/dev.Dockerfile")
    tree = MemoryTree({"a.yaml": run.encode(), **dict.fromkeys(files, b"FROM a\n")})
    assert built_beside(tree, image) == file


@pytest.mark.parametrize(
    ("image", "other", "found"),
    [
        ("garage-api", "postgres:16", True),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/garage", "garage-api:1", True),
        ("garage-api", "garage-web:1", False),
        ("o/garage-api", "postgres:16", False),
        ("602401143452.dkr.ecr.eu-west-1.amazonaws.com/proxy", "postgres:16", False),
        ("nginx", "postgres:16", False),
    ],
)
def test_the_only_dockerfile_is_that_of_the_only_image_that_nobody_else_has(image, other, found):
    run = f"kind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{image: '{image}:1'}}, {{image: '{other}'}}]}}\n"
    files = {"a.yaml": run.encode(), "Dockerfile": b"FROM a\nCOPY . .\n", "tests/Dockerfile": b"FROM a\n"}
    assert built_alone(MemoryTree(files), image) == ("Dockerfile" if found else None)
    assert built_alone(MemoryTree({**files, "web/Dockerfile": b"FROM a\n"}), image) is None


@pytest.mark.parametrize(
    ("more", "text", "found"),
    [
        ({}, "COPY go.mod .", True),
        ({}, "COPY tool.sh .", False),
        ({}, "RUN true", False),
        ({"k/kustomization.yaml": "images: [{name: garage-api, newName: o/api}]\n"}, "COPY go.mod .", False),
    ],
)
def test_it_has_to_be_the_repository_s_own_program(more, text, found):
    run = "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: garage-api}]}\n"
    files = {"a.yaml": run, "docker/Dockerfile": f"FROM a\n{text}\n", "docker/tool.sh": "a\n", "go.mod": "module x\n"}
    tree = MemoryTree({path: content.encode() for path, content in {**files, **more}.items()})
    assert built_alone(tree, "garage-api") == ("docker/Dockerfile" if found else None)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, "shop/Dockerfile"),
        ({"web/Dockerfile": "FROM a\nCOPY . .\n", "web/main.go": "package main\n"}, "shop/Dockerfile"),
        ({"shop/cli/Dockerfile": "FROM a\nCOPY . .\n"}, None),
        ({"shop/k8s/b.yaml": "kind: Pod\nmetadata: {name: b}\nspec: {containers: [{image: other}]}\n"}, None),
        ({"k8s/a.yaml": "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: garage-api}]}\n"}, None),
    ],
)
def test_so_has_that_of_the_folder_of_its_manifests(more, found):
    run = "kind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: garage-api}, {image: redis}]}\n"
    files = {"shop/k8s/a.yaml": run, "shop/Dockerfile": "FROM a\nCOPY go.mod .\n", "shop/go.mod": "module x\n"}
    tree = MemoryTree({path: content.encode() for path, content in {**files, **more}.items()})
    assert built_alone(tree, "garage-api") == found
