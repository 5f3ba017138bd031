"""Modules taken by a name that their owner can move."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.changed import if_changed
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.terraform.files import flagged_file
from workers.source import modules
from workers.source.hcl import Attribute, Block, Hcl

_GIT = "`terraform init` has to run again, and needs git where it runs"


class _Pin(msgspec.Struct, frozen=True):
    """One module, and what it is to be taken at."""

    block: Block
    source: modules.Source
    wanted: str
    """The version constraint or ref that it follows now; empty where nothing bounds it."""
    tag: str

    @property
    def commit(self) -> str:
        return modules.refs(self.source.repository)[self.tag]

    @property
    def name(self) -> str:
        return f"module.{self.block.labels[0]}"

    @property
    def warning(self) -> str:
        """That the release is a choice made here, where the constraint alone does not make it."""
        if self.tag not in modules.releases(self.source.repository):
            return f"{self.tag} of {self.source.repository} may move: its commit is the one that `secaid pins` read"
        if self.tag.removeprefix("v") == self.wanted.lstrip("= v"):
            return ""
        followed = f"`{self.wanted}`" if self.wanted else "a module without a version"
        read = modules.read_at(self.source.repository)
        return f"{self.name}: {followed} follows each new release, of which {self.tag} is the newest in {read}"


@fixer(
    name="terraform-module-commit",
    weakness="A module is taken by a name that can move",
    rules={"checkov": ["CKV_TF_1", "CKV_TF_2"]},
    explain=(
        "A module runs with the rights of whoever applies it. A version of the registry and a tag in git are names: "
        "their owner, or whoever takes over the account, can let them stand for other code, and a constraint such as "
        "`~> 5.0` takes whatever is newest at the next `terraform init`. A commit's hash cannot be moved; the version "
        "stays beside it as a comment, which Renovate reads and keeps up to date. Approaches: this module, from its "
        "git repository at the commit of the release that its constraint chooses; every module of the file whose "
        "commit is known; where there was no version at all, an exact one. Commits come from the lock "
        "shipped with secaid, which was read from the modules' tags, and from what `secaid pins` has read; none is "
        "guessed."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A release → its commit."""
    file = flagged_file(target)
    flagged = file.block_at(target.finding.line or 1)
    if flagged is None or flagged.type != "module" or not flagged.labels:
        message = f"no module stands at line {target.finding.line} of {file.path}"
        raise NoFix(message)
    pin = _pin(flagged)
    if target.finding.rule == "CKV_TF_2" and pin.source.ref is None:
        edits = _exact(file, pin)
        how = f"{pin.name} stays at {pin.tag} until somebody raises it."
        yield from if_changed("exact-version", edits, how, [f"{pin.name}.version"], [pin.warning])
    yield from _pinned(file, "pin-commit", [pin])
    pins = [known for block in file.blocks if block.type == "module" and (known := _maybe(block)) is not None]
    if len(pins) > 1:
        yield from _pinned(file, "pin-commit-file", pins)


def _pin(block: Block) -> _Pin:
    """The release that a module follows.

    Raises:
        NoFix: nothing here shows which commit it is.
    """
    written = block.text("source").strip('"')
    source = modules.parse(written)
    if source is None:
        ask = "`git ls-remote` names it, and `?ref=` takes it; none is guessed"
        message = f"the commit of {written or 'the module'} is known to its repository alone: {ask}"
        raise NoFix(message)
    if source.ref is None:
        wanted = block.text("version").strip('"')
        tag = modules.newest(source.repository, wanted)
    else:
        wanted = source.ref
        tag = wanted if wanted in modules.refs(source.repository) else None
    if tag is None:
        message = (
            f"no commit is known offline for {source.repository}@{wanted or 'its newest'}: `secaid pins` asks for it"
        )
        raise NoFix(message)
    return _Pin(block, source, wanted, tag)


def _maybe(block: Block) -> _Pin | None:
    try:
        return _pin(block)
    except NoFix:
        return None


def _pinned(file: Hcl, approach: str, pins: list[_Pin]) -> Iterator[Candidate]:
    edits = [edit for pin in pins for edit in _edits(file, pin)]
    how = f"{', '.join(f'{pin.name} is what {pin.tag} was' for pin in pins)}, whatever becomes of that name."
    declares = [path for pin in pins for path in (f"{pin.name}.source", f"{pin.name}.version/delete")]
    warnings = [*(pin.warning for pin in pins), _GIT if any(pin.source.ref is None for pin in pins) else ""]
    yield from if_changed(approach, edits, how, declares, warnings)


def _edits(file: Hcl, pin: _Pin) -> Iterator[Edit]:
    attributes = pin.block.attributes
    value = attributes["source"].expression
    rest = file.content[value.end_byte :].split(b"\n", 1)[0].strip()
    comment = "" if rest else f" # {pin.tag}"
    yield file.edit(value.start_byte, value.end_byte, f'"{pin.source.at(pin.commit)}"{comment}')
    version = attributes.get("version")
    if version is not None:
        yield _without(file, version)
        run = _run(pin.block, version)
        left = [one for one in run if one is not version]
        yield from _moved(file, left, _widest(run), _widest(left))


def _without(file: Hcl, one: Attribute) -> Edit:
    """An attribute goes; a remark behind it stays where it is."""
    end = file.content.find(b"\n", one.node.end_byte)
    rest = file.content[one.node.end_byte : end if end >= 0 else None]
    if not rest.strip().startswith((b"#", b"//")):
        return file.delete(one.node)
    return file.edit(one.node.start_byte, one.node.end_byte + len(rest) - len(rest.lstrip()), "")


def _exact(file: Hcl, pin: _Pin) -> Iterator[Edit]:
    """The version below the source, as `terraform fmt` writes the two."""
    source = pin.block.attributes["source"]
    run = _run(pin.block, source)
    width = max(_widest(run), len("version"))
    yield from _moved(file, run, _widest(run), width)
    end = file.content.find(b"\n", source.node.end_byte)
    margin = " " * source.node.start_point[1]
    text = f'\n{margin}{"version".ljust(width)} = "{pin.tag.removeprefix("v")}"'
    at = end - 1 if file.content[end - 1 : end] == b"\r" else end
    yield file.edit(at, at, text)


def _run(block: Block, one: Attribute) -> list[Attribute]:
    """The attributes on the lines around one, whose `=` stand in one column."""
    attributes = [*block.attributes.values()]
    at = attributes.index(one)
    found = [one]
    for beside in (attributes[at - 1 :: -1] if at else [], attributes[at + 1 :]):
        last = one
        for each in beside:
            if abs(each.node.start_point[0] - last.node.start_point[0]) != 1:
                break
            found.append(each)
            last = each
    return found


def _widest(attributes: list[Attribute]) -> int:
    return max((len(one.name) for one in attributes), default=0)


def _moved(file: Hcl, attributes: list[Attribute], old: int, new: int) -> Iterator[Edit]:
    """Their `=` behind names of another width, where they stood behind those of the old one."""
    for one in attributes if new != old else []:
        start = one.node.start_byte + len(one.name)
        sign = file.content.find(b"=", start)
        if sign - start == old - len(one.name) + 1:
            yield file.edit(start, sign, " " * (new - len(one.name) + 1))
