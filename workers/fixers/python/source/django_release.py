"""Which release of Django a repository runs on, as far as it says so."""

from __future__ import annotations

import re

from workers.fixers.python.source.module import Module
from workers.fixers.python.source.requirement import manifests
from workers.fixers.registry import NoFix
from workers.source.manifests.declaration import floor
from workers.source.manifests.python import declarations
from workers.source.tree import SourceTree, text_of

_GONE = (
    "django.shortcuts.render_to_response",
    "django.core.urlresolvers",
    "django.utils.http.is_safe_url",
    "django.utils.translation.ugettext",
    "django.conf.urls.patterns",
    "django.utils.six",
)
"""What a file imports that Django 3.0 or 4.0 no longer has."""


def refuse_old(tree: SourceTree, file: Module) -> None:
    """Decline `url_has_allowed_host_and_scheme` where Django may be older than 3.0, which brought it.

    Raises:
        NoFix: it may be.
    """
    found = (place for each in manifests(tree, file.path) for place in declarations(each, text_of(tree, each).encode()))
    releases = [floor(place.version) or "" for place in found if place.name == "django"]
    numbers = [int(match[1]) for each in releases if (match := re.match(r"(\d+)", each))]
    old = any(meaning.startswith(_GONE) for meaning in file.aliases.values())
    if (numbers and min(numbers) < 3) or (not numbers and old):
        message = (
            f"{file.path} may run on a Django before 3.0, which calls the check `is_safe_url`: use that, with "
            "`allowed_hosts={request.get_host()}`"
        )
        raise NoFix(message)
