"""The flagged service of a Compose file, and edits below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, Target
from workers.source import yamldoc, yamledit
from workers.source.yamldoc import Node, YamlBroken, YamlDoc

_DEPTH = 2


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

    def set(self, key: str, value: yamledit.Value) -> Edit:
        """The key with that value."""
        self.plain(key)
        return yamledit.set_key(self.doc, self.node, key, value)

    def add(self, key: str, item: str) -> list[Edit]:
        """One more item of a list, which is made where it is missing; none where it is there."""
        old = self.plain(key)
        if old is not None and item in {each.value for each in old.items}:
            return []
        if old is not None and old.items:
            return [yamledit.append_item(self.doc, old, item)]
        return [yamledit.set_key(self.doc, self.node, key, [item])]

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
