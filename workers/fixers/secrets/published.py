"""Keys that are sent to whoever uses a program: they say which application asks, and let nobody in."""

from __future__ import annotations

import re

from workers.fixers.code import Text
from workers.fixers.registry import Harmless, NoFix

_PUBLISHABLE = re.compile(rb"(?<![\w-])(?:pk_(?:test|live)_\w{16,}|pk\.eyJ[\w-]+\.[\w-]+|phc_\w{32,})")
"""Stripe's publishable keys, Mapbox' public tokens, PostHog's keys of a project."""
_OF_FIREBASE = re.compile(
    r"(?:^|/)(?:google-services[\w.-]*\.json|GoogleService-Info[\w.-]*\.plist|firebase_options\.dart)$"
)
_GOOGLE = re.compile(rb"\bAIza[\w-]{35}")
_BESIDE = re.compile(rb"\b(?:authDomain|messagingSenderId|storageBucket|measurementId)\b")
_IN_APPS = re.compile(r"\.html?$|(?:^|/)AndroidManifest\.xml$|/res/values[\w-]*/[\w-]+\.xml$|(?:^|/)Info\.plist$")
_AROUND = 12
"""Lines above and below a key in which the rest of Firebase's configuration stands."""
_OF_PAGES = re.compile(
    rb"(?<![A-Z_])(?:NEXT_PUBLIC|VITE|REACT_APP|VUE_APP|NUXT_PUBLIC|NUXT_ENV|EXPO_PUBLIC|GATSBY|PUBLIC|NG_APP|STORYBOOK"
    rb"|PREACT_APP|RAZZLE|SNOWPACK_PUBLIC)_(?P<name>\w+)[\"']?\s*[=:]"
)
_HIDDEN = re.compile(rb"SECRET|PRIVATE|PASSW|CREDENTIAL")


def refuse_published(file: Text, line: int) -> None:
    """Say so where everybody who uses the program is given the value.

    Raises:
        Harmless: it is made for that.
        NoFix: its name says that it is not.
    """
    text, where = file.line(line), f"{file.path}:{line}"
    if _PUBLISHABLE.search(text):
        message = (
            f"{where} is a key that its issuer means to be shown to everybody, in pages and apps: it opens nothing"
        )
        raise Harmless(message)
    if _OF_FIREBASE.search(file.path) or (_GOOGLE.search(text) and _is_beside(file, line)):
        message = (
            f"{where} is the key by which Firebase knows the project, and part of each copy of the app: rules and App "
            "Check keep strangers out; restrict the key to the services that the app uses"
        )
        raise Harmless(message)
    if _GOOGLE.search(text) and _IN_APPS.search(file.path):
        message = (
            f"{where} is a key of Google's that every page or copy of the app shows, as its libraries want it: "
            "restrict it to the site or the app, and to the services that are used"
        )
        raise Harmless(message)
    pages = _OF_PAGES.search(text)
    if pages is None:
        return
    built = f"{where} is built into the pages that every visitor is sent, as the variable's name asks for"
    if _HIDDEN.search(pages["name"]):
        message = f"{built}, wherever it is given: let the server hold it, and make the request"
        raise NoFix(message)
    message = f"{built}: whoever may not know it must not be sent it; else suppress it with that reason"
    raise Harmless(message)


def _is_beside(file: Text, line: int) -> bool:
    return any(_BESIDE.search(file.line(each)) for each in range(line - _AROUND, line + _AROUND + 1))
