"""What a server does as root beside its own start: what is written, read and started around it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.docker.build import from_context, lineage
from workers.fixers.docker.service.compose_ports import may_run
from workers.fixers.docker.service.entry_scripts import copies
from workers.fixers.docker.users.beside import by_scripts
from workers.fixers.docker.users.mounts import mounts
from workers.fixers.docker.users.script_writes import writes
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.tree import SourceTree, folders_up, text_of

_ITSELF = re.compile(
    r"(?:^|[\s\"'/\[;&])(?:nginx|nginx-debug|httpd|httpd-foreground|apache2ctl|apachectl|catalina\.sh|/?docker-entrypoint\.sh)\b"
)
_MAKES_KEY = re.compile(r"\b(?:openssl\s+(?:req|genrsa|genpkey|ecparam)|mkcert|certbot|step\s+certificate)\b")
_WRITTEN = re.compile(
    r"(?:^|[{;])\s*(?:(?:access|error)_log|pid|lock_file|\w+_cache_path|\w+_temp_path|ErrorLog|CustomLog|TransferLog|PidFile"
    r"|CacheRoot|DefaultRuntimeDir)\s+[\"']?(?P<place>[^\s;\"']+)",
    re.MULTILINE,
)
_KEY = re.compile(
    r"(?:^|[{;])\s*(?:ssl_certificate_key|SSLCertificateKeyFile)\s+[\"']?(?P<place>[^\s;\"']+)", re.MULTILINE
)
_OPEN = re.compile(
    r"/(?:dev|proc|tmp|var/tmp)/|/var/log/nginx/(?:access|error)\.log$|/var/cache/nginx(?:/|$)|(?:/var)?/run/nginx\.pid$"
    r"|/usr/local/(?:apache2|tomcat)/logs(?:/|$)"
)
"""Where such a server may write as its user: what everybody may, what the image links to the output, and its own."""
_KEPT = re.compile(r"/(?:logs?|cache|run)(?:/|$)")
_CONFIGURATION = re.compile(r"\.conf(?:\.\w+)?$|\.(?:template|tmpl|tpl|vhost)$")


def refuse_more_than_a_server(tree: SourceTree, file: Dockerfile, stage: Stage) -> None:
    """Say what around the server root alone can do, where the user that it runs as is given its own files alone.

    Raises:
        NoFix: there is something.
    """
    if (reason := next(_reasons(tree, file, stage), None)) is not None:
        raise NoFix(reason)


def _reasons(tree: SourceTree, file: Dockerfile, stage: Stage) -> Iterator[str]:
    yield from _composed(tree, file)
    for one in (one for each in lineage(file, stage) for one in each.all("RUN")):
        if found := _MAKES_KEY.search(one.text):
            yield f"{file.path}:{one.line}: `{found[0]}` makes a key that root alone may read"
    for written in by_scripts(tree, file, stage):
        if not _OPEN.match(written.path):
            yield f"{written.said} writes {written.path}, where root alone may"
    yield from _at_start(tree, file, stage)
    yield from _configured(tree, file, stage)


def _composed(tree: SourceTree, file: Dockerfile) -> Iterator[str]:
    """What Compose starts instead of the server, and what it mounts for it."""
    for said, name, settings in may_run(tree, file.path):
        for started in (settings.get(key) for key in ("entrypoint", "command") if "user" not in settings):
            text = " ".join(map(str, started)) if isinstance(started, list) else str(started or "")
            if text and not _ITSELF.search(text):
                yield f"{said} starts `{text[:60]}` in {name}: what that needs is not known from the server"
        if "/etc/nginx/templates" in str(settings.get("volumes")):
            yield f"{said} mounts templates, of which the image writes configurations that are root's when it starts"
    for mount in mounts(tree, file.path):
        if mount.of_host and not mount.in_repository:
            yield f"{mount.said} mounts {mount.source} at {mount.target}: who may use it is known to that host alone"
        elif _KEPT.search(mount.target):
            yield f"{mount.said} mounts {mount.source} at {mount.target}, which the server has written as root"


def _at_start(tree: SourceTree, file: Dockerfile, stage: Stage) -> Iterator[str]:
    """What the image's own entry point runs first."""
    for path in _copied(tree, file, stage, "/docker-entrypoint.d"):
        for line, place in writes(tree.read(path), {}):
            yield f"{path}:{line} writes {place}, where root alone may"


def _configured(tree: SourceTree, file: Dockerfile, stage: Stage) -> Iterator[str]:
    places = [one.text.split()[-1].strip("[]\"',") for one in copies(file, stage)]
    for path in (path for path in _copied(tree, file, stage) if _CONFIGURATION.search(path)):
        text = text_of(tree, path)
        for match in _WRITTEN.finditer(text):
            place = match["place"]
            if place.startswith(("/", ".")) and not _OPEN.match(place):
                yield f"{path} has the server write {place}, where root alone may"
        for match in _KEY.finditer(text):
            if not any(match["place"].startswith(place) for place in places if place.startswith("/")):
                yield f"{path} names the key {match['place']}, which comes from elsewhere and which root alone may read"


def _copied(tree: SourceTree, file: Dockerfile, stage: Stage, target: str = "") -> Iterator[str]:
    """The files of the repository that are copied below a folder of the image."""
    for one in copies(file, stage):
        *sources, destination = re.findall(r"[^\s\"',\[\]]+", one.text) or [""]
        if not from_context(one) or not destination.startswith(target):
            continue
        for source in sources:
            above = (
                posixpath.normpath(posixpath.join(folder, source))
                for folder in folders_up(posixpath.dirname(file.path))
            )
            for place in above:
                found = [path for path in tree.paths() if path == place or path.startswith(f"{place}/")]
                if found and place != ".":
                    yield from found
                    break
