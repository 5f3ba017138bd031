"""Services that start another program of an image: what its health check asks does not listen in them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from daemon.domain.fix import Candidate
from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix
from workers.source import yamldoc, yamledit
from workers.source.tree import SourceTree
from workers.source.yamldoc import YamlBroken

_WARNING = "whoever starts the image with another command elsewhere switches the check off, too (`--no-healthcheck`)"


def spare(tree: SourceTree, candidate: Candidate, services: Sequence[tuple[str, str]]) -> Candidate:
    """The candidate, with the image's check switched off in these services (Compose file, name).

    Raises:
        NoFix: one of them cannot be told so: its settings are shared, or its file cannot be read.
    """
    if not services:
        return candidate
    edits = list(candidate.edits)
    for path, name in services:
        try:
            doc = yamldoc.parse(tree.read(path), path)
        except (SourceUnavailable, YamlBroken) as error:
            raise NoFix(str(error)) from error
        service = doc.get("services", name)
        if service is None or service.kind != "mapping" or service.empty:
            message = f"{name} of {path} starts the same image with another command, and its settings are shared"
            raise NoFix(message)
        edits.append(yamledit.set_key(doc, service, "healthcheck", {"disable": True}))
    names = ", ".join(f"`{name}` of {path}" for path, name in services)
    several = len(services) > 1
    return msgspec.structs.replace(
        candidate,
        edits=tuple(edits),
        explanation=f"{candidate.explanation} {names} start{'' if several else 's'} another program of the image, in "
        f"which nothing listens: the check is switched off there, or {'they' if several else 'it'} would never be "
        "healthy.",
        declares=(*candidate.declares, *(f"services.{name}.healthcheck" for _, name in services)),
        warnings=(*candidate.warnings, _WARNING),
    )
