"""Images that a repository's own texts build on the node, or carry there: no registry has them."""

from __future__ import annotations

import re

from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of

_TEXTS = re.compile(r"(?:^|/)(?:[Mm]akefile|[Jj]ustfile|[\w.-]+\.(?:md|adoc|asciidoc|txt|rst|sh|bash|mk|ya?ml))$")
_TO_NODES = re.compile(
    r"(?:minikube|minishift)\s+(?:-p\s+\S+\s+|--profile\s+\S+\s+)?(?:docker-env|podman-env|image\s+(?:load|build)|cache\s+add)"
    r"|kind\s+load\s+(?:docker-image|image-archive)|k3d\s+images?\s+import|k3s\s+ctr\s+images\s+import|microk8s\s+ctr\s+image"
)
_MADE_UP = ("dev.local/", "ko.local/", "kind.local/")


@remembered
def put_on_nodes(tree: SourceTree, image: str) -> str:
    """The text that builds an image for the nodes alone; empty where none does, or one pushes it, too."""
    if image.startswith(_MADE_UP):
        return "the tool whose registry it names"
    name = re.sub(r"(?::[^/]*)?(?:@.*)?$", "", image)
    texts = [(path, text) for path, text in _texts(tree) if name in text]
    builds = re.compile(rf"\bbuild\b[^\n]*\s{re.escape(name)}(?![\w/-])")
    pushes = re.compile(rf"\bpush\b[^\n]*\s{re.escape(name)}(?![\w/-])")
    local = any(_TO_NODES.search(text) for _, text in _texts(tree))
    if not local or any(pushes.search(text) for _, text in texts):
        return ""
    return next((path for path, text in texts if builds.search(text)), "")


@remembered
def _texts(tree: SourceTree) -> list[tuple[str, str]]:
    return [(path, text_of(tree, path)) for path in tree.paths() if _TEXTS.search(path)]
