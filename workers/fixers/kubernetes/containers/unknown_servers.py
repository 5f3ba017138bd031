"""Images of somebody's own with a database or a web server in them: what it writes, and as whom, nothing here tells."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.fixers.kubernetes.containers.own_image import built_on, root_entry
from workers.fixers.kubernetes.containers.starting import starting
from workers.fixers.kubernetes.workload import Part, Resource, security
from workers.fixers.registry import NoFix

_PORTS = frozenset((
    "1433", "1521", "3306", "5432", "5672", "5984", "6379", "7000", "7687", "8086", "9042", "9092", "9200",
    "11210", "26257", "27017", "28015", "33060",
))  # fmt: skip
_NAMED = re.compile(
    r"(?:^|[/_-])(?:db|database|mysql|mariadb|percona|postgres(?:ql)?|pgsql|pgbouncer|pgpool|pooler|spilo|patroni|haproxy|mongo(?:db)?|redis|rabbitmq|cassandra|elasticsearch|"
    r"influxdb|couchdb|neo4j|kafka|clickhouse|oracle|mssql|nginx|httpd|apache2?|php|guestbook|gb-frontend)(?:[_:@-]|$)"
)
_BESIDE = re.compile(
    r"exporter|operator|controller|client|adapter|migrat|backup|agent|sidecar|unprivileged|rootless|nonroot"
)
"""What stands beside such a server, or is made to start as nobody in particular."""
_WRITES = re.compile(r">|\b(?:useradd|adduser|usermod|groupadd|apt-get|apk|yum)\b")


def is_unknown_server(resource: Resource, part: Part) -> bool:
    """Whether a container runs an image of somebody's own that holds such a server, by its port, its name or its base.

    Official ones start as root, make folders, and become another user.
    """
    one = starting(resource, part)
    if one.user is not None or one.writes or one.root is False:
        return False
    image = part.node.text("image")
    base = built_on(resource.target.tree, image) or ""
    if one.root and not base:
        return False
    ports = part.node.child("ports")
    opened = {port.text("containerPort") for port in (ports.items if ports else ())}
    named = any(_NAMED.search(each) and not _BESIDE.search(each) for each in (image, base))
    return named or (one.root is None and bool(opened & _PORTS))


def _root_entry(resource: Resource, part: Part) -> tuple[str, str] | None:
    """The script of the repository that does what only root can when the container starts, where it does as root."""
    if security(part.node, "runAsUser") or security(resource.pod.node, "runAsUser"):
        return None
    return root_entry(resource.target.tree, part.node.text("image"))


def refuse_unknown_server(resource: Resource, parts: Iterable[Part], what: str, *, writes: bool = False) -> None:
    """Leave such an image what it may need, and one of the repository what its entry point does as root.

    `writes`: only where that writes to the image's own folders.

    Raises:
        NoFix: a container runs one.
    """
    parts = list(parts)
    if part := next((each for each in parts if is_unknown_server(resource, each)), None):
        image = part.node.text("image")
        message = f"{image} holds a server, by its port or its name, and {what} is known to its makers alone"
        raise NoFix(message)
    for part in parts:
        script, step = _root_entry(resource, part) or ("", "")
        if script and (not writes or _WRITES.search(step)):
            message = (
                f"{part.node.text('image')} starts by {script} of this repository, which does what only root can "
                f"(`{step}`): that has to go first"
            )
            raise NoFix(message)
