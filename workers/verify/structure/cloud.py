"""Terraform: values that satisfy a scanner and mean what they did, or nothing that is declared."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping

from daemon.errors import SourceUnavailable
from workers.source.tree import SourceTree
from workers.verify.gaming import changed_lines

_NETWORK = re.compile(r"\"(?P<cidr>\d+\.\d+\.\d+\.\d+/\d+|[0-9a-fA-F:]*::[0-9a-fA-F:]*/\d+)\"")
_VARIABLE = re.compile(r"(?<![\w.])var\.(?P<name>\w+)")
_DECLARED = re.compile(r"^\s*variable\s+\"?(?P<name>\w+)", re.MULTILINE)
_ACTIONS = re.compile(r"\"[*?:]*\*[*?:]*\"|\"\?[^\"]*\*\"")
_WIDER = re.compile(r"\"?\bNotAction\b|\bnot_actions\b")
_PORTS = re.compile(r"^\s*(?P<name>from_port|to_port|protocol)\s*=\s*(?P<value>\S+)\s*$")
_WORLD = 1
"""A network with so few bits is most of the world."""


def mistaken(path: str, before: bytes, patched: Mapping[str, bytes], tree: SourceTree) -> Iterator[str]:
    """What only the patched file says, and is no fix, as phrases; beside it stand the patch's other files."""
    after = patched[path]
    removed, added = changed_lines(before, after)
    old, new = "\n".join(removed), "\n".join(added)
    if _world(new) and not _world("\n".join(line for line in removed if line in added)):
        yield "the network is still the whole world"
    undeclared = {match["name"] for match in _VARIABLE.finditer(new)} - _known(path, before, patched, tree)
    if undeclared:
        yield f"nothing declares var.{min(undeclared)}"
    wider = set(_ACTIONS.findall(new)) - set(_ACTIONS.findall(old))
    if wider and _ACTIONS.search(old):
        yield "the pattern is as wide as before"
    if _WIDER.search(new) and not _WIDER.search(old):
        yield "all but some actions is wider than a list of them"
    if '"Allow"' in old and '"Deny"' in new and '"Deny"' not in old:
        yield "what was allowed is denied"
    if _locks_nodes_out(old, new, after.decode("utf-8", "replace")):
        yield "the cluster's own nodes could no longer reach its API"
    if _WORLD_OPEN.search(after.decode("utf-8", "replace")):
        moved = {match["name"] for line in added if (match := _PORTS.match(line))}
        if moved and any((match := _PORTS.match(line)) and match["name"] in moved for line in removed):
            yield f"{min(moved)} changed, and the world may still come in"


_CLUSTER_S_PEERS = re.compile(r"^\s*public_access_cidrs\s*=", re.MULTILINE)
_PRIVATE_WAY = re.compile(r"^\s*endpoint_private_access\s*=\s*(?!false)", re.MULTILINE)


def _locks_nodes_out(old: str, new: str, whole: str) -> bool:
    """Whether a cluster's own nodes lose its API: from a list of networks, without the private way."""
    return bool(_CLUSTER_S_PEERS.search(new)) and not _CLUSTER_S_PEERS.search(old) and not _PRIVATE_WAY.search(whole)


_WORLD_OPEN = re.compile(r"\"(?:0\.0\.0\.0/0|::/0)\"")


def _world(text: str) -> bool:
    """Whether the networks of a text are together nearly all there are."""
    found = []
    for match in _NETWORK.finditer(text):
        address, _, bits = match["cidr"].partition("/")
        try:
            found.append(ipaddress.ip_network(f"{address}/{int(bits)}", strict=False))
        except ValueError:
            continue
    for version in (ipaddress.IPv4Network, ipaddress.IPv6Network):
        same = [one for one in found if isinstance(one, version)]
        if any(one.prefixlen <= _WORLD for one in ipaddress.collapse_addresses(same)):  # type: ignore[type-var]  # one version
            return True
    return False


def _known(path: str, before: bytes, patched: Mapping[str, bytes], tree: SourceTree) -> set[str]:
    """The variables of the module; those that the original reads are taken for declared."""
    text = patched[path].decode("utf-8", "replace")
    found = {match["name"] for match in _VARIABLE.finditer(before.decode("utf-8", "replace"))}
    folder = path.rpartition("/")[0]
    for other in {*tree.paths(), *patched}:
        if other != path and other.endswith(".tf") and other.rpartition("/")[0] == folder:
            try:
                text += "\n" + (patched.get(other) or tree.read(other)).decode("utf-8", "replace")
            except SourceUnavailable:
                continue
    declared = {match["name"] for match in _DECLARED.finditer(text)}
    # Where the original itself reads what is not declared here, the module is not all here.
    return found | declared | ({match["name"] for match in _VARIABLE.finditer(text)} if found - declared else set())
