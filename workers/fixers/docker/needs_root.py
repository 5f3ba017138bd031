"""Images whose program has to start as root: by what it is, by its entry point, by who starts it."""

from __future__ import annotations

import re

from workers.fixers.docker.build import lineage
from workers.fixers.docker.build_steps import step_of
from workers.fixers.docker.entry_scripts import (
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
from workers.fixers.docker.image_tables import DISTRIBUTIONS
from workers.fixers.docker.images import Base, installed
from workers.fixers.docker.own_base import built_on, works_as_root
from workers.fixers.docker.rights import refuse_runtime_files
from workers.fixers.docker.service_user import WRITES
from workers.fixers.registry import NoFix, Target
from workers.source.dockerfile import Dockerfile, Instruction, Stage
from workers.source.tree import SourceTree, text_of

_NEEDS_ROOT = re.compile(
    r"(?:^|[\s\"'/])(sshd|crond?|dockerd|systemd|(?:/usr)?/s?bin/init|init|supervisord|s6-svscan|runsvdir|my_init|"
    r"containerd|kubelet|(?:docker|ssh|desktop)-init(?:\.sh)?|openvpn|keepalived|dnsmasq|vsftpd|xinetd|rsyslogd|iptables|tailscaled|wg-quick)(?=[\s\"',]|$)"
)
_SERVERS = re.compile(
    r"(?:^|[\s\"'/])(apache2|apache2ctl|apachectl|httpd|nginx|lighttpd|mysqld|mysqld_safe|mariadbd|mongod|php-fpm[\d.]*|"
    r"squid|named|smbd|slapd|postfix)(?=[\s\"',]|$)"
)
"""Servers that, as a distribution sets them up, write where root alone may, and then go on as a user of their own."""
_HOME = re.compile(r"(?:^|[\s\"'=])(/root/[\w./-]+)")
_PRIVILEGED_IMAGES = re.compile(
    r"(?:^|/)(?:docker|dind|kaniko[\w-]*|systemd|s6-overlay|baseimage\S*|uwsgi-nginx[\w-]*)$"
)
_SWITCHES = re.compile(r"(?:^|[\s\"])(?:-u|--user|--uid|-U)(?:[\s=]|\"\s*,\s*\")([a-z_][a-z0-9_-]*)(?=[\s\"]|$)")
_AT_HOME = re.compile(
    r"(?:^|[\s\"'/&;])(?P<tool>stack|cabal|sbt|lein|clojure|clj|mvnw?|gradlew?|mix|dotnet|cargo|go|poetry|pipenv|uv)"
    r"[\s\"',]+(?:-\S+[\s\"',]+)*(?P<verb>run|exec|bootRun|spring-boot:run|exec:java|[\w-]+:(?:run|dev|start)|phx\.server|-M\S*|-X\S*)(?=[\s\"',:]|$)"
)
_SETTINGS = re.compile(
    r"\b(?:uwsgi|gunicorn|hypercorn)\b[^|;&]*?[\s\"',=:]([\w./-]+\.(?:ini|ya?ml|py|toml|xml|json))(?=[\s\"',\]]|$)"
)
_OWN_USER = re.compile(r"(?m)^[ \t]*[\"']?(?:uid|gid|user|group)[\"']?[ \t]*[=:][ \t]*[^\s#{].*$")
"""Servers that become another user by a line of their own settings."""
_IN_PROJECT = re.compile(
    rb"virtualenvs\.(?:create\s+false|in-project\s+true)|POETRY_VIRTUALENVS_(?:CREATE=\W?(?:false|0)|IN_PROJECT=\W?(?:true|1))|"
    rb"PIPENV_VENV_IN_PROJECT|UV_NO_SYNC|--no-sync|GRADLE_USER_HOME|STACK_ROOT|CARGO_HOME"
)
"""What puts the files of such a tool where another user can read them."""
_FOR_BUILDS = r"(?!\.(?:cache|npm|m2|gradle|gnupg|ssh|\w+rc|profile|pip|config|cargo|docker|gitconfig)\b)"
_IN_HOME = re.compile(
    r"\b(?:mkdir|mv|cp|ln|install|tee|unzip|tar|touch|git clone)\s[^&|;]*?(?<![\w.-])"
    rf"(?:/root|~)/{_FOR_BUILDS}[\w.-]+|>\s*(?:/root|~)/{_FOR_BUILDS}"
)
_KEEPS_AT_HOME = re.compile(
    r"\b(?:textblob\.download_corpora|nltk\.download(?:er)?|huggingface-cli\s+download|playwright\s+install|"
    r"pip3?\s+install\s[^&|;]*--user|pipx\s+install|helm\s+plugin\s+install|"
    r"dotnet\s+tool\s+install\s[^&|;]*(?:-g|--global)|sdk\s+install|nvm\s+install|pyenv\s+install|puppeteer\s+browsers\s+install|cabal\s+(?:new-|v\d-)?install|"
    r"stack\s+install|uv\s+tool\s+install|composer\s+global\s+require|opam\s+(?:init|install)|foundryup)\b|"
    r"get\.sdkman\.io|sh\.rustup\.rs|/nvm-sh/nvm/|\bbun\.sh/install|\bdeno\.land/\S*install|\bpyenv\.run"
)
"""What such tools fetch lies in the home of whoever built the image, and is looked for in that of whoever runs it."""
_WRITES_FILES = re.compile(
    r"(?<!\d)>{1,2}\s*/(?:etc|usr|root|opt|srv|app|var/(?!tmp/))[\w./${}-]*|-keyout\b|\bopenssl\s+(?:req|genrsa|dhparam)\b|"
    r"\bsed\s+-i\S*|\bchown\s|(?:^|[\s\"';&|])(?:cp|mv|ln|mkdir|touch|tee|chmod)\s(?![^;&|]*/tmp)[^;&|\"]{0,40}"
)
_SERVICE = re.compile(
    r"(?<![\w./-])(?:/usr/sbin/)?service\s+[\w.@-]+\s+(?:re)?start\b|/etc/init\.d/[\w.-]+\s+(?:re)?start\b|\bpg_ctlcluster\b|"
    r"\bsystemctl\s+enable\b|/systemd/system\b"
)
"""What a distribution's own servers are started by, in the build and so in the container."""
_ELSEWHERE = re.compile(
    r"NLTK_DATA|HF_HOME|PLAYWRIGHT_BROWSERS_PATH|PYTHONUSERBASE|PIPX_(?:HOME|BIN_DIR)|NVM_DIR|PYENV_ROOT|--tool-path|XDG_|"
    r"(?:CARGO|RUSTUP|COMPOSER)_HOME|(?:DENO|BUN)_INSTALL|SDKMAN_DIR|STACK_ROOT|OPAMROOT|UV_TOOL|"
    r"--install-?dir|--root|--prefix"
)
_TO_HOME = re.compile(rf"[\s\",](?:/root|~)/{_FOR_BUILDS}[\w.-]+\S*\"?\s*\]?$")
_REBUILDS = re.compile(
    r"(?:^|[\s\"'/])(air|reflex|CompileDaemon|modd|fresh|realize|wgo|bee|cargo[- ]watch|dlv|watchexec)(?=[\s\"',]|$)"
)
"""What builds a program anew whenever its source changes, beside that source."""
_SHELL = re.compile(r"^(?:/(?:usr/)?bin/)?(?:ba|da|a|z)?sh\b|\.sh\b")
_SUPERVISORS = frozenset(("runit", "daemontools", "s6", "s6-overlay"))
_STEPS_DOWN = re.compile(r"(?<![\w-])(?:gosu|su-exec)(?![\w-])")


def refuse_where_root_is_needed(target: Target, chain: list[tuple[Dockerfile, Stage]], base: Base) -> None:
    """Say why the container has to be root's, by what starts in it.

    `chain` is the stage and the images of the repository below it; what they start is inherited as far as none above
    says something else.

    Raises:
        NoFix: it has.
    """
    keywords = ["ENTRYPOINT", "CMD"]
    for file, stage in chain:
        commands = [one for each in lineage(file, stage) for one in each.all(*keywords)]
        _refuse_commands(target, file, stage, base, commands)
        refuse_runtime_files(file, stage, commands)
        # An entry point takes the place of the command below it, too.
        said = {one.keyword for one in commands}
        keywords = [each for each in keywords if not {each, "ENTRYPOINT"} & said]
    _refuse_home(*chain[0])
    _refuse_used_by_others(target, *chain[0])


def _refuse_commands(target: Target, file: Dockerfile, stage: Stage, base: Base, commands: list[Instruction]) -> None:
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
    _refuse_places_of_root(commands, base)
    _refuse_own_user(target.tree, [one.text for one in commands])
    if rebuilt := next((match for one in commands if (match := _REBUILDS.search(one.text))), None):
        message = f"`{rebuilt[1]}` builds beside the source, in folders that are root's"
        raise NoFix(message)
    built = next((match for one in commands if (match := _AT_HOME.search(one.text))), None)
    if built and not _IN_PROJECT.search(file.content):
        message = (
            f"`{built['tool']} {built['verb']}` starts from what it keeps in the home of root, who built the image, or "
            "builds again when it starts: start the built program itself, then a user of its own can run it"
        )
        raise NoFix(message)
    _refuse_scripts(target.tree, file, stage, base, commands)


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
    return any(each.search(command) for each in (_NEEDS_ROOT, _SERVERS, _SWITCHES, _AT_HOME, _REBUILDS, _SHELL))


def _refuse_places_of_root(commands: list[Instruction], base: Base) -> None:
    if home := next((match for one in commands if (match := _HOME.search(one.text))), None):
        message = f"{home[1]} lies in the home of root, where no other user may look: put it elsewhere first"
        raise NoFix(message)
    server = next((match for one in commands if (match := _SERVERS.search(one.text))), None)
    if server and (base.image in DISTRIBUTIONS or (base.user is None and base.image not in WRITES)):
        message = (
            f"{server[1]} of {base.image} opens its logs, data or sockets as root and goes on as the user of its "
            "configuration: they have to be that user's before USER can stand here"
        )
        raise NoFix(message)


def _refuse_home(file: Dockerfile, stage: Stage) -> None:
    """What the image itself puts into root's home is meant for root: nobody else may look there."""
    for one in (one for each in lineage(file, stage) for one in each.instructions):
        if (one.keyword in {"COPY", "ADD"} and _TO_HOME.search(one.text)) or (
            one.keyword == "RUN" and _IN_HOME.search(one.text)
        ):
            message = f"{file.path}:{one.line} puts files into the home of root, where no other user may look"
            raise NoFix(message)
        served = _SERVICE.search(one.text) if one.keyword in {"RUN", "COPY"} else None
        if served:
            message = f"{file.path}:{one.line} has a service in the image (`{served[0]}`), and root alone can start it"
            raise NoFix(message)
        tool = _KEEPS_AT_HOME.search(one.text) if one.keyword == "RUN" else None
        if tool and not _ELSEWHERE.search(file.content.decode("utf-8", "replace")):
            message = (
                f"{file.path}:{one.line} keeps what `{tool[0]}` fetches in the home of root, where no other user looks"
            )
            raise NoFix(message)


def _refuse_used_by_others(target: Target, file: Dockerfile, stage: Stage) -> None:
    if any("docker.sock" in one.text for each in lineage(file, stage) for one in each.instructions):
        message = (
            "the program talks to Docker by its socket, which belongs to root or to a group of the host's own number"
        )
        raise NoFix(message)
    commands = any(each.last("ENTRYPOINT", "CMD") for each in lineage(file, stage))
    if (who := step_of(target.tree, file.path)) is not None:
        message = f"{who}, as root and with a workspace that is root's: USER breaks it"
        raise NoFix(message)
    if any(_STEPS_DOWN.search(one.text) for each in lineage(file, stage) for one in each.instructions):
        message = "the entry point switches users itself (gosu, su-exec) and has to start as root for that"
        raise NoFix(message)
    above = built_on(target.tree, file)
    if above and (not commands or works_as_root(target.tree, above)):
        message = f"{above} is built on this image, by steps that are root's: USER belongs to the end of {above}"
        raise NoFix(message)
