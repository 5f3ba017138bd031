"""Commits that a Terraform module is pinned to: each must be known to be that module's, as far as it followed it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.source import modules
from workers.source.hcl import Block, Hcl, HclBroken


def unknown(path: str, before: bytes, after: bytes) -> Iterator[str]:
    """Commits that only the patched file takes modules at, and that nothing shows to be theirs; as sentences."""
    if b"?ref=" not in after:
        return
    try:
        old, new = ({block.labels: block for block in Hcl(path, side).blocks if block.type == "module"}
                    for side in (before, after))  # fmt: skip
    except HclBroken:
        return
    for labels, block in new.items():
        source = modules.parse(_text(block, "source"))
        was = old.get(labels)
        if (
            source
            and modules.COMMIT.fullmatch(source.ref or "")
            and (was is None or _text(was, "source") != _text(block, "source"))
        ):
            yield from _doubt(source, was)


def _doubt(source: modules.Source, was: Block | None) -> Iterator[str]:
    tags = [tag for tag, commit in modules.refs(source.repository).items() if commit == source.ref]
    if not tags:
        yield f"nothing here shows that commit {(source.ref or '')[:12]} is one of {source.repository}"
        return
    before = modules.parse(_text(was, "source")) if was else None
    if was is None or before is None:
        return
    if before.repository.lower() != source.repository.lower() or before.folder != source.folder:
        yield f"{source.repository}{source.folder} is another module than {before.repository}{before.folder}"
    wanted = _text(was, "version") if before.ref is None else before.ref
    if not any(tag == wanted or modules.allows(wanted, tag) for tag in tags):
        yield f"{tags[0]} of {source.repository} is another release than {wanted}"


def _text(block: Block, name: str) -> str:
    return block.text(name).strip('"')
