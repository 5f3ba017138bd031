"""Where settings are imported before anybody gives them a secret: as an image is built, in checks, by a developer."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from workers.fixers.code import Text
from workers.fixers.python.source.in_container import DOCKERFILE
from workers.fixers.registry import NoFix
from workers.source import dockerfile
from workers.source.dockerfile import DockerfileBroken
from workers.source.tree import SourceTree, text_of

_SETTINGS = re.compile(r"(?:^|/)settings(?:/[\w/]+)?\.py$|(?:^|/)settings_\w+\.py$")
_IMPORTS = re.compile(r"\b(?:manage\.py|django-admin)\s+\w+")
_CHECKS = re.compile(r"\b(?:manage\.py\s+\w+|django-admin\s+\w+|pytest|tox|nox)\b")
_OF_A_DEVELOPER = re.compile(r"(?:^|/)(?:\w+_)?(?:tests?|testing|ci|dev\w*|local\w*|debug)(?:_\w+)?\.py$")
_WORKFLOW = re.compile(r"(?:^|/)\.github/workflows/[^/]+\.ya?ml$")


def refuse_at_build(tree: SourceTree, file: Text, line: int, variable: str) -> None:
    """Say so where a step of an image imports the settings, which would stop there without the variable.

    Raises:
        NoFix: one does.
    """
    if not _is_settings(file):
        return
    for path in (path for path in tree.paths() if DOCKERFILE.search(path)):
        text = text_of(tree, path)
        if re.search(rf"\b{variable}\b", text):
            continue
        try:
            steps = dockerfile.parse(text.encode(), path).instructions
        except DockerfileBroken:
            continue
        for one in steps:
            if one.keyword == "RUN" and (step := _IMPORTS.search(one.text)):
                message = (
                    f"{path}:{one.line} runs `{step[0]}` while the image is built, where no secret is, and imports "
                    f"{file.path}:{line}: let that step have a made-up one (`{variable}=build {step[0]}`) first"
                )
                raise NoFix(message)


def checks(tree: SourceTree, file: Text, variable: str) -> tuple[str, ...]:
    """What else has to be given the variable: the workflows that run the project."""
    if not _is_settings(file):
        return ()
    texts = {path: text_of(tree, path) for path in tree.paths() if _WORKFLOW.search(path)}
    found = {path: match[0] for path, text in texts.items() if variable not in text and (match := _CHECKS.search(text))}
    return tuple(
        f"{path} runs `{what}`, which imports these settings: give it {variable}." for path, what in found.items()
    )


def taken_over(tree: SourceTree, path: str) -> bool:
    """Whether settings for tests or for a developer's machine take all of this module over, and need it, too."""
    stem = re.escape(PurePosixPath(path).stem)
    takes = re.compile(rf"^from\s+(?:[\w.]*\.)?{stem}\s+import\s+\*", re.MULTILINE)
    others = (each for each in tree.paths() if each.endswith(".py") and each != path and _OF_A_DEVELOPER.search(each))
    return any(takes.search(text_of(tree, each)) for each in others)


def _is_settings(file: Text) -> bool:
    return _SETTINGS.search(file.path) is not None and b"INSTALLED_APPS" in file.content
