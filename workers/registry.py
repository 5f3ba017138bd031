"""One registry for everything that is "one file, found by decorator"."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one sort. A second thing with the same name raises at import."""

    def __init__(self, noun: str, package: str) -> None:
        self._noun = noun
        self._package = package
        self._items: dict[str, T] = {}
        self._loaded = False

    def add(self, name: str, item: T) -> T:
        """Register `item`.

        Raises:
            ValueError: the name is taken.
        """
        if name in self._items:
            message = f"two {self._noun}s are called {name!r}: rename one"
            raise ValueError(message)
        self._items[name] = item
        return item

    def get(self, name: str) -> T:
        """The thing of that name.

        Raises:
            KeyError: there is none; the message lists those there are.
        """
        self._load()
        return self.registered(name)

    def registered(self, name: str) -> T:
        """The thing of that name, among those whose modules are imported already.

        Raises:
            KeyError: as `get`.
        """
        if name not in self._items:
            message = f"no {self._noun} is called {name!r}; known: {', '.join(sorted(self._items))}"
            raise KeyError(message)
        return self._items[name]

    def __iter__(self) -> Iterator[T]:
        """All of them, by name."""
        self._load()
        return iter([self._items[name] for name in sorted(self._items)])

    def names(self) -> list[str]:
        """Their names, sorted."""
        self._load()
        return sorted(self._items)

    def _load(self) -> None:
        """Import every module of the package, once, so that its decorators run."""
        if self._loaded:
            return
        self._loaded = True
        package = importlib.import_module(self._package)
        for module in pkgutil.walk_packages(package.__path__, f"{self._package}."):
            importlib.import_module(module.name)
