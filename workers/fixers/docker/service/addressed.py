"""The port at which a service's neighbours reach it, by the name that Compose gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.docker.service.compose_ports import service_names
from workers.source.tree import SourceTree, text_of

_FILES = re.compile(
    r"(?:^|/)(?:Caddyfile|\.env)[^/]*$|\.(?:ya?ml|conf|cfg|ini|toml|env|properties|json|js|ts|py|go|java|kt|rb|php|cs|tmpl|template)$"
)
_BEFORE = r"(?:://|@|\b(?:proxy_pass|reverse_proxy|server|to)\s+|\b\w*(?:URI|URL|ADDR|ADDRESS|HOST|ENDPOINT|SERVER)S?[\"']?\s*[:=]\s*[\"']?)"
"""What an address follows; an image and its tag look the same."""
_MAX_FILES, _MAX_BYTES = 500, 128 * 1024


def addressed_port(tree: SourceTree, path: str) -> int | None:
    """The one port that other files of the repository name behind the service built from the Dockerfile at `path`."""
    names = service_names(tree, path)
    found = {port for name in names for port in _ports(tree, name)}
    return found.pop() if len(found) == 1 else None


def _ports(tree: SourceTree, name: str) -> Iterator[int]:
    address = re.compile(rf"{_BEFORE}{re.escape(name)}:(\d{{2,5}})(?![\w.])", re.IGNORECASE)
    for each in [each for each in tree.paths() if _FILES.search(each)][:_MAX_FILES]:
        text = text_of(tree, each)
        if f"{name}:" in text and len(text) <= _MAX_BYTES:
            yield from (int(port) for port in address.findall(text) if 0 < int(port) < 2**16)
