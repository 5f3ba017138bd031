"""Images of somebody's own with a database or a web server in them: what it writes, and as whom, nothing here tells."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.fixers.kubernetes.starting import starting
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import NoFix

_PORTS = frozenset((
    "1433", "1521", "3306", "5432", "5672", "5984", "6379", "7000", "7687", "8086", "9042", "9092", "9200",
    "11210", "26257", "27017", "28015", "33060",
))  # fmt: skip
_NAMED = re.compile(
    r"(?:^|[/_-])(?:db|database|mysql|mariadb|percona|postgres(?:ql)?|pgsql|mongo(?:db)?|redis|rabbitmq|cassandra|elasticsearch|"
    r"influxdb|couchdb|neo4j|kafka|clickhouse|oracle|mssql|nginx|httpd|apache2?|php|guestbook|gb-frontend)(?:[_:@-]|$)"
)
_BESIDE = re.compile(
    r"exporter|operator|controller|client|adapter|migrat|backup|agent|sidecar|unprivileged|rootless|nonroot"
)
"""What stands beside such a server, or is made to start as nobody in particular."""


def is_unknown_server(resource: Resource, part: Part) -> bool:
    """Whether a container runs an image that nothing is known of and that holds such a server, by its port or its name.

    Official ones start as root, make folders, and become another user.
    """
    one = starting(resource, part)
    if one.root is not None or one.user is not None or one.writes:
        return False
    ports = part.node.child("ports")
    opened = {port.text("containerPort") for port in (ports.items if ports else ())}
    image = part.node.text("image")
    return bool(opened & _PORTS) or (_NAMED.search(image) is not None and not _BESIDE.search(image))


def refuse_unknown_server(resource: Resource, parts: Iterable[Part], what: str) -> None:
    """Leave such an image what it may need.

    Raises:
        NoFix: a container runs one.
    """
    if part := next((each for each in parts if is_unknown_server(resource, each)), None):
        image = part.node.text("image")
        message = f"{image} holds a server, by its port or its name, and {what} is known to its makers alone"
        raise NoFix(message)
