"""The scripts that an image starts, as they lie in its build context, and what in them root alone can do."""

from __future__ import annotations

import re

from workers.fixers.docker.build import final_stage, lineage
from workers.fixers.docker.service.compose_ports import compose_services
from workers.source.dockerfile import Dockerfile, Instruction, Stage
from workers.source.tree import SourceTree

_SCRIPT = re.compile(r"([\w.-]+\.sh|[\w-]*entry-?point[\w-]*)(?=[\s\"',\]]|$)")
_OVER_BASE = re.compile(r"(?:^|[\s\"'/])((?:docker-)?entrypoint(?:\.sh)?)(?=[\s\"',\]]|$)")
AS_ROOT = re.compile(
    rb"(?m)^[^#\n]*\b(?:gosu|su-exec|setpriv|runuser|chroot|sudo)\b|^[^#\n]*\bsu\s+-|^\s*(?:exec\s+)?(?:chown|useradd|adduser|usermod|groupadd|"
    rb"apt-get|apk|yum|service|sysctl|mount|iptables|crond?)\s|^[^#\n]*>\s*/(?:etc|usr|root)/|^[^#\n]*\b(?:runsvdir|runsv|s6-svscan|sshd|dockerd|docker\.sock)\b"
)
STARTS_SERVER = re.compile(
    rb"(?m)^\s*(?:exec\s+)?(?:(?:/usr)?(?:/s?bin/)?(?:apache2ctl|apachectl|httpd|nginx|lighttpd|php-fpm[\d.]*|spawn-fcgi|"
    rb"fcgiwrap|clamd|freshclam|mysqld\w*|mariadbd\w*|mongod|named|unbound|dovecot|postfix|exim4?|slapd|squid|[sn]mbd|"
    rb"proftpd|varnishd|rabbitmq-server|dbus-daemon|avahi-daemon|cupsd|snmpd|rsyslogd)"
    rb"|(?:/usr)?/sbin/(?!tini|dumb-init|docker-init|catatonit)[\w.-]+)(?=\s|$)"
)
"""Services of a distribution: they have a user of their own, and what lies in `sbin` is for root to start."""
BUILDS = re.compile(
    rb"(?m)^\s*(?:[A-Z_]+=\S*\s+)*(?:dpkg-buildpackage|debuild|rpmbuild|makepkg|abuild|make|cmake|cargo build|go build|"
    rb"npm (?:ci|install|run build)|yarn (?:install|build)|mvn|\./mvnw|gradle|\./gradlew|pip3? install|bundle install|"
    rb"composer install)(?=\s|$)"
)
EXECUTES = re.compile(
    rb"(?:\bos\.(?:exec\w+|system)|\bsubprocess\.\w+|\bPopen)\(\s*\[?\s*[frb]?[\"'](?:/[\w/]*/)?(?:nginx|httpd|apache2(?:ctl)?|"
    rb"php-fpm[\d.]*|lighttpd|sshd|supervisord|rsyslogd|dovecot|postfix|unbound|slapd|haproxy|cron|crond|chown|su|gosu|su-exec)"
    rb"(?=[\s\"'])"
)
"""What a script of Python starts that root alone can, or that becomes another user by itself."""
_PASSES_ON = re.compile(rb"""(?m)^[^#\n]*\bexec\s+(?:\S+\s+(?:--\s+)?)?"?\$[@*]"?""")
_NAME = re.compile(r"[\w.-]+")
_SHELL = re.compile(r"(?:^|/)(?:[\w.-]+\.(?:ba)?sh|[^./]+)$")
_CALLED = re.compile(r"(?<=/)[\w.-]+(?=[\s\"';&|)]|$)|[\w.-]+\.(?:ba)?sh\b")
"""What may be another script: the end of a path, or a name that says so."""
_MAX_SCRIPTS, _MOST_SCRIPTS = 5, 20


def first(pattern: re.Pattern[bytes], content: bytes) -> str:
    """What of a script the pattern finds first, to be read by a person; empty where nothing is found."""
    found = pattern.search(content)
    return found[0].decode("utf-8", "replace").strip() if found else ""


def copies(file: Dockerfile, stage: Stage) -> list[Instruction]:
    """What puts files into the image, the stages below included."""
    return [one for each in lineage(file, stage) for one in each.all("COPY", "ADD")]


def entry_scripts(tree: SourceTree, file: Dockerfile, instructions: list[Instruction]) -> list[str]:
    """The scripts of the build context that the image starts, under the names that they have there."""
    started = [one for one in instructions if one.keyword in {"CMD", "ENTRYPOINT"}]
    names = {name for one in started for name in _SCRIPT.findall(one.text)}
    names |= _copied(instructions, started)
    if all(one.keyword != "ENTRYPOINT" for one in started):
        # One of the image's own in place of the base's, which goes on starting it by its name.
        names |= {name for one in instructions if one.keyword == "COPY" for name in _OVER_BASE.findall(one.text)}
    if not names:
        return []
    for one in instructions:
        *sources, destination = _words(one) or [""]
        if one.keyword in {"COPY", "ADD"} and destination.rpartition("/")[2] in names:
            names |= {source.rpartition("/")[2] for source in sources}
    prefix = _beside(file)
    found = [path for path in tree.paths() if path.rpartition("/")[2] in names]
    # The context is the file's folder as a rule, and one above it where the file has a folder of its own.
    return _with_called(tree, ([path for path in found if path.startswith(prefix)] or found)[:_MAX_SCRIPTS])


def _with_called(tree: SourceTree, scripts: list[str]) -> list[str]:
    """The scripts, and those of the same part of the repository that one of them names."""
    top = scripts[0].rpartition("/")[0] if scripts else ""
    near = [path for path in tree.paths() if path.startswith(f"{top}/" if top else "") and _SHELL.search(path)]
    found = list(scripts)
    for script in found:
        text = re.sub(rb"(?m)^[ \t]*#.*$", b"", tree.read(script)).decode("utf-8", "replace")
        named = set(_CALLED.findall(text))
        found += [path for path in near if path not in found and path.rpartition("/")[2] in named]
        if len(found) > _MOST_SCRIPTS:
            break
    return found[:_MOST_SCRIPTS]


def _copied(instructions: list[Instruction], started: list[Instruction]) -> set[str]:
    """What is started under the name that the context has for it, whatever that ends with."""
    words = {word.rpartition("/")[2] for one in started for word in _words(one)[:1]}
    sources = {
        source.rpartition("/")[2]
        for one in instructions
        if one.keyword in {"COPY", "ADD"} and not any(flag.startswith("--from") for flag in one.flags)
        for source in _words(one)[:-1]
    }
    return {word for word in words & sources if _NAME.fullmatch(word)}


def _words(one: Instruction) -> list[str]:
    """Its arguments, in shell or JSON form."""
    return re.findall(r"[^\s\"',\[\]]+", one.text)


def _beside(file: Dockerfile) -> str:
    """How the paths begin that lie in the file's folder."""
    return file.path[: file.path.rfind("/") + 1]


def python_scripts(tree: SourceTree, file: Dockerfile, commands: list[Instruction]) -> list[str]:
    """The files of Python that the image starts."""
    names = {name for one in commands for name in re.findall(r"[\w-]+\.py\b", one.text)}
    prefix = _beside(file)
    found = [path for path in tree.paths() if path.startswith(prefix) and path.rpartition("/")[2] in names]
    return found[:_MAX_SCRIPTS]


def compose_scripts(tree: SourceTree, file: Dockerfile) -> list[str]:
    """Those that Compose starts in the image instead, as no other user."""
    names: set[str] = set()
    for _, service in compose_services(tree, file.path):
        if "user" not in service:
            told = [service.get("entrypoint"), service.get("command")]
            names |= set(
                _SCRIPT.findall(
                    " ".join(" ".join(map(str, one)) if isinstance(one, list) else str(one or "") for one in told)
                )
            )
    found = [path for path in tree.paths() if path.rpartition("/")[2] in names] if names else []
    return found if len(found) <= len(names) else []


def passes_on(tree: SourceTree, file: Dockerfile, stage: Stage) -> bool:
    """Whether the image starts a script that goes on as whatever it is told, and is told nothing by the image."""
    commands = [one for each in lineage(file, stage) for one in each.all("ENTRYPOINT", "CMD")]
    if not commands or any(one.keyword == "CMD" for one in commands):
        return False
    return any(
        _PASSES_ON.search(tree.read(path)) for path in entry_scripts(tree, file, [*copies(file, stage), *commands])
    )


def root_step(tree: SourceTree, file: Dockerfile) -> tuple[str, str] | None:
    """The entry point of an image that does what only root can, and what that is; none where no user is to be kept."""
    stages = lineage(file, final_stage(file))
    if any(each.all("USER") for each in stages):
        return None
    commands = [one for each in stages for one in each.all("ENTRYPOINT", "CMD")]
    for script in entry_scripts(tree, file, [*copies(file, stages[0]), *commands]):
        if line := first(AS_ROOT, tree.read(script)):
            return script, line[:60]
    return None
