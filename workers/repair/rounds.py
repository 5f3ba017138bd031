"""Fixes applied until nothing changes any more: a tree → the files as they should be, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from workers.repair.compose import Overlay, compose
from workers.repair.item import Item
from workers.repair.together import Chosen
from workers.source.tree import SourceTree
from workers.verify.verifier import Verifier

MAX_ROUNDS = 24
"""Of fixes that share bytes or contradict each other one goes in a round; two or three rounds are the rule."""
Say = Callable[[str], None]


class Settled(msgspec.Struct, frozen=True):
    """A tree that fixing changes no further."""

    files: Mapping[str, bytes]
    """Path → content with every fix applied."""
    remaining: tuple[Item, ...]
    """The findings that are left, with their reasons."""
    chosen: tuple[Chosen, ...]
    """Every fix applied, in order of rounds."""
    rounds: int


def settle(
    items: Sequence[Item],
    tree: SourceTree,
    verifier: Verifier,
    again: Callable[[SourceTree], Sequence[Item]],
    say: Say = lambda _line: None,
) -> Settled:
    """Compose, look again and compose what is left, as edits that could not stand together need one round each.

    Args:
        items: the findings of `tree`, with their fixes.
        tree: the files as they lie there.
        verifier: verifies each composition.
        again: a tree → its findings with fixes.
        say: told what happens.
    """
    overlay = Overlay(tree, {})
    chosen: list[Chosen] = []
    states: list[Mapping[str, bytes]] = [{}]
    rounds = 0
    for _ in range(MAX_ROUNDS):
        composed = compose(items, overlay, verifier, say)
        if not composed.chosen:
            break
        files = {**overlay.files, **composed.files}
        if files in states:
            say("the fixes that are left undo each other and are left out")
            break
        rounds += 1
        states.append(files)
        chosen += composed.chosen
        say(f"{_fixes(len(composed.chosen))} in {_files(len(composed.files))}")
        overlay = Overlay(tree, files)
        items = again(overlay)
    return Settled(overlay.files, tuple(items), tuple(chosen), rounds)


def _fixes(count: int) -> str:
    return "one fix holds" if count == 1 else f"{count} fixes hold together"


def _files(count: int) -> str:
    return "one file" if count == 1 else f"{count} files"
