"""The flagged service of a Compose file, and edits below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.docker.bases.running import Running, running
from workers.fixers.registry import NoFix, Target
from workers.source import yamldoc, yamledit, yamltext
from workers.source.yamldoc import Node, YamlBroken, YamlDoc

_DEPTH = 2
_PLACE = re.compile(r"(?:^|:)(/[^:]*)(?::[\w,]+)?$")


class Service:
    """One service."""

    def __init__(self, target: Target) -> None:
        """Find it.

        Raises:
            NoFix: the file is no Compose file that can be read, or no service stands at the finding's line.
        """
        path = target.finding.path or ""
        try:
            self.doc: YamlDoc = yamldoc.parse(target.tree.read(path), path)
        except (SourceUnavailable, YamlBroken) as error:
            raise NoFix(str(error)) from error
        line = target.finding.line or 1
        steps = self.doc.path_at(self.doc.offset(line))
        node = self.doc.get(*steps[:_DEPTH]) if len(steps) >= _DEPTH and steps[0] == "services" else None
        if node is None or node.kind != "mapping" or node.flow:
            message = f"no service stands at {path}:{line}"
            raise NoFix(message)
        self.name = str(steps[1])
        self.node: Node = node

    def set(self, key: str, value: yamltext.Value) -> Edit:
        """The key with that value."""
        self.plain(key)
        return yamledit.set_key(self.doc, self.node, key, value)

    def add(self, key: str, *items: str) -> list[Edit]:
        """More items of a list, which is made where it is missing; none that is there already."""
        old = self.plain(key)
        there = {each.value for each in old.items} if old is not None else set()
        wanted = [item for item in items if item not in there]
        if not wanted:
            return []
        if old is not None and old.items:
            return [yamledit.append_item(self.doc, old, item) for item in wanted]
        return [yamledit.set_key(self.doc, self.node, key, wanted)]

    @property
    def running(self) -> Running:
        """What is known of its image at run time, under the user that the service names."""
        known = running(self.node.text("image"))
        user = self.node.text("user").partition(":")[0]
        return msgspec.structs.replace(known, root=False) if user not in ("", "0", "root") else known

    def has_neighbours(self) -> bool:
        """Whether others can be on its network: another service of the file, or whoever joins a named network."""
        services = self.doc.root.child("services")
        return self.node.child("networks") is not None or len(services.entries if services else ()) > 1

    def mounted(self, path: str) -> bool:
        """Whether a volume or a tmpfs lies at a folder, or a list of them is not plain to read."""
        for key in ("volumes", "tmpfs"):
            node = self.node.child(key)
            if node is None:
                continue
            places = [_place(item) for item in node.items] or [node.value]
            if node.kind == "alias" or path in places or "" in places:
                return True
        return False

    def delete(self, key: str) -> Edit:
        """The key goes.

        Raises:
            NoFix: the service has no such key.
        """
        if self.node.child(key) is None:
            message = f"the service {self.name} has no {key}"
            raise NoFix(message)
        return yamledit.delete_key(self.doc, self.node, key)

    def plain(self, key: str) -> Node | None:
        """The key's value; none where there is none.

        Raises:
            NoFix: it is an alias, which other services share.
        """
        old = self.node.child(key)
        if old is not None and old.kind == "alias":
            message = f"{key} is an alias (*{old.value}): a change there would reach every service that uses it"
            raise NoFix(message)
        return old

    def candidate(
        self, approach: str, edits: Iterable[Edit], explanation: str, keys: Sequence[str], warnings: Sequence[str] = ()
    ) -> Candidate:
        """A candidate that changes these keys of the service; `key/delete` may vanish."""
        return Candidate(
            approach=approach,
            edits=tuple(sorted(set(edits))),
            explanation=explanation,
            declares=tuple(f"services.{self.name}.{key}" for key in keys),
            warnings=tuple(warnings),
        )


def _place(item: Node) -> str:
    """The folder in the container that an item of `volumes` or `tmpfs` is about; empty where it is not plain."""
    if item.kind == "mapping":
        return item.text("target").rstrip("/")
    match = _PLACE.search(item.value)
    return match[1].rstrip("/") if match else ""
