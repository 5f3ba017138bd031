"""Servers that write to files of their image when they start, as the user that the image has for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.image_tables import DISTRIBUTIONS
from workers.fixers.docker.bases.images import Base, installed
from workers.fixers.docker.build import candidate, lineage
from workers.fixers.docker.edits import insert_at_end
from workers.fixers.docker.service.server_source import words_of
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
_PACKAGES = {
    ("debian", "nginx"): ("www-data", "33:33", "/run/nginx.pid /var/log/nginx /var/lib/nginx"),
    ("debian", "apache2"): ("www-data", "33:33", "/var/run/apache2 /var/lock/apache2 /var/log/apache2"),
    ("redhat", "httpd"): ("apache", "48:48", "/run/httpd /var/log/httpd"),
}
"""The user that a distribution's package has for its server, and what that writes to, all through its releases."""
_STARTS = {
    "nginx": re.compile(r"^(?:/usr/sbin/)?nginx(?:\s+-g\s.*\bdaemon\s+off;.*)?$"),
    "apache2": re.compile(r"^(?:/usr/sbin/)?apache2?ctl\s+-D\s?FOREGROUND$"),
    "httpd": re.compile(r"^(?:/usr/sbin/)?httpd\s+-D\s?FOREGROUND$"),
}
_OTHER_SOURCE = re.compile(
    r"nginx\.(?:org|com)|sources\.list|apt-key|add-apt-repository|ppa:|\.repo\b|\bmake\s+install\b"
)
_KEYS = re.compile(r"default-ssl|a2enmod\s[^;&|]*\bssl\b|\bmod_ssl\b|\bcertbot\b|\bphp[\d.]*-fpm\b")
"""What root alone may read, or what runs beside the server."""
_FIXED_NUMBER = (1, 16)
"""The first releases of nginx whose images give its user a number for good."""


def packaged(file: Dockerfile, stage: Stage, base: Base) -> str:
    """The server of the distribution's own package that the stage starts, alone; empty where it starts none."""
    if base.image not in DISTRIBUTIONS:
        return ""
    words = " ".join(words_of(file, stage, {})).strip()
    name = next((name for (family, name) in _PACKAGES if family == base.family and _STARTS[name].search(words)), "")
    text = " ".join(one.text for each in lineage(file, stage) for one in each.instructions)
    here = name in installed(file, stage) and not _OTHER_SOURCE.search(text) and not _KEYS.search(text)
    return name if here else ""


def service(file: Dockerfile, stage: Stage, base: Base) -> Iterator[Candidate]:
    """A server that writes to files of its image at its start: they become the user's."""
    if name := packaged(file, stage, base):
        user, number, files = _PACKAGES[(base.family or "", name)]
        made = f"touch {files.split()[0]}" if name == "nginx" else f"mkdir -p {files}"
        run = f"RUN {made} {file.escape}\n    && chown -R {user}:{user} {files}\n"
        how = (
            f"Runs as {user}, the user that {name} becomes by itself, and gives it what root wrote for it at its start"
        )
        edit = insert_at_end(file, stage, f"{run}USER {number}")
        what = f"{how}; by number, which Kubernetes can check."
        yield candidate("service-user", [edit], what, ["USER", "RUN"], [_PORT_80])
        edit = insert_at_end(file, stage, f"{run}USER {user}")
        yield candidate("service-user-by-name", [edit], f"{how}.", ["USER", "RUN"], [_PORT_80])
        return
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
