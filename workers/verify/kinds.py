"""What a file is, as far as a scanner or a check needs to know: by path, and by content where a path cannot say."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_WORKFLOW = re.compile(r"(?:^|/)\.github/workflows/[^/]+\.ya?ml$")
_ACTION = re.compile(r"(?:^|/)action\.ya?ml$")
_DEPENDABOT = re.compile(r"(?:^|/)\.github/dependabot\.ya?ml$")
_PRE_COMMIT = re.compile(r"(?:^|/)\.pre-commit-config\.yaml$")
_DOCKERFILE = re.compile(
    r"(?:^|/)(?:(?:Docker|Container)file(?:\.[^/]+)?|[^/]+\.(?:docker|container)file)$", re.IGNORECASE
)
_COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose[^/]*\.ya?ml$")
_KUBERNETES = (re.compile(rb"^apiVersion:", re.MULTILINE), re.compile(rb"^kind:", re.MULTILINE))
_CLOUDFORMATION = re.compile(rb"AWSTemplateFormatVersion|[\"']?Type[\"']?\s*:\s*[\"']?AWS::")
_OPENAPI = re.compile(rb"^\s*[\"']?(?:openapi|swagger)[\"']?\s*:", re.MULTILINE)
_TEMPLATE = re.compile(rb"\{\{-? ")
_SNIFFED_BYTES = 64 * 1024


def is_workflow(path: str) -> bool:
    """A GitHub Actions workflow."""
    return bool(_WORKFLOW.search(path))


def is_action(path: str) -> bool:
    """A GitHub action's own definition."""
    return bool(_ACTION.search(path))


def is_dependabot(path: str) -> bool:
    """Dependabot's configuration."""
    return bool(_DEPENDABOT.search(path))


def is_pre_commit(path: str) -> bool:
    """The configuration of pre-commit."""
    return bool(_PRE_COMMIT.search(path))


def is_dockerfile(path: str) -> bool:
    """A Dockerfile or Containerfile, whatever its suffix; ignore files are none."""
    return bool(_DOCKERFILE.search(path)) and not path.endswith((".dockerignore", ".md"))


def is_compose(path: str) -> bool:
    """A Compose file."""
    return bool(_COMPOSE.search(path))


def is_yaml(path: str) -> bool:
    """YAML by its suffix."""
    return suffix(path) in {".yml", ".yaml"}


def is_kubernetes(path: str, content: bytes) -> bool:
    """A Kubernetes manifest: YAML with `apiVersion` and `kind`, and not a Helm template."""
    head = content[:_SNIFFED_BYTES]
    return is_yaml(path) and all(key.search(head) for key in _KUBERNETES) and not _TEMPLATE.search(head)


def is_cloudformation(path: str, content: bytes) -> bool:
    """A CloudFormation template."""
    return suffix(path) in {".yml", ".yaml", ".json", ".template"} and bool(
        _CLOUDFORMATION.search(content[:_SNIFFED_BYTES])
    )


def is_openapi(path: str, content: bytes) -> bool:
    """An OpenAPI or Swagger document."""
    return suffix(path) in {".yml", ".yaml", ".json"} and bool(_OPENAPI.search(content[:4096]))


def is_shell(path: str, content: bytes) -> bool:
    """A shell script, by its suffix or its first line."""
    return suffix(path) in {".sh", ".bash", ".ksh"} or bool(re.match(rb"#!.*\b(?:ba|da|k)?sh\b", content[:200]))


def suffix(path: str) -> str:
    """The last suffix, in lower case."""
    return PurePosixPath(path).suffix.lower()
