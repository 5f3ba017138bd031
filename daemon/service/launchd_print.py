"""What `launchctl print` tells of a service, understood."""

from __future__ import annotations

import re

from daemon.service.unit import Seen

_FIELD = re.compile(
    r"^\t(?P<name>state|pid|runs|last exit code|last terminating signal) = (?P<value>.*)$", re.MULTILINE
)
"""One tab: fields of the service itself, not of the coalitions below it, which have a `state` too."""
_NEVER = "(never exited)"


def understand(printed: str, seen: Seen) -> Seen:
    """What `launchctl print` tells of a loaded service. Its words are no interface: what is missing stays unknown."""
    fields = {match["name"]: match["value"].strip() for match in _FIELD.finditer(printed)}
    last, failed = _last_exit(fields)
    return Seen(
        unit=seen.unit,
        installed=seen.installed,
        current=seen.current,
        enabled=seen.enabled,
        loaded=True,
        state=fields.get("state", "unknown"),
        pid=_number(fields.get("pid")),
        runs=_number(fields.get("runs")),
        last_exit=last,
        failed=failed,
    )


def _last_exit(fields: dict[str, str]) -> tuple[str | None, bool]:
    """A signal's line takes the place of the code's; codes of sysexits come with their name, `78: EX_CONFIG`."""
    if signal := fields.get("last terminating signal"):
        return f"ended by signal {signal.rpartition(':')[2].strip()} ({signal.partition(':')[0]})", True
    code = fields.get("last exit code", _NEVER)
    return (None, False) if code == _NEVER else (f"exit {code}", code != "0")


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
