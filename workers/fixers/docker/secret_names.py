"""Variables that hadolint takes for secrets by their names, and those that only sound so."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import Any

from workers.fixers.docker.service.compose_ports import compose_services
from workers.fixers.docker.variables import Variable
from workers.fixers.registry import NoFix
from workers.source.tree import SourceTree, text_of

_SOUNDS = re.compile(r"api_key|client_key|password|private|secret|token|username", re.IGNORECASE)
_ALSO = frozenset(
    (
        "APPLICATION_KEY", "AWS_ACCESS_KEY_ID", "CI_DEPLOY_USER", "DOCKER_EMAIL", "FACEBOOK_APP_ID", "HEROKU_API_USER",
        "OKTA_AUTHN_GROUPID", "OKTA_CLIENT_ORGURL", "OKTA_OAUTH2_CLIENTID", "STRIPE_DEVICE_NAME", "TRAVIS_OS_NAME",
        "TRAVIS_SUDO",
    )
)  # fmt: skip
_ACCOUNT = re.compile(r"USERNAME$|(?:^|_)(?:USER|LOGIN|EMAIL)$")
_WORKFLOW = re.compile(r"(?:^|/)\.github/workflows/[^/]+\.ya?ml$")
_SCRIPT = re.compile(r"\.(?:sh|bash)$|(?:^|/)[\w-]*entry-?point[\w-]*$")
_SECRET_ID = re.compile(r"(?:ACCESS_KEY|SECRET)_?ID$")
"""Numbers that sign in together with a secret: of AWS, of Vault."""
_DESCRIBES = re.compile(
    r"(?:^|_)(?:FILE|PATH|DIR|DIRECTORY|FOLDER|LOCATION|MOUNT|DOMAIN|HOST|HOSTNAME|PORT|URL|URI|ENDPOINT|ISSUER|AUDIENCE"
    r"|REGISTRY|REPO|REPOSITORY|NETWORK|SUBNET|CIDR|IP|NAME|ID|TYPE|ALGORITHM|POLICY|HEADER|FIELD|PREFIX|SUFFIX|LENGTH"
    r"|SIZE|TTL|EXPIRY|EXPIRATION|EXPIRES_IN|LIFETIME|TIMEOUT|INTERVAL|COUNT|LIMIT|BACKEND|DRIVER|PROVIDER|MODE|VERSION"
    r"|FORMAT|KIND|METHOD|STRATEGY|HASHER|VALIDATOR|MANAGER|CLASS)(?:S|ES)?$|TIMETOLIVE$|URLS?$"
    r"|(?:CLIENT|GROUP)ID$"
)
_NO_SECRET = re.compile(
    r"TOKENI[SZ]|^GO(?:NO)?PRIVATE$|^TRAVIS_(?:SUDO|SECURE_ENV_VARS)$|(?:^|_)(?:MAX|MIN|NUM)_(?:\w+_)?TOKENS$"
)
_SWITCH = re.compile(
    r"(?:^|_)(?:ALLOW|RANDOM|ONETIME|ENABLE|DISABLE|REQUIRE|USE|SKIP|NO|CHECK|IS|HAS|FORCE|VERIFY)_"
    r"|_(?:ENABLED|DISABLED|REQUIRED|ALLOWED)$"
)
_ON_OR_OFF = re.compile(r"true|false|yes|no|on|off|0|1|", re.IGNORECASE)
_IS_FILE = re.compile(r"/(?:etc|opt|run|var|usr|home|root|app|srv|tmp|mnt|data|certs?|secrets|config)(?:/[\w.-]+)+")
_MAY_SIGN_IN = re.compile(r"://[^/]*@|://.*[?#]")
"""Addresses that hold a password, or whose query may be one."""


def reported(name: str) -> bool:
    """Whether hadolint takes the variable for a secret."""
    return name.upper() in _ALSO or bool(_SOUNDS.search(name))


def is_account(name: str) -> bool:
    """Whether the variable says who signs in."""
    return bool(_ACCOUNT.search(name.upper()))


def harmless_because(keyword: str, one: Variable) -> str | None:
    """Why a variable is no secret, to follow its name; none where it may be one."""
    name = one.name.upper()
    if is_account(name):
        return "says who signs in, which is no secret"
    if _SWITCH.search(name) and _ON_OR_OFF.fullmatch(one.value):
        return "switches something on or off"
    if _NO_SECRET.search(name):
        return "only sounds like a secret"
    if _DESCRIBES.search(name) and not _SECRET_ID.search(name) and not _MAY_SIGN_IN.search(one.value):
        return "says something about a secret, such as where it is, and holds none"
    if _IS_FILE.fullmatch(one.value):
        return "says where a file is, and the image's history holds no more than its name"
    if keyword == "ENV" and not one.value:
        return "is empty: it says what the container may be given, and the image holds no secret"
    return None


def refuse_relied_on(tree: SourceTree, dockerfile: str, line: int, names: Sequence[str]) -> None:
    """Say so where a script of the image takes the value for given, and would go on with an empty one.

    Raises:
        NoFix: one does.
    """
    folder = dockerfile.rpartition("/")[0]
    scripts = [path for path in tree.paths() if path.rpartition("/")[0].startswith(folder) and _SCRIPT.search(path)]
    for path, name in ((path, name) for path in scripts for name in names):
        if re.search(rf"\$(?:{name}\b|\{{{name}\}})", text_of(tree, path)):
            message = (
                f"{dockerfile}:{line}: {path} relies on the value of {name}, and goes on with none where the container "
                f"is given none: let it ask for one (`${{{name}:?}}`) first"
            )
            raise NoFix(message)


def refuse_built_with(tree: SourceTree, dockerfile: str, line: int, names: Sequence[str]) -> None:
    """Say so where a workflow of the repository puts the value into the image that it builds for others.

    Raises:
        NoFix: one does.
    """
    for path in tree.paths():
        text = text_of(tree, path) if _WORKFLOW.search(path) else ""
        given = [name for name in names if re.search(rf"build-args?\b[\s\S]*\b{re.escape(name)}\s*=", text)]
        if given:
            message = (
                f"{dockerfile}:{line}: {path} builds the image with {given[0]} in it, for whoever runs it: without it "
                "each of them would have to bring one; let a service of your own, which asks who calls, hold it"
            )
            raise NoFix(message)


def refuse_started_without(tree: SourceTree, dockerfile: str, line: int, names: Sequence[str]) -> None:
    """Say so where Compose starts the image and gives it no such variable: it would start without the value.

    Raises:
        NoFix: it does.
    """
    for path, service in compose_services(tree, dockerfile):
        missing = [name for name in names if not _is_given(tree, path, service, name)]
        if missing:
            message = (
                f"{dockerfile}:{line}: {path} starts the image without giving it {' and '.join(missing)}: let its "
                "service name the variable first"
            )
            raise NoFix(message)


def _is_given(tree: SourceTree, compose: str, service: dict[str, Any], name: str) -> bool:
    environment, files = service.get("environment"), service.get("env_file")
    listed = [files] if isinstance(files, str | dict) else files or []
    paths = [str(each.get("path") if isinstance(each, dict) else each) for each in listed]
    folder = posixpath.dirname(compose)
    texts = [text_of(tree, posixpath.normpath(posixpath.join(folder, each))) for each in paths]
    given = {str(each).partition("=")[0] for each in environment or ()}  # of a mapping, its keys
    # A file that is not committed may give anything.
    return name in given or any(
        not text or re.search(rf"^\s*(?:export\s+)?{name}=", text, re.MULTILINE) for text in texts
    )
