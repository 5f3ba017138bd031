"""The flagged resource, and edits of it and beside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, Target
from workers.source.hcl import Block, Body, Hcl, HclBroken, block_text

MAX_FILES = 200
_VARIABLE = re.compile(r"var\.(\w+)")


class Resource:
    """One resource of a Terraform module."""

    def __init__(self, target: Target) -> None:
        """Find it.

        Raises:
            NoFix: the file cannot be read, or no resource stands at the finding's line.
        """
        self.target = target
        path = target.finding.path
        if path is None or not path.endswith((".tf", ".tofu")):
            message = f"{path or 'the finding'} is not a Terraform file of the repository"
            raise NoFix(message)
        self.hcl = self._load(path)
        block = self.hcl.block_at(target.finding.line or 1)
        if block is None or len(block.labels) < 2 or block.type not in ("resource", "data"):
            message = f"no resource stands at line {target.finding.line} of {path}"
            raise NoFix(message)
        self.block = block
        self.type, self.name = block.labels[:2]

    @cached_property
    def module(self) -> list[Hcl]:
        """The files of the resource's folder that parse, its own first."""
        folder = posixpath.dirname(self.hcl.path)
        others = [
            path for path in self.target.tree.paths()
            if posixpath.dirname(path) == folder and path.endswith((".tf", ".tofu")) and path != self.hcl.path
        ]  # fmt: skip
        found = [self.hcl]
        for path in others[:MAX_FILES]:
            try:
                found.append(Hcl(path, self.target.tree.read(path)))
            except (HclBroken, SourceUnavailable):
                continue
        return found

    @property
    def address(self) -> str:
        """`aws_s3_bucket.logs`."""
        return f"{self.type}.{self.name}"

    def blocks(self, kind: str, label: str = "") -> Iterator[tuple[Hcl, Block]]:
        """Every block of the module of that kind, and first label."""
        for file in self.module:
            for block in file.blocks:
                if block.type == kind and (not label or block.labels[:1] == (label,)):
                    yield file, block

    def belongs(self, kind: str, attribute: str) -> tuple[Hcl, Block] | None:
        """A separate resource that configures this one: it names it in `attribute`."""
        pattern = re.compile(rf"\b{re.escape(self.address)}\.|^{re.escape(self.block.text(attribute))}$")
        named = bool(self.block.text(attribute))
        for file, block in self.blocks("resource", kind):
            text = block.text(attribute)
            if self.address + "." in text or (named and pattern.search(text)):
                return file, block
        return None

    def settle(self, body: Body, *, block: Block | None = None) -> list[Edit]:
        """Edits that make the resource say this.

        Raises:
            NoFix: a dynamic block stands in the way.
        """
        try:
            return list(self.hcl.merge(block or self.block, body))
        except HclBroken as error:
            raise NoFix(str(error)) from error

    def variable_default(self, body: Body) -> list[Edit]:
        """Edits of the variables' defaults, where every attribute that must change is a variable; else none."""
        edits = []
        for path, value in leaves(body):
            mention = _VARIABLE.fullmatch(self.block.text(*path))
            found = self._variable(mention[1]) if mention else None
            if found is None or "default" not in found[1].attributes:
                return []
            edits += list(found[0].merge(found[1], {"default": value}))
        return edits

    def unique_name(self, kind: str, name: str) -> str:
        """A label that no resource of that type has in the module."""
        taken = {block.labels[1] for _, block in self.blocks("resource", kind) if len(block.labels) > 1}
        number = 2
        wanted = name
        while wanted in taken:
            wanted, number = f"{name}_{number}", number + 1
        return wanted

    def beside(self, kind: str, body: Body, name: str | None = None) -> tuple[Edit, str]:
        """An edit that adds a resource behind this one, and the new resource's declared path."""
        label = self.unique_name(kind, name or self.name)
        return self.hcl.after(self.block, block_text("resource", (kind, label), body)), f"resource.{kind}.{label}"

    def declare(self, body: Body) -> list[str]:
        """Declared paths of what a body says: top attributes and blocks."""
        return [f"{self.block.type}.{self.address}.{name}" for name in body]

    def candidate(
        self,
        approach: str,
        edits: Iterable[Edit],
        explanation: str,
        declares: Iterable[str],
        warnings: Sequence[str] = (),
    ) -> Iterator[Candidate]:
        """The candidate; none where nothing would change."""
        unique = tuple(sorted(set(edits)))
        if unique:
            yield Candidate(
                approach=approach,
                edits=unique,
                explanation=explanation,
                declares=tuple(dict.fromkeys(declares)),
                warnings=tuple(warnings),
            )

    def _variable(self, name: str) -> tuple[Hcl, Block] | None:
        return next(((file, block) for file, block in self.blocks("variable", name)), None)

    def _load(self, path: str) -> Hcl:
        try:
            return Hcl(path, self.target.tree.read(path))
        except (HclBroken, SourceUnavailable) as error:
            raise NoFix(str(error)) from error


def leaves(body: Body, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every attribute of a body, with its path."""
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value
