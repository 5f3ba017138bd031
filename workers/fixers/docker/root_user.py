"""Containers that run as root: no USER, or root as the last."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import Base, base_named, base_of
from workers.fixers.docker.bases.own_base import built_from
from workers.fixers.docker.build import (
    at_least_one,
    candidate,
    deployed_stage,
    expand,
    is_root,
    lineage,
    read,
    trivy,
)
from workers.fixers.docker.service.listening import environment
from workers.fixers.docker.service.own_program import (
    LANGUAGES,
    PROMPT,
    RUNS_OTHERS,
    earlier_user,
    refuse_foreign,
    refuse_idle,
    refuse_tool,
)
from workers.fixers.docker.service.script_port import script_port
from workers.fixers.docker.service.server_source import words_of
from workers.fixers.docker.users.beside import beside
from workers.fixers.docker.users.made_user import made_user, maker, mentioned, number_option
from workers.fixers.docker.users.needs_root import refuse_where_root_is_needed
from workers.fixers.docker.users.owner import owners, refuse_variable
from workers.fixers.docker.users.rights import refuse_rights
from workers.fixers.docker.users.root_calls import refuse_root_calls
from workers.fixers.docker.users.roots_home import home_folder
from workers.fixers.docker.users.service_needs import refuse_more_than_a_server
from workers.fixers.docker.users.service_user import WRITES, packaged, service
from workers.fixers.docker.users.switch_user import NAME, UID, Image, new_user, numbered, switch, switched, written_user
from workers.fixers.docker.users.volumes import builds_as_root
from workers.fixers.docker.users.written_folders import written_folders
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.tree import SourceTree

_OWNER = "files that the image makes stay root's: what the program must write (data, caches, sockets) has to be its own"
_VOLUMES = "a volume that exists already keeps root's files: give them to the user once"
_MOUNTED = "whatever is mounted over a folder that is given to the user here has to be writable for that user as well"
_BUILD_IMAGE = "the image {}: images built from it, and those who mount folders into it, now meet this user"
_HAVE_SHELL = frozenset(("debian", "redhat", "suse", "alpine"))
_OPTIONS = re.compile(r"\[?\s*\"?-")
"""A command of options alone, for the program of the image below."""
_EXPLAIN = """A process in a container runs as root unless the image says otherwise, with the same user id as root of
the host. Whoever breaks into it can change every file of the image and has the best start for breaking out
(CWE-250). An ordinary user takes that away, and costs nothing where the program only reads its own code.

The user that the file gives its files to is the one that may write them. Elsewhere a user of its own (`useradd`,
`adduser`) has a name, a home and a group; the user that the base image brings (`node`, `postgres`, `nonroot`) is the
one that its authors prepared; a bare number works even without /etc/passwd, and lets Kubernetes check `runAsNonRoot`.
All build steps stay root's: the switch stands behind the last of them."""


@fixer(
    name="docker-root-user",
    weakness="container runs as root",
    rules={
        "checkov": ["CKV_DOCKER_3", "CKV_DOCKER_8"],
        "hadolint": ["DL3002"],
        "trivy": trivy(2),
        "semgrep": ["missing-user", "missing-user-entrypoint", "last-user-is-root"],
    },
    explain=_EXPLAIN,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A user behind the last build step: one made in the file, one of the base image, a new one, or a number."""
    file = read(target)
    stage = deployed_stage(file)
    chain = built_from(target.tree, file, stage)
    base = base_of(*chain[-1])
    refuse_where_root_is_needed(target.tree, chain, base)
    if base.image in WRITES or packaged(*chain[0], base):
        refuse_rights(target.tree, file)
        refuse_more_than_a_server(target.tree, file, stage)
        yield from service(file, stage, base)
        return
    refuse_rights(target.tree, file)
    refuse_root_calls(target.tree, file)
    for below in chain[1:]:
        # What its program needs is told there.
        written_folders(target.tree, *below, base)
        beside(target.tree, *below, base)
    folders = written_folders(target.tree, file, stage, base)
    whole, said = beside(target.tree, file, stage, base) or ("", "")
    if (home := home_folder(file, stage, base)) is not None and home != whole:
        whole, said, folders = (whole, said, [*folders, home]) if whole else (home, "it is HOME", folders)
    if whole:
        folders = [each for each in folders if each not in {".", whole}]
    warnings = [*_warnings(target.tree, file, stage), *([_MOUNTED] if folders else [])]
    image = Image(file, stage, base, tuple(warnings), tuple(folders), whole)
    reason = f"{base.image} is not known well enough to say which user it has"
    places = ", ".join("the working directory" if each == "." else each for each in folders)
    told = f" {places}, which the program fills, becomes the user's." if folders else ""
    told += f" {whole} becomes the user's, since the program may write there ({said})." if whole else ""
    found = list(at_least_one(_candidates(image), reason))
    refuse_foreign(chain, base)
    refuse_tool(target.tree, chain)
    refuse_idle(target.tree, chain, base)
    for one in found:
        yield msgspec.structs.replace(one, explanation=f"{one.explanation}{told}")


def _candidates(image: Image) -> Iterator[Candidate | None]:
    file, stage, base = image.file, image.stage, image.base
    earlier, made = earlier_user(file, stage), made_user(file, stage)
    if earlier or made:
        # What the file gave that user is no other user's: no third one is offered.
        yield from _users_of_file(image, earlier, made)
        return
    if given_to := owners(file, stage):
        yield from _owner(image, given_to)
        return
    refuse_variable(file, stage)
    how = ""
    if base.user:
        number = base.number(base.user)
        how = f"Runs as `{base.user}`{f' ({number})' if number else ''}, the ordinary user that {base.image} brings."
        yield switch(image, "user-of-base-image", number or base.user, how)
    if base.user is None and (not _runs_own(file, stage, base) or _left(file, stage, base)):
        reason = (
            f"the program is {base.image}'s own, and which user it can run as is known to that image alone: "
            f"`docker image inspect --format '{{{{.Config.User}}}}' {base.image}` names the one that it has now"
        )
        raise NoFix(reason)
    if base.user and base.image not in LANGUAGES and base.family != "distroless":
        yield switch(image, "user-of-base-image-by-name", base.user, how)
        return
    if base.adds_users and base.user != NAME and not mentioned(file, stage, NAME):
        yield new_user(image)
    elif (
        base.user is None
        and (base.family in _HAVE_SHELL or builds_as_root(file, stage, base))
        and base.family not in {"scratch", "distroless"}
        and not mentioned(file, stage, NAME)
    ):
        yield written_user(image)
    if base.user and base.family == "distroless":
        how = f"Runs as `{base.user}`, by the name that the image's /etc/passwd has for it."
        yield switch(image, "user-of-base-image-by-name", f"{base.user}:{base.user}", how)
    elif base.family in {"scratch", "distroless"}:
        how = "Runs as user and group 65532, which distroless images call nonroot. It needs no /etc/passwd."
        yield switch(image, "numeric-user", "65532:65532", how)
    else:
        how = f"Runs as user and group {UID}: a number needs no entry in /etc/passwd, and no host gives it away."
        yield numbered(image, "numeric-user", f"{UID}:{UID}", how)


def _owner(image: Image, given_to: set[str]) -> Iterator[Candidate]:
    """The user that the file gives its files to: another one could not write them."""
    file, base = image.file, image.base
    names = {owner.partition(":")[0] for owner in given_to}
    if len(names) != 1:
        message = f"{file.path} gives files to {' and '.join(sorted(names))}: which of them the program is, is not told"
        raise NoFix(message)
    user = max(given_to, key=len)
    name, _, group = user.partition(":")
    how = f"Runs as `{name}`, whom the file gives its files to and never switches to."
    number = user if name.isdigit() else base.number(name)
    of_base = base.number(base.user) if base.user else None
    if name.isdigit() and base.family and name != (of_base or "").partition(":")[0]:
        yield numbered(image, "owner-of-files", user, f"{how} Kubernetes can check the number.")
    elif number:
        yield switch(image, "owner-of-files", number, f"{how} Kubernetes can check the number.")
    if not name.isdigit():
        yield switch(image, "owner-of-files-by-name", name, how)
    elif base.adds_users and group.isdigit() and not mentioned(file, image.stage, NAME):
        yield new_user(image, (name, group))


def _runs_own(file: Dockerfile, stage: Stage, base: Base) -> bool:
    """Whether the file brings the program: it says what runs, or stands on a distribution or a language alone."""
    if base.runs_as_root or base.family in {"scratch", "distroless"}:
        return True
    if base_named(f"{base.image}:{base.tag}").family is None and not builds_as_root(file, stage, base):
        # Its own user may be another than root already.
        return False
    started = [one for each in lineage(file, stage) for one in each.all("CMD", "ENTRYPOINT")]
    if any(one.keyword == "ENTRYPOINT" for one in started):
        return True
    # A bare word may be an argument of the program of somebody's image.
    first = next(iter(words_of(file, stage, {})), "")
    program = "/" not in base.image or "/" in first or "." in first or RUNS_OTHERS.fullmatch(first)
    return bool(program) and any(not _OPTIONS.match(one.text) for one in started)


def _left(file: Dockerfile, stage: Stage, base: Base) -> bool:
    """Whether `USER root` stands there because an image that is not known here has an ordinary user of its own."""
    users = [one for each in reversed(lineage(file, stage)) for one in each.all("USER")]
    return base.family is None and base.runs_as_root is None and bool(users) and is_root(users[0].text)


def _users_of_file(image: Image, earlier: str | None, made: tuple[str, str | None] | None) -> Iterator[Candidate]:
    """The user that the file had switched to or makes, by name and by number."""
    if earlier:
        how = "Goes back to the user that an earlier step had switched to."
        yield switch(image, "return-to-user", earlier, how, warn=False)
        number = made[1] if made and made[0] == earlier else image.base.number(earlier)
        if number:
            what = f"{how} `{earlier}` is {number} here, which Kubernetes can check against `runAsNonRoot`."
            yield switch(image, "return-to-user-by-number", number, what, warn=False)
        return
    name, number = made or ("", None)
    how = f"Runs as `{name}`, the user that the file itself makes and never switched to."
    yield switch(image, "user-of-file", name, how)
    if number:
        what = f"{how} Its number is {number}, which Kubernetes can check against `runAsNonRoot`."
        yield switch(image, "user-of-file-by-number", number, what)
    elif call := maker(image.file, image.stage, name):
        what = f"{how} It gets the number {UID}, which Kubernetes can check against `runAsNonRoot`."
        option = number_option(call, image.base.family)
        edits, changes = switched(image, str(UID))
        told = image.file.edit(call.program.end, call.program.end, f" {option} {UID}")
        yield candidate("user-of-file-with-number", [told, *edits], what, [*changes, "RUN"], image.warnings)


def _warnings(tree: SourceTree, file: Dockerfile, stage: Stage) -> list[str]:
    volumes = stage.all("VOLUME")
    writes = list(dict.fromkeys(one.text for one in [*volumes, *stage.all("WORKDIR")][-2:]))
    found = [f"{', '.join(writes)}: {_OWNER}" if writes else _OWNER]
    if volumes:
        found.append(_VOLUMES)
    values = environment(file, stage)
    exposed = [expand(one.text, values) for each in lineage(file, stage) for one in each.all("EXPOSE")]
    ports = [port for text in exposed for port in re.findall(r"\b\d{1,5}\b", text)]
    ports.append(script_port(tree, file, stage) or "")
    low = list(dict.fromkeys(port for port in ports if port.isdigit() and int(port) < 1024))
    if low:
        found.append(f"port {', '.join(low)} is privileged: it needs Docker 20.10, a sysctl, or a port above 1023")
    started = [
        one for each in lineage(file, stage) for one in each.instructions if one.keyword in {"CMD", "ENTRYPOINT"}
    ]
    if not started:
        found.append(_BUILD_IMAGE.format("names no command"))
    elif any(one.keyword == "CMD" and PROMPT.fullmatch(one.text.strip()) for one in started):
        found.append(_BUILD_IMAGE.format("starts a bare interpreter"))
    return found
