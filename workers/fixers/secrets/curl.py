"""Credentials on a command line of curl: a header, or the name and password of a user."""

from __future__ import annotations

import re

from daemon.domain.finding import Region
from workers.fixers.code import Text
from workers.fixers.registry import NoFix
from workers.fixers.secrets.configuration import Setting

_HEADER = re.compile(
    r"""(?P<mark>["'])(?P<key>[A-Za-z][\w-]*):\s*(?:(?P<scheme>Bearer|Basic|Token|ApiKey)\s+)?(?P<value>[^"'\s]+)(?P=mark)""",
    re.IGNORECASE,
)
"""A header as curl takes it, in one word of the shell."""
_SAYS = {"bearer": "access_token", "token": "access_token", "basic": "credentials", "apikey": "api_key"}
"""What a header of authorization holds, by its scheme."""
_USER = re.compile(r"(?<!\S)(?:-u|--user)[=\s]+[\"']?(?P<key>[\w.@-]+):(?P<value>[^\s\"'$<>{}]+)(?=[\"'\s]|$)")


def header(file: Text, where: Region) -> Setting | None:
    """The header that a curl command sends, and its value without the scheme; none where there is not exactly one.

    The region may begin with the command, lines above its header.
    """
    number = where.last_line
    text = file.line(number).decode()
    found = list(_HEADER.finditer(text))
    if len(found) != 1 or "$" in found[0]["value"]:
        return None
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
