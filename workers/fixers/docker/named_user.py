"""USER by a name that only the image knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import Base, base_of
from workers.fixers.docker.bases.own_base import built_from
from workers.fixers.docker.build import candidate, flagged, is_root, stage_of
from workers.fixers.docker.shell.command import Command
from workers.fixers.docker.users.made_user import (
    group_number,
    made_user,
    maker,
    number_option,
    number_today,
    renumbered,
    users_of,
)
from workers.fixers.docker.users.mounts import mounts
from workers.fixers.docker.users.switch_user import UID
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_NUMBER = re.compile(r"\$\{?(?:\w+_)?U?ID\}?", re.IGNORECASE)


@fixer(
    name="docker-named-user",
    weakness="user by name",
    rules={"hadolint": ["DL3066"]},
    explain="""What runs the container may not read the image's /etc/passwd: Kubernetes cannot tell whether `node` is
root and refuses the pod under `runAsNonRoot`, and a volume's owner is a number. `USER 1000:1000` says the same in a
way that everyone can check.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The number that the file gave the user, or the base image; or a number for the user that the file makes."""
    file, one = flagged(target, "USER")
    name = one.text.strip("'\"").partition(":")[0]
    stage = stage_of(file, one)
    if is_root(name):
        message = (
            f"{file.path}:{one.line} is root, which is 0 in every image: nobody has to look the number up, and "
            "`runAsNonRoot` refuses both. Which user the image ends with is another rule's question"
        )
        raise Harmless(message)
    if _NUMBER.fullmatch(name):
        message = f"{file.path}:{one.line} chooses the user by {name}, which is a number by its name"
        raise Harmless(message)
    if "$" in name:
        message = f"{file.path}:{one.line} chooses the user by a variable, which may be a number: nothing else tells it"
        raise NoFix(message)
    users = users_of(file, stage)
    if (said := renumbered(file, users, name)) is not None:
        message = (
            f"{file.path}: the build chooses the number of `{name}` itself ({said}), so that none holds for all builds"
        )
        raise NoFix(message)
    made = made_user(file, users)
    base = base_of(*built_from(target.tree, file, stage)[-1])
    number = made[1] if made and made[0] == name else base.number(name)
    group = one.text.strip("'\"").partition(":")[2]
    if number is not None and group and ":" not in number:
        # The group that is named need not be the one that /etc/passwd has for the user.
        group = group_number(file, users, group) or group
        how = f"`{name}` is {number} here: the same user, by the number that everyone outside the image can check."
        yield candidate("number-of-user", [file.edit(one.body, one.end, f"{number}:{group}")], how, ["USER"])
        return
    if number is not None:
        how = f"`{name}` is {number} here: the same user, by the number that everyone outside the image can check."
        yield candidate("number-of-user", [file.edit(one.body, one.end, number)], how, ["USER"])
        alone, _, group = number.partition(":")
        if group:
            how = f"{how} Its group is the one that /etc/passwd has for it."
            yield candidate("number-without-group", [file.edit(one.body, one.end, alone)], how, ["USER"])
        return
    call = maker(file, users, name) if made and made[0] == name else None
    if call is None:
        message = f"which number `{name}` has in {base.image} is not known here, and none is guessed"
        raise NoFix(message)
    yield _numbered(target, file, one, base, call)


def _numbered(target: Target, file: Dockerfile, one: Instruction, base: Base, call: Command) -> Candidate:
    """A number for the user that the file makes: the one that it has today, where that is sure."""
    name, _, group = one.text.strip("'\"").partition(":")
    today = number_today(file, users_of(file, stage_of(file, one)), call, base)
    mount = next((each for each in mounts(target.tree, file.path) if each.of_host), None)
    if mount is not None and today is None:
        message = (
            f"{mount.said} mounts {mount.source} of the host at {mount.target}: which number owns it there is known to "
            "that host alone"
        )
        raise NoFix(message)
    number = today or str(UID)
    edits = [
        file.edit(call.program.end, call.program.end, f" {number_option(call, base.family)} {number}"),
        file.edit(one.body, one.end, f"{number}:{group}" if group else number),
    ]
    if today is not None:
        how = f"`{name}`, the first ordinary user of the image, has the number {number} already; now the file says so."
        return candidate("number-of-today", edits, how, ["USER", "RUN"])
    how = f"The user that the file makes gets the number {UID}, and the container runs as that."
    warning = f"files that the build gives to `{name}` by name follow; those in volumes of running containers do not"
    return candidate("choose-number", edits, how, ["USER", "RUN"], [warning])
