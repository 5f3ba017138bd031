"""Who of a module's own files asks the metadata service of an instance, and how."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.terraform.resource import Resource
from workers.source.tree import folders_up, text_of

_CONTAINERS = re.compile(
    r"docker|containerd|podman|kubelet|kubeadm|nodeadm|\bk3s\b|ECS_CLUSTER|ecs-optimized|/etc/eks/bootstrap|eks-node"
    r"|\bnomad\b|\bconcourse\b"
)
_SCRIPTS = ("template_file", "template_cloudinit_config", "cloudinit_config", "aws_ami", "aws_ssm_parameter")
_ADDRESS, _TOKEN = "169.254.169.254", "x-aws-ec2-metadata-token"


def asks_without_token(resource: Resource) -> str:
    """Why session tokens would break the start-up of an instance; empty where nothing is seen that would."""
    for path, text in _own_texts(resource):
        if _ADDRESS in text and _TOKEN not in text.lower():
            return f"{path} asks the metadata service without a token: change it first"
    return ""


def runs_containers(resource: Resource) -> str:
    """The file by which containers run on the instance, which may use its role; empty where none tells of any."""
    parts = [resource.block, *(one for kind in _SCRIPTS for _, one in resource.blocks("data", kind))]
    if any(_CONTAINERS.search(one.syntax.text(one.node)) for one in parts):
        return resource.hcl.path
    scripts = ((path, text) for path, text in _own_texts(resource) if not path.endswith((".tf", ".tofu")))
    return next((path for path, text in scripts if _CONTAINERS.search(text)), "")


def _own_texts(resource: Resource) -> Iterator[tuple[str, str]]:
    """The files of the module, those in folders of its own as well, and what is in them."""
    tree = resource.target.tree
    paths = [path for path in tree.paths() if not path.endswith(".md")]
    folder = posixpath.dirname(resource.hcl.path)
    modules = {posixpath.dirname(path) for path in paths if path.endswith((".tf", ".tofu"))}
    yield from ((path, text_of(tree, path)) for path in paths if _module_around(path, modules) == folder)


def _module_around(path: str, modules: set[str]) -> str | None:
    """The folder of the module that a file belongs to: the nearest above it that holds one."""
    return next((folder for folder in folders_up(posixpath.dirname(path)) if folder in modules), None)
