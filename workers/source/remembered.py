"""What is found out about a whole tree, once: each of its findings asks again, and a tree never changes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Concatenate, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from workers.source.tree import SourceTree

Asked = ParamSpec("Asked")
Said = TypeVar("Said")


def remembered(
    find: Callable[Concatenate[SourceTree, Asked], Said],
) -> Callable[Concatenate[SourceTree, Asked], Said]:
    """The function, which looks for each answer once a tree. Arguments must be hashable, answers no iterators."""
    known: WeakKeyDictionary[SourceTree, dict[Hashable, Said]] = WeakKeyDictionary()

    @functools.wraps(find)
    def ask(tree: SourceTree, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Said:
        answers = known.setdefault(tree, {})
        question = cast("Hashable", (args, tuple(sorted(kwargs.items()))))
        if question not in answers:
            answers[question] = find(tree, *args, **kwargs)
        return answers[question]

    return ask
