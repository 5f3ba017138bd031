"""Manifests that something makes are left to what makes them."""

import pytest

from workers.fixers.kubernetes.manifests.made import made_by
from workers.source import yamldoc
from workers.source.tree import MemoryTree

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - {name: a, image: 'a:1'}\n"
KIND = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: as.example.org
  annotations: {controller-gen.kubebuilder.io/version: v0.14.0}
"""


def _said(text, index=0, path="k/a.yaml", **files):
    named = {name.replace("__", "/"): content.encode() for name, content in files.items()}
    doc = yamldoc.parse(text.encode(), path)
    return made_by(MemoryTree({path: text.encode(), **named}), doc, index, doc.roots[index])


def test_each_object_that_helm_rendered_names_its_template():
    text = f"{POD}---\n# Source: shop/templates/pod.yaml\n{POD}"
    assert "shop/templates/pod.yaml" in _said(text, 1)
    assert not _said(text, 0)


@pytest.mark.parametrize(
    "label", ["helm.sh/chart: shop-1.2.3", "app.kubernetes.io/managed-by: Helm", "heritage: Tiller"]
)
def test_labels_of_helm_say_so_too(label):
    assert "Helm" in _said(POD.replace("  name: a\n", f"  name: a\n  labels: {{{label}}}\n", 1))


@pytest.mark.parametrize(
    "note", ["linkerd.io/created-by: linkerd/cli stable-2.14.0", "meta.helm.sh/release-name: shop"]
)
def test_a_note_of_a_program_says_who_makes_it(note):
    assert "says that a program makes it" in _said(
        POD.replace("  name: a\n", f"  name: a\n  annotations: {{{note}}}\n", 1)
    )


def test_the_release_of_an_operator_is_known_by_its_generated_kinds():
    assert "as.example.org" in _said(f"{KIND}---\n{POD}", 1)
    assert not _said(f"{KIND.replace('controller-gen.kubebuilder.io/version', 'a')}---\n{POD}", 1)


def test_a_remark_on_top_names_the_release():
    url = "https://github.com/a/b/releases/download/v1.2.3/install.yaml"
    assert url in _said(f"# {url}\n{POD}")
    assert not _said(f"# https://example.org/docs/pods.yaml\n{POD}")


@pytest.mark.parametrize(
    "files",
    [
        {"Makefile": "all:\n\tkustomize build config > k/a.yaml\n"},
        {"k__run.sh": "envsubst < a.tpl >a.yaml\n"},
        {"k__run.sh": 'curl -sL "$URL" -o "${HERE}/a.yaml"\n'},
        {"hack__make.sh": "jsonnet a.jsonnet --output=$ROOT/k/a.yaml\n"},
    ],
)
def test_a_script_that_writes_the_file_makes_it(files):
    assert "writes it anew" in _said(POD, **files)


@pytest.mark.parametrize(
    "files",
    [
        {"run.sh": "kubectl apply -f k/a.yaml\n"},
        {"run.sh": "# sed s/a/b/ x > k/a.yaml\n"},
        {"run.sh": "sed s/a/b/ k/a.yaml > k/b.yaml; kubectl get -o yaml k/a.yaml\n"},
        {"other__run.sh": "cat x > a.yaml\n"},
        {"run.sh": "cat < k/a.yaml\n"},
    ],
)
def test_a_script_that_reads_it_does_not(files):
    assert not _said(POD, **files)
