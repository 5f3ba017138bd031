"""The flagged resource, and edits of it and beside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from daemon.domain.fix import Candidate, Edit
from workers.fixers.changed import if_changed
from workers.fixers.registry import NoFix, Target
from workers.fixers.terraform import legacy
from workers.fixers.terraform.files import flagged_file, last_variable, module_of, readable, told_above
from workers.fixers.terraform.handed_on import callers_of, handed_on
from workers.fixers.terraform.providers import constraints, made_by, newest_major
from workers.source.hcl import Block, Hcl, HclBroken
from workers.source.hcltext import Body, block_text

_INSTANCES = {"count": "count.index", "for_each": "each.key"}
_DECIDED = re.compile(r"(?<![\w.\"])(?:var|local|each|try|lookup|coalesce)\b\s*[.(]")
"""A value that the module's own inputs decide."""
_VARIABLE = re.compile(r"var\.(\w+)")


class Resource:
    """One resource of a Terraform module."""

    def __init__(self, target: Target) -> None:
        """Find it.

        Raises:
            OtherLanguage: the file is not Terraform's.
            NoFix: it cannot be read, or no resource stands at the finding's line.
        """
        self.target = target
        self.hcl = flagged_file(target)
        block = self.hcl.block_at(target.finding.line or 1)
        if block is None or len(block.labels) < 2 or block.type not in ("resource", "data"):
            message = f"no resource stands at line {target.finding.line} of {self.hcl.path}"
            raise NoFix(message)
        self.block = block
        self.type, self.name = block.labels[:2]

    @cached_property
    def module(self) -> list[Hcl]:
        """The files of the resource's folder that parse, its own first."""
        return module_of(self.target.tree, self.hcl)

    @property
    def instances(self) -> dict[str, str]:
        """`count` or `for_each` of a resource beside this one, so that each instance has its own."""
        attributes = self.block.attributes
        if "for_each" in attributes:
            return {"for_each": self.address}
        return {"count": attributes["count"].text} if "count" in attributes else {}

    @property
    def address(self) -> str:
        """`aws_s3_bucket.logs`."""
        return f"{self.type}.{self.name}"

    def own_name(self, suffix: str) -> str:
        """What a variable that is about this resource is called."""
        return re.sub(r"\W", "_", f"{self.name}_{suffix}").lstrip("_")

    def reference(self, attribute: str) -> str:
        """The attribute as a resource beside this one names it, instance by instance where it has several."""
        index = "".join(f"[{each}]" for name, each in _INSTANCES.items() if name in self.block.attributes)
        return f"{self.address}{index}.{attribute}"

    @cached_property
    def legacy(self) -> bool:
        """Whether the module is written for Terraform before 0.12, which knows no expressions outside of strings."""
        texts = (file.content.decode("utf-8", "replace") for file in self.module)
        return self._surely_legacy or (legacy.is_wrapped(texts) and not legacy.is_newer(self.asking))

    @cached_property
    def _surely_legacy(self) -> bool:
        said = any(legacy.is_legacy(block) for file in self.module for block in file.blocks)
        return said or legacy.is_pinned(self.target.tree, self.hcl.path)

    def variable(self, *path: str) -> str:
        """The name of the variable that alone gives an attribute; empty where none does."""
        mention = _VARIABLE.fullmatch(legacy.unwrapped(self.block.text(*path)))
        return mention[1] if mention else ""

    def usual(self, *path: str) -> str:
        """An attribute's plain value, or the default of the variable that gives it; empty where neither says."""
        found = self.declared(name) if (name := self.variable(*path)) else None
        text = found[1].text("default") if found else self.block.text(*path)
        return text.strip('"') if re.fullmatch(r'"[^"$]*"|[\w.-]*', text) else ""

    def provider_major(self, name: str) -> int | None:
        """The newest major release of a provider that the module allows; none where nothing bounds it."""
        if self.legacy:
            return legacy.LAST_RELEASE.get(name)
        return newest_major(constraints(self.asking, name))

    @cached_property
    def asking(self) -> list[Block]:
        """The top-level blocks that say which releases are in use: the module's, its callers', those of lock files."""
        tree, own = self.target.tree, posixpath.dirname(self.hcl.path)
        callers = callers_of(tree, own)
        paths = [posixpath.join(folder, ".terraform.lock.hcl") for folder in (own, *callers)]
        paths += [
            path for path in tree.paths() if path.endswith((".tf", ".tofu")) and posixpath.dirname(path) in callers
        ]
        files = [*self.module, *readable(tree, paths)]
        return [block for file in files for block in file.blocks if block.type in ("terraform", "provider")]

    def blocks(self, kind: str, label: str = "") -> Iterator[tuple[Hcl, Block]]:
        """Every block of the module of that kind, and first label."""
        for file in self.module:
            for block in file.blocks:
                if block.type == kind and (not label or block.labels[:1] == (label,)):
                    yield file, block

    def belongs(self, kind: str, attribute: str) -> tuple[Hcl, Block] | None:
        """A separate resource that configures this one: it names it in `attribute`."""
        own = self.block.text(attribute)
        for file, block in self.blocks("resource", kind):
            text = block.text(attribute)
            if self.mentioned(text) or (own and own == text):
                return file, block
        return None

    def mentioned(self, text: str) -> bool:
        """Whether an expression or a block's text refers to this resource."""
        return re.search(rf"(?<![\w.]){re.escape(self.address)}(?:\[[^\]]*\])*\.", text) is not None

    def settle(self, body: Body, *, block: Block | None = None, file: Hcl | None = None) -> list[Edit]:
        """Edits that make the resource say this, or another block, of its file or of another one.

        Raises:
            NoFix: a dynamic block stands in the way, or the module works a value out for whoever uses it.
        """
        asked = block or self.block
        where = ".".join(asked.labels) or self.address
        for path, _ in leaves(body):
            if value := _in_the_way(asked, path):
                message = f"{value} of {where} is given as a value: change it where that is decided"
                raise NoFix(message)
            old = asked.text(*path)
            told = (asked.node.start_byte, asked.attributes[path[-1]].node.start_byte if len(path) == 1 and old else 0)
            if old.isdigit() and any(told_above(file or self.hcl, place, old) for place in told):
                message = f"a remark above {where} says why {path[-1]} is {old}: change both where that is decided"
                raise NoFix(message)
            if _DECIDED.search(old):
                message = (
                    f"{path[-1]} of {where} is worked out by the module itself, for whoever uses it: change it "
                    f"where that is decided (`{old[:60]}`)"
                )
                raise NoFix(message)
        try:
            return list((file or self.hcl).merge(asked, body))
        except HclBroken as error:
            raise NoFix(str(error)) from error

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
        body = {**self.instances, **body}
        return self.hcl.after(self.block, block_text("resource", (kind, label), body)), f"resource.{kind}.{label}"

    def followed(self, edits: Sequence[Edit], text: str) -> list[Edit]:
        """Edits, and a top-level block: a variable behind the module's others, anything else behind the resource.

        What the edits put there already stays in front of it.
        """
        variables = last_variable(self.module, self.hcl) if text.startswith("variable ") else None
        file, block = variables or (self.hcl, self.block)
        more = file.after(block, text)
        same = [edit for edit in edits if (edit.path, edit.start, edit.end) == (more.path, more.start, more.end)]
        others = [edit for edit in edits if edit not in same]
        joined = "".join(edit.text for edit in [*same, more])
        return [*others, Edit(path=more.path, start=more.start, end=more.end, text=joined)]

    def declare(self, body: Body) -> list[str]:
        """Declared paths of what a body says: top attributes and blocks."""
        return [f"{self.block.type}.{self.address}.{name}" for name in body]

    def candidate(
        self,
        approach: str,
        edits: Iterable[Edit],
        explanation: str,
        declares: Iterable[str],
        warnings: Iterable[str] = (),
    ) -> Iterator[Candidate]:
        """The candidate, in the module's own language; none where nothing would change, or it has no words for it."""
        edits = list(edits)
        try:
            more, passed = handed_on(self.target.tree, posixpath.dirname(self.hcl.path), edits)
        except NoFix:
            return
        edits = made_by(edits, self.type, self.block.text("provider"))
        if more:
            edits, declares = [*edits, *more], [*declares, *passed]
            explanation = f"{explanation} The modules that take this one hand the variable on."
        if not self.legacy:
            yield from if_changed(approach, edits, explanation, declares, warnings)
            return
        translated = legacy.translated(edits, surely=self._surely_legacy)
        if translated is not None:
            yield from if_changed(approach, translated, explanation, declares, warnings)

    def declared(self, name: str) -> tuple[Hcl, Block] | None:
        """The variable of the module that has that name, and its file."""
        return next(((file, block) for file, block in self.blocks("variable", name)), None)


def _in_the_way(block: Block, path: Sequence[str]) -> str:
    """A value that stands where a block on the way to the attribute would; empty where none does."""
    at: Block | None = block
    for step in path[:-1]:
        if at is None:
            break
        if step in at.attributes:
            return step
        at = at.block(step)
    return ""


def several(block: Block) -> bool:
    """Whether a resource has instances, which are referred to one by one."""
    return not _INSTANCES.keys().isdisjoint(block.attributes)


def leaves(body: Body, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every attribute of a body, with its path."""
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value
