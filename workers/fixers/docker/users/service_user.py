"""Servers that write to files of their image when they start, as the user that the image has for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.build import candidate
from workers.fixers.docker.edits import insert_at_end
from workers.source.dockerfile import Dockerfile, Stage

_PORT_80 = (
    "a port below 1024 needs Docker 20.10 or a sysctl: elsewhere let the server listen on 8080; what a configuration "
    "of your own writes to (logs, other caches) must be the user's too"
)
WRITES = {
    "nginx": ("nginx", "101:101", "/var/run/nginx.pid /var/cache/nginx"),
    "httpd": ("www-data", "33:33", "/usr/local/apache2/logs"),
    "tomcat": ("nobody", "65534:65534", "/usr/local/tomcat/webapps /usr/local/tomcat/logs /usr/local/tomcat/work"),
}
_FIXED_NUMBER = (1, 16)
"""The first releases of nginx whose images give its user a number for good."""


def service(file: Dockerfile, stage: Stage, base: Base) -> Iterator[Candidate]:
    """A server that writes to files of its image at its start: they become the user's."""
    user, number, files = WRITES[base.image]
    number = "82:82" if user == "www-data" and base.family == "alpine" else number
    if base.image == "nginx" and any("/etc/nginx/templates" in one.text for one in stage.all("COPY", "ADD")):
        files += " /etc/nginx/conf.d"
    touched = f"touch {files.split()[0]} {file.escape}\n    && " if files.split()[0].endswith(".pid") else ""
    named = "nginx:nginx" if user == "nginx" else number
    ways = [("service-user", number, number), ("service-user-by-name", user, named)]
    for approach, runs, owner in ways[1:] if _numbered_anew(base) else ways:
        who = f"the user {user}{f' ({number})' if not _numbered_anew(base) else ''}"
        how = f"Runs as {who}, and gives it the files that {base.image} writes at its start"
        how = f"{how}{'' if runs == user else '; by number, which Kubernetes can check'}."
        run = f"RUN {touched}chown -R {owner} {files}\n"
        yield candidate(approach, [insert_at_end(file, stage, f"{run}USER {runs}")], how, ["USER", "RUN"], [_PORT_80])


def _numbered_anew(base: Base) -> bool:
    """Whether it is an nginx of before its user got a number for good: each image gave it the next that was free."""
    release = re.match(r"(\d+)\.(\d+)", base.tag)
    return base.image == "nginx" and release is not None and (int(release[1]), int(release[2])) < _FIXED_NUMBER
