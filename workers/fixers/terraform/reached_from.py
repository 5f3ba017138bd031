"""From where a cluster's API is called: a module that makes objects in it, scripts and workflows that deploy to it."""

from __future__ import annotations

import re

from workers.fixers.terraform.resource import Resource
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of

_IN_CLUSTER = re.compile(
    r"provider\s+\"(?:kubernetes|helm|kubectl)\"|resource\s+\"(?:kubernetes_|helm_|kubectl_)\w+|\bkubectl\s+\w+"
)
_RUNS = re.compile(
    r"^\.github/workflows/|(?:^|/)(?:\.gitlab-ci\.yml|azure-pipelines[\w.-]*\.ya?ml|cloudbuild[\w.-]*\.ya?ml"
    r"|buildspec[\w.-]*\.ya?ml|Jenkinsfile|[Mm]akefile|[\w.-]+\.(?:sh|bash|ps1))$"
)
_SIGNS_IN = re.compile(
    r"\baz\s+aks\s+get-credentials\b|\bazure/aks-set-context@|\baws\s+eks\s+update-kubeconfig\b"
    r"|\bgcloud\s+container\s+clusters\s+get-credentials\b|\bgoogle-github-actions/get-gke-credentials@"
)


def talks_to_cluster(cluster: Resource) -> str:
    """Why the API has to be reached from where a program of the repository runs; empty where none calls it."""
    for file in cluster.module:
        text = text_of(cluster.target.tree, file.path)
        if found := _IN_CLUSTER.search(text):
            return f"{file.path} makes objects in the cluster (`{found[0].strip()}`), from wherever Terraform runs"
    if deployer := _deployer(cluster.target.tree):
        return f"{deployer} signs in to a cluster from wherever it runs, which a private API does not answer"
    return ""


@remembered
def _deployer(tree: SourceTree) -> str:
    paths = (path for path in tree.paths() if _RUNS.search(path))
    return next((path for path in paths if _SIGNS_IN.search(text_of(tree, path))), "")
