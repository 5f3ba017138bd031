"""Manifests of Android that the build merges into another one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.code import Text
from workers.fixers.registry import Harmless, NoFix, Target
from workers.source.tests import is_test
from workers.source.tree import has, text_of

_VARIANT = re.compile(r"(?<![^/])src/(?!main/)(\w+)/AndroidManifest\.xml$")
_PART = re.compile(r"com\.android\.(?:library|dynamic-feature|test)|plugins\.android\.(?:library|dynamic)")
_ALLOWS = re.compile(r"android:allowBackup\s*=\s*\"true\"")


def refuse_variant(target: Target, file: Text) -> None:
    """Say so where the manifest is a variant's own, which the build merges with that of all variants.

    Raises:
        Harmless: it is, and either no user gets that variant or the other manifest decides.
    """
    if "/.android/" in f"/{file.path}":
        message = f"{file.path} is of the application that Flutter makes anew to try a module in: no user gets it"
        raise Harmless(message)
    found = _VARIANT.search(file.path)
    if found is None or not has(target.tree, f"{file.path[: found.start()]}src/main/AndroidManifest.xml"):
        return
    if found[1] == "debug":
        message = f"{file.path} is of debug builds alone, which nobody is given"
        raise Harmless(message)
    if "missing" in target.finding.rule:
        message = (
            f"{file.path} is merged with src/main/AndroidManifest.xml, whose value holds: another one stops the build"
        )
        raise Harmless(message)


def refuse_part(target: Target, file: Text) -> None:
    """Say so where the manifest is a library's or a feature's: the build merges it into the app's, which decides.

    Raises:
        Harmless: it is.
    """
    module = file.path.partition("src/")[0]
    for name in ("build.gradle", "build.gradle.kts"):
        if _PART.search(text_of(target.tree, f"{module}{name}")):
            message = (
                f"{file.path} belongs to a part of an app ({module}{name}), whose manifest the build merges into the "
                "app's own: what that says holds, and another value here stops the build"
            )
            raise Harmless(message)


def refuse_others_backup(target: Target, file: Text) -> None:
    """Say so where another manifest of the tree says what a backup may hold: two that differ stop the build.

    Raises:
        NoFix: it does.
    """
    other = next(_allowing(target, file), None)
    if other is not None:
        message = (
            f"{other} says `android:allowBackup` as well, and the build refuses to merge two manifests that differ in "
            "it: take it out of all but the app's own first"
        )
        raise NoFix(message)


def _allowing(target: Target, file: Text) -> Iterator[str]:
    manifests = (each for each in target.tree.paths() if each.endswith("AndroidManifest.xml") and each != file.path)
    for path in manifests:
        if not is_test(path) and _ALLOWS.search(text_of(target.tree, path)):
            yield path
