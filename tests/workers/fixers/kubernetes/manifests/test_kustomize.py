"""What kustomizations make of a manifest's images."""

import pytest

from workers.fixers.kubernetes.containers.own_image import dockerfile_of
from workers.fixers.kubernetes.manifests.kustomize import tagged
from workers.source.tree import MemoryTree

BASE = "resources: [app.yaml]\n"
RENAMED = BASE + "images: [{name: cart, newName: ghcr.io/shop/cart%s}]\n"
OVERLAY = "resources: [../base]\nimages: [{name: %s, newTag: %s}]\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"base/kustomization.yaml": BASE}, ""),
        ({"base/kustomization.yaml": RENAMED % ", newTag: v1"}, "ghcr.io/shop/cart:v1"),
        ({"base/kustomization.yaml": RENAMED % ", newTag: latest"}, ""),
        ({"base/kustomization.yaml": RENAMED % ', digest: "sha256:0"'}, "ghcr.io/shop/cart@sha256:0"),
        ({"base/kustomization.yaml": BASE, "prod/kustomization.yaml": OVERLAY % ("cart", "v2")}, "cart:v2"),
        # An overlay knows the image by the name that the base gives it.
        ({"base/kustomization.yaml": RENAMED % "", "prod/kustomization.yaml": OVERLAY % ("cart", "v2")}, ""),
        (
            {"base/kustomization.yaml": RENAMED % "", "prod/kustomization.yaml": OVERLAY % ("ghcr.io/shop/cart", "v2")},
            "prod/kustomization.yaml gives it as ghcr.io/shop/cart:v2",
        ),
        # Every way that is built has to.
        (
            {
                "base/kustomization.yaml": BASE,
                "prod/kustomization.yaml": OVERLAY % ("cart", "v2"),
                "dev/kustomization.yaml": "resources: [../base]\n",
            },
            "",
        ),
        (
            {"base/kustomization.yaml": BASE, "deploy.sh": "kustomize edit set image cart=ghcr.io/shop/cart:$TAG\n"},
            "deploy.sh gives cart its tag",
        ),
    ],
)
def test_a_tag_that_every_built_kustomization_gives_is_the_one_that_runs(files, said):
    tree = MemoryTree({path: text.encode() for path, text in {"base/app.yaml": "a: 1\n", **files}.items()})
    found = tagged(tree, "base/app.yaml", "cart")
    assert said in found
    assert bool(said) is bool(found)


def test_a_name_that_a_kustomization_puts_finds_the_dockerfile():
    built = "build: ## builds it\n\tdocker build -t ghcr.io/shop/cart:1 -f docker/prod.dockerfile .\n"
    files = {"Makefile": built, "docker/prod.dockerfile": "FROM scratch\n"}
    named = {**files, "k8s/kustomization.yaml": "images: [{name: app-image, newName: ghcr.io/shop/cart}]\n"}
    trees = [MemoryTree({path: text.encode() for path, text in each.items()}) for each in (files, named)]
    assert [bool(dockerfile_of(tree, "app-image")) for tree in trees] == [False, True]
