"""Images whose program has to start as root: by what it is, by its entry point, by who starts it."""

from __future__ import annotations

import re

from workers.fixers.docker.bases.image_tables import DISTRIBUTIONS
from workers.fixers.docker.bases.images import Base, installed
from workers.fixers.docker.bases.own_base import built_on, works_as_root
from workers.fixers.docker.build import lineage
from workers.fixers.docker.service.build_steps import step_of
from workers.fixers.docker.service.entry_scripts import (
    AS_ROOT,
    BUILDS,
    EXECUTES,
    STARTS_SERVER,
    compose_scripts,
    copies,
    entry_scripts,
    first,
    python_scripts,
)
from workers.fixers.docker.users.modes import refuse_closed
from workers.fixers.docker.users.rights import refuse_runtime_files
from workers.fixers.docker.users.roots_home import refuse_home, refuse_runs_at_home, runs_at_home
from workers.fixers.docker.users.service_user import WRITES, packaged
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Instruction, Stage
from workers.source.tree import SourceTree, text_of

_NEEDS_ROOT = re.compile(
    r"(?:^|[\s\"'/])(sshd|crond?|dockerd|systemd|(?:/usr)?/s?bin/init|init|supervisord|s6-svscan|runsvdir|my_init|"
    r"containerd|kubelet|(?:docker|ssh|desktop)-init(?:\.sh)?|openvpn|keepalived|dnsmasq|vsftpd|xinetd|rsyslogd|iptables|tailscaled|wg-quick)(?=[\s\"',]|$)"
)
_SERVERS = re.compile(
    r"(?:^|[\s\"'/])(apache2|apache2ctl|apachectl|httpd|nginx|lighttpd|mysqld|mysqld_safe|mariadbd|mongod|php-fpm[\d.]*|"
    r"squid|named|smbd|slapd|postfix|clamd|freshclam|dovecot|proftpd|rabbitmq-server|exim4?|snmpd|dbus-daemon)(?=[\s\"',]|$)"
)
"""Servers that, as a distribution sets them up, write where root alone may, and then go on as a user of their own."""
_PRIVILEGED_IMAGES = re.compile(
    r"(?:^|/)(?:docker|dind|kaniko[\w-]*|systemd|s6-overlay|baseimage\S*|uwsgi-nginx[\w-]*)$"
)
_SWITCHES = re.compile(r"(?:^|[\s\"])(?:-u|--user|--uid|-U)(?:[\s=]|\"\s*,\s*\")([a-z_][a-z0-9_-]*)(?=[\s\"]|$)")
_SETTINGS = re.compile(
    r"\b(?:uwsgi|gunicorn|hypercorn)\b[^|;&]*?[\s\"',=:]([\w./-]+\.(?:ini|ya?ml|py|toml|xml|json))(?=[\s\"',\]]|$)"
)
_OWN_USER = re.compile(r"(?m)^[ \t]*[\"']?(?:uid|gid|user|group)[\"']?[ \t]*[=:][ \t]*[^\s#{].*$")
"""Servers that become another user by a line of their own settings."""
_WRITES_FILES = re.compile(
    r"(?<!\d)>{1,2}\s*/(?:etc|usr|root|opt|srv|app|var/(?!tmp/))[\w./${}-]*|-keyout\b|\bopenssl\s+(?:req|genrsa|dhparam)\b|"
    r"\bsed\s+-i\S*|\bchown\s|(?:^|[\s\"';&|])(?:cp|mv|ln|mkdir|touch|tee|chmod)\s(?![^;&|]*/tmp)[^;&|\"]{0,40}"
)
_SERVICE = re.compile(
    r"(?<![\w./-])(?:/usr/sbin/)?service\s+[\w.@-]+\s+(?:re)?start\b|/etc/init\.d/[\w.-]+\s+(?:re)?start\b|\bpg_ctlcluster\b|"
    r"\bsystemctl\s+enable\b|/systemd/system\b"
)
"""What a distribution's own servers are started by, in the build and so in the container."""
_REBUILDS = re.compile(
    r"(?:^|[\s\"'/])(air|reflex|CompileDaemon|modd|fresh|realize|wgo|bee|cargo[- ]watch|dlv|watchexec)(?=[\s\"',]|$)"
)
"""What builds a program anew whenever its source changes, beside that source."""
_SHELL = re.compile(r"^(?:/(?:usr/)?bin/)?(?:ba|da|a|z)?sh\b|\.sh\b")
_SUPERVISORS = frozenset(("runit", "daemontools", "s6", "s6-overlay"))
_STEPS_DOWN = re.compile(r"(?<![\w-])(?:gosu|su-exec)(?![\w-])")


def refuse_where_root_is_needed(tree: SourceTree, chain: list[tuple[Dockerfile, Stage]], base: Base) -> None:
    """Say why the container has to be root's, by what starts in it.

    `chain` is the stage and the images of the repository below it; what they start is inherited as far as none above
    says something else.

    Raises:
        NoFix: it has.
    """
    keywords = ["ENTRYPOINT", "CMD"]
    for file, stage in chain:
        commands = [one for each in lineage(file, stage) for one in each.all(*keywords)]
        _refuse_commands(tree, file, stage, base, commands)
        refuse_runtime_files(file, stage, commands)
        # An entry point takes the place of the command below it, too.
        said = {one.keyword for one in commands}
        keywords = [each for each in keywords if not {each, "ENTRYPOINT"} & said]
    refuse_home(tree, *chain[0], base)
    _refuse_services(*chain[0])
    refuse_closed(*chain[0])
    _refuse_used_by_others(tree, *chain[0])


def _refuse_commands(tree: SourceTree, file: Dockerfile, stage: Stage, base: Base, commands: list[Instruction]) -> None:
    needs = next((match for one in commands if (match := _NEEDS_ROOT.search(one.text))), None)
    if needs or _PRIVILEGED_IMAGES.search(base.image):
        what = needs[1] if needs else base.image
        message = f"{what} starts as root by design and gives its privileges away itself: no USER can stand before it"
        raise NoFix(message)
    supervisor = next(iter(sorted(installed(file, stage) & _SUPERVISORS)), None)
    if supervisor:
        message = (
            f"{supervisor} supervises from folders that are root's, and starts each service as the user of its own"
        )
        raise NoFix(message)
    switches = next((match for one in commands if (match := _SWITCHES.search(one.text))), None)
    if switches:
        message = f"the command changes to the user {switches[1]} itself (`{switches[0].strip()}`), which only root can"
        raise NoFix(message)
    if writes := next((match for one in commands if (match := _WRITES_FILES.search(one.text))), None):
        message = f"the command itself changes files that are root's (`{writes[0].strip()}`): do that in a RUN"
        raise NoFix(message)
    _refuse_places_of_root(file, stage, commands, base)
    _refuse_own_user(tree, [one.text for one in commands])
    if rebuilt := next((match for one in commands if (match := _REBUILDS.search(one.text))), None):
        message = f"`{rebuilt[1]}` builds beside the source, in folders that are root's"
        raise NoFix(message)
    _refuse_scripts(tree, file, stage, base, commands)


def _refuse_scripts(tree: SourceTree, file: Dockerfile, stage: Stage, base: Base, commands: list[Instruction]) -> None:
    for script in python_scripts(tree, file, commands):
        if line := first(EXECUTES, tree.read(script)):
            message = f"{script} starts what root alone can start as it is set up (`{line}`)"
            raise NoFix(message)
    started = [
        *entry_scripts(tree, file, [*copies(file, stage), *commands]),
        *compose_scripts(tree, file),
    ]
    for script in dict.fromkeys(started):
        content = tree.read(script)
        if line := first(AS_ROOT, content):
            message = f"the entry point {script} does what only root can (`{line}`): it has to go first"
            raise NoFix(message)
        if base.image not in WRITES and (line := first(STARTS_SERVER, content)):
            message = f"{script} starts `{line}`, which becomes a user of its own after it has opened what is root's"
            raise NoFix(message)
        _refuse_own_user(tree, [content.decode("utf-8", "replace")])
        if line := first(BUILDS, content):
            message = f"{script} builds when the container starts (`{line}`), in files that are root's: build in a RUN"
            raise NoFix(message)


def _refuse_own_user(tree: SourceTree, commands: list[str]) -> None:
    names = {match[1].rpartition("/")[2] for text in commands for match in _SETTINGS.finditer(text)}
    for path in [path for path in tree.paths() if path.rpartition("/")[2] in names]:
        if found := _OWN_USER.search(text_of(tree, path)):
            message = (
                f"the server becomes another user by its settings in {path} (`{found[0].strip()}`), which only root can"
            )
            raise NoFix(message)


def root_words(command: str) -> bool:
    """Whether a command starts what root alone can start, or a shell, whose lines may do anything."""
    found = (_NEEDS_ROOT, _SERVERS, _SWITCHES, _REBUILDS, _SHELL)
    return runs_at_home(command) or any(each.search(command) for each in found)


def _refuse_places_of_root(file: Dockerfile, stage: Stage, commands: list[Instruction], base: Base) -> None:
    refuse_runs_at_home(file, commands)
    if packaged(file, stage, base):
        return
    server = next((match for one in commands if (match := _SERVERS.search(one.text))), None)
    if server and (base.image in DISTRIBUTIONS or (base.user is None and base.image not in WRITES)):
        message = (
            f"{server[1]} of {base.image} opens its logs, data or sockets as root and goes on as the user of its "
            "configuration: they have to be that user's before USER can stand here"
        )
        raise NoFix(message)


def _refuse_services(file: Dockerfile, stage: Stage) -> None:
    for one in (one for each in lineage(file, stage) for one in each.all("RUN", "COPY")):
        if served := _SERVICE.search(one.text):
            message = f"{file.path}:{one.line} has a service in the image (`{served[0]}`), and root alone can start it"
            raise NoFix(message)


def _refuse_used_by_others(tree: SourceTree, file: Dockerfile, stage: Stage) -> None:
    if any("docker.sock" in one.text for each in lineage(file, stage) for one in each.instructions):
        message = (
            "the program talks to Docker by its socket, which belongs to root or to a group of the host's own number"
        )
        raise NoFix(message)
    commands = any(each.last("ENTRYPOINT", "CMD") for each in lineage(file, stage))
    if (who := step_of(tree, file.path)) is not None:
        message = f"{who}, as root and with a workspace that is root's: USER breaks it"
        raise NoFix(message)
    if any(_STEPS_DOWN.search(one.text) for each in lineage(file, stage) for one in each.instructions):
        message = "the entry point switches users itself (gosu, su-exec) and has to start as root for that"
        raise NoFix(message)
    above = built_on(tree, file)
    if above and (not commands or works_as_root(tree, above)):
        message = f"{above} is built on this image, by steps that are root's: USER belongs to the end of {above}"
        raise NoFix(message)
