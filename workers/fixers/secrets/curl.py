"""Credentials on a command line of curl: a header, or the name and password of a user."""

from __future__ import annotations

import re

from daemon.domain.finding import Region
from workers.fixers.code import Text
from workers.fixers.registry import Harmless, NoFix
from workers.fixers.secrets.configuration import Setting

_HEADER = re.compile(
    r"""(?P<mark>["'])(?P<key>[A-Za-z][\w-]*):\s*(?:(?P<scheme>Bearer|Basic|Token|ApiKey)\s+)?(?P<value>[^"'\s]+)(?P=mark)""",
    re.IGNORECASE,
)
"""A header as curl takes it, in one word of the shell."""
_SAYS = {"bearer": "access_token", "token": "access_token", "basic": "credentials", "apikey": "api_key"}
"""What a header of authorization holds, by its scheme."""
_NAMES_ITS_KIND = re.compile(r"[A-Z]+(?:[_-][A-Z]+)*[_-](?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)")
"""`API_TOKEN`: what stands there is what belongs there."""
_USER = re.compile(r"(?<!\S)(?:-u|--user)[=\s]+[\"']?(?P<key>[\w.@-]+):(?P<value>[^\s\"'$<>{}]+)(?=[\"'\s]|$)")


def header(file: Text, where: Region) -> Setting | None:
    """The header that a curl command sends, and its value without the scheme; none where there is not exactly one.

    The region may begin with the command, lines above its header.

    Raises:
        Harmless: the header shows where a credential belongs.
    """
    number = where.last_line
    text = file.line(number).decode()
    found = list(_HEADER.finditer(text))
    if len(found) != 1 or "$" in found[0]["value"]:
        return None
    if _NAMES_ITS_KIND.fullmatch(found[0]["value"]):
        message = f"{file.path}:{number} says which credential belongs there, and holds none: suppress it so"
        raise Harmless(message)
    first = file.starts[number - 1] + len(text[: found[0].start("value")].encode())
    key = _SAYS.get((found[0]["scheme"] or "").lower(), found[0]["key"])
    return Setting(key, first, first + len(found[0]["value"].encode()), "")


def user(file: Text, where: Region) -> Setting:
    """The password of the user that a curl command names, called after that user.

    Raises:
        NoFix: the region's last line has not exactly one.
    """
    number = where.last_line
    text = file.line(number).decode()
    found = list(_USER.finditer(text))
    if len(found) != 1:
        message = f"{file.path}:{number} gives curl no user with a password in plain words"
        raise NoFix(message)
    first = file.starts[number - 1] + len(text[: found[0].start("value")].encode())
    return Setting(f"{found[0]['key']}_password", first, first + len(found[0]["value"].encode()), "")
