"""Hooks of pre-commit that are fetched over a connection that anybody on the way can change."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.source import yamledit
from workers.source.yamldoc import Node, Path, YamlDoc, dotted

_PLAIN = re.compile(r"(?P<scheme>http|git)://(?P<host>[^/:@\s]+)(?=/)", re.IGNORECASE)
_SERVE_TLS = frozenset(("github.com", "www.github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "git.sr.ht",
                        "salsa.debian.org", "gitlab.freedesktop.org", "gitlab.gnome.org"))  # fmt: skip


@fixer(
    name="insecure-url-scheme",
    weakness="Code that runs on every commit is fetched without encryption",
    rules={"zizmor": ["insecure-url-scheme"]},
    explain=(
        "pre-commit clones the repositories that its configuration names and runs their hooks on the machine of "
        "whoever commits. Over `http://` and `git://` nobody proves who answers, so whoever is on the way can answer "
        "with other code. The large forges serve the same path over `https://` (GitHub no longer answers `git://` at "
        "all). Approaches: `https` for this repository; for every repository of the file."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """`http://` and `git://` → `https://`, where the host is known to serve it."""
    doc = model.read_yaml(target)
    found = [*_plain(doc)]
    line = model.lines(target)[0]
    flagged = [(path, node) for path, node in found if doc.line_of(node.start) == line]
    if not flagged:
        message = "no repository is named here by `http://` or `git://`"
        raise NoFix(message)
    host = _host(flagged[0][1])
    if host not in _SERVE_TLS:
        message = f"whether {host} serves this repository over `https://` has to be tried first"
        raise NoFix(message)
    yield _made(doc, "https", flagged)
    known = [(path, node) for path, node in found if _host(node) in _SERVE_TLS]
    if len(known) > 1:
        yield _made(doc, "https-file", known)


def _plain(doc: YamlDoc) -> Iterator[tuple[Path, Node]]:
    repos = doc.root.child("repos")
    for index, item in enumerate(repos.items if repos is not None else []):
        node = item.child("repo") if item.kind == "mapping" else None
        if node is not None and node.kind == "scalar" and _PLAIN.match(node.value):
            yield ("repos", index, "repo"), node


def _host(node: Node) -> str:
    match = _PLAIN.match(node.value)
    return match["host"].lower() if match is not None else ""


def _made(doc: YamlDoc, approach: str, places: list[tuple[Path, Node]]) -> Candidate:
    what = "This repository is" if len(places) == 1 else f"All {len(places)} repositories are"
    why = f"{what} fetched over TLS, from the same host and path: its certificate proves who answers."
    edits = [_edit(doc, node) for _, node in places]
    return model.candidate(approach, edits, why, declares=[dotted(path) for path, _ in places])


def _edit(doc: YamlDoc, node: Node) -> Edit:
    match = _PLAIN.search(doc.source(node))
    if match is None:
        message = "the address is written in a way that cannot be changed in place"
        raise NoFix(message)
    start = node.start + len(doc.source(node)[: match.start()].encode())
    return yamledit.edit(doc, start, start + len(match["scheme"].encode()), "https")
