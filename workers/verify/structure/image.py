"""Who runs in a Dockerfile's image, whether its health is really asked for, and what its new lines take for granted."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence

from workers.source.images import split, tags
from workers.verify.idle import says_nothing
from workers.verify.structure.dockerfile import Instruction
from workers.verify.structure.steps import missed

_MADE = re.compile(r"\b(?:useradd|adduser)\b(?P<rest>[^&|;\n]*)")
_MAKES = re.compile(r"\b(?:useradd|adduser|usermod|adduser\.sh)\b|/etc/passwd")
_ROOT_NUMBER = re.compile(r"(?:-u|--uid|-ou|-o\s+-u)[\s=]*0+\b")
_ALL_RIGHTS = re.compile(r"NOPASSWD|ALL=\(ALL|\bwheel\b|\bsudo(?:ers)?\b|(?:-aG|-G)\s+(?:root|docker)\b")
_EVERYWHERE = frozenset(("nobody", "daemon", "www-data", "nonroot", "guest", "mail", "bin", "sys", "operator"))
_ARCHIVE = re.compile(r"\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz)$", re.IGNORECASE)
_REMOTE = re.compile(r"^(?:https?|ftp|git|ssh)://|^git@", re.IGNORECASE)
_FLOATING = re.compile(
    r"latest|current|stable|edge|nightly|main|master|dev|lts|mainline|rolling|testing|unstable|next|canary",
    re.IGNORECASE,
)
_CODE_NAMES = {
    "debian": ("stretch", "buster", "bullseye", "bookworm", "trixie"),
    "ubuntu": ("trusty", "xenial", "bionic", "focal", "jammy", "noble", "resolute"),
}
_NO_BASH = re.compile(r"alpine|busybox|distroless|^scratch\b|chainguard|cgr\.dev")
_PORT = re.compile(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(?P<port>\d+)")
_INSECURE = re.compile(r"-[a-zA-Z]*k[a-zA-Z]*|--insecure|insecure|--no-check-certificate")


def mistaken(before: Sequence[Instruction], after: Sequence[Instruction], rule: str) -> Iterator[str]:
    """What is wrong with the instructions that only the patched file has, as phrases."""
    fresh = [one for one in after if one not in before]
    keywords = {keyword for keyword, _ in fresh}
    if "USER" in keywords:
        yield from _user(after, before)
    if "ONBUILD" in keywords:
        yield "it is only done for images that are built on this one"
    if "HEALTHCHECK" in keywords:
        yield from _health(after, before, fresh)
    if "FROM" in keywords:
        yield from _tags(before, after)
    if "SHELL" in keywords:
        yield from _shell(after)
    yield from missed(before, after)
    yield from _copied(before, after)
    yield from _by_rule(fresh, before, rule)


def _stages(instructions: Sequence[Instruction]) -> list[list[Instruction]]:
    found: list[list[Instruction]] = []
    for keyword, arguments in instructions:
        if keyword == "FROM" or not found:
            found.append([])
        found[-1].append((keyword, arguments))
    return found


def _lineage(stages: Sequence[list[Instruction]]) -> list[list[Instruction]]:
    """The last stage, the file's stage that it is built on, and so on."""
    below: dict[str, list[list[Instruction]]] = {}
    found: list[list[Instruction]] = []
    for stage in stages:
        words = [word for word in stage[0][1].split() if not word.startswith("--")]
        found = [stage, *below.get(words[0].lower() if stage[0][0] == "FROM" and words else "", [])]
        if len(words) > 2 and words[1].upper() == "AS":
            below[words[2].lower()] = found
    return found


def _with_user(stages: Sequence[list[Instruction]]) -> list[Instruction]:
    """The last stage, or the nearest of those it is built on that names a user."""
    kept = _lineage(stages)
    return next((stage for stage in kept if any(keyword == "USER" for keyword, _ in stage)), kept[-1])


def _user(after: Sequence[Instruction], before: Sequence[Instruction]) -> Iterator[str]:
    last = _with_user(_stages(after))
    users = [arguments for keyword, arguments in last if keyword == "USER"]
    if not users:
        yield "the image itself still runs as root: another stage has the user"
        return
    name = _resolved(users[-1].partition(":")[0].strip("\"'"), after)
    if not name or name == "root" or (name.isdigit() and int(name) == 0):
        yield f"USER {users[-1]} is root"
    elif "$" in name:
        yield f"nothing sets {name}, and an empty user is root"
    elif not name.isdigit() and not _known(name, last, before):
        yield f"nothing makes the user {name}"
    scripts = "\n".join(
        arguments for keyword, arguments in last if keyword == "RUN" and (keyword, arguments) not in before
    )
    if _ROOT_NUMBER.search(scripts) and _MADE.search(scripts):
        yield "the user that it makes has the number of root"
    if _ALL_RIGHTS.search(scripts):
        yield "the user that it makes may do what root may"


def _resolved(name: str, instructions: Sequence[Instruction]) -> str:
    for _ in range(4):
        match = re.fullmatch(r"\$(?:\{(?P<braced>\w+)(?::?-(?P<default>[^}]*))?\}|(?P<plain>\w+))", name)
        if match is None:
            return name
        wanted = match["braced"] or match["plain"]
        given = [
            value
            for keyword, arguments in instructions
            if keyword in {"ARG", "ENV"}
            for variable, _, value in (word.partition("=") for word in arguments.split())
            if variable == wanted
        ]
        name = given[-1].strip("\"'") if given and given[-1] else match["default"] or "$" + wanted
        if name.startswith("$" + wanted):
            return name
    return name


def _known(name: str, stage: Sequence[Instruction], before: Sequence[Instruction]) -> bool:
    """Whether the stage makes the user, its image is known for one, or the file used it already."""
    base = next((arguments for keyword, arguments in stage if keyword == "FROM"), "")
    told = [arguments for keyword, arguments in stage if _MAKES.search(arguments)]
    # An image that is a stage of this file may have been given its user there.
    inherited = [arguments for _, arguments in before if _MAKES.search(arguments)] if _of_stage(base, before) else []
    made = any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", words) for words in (*told, *inherited))
    used = any(keyword == "USER" and arguments.partition(":")[0] == name for keyword, arguments in before)
    return name in _EVERYWHERE or made or used or _brings(base, name)


def _brings(base: str, name: str) -> bool:
    """Whether the image is one that comes with its own user: by its name, or one that nobody can look into here."""
    image = next((word for word in base.split() if not word.startswith("--")), "")
    repository = image.partition("@")[0].partition(":")[0]
    plain = {"debian", "ubuntu", "alpine", "busybox", "fedora", "centos", "python", "golang", "ruby", "rust", "openjdk",
             "eclipse-temurin", "rockylinux", "almalinux", "amazonlinux", "scratch", "maven"}  # fmt: skip
    return repository.removeprefix("docker.io/").removeprefix("library/") not in plain or name == repository


def _of_stage(base: str, instructions: Sequence[Instruction]) -> bool:
    names = {
        words[-1] for keyword, arguments in instructions if keyword == "FROM" and len(words := arguments.split()) > 2
    }
    return base.split()[:1] != [] and base.split()[0] in names


def _health(after: Sequence[Instruction], before: Sequence[Instruction], fresh: Sequence[Instruction]) -> Iterator[str]:
    kept = _lineage(_stages(after))
    rewritten = _checks(after) == _checks(before)
    exposed = {port for keyword, words in after if keyword == "EXPOSE" for port in re.findall(r"\d+", words)}
    for keyword, arguments in fresh:
        if keyword != "HEALTHCHECK":
            continue
        if not rewritten and not any((keyword, arguments) in stage for stage in kept):
            yield "HEALTHCHECK stands in a stage that is thrown away"
        command = re.sub(r"^.*?\bCMD\s+", "", arguments)
        if says_nothing(_words(command)):
            yield f"HEALTHCHECK asks nothing: `{command[:60]}`"
        ports = {match["port"] for match in _PORT.finditer(command)}
        if ports and exposed and not ports & exposed:
            yield f"HEALTHCHECK asks port {min(ports)}, and the image exposes {', '.join(sorted(exposed))}"


def _checks(instructions: Sequence[Instruction]) -> list[int]:
    """How many each stage has: where that stays, none was put anywhere."""
    return [sum(keyword == "HEALTHCHECK" for keyword, _ in stage) for stage in _stages(instructions)]


def _words(command: str) -> list[str]:
    try:
        words = json.loads(command)
    except ValueError:
        return ["sh", "-c", command]
    return [str(word) for word in words] if isinstance(words, list) else ["sh", "-c", command]


def _tags(before: Sequence[Instruction], after: Sequence[Instruction]) -> Iterator[str]:
    """New tags must name a release: one that the shipped list or the file itself knows."""
    old = [arguments for keyword, arguments in before if keyword == "FROM"]
    new = [arguments for keyword, arguments in after if keyword == "FROM"]
    for one, other in zip(old, new, strict=False):
        image = next((word for word in other.split() if not word.startswith("--")), "")
        if image not in one.split():
            # A registry that a build argument puts in front says nothing of the tag.
            image = re.sub(r"^(?:\$\{\w+\}/?|\$\w+/)(?=[\w./-]+:[\w.-]+$)", "", image)
        if one == other or image in one.split() or "@" in image or "$" in image:
            if "$" in image and one != other and re.search(r"(?:latest|^\s*)$", one.split()[0].partition(":")[2]):
                yield "the tag went into a variable, which may be `latest` as well"
            continue
        name, tag = split(image)
        if _FLOATING.fullmatch(tag):
            yield f"the tag {tag} moves like latest"
        elif (
            tag
            and (known := [each.lower() for each in tags(name)])
            and not (_listed(name, tag, known) or any(tag in line for line in old))
        ):
            yield f"nothing here shows that {name} has the tag {tag}"


def _listed(name: str, tag: str, tags: Sequence[str]) -> bool:
    """Whether such a release can be: it is listed, has a name, or a number not beyond the newest that is known."""
    if tag in tags or tag.removesuffix("-slim" if name == "debian" else "") in _CODE_NAMES.get(name, ()):
        return True
    first = re.match(r"v?(\d+)", tag)
    newest = max((int(match[1]) for one in tags if (match := re.match(r"v?(\d+)", one))), default=None)
    return first is not None and (newest is None or int(first[1]) <= newest)


def _shell(after: Sequence[Instruction]) -> Iterator[str]:
    for stage in _stages(after):
        base = next((arguments for keyword, arguments in stage if keyword == "FROM"), "")
        for index, (keyword, arguments) in enumerate(stage):
            given = any("bash" in words for word, words in stage[:index] if word == "RUN")
            if keyword == "SHELL" and "bash" in arguments and _NO_BASH.search(base.lower()) and not given:
                yield f"{base.split()[0]} has no bash"


def _copied(before: Sequence[Instruction], after: Sequence[Instruction]) -> Iterator[str]:
    """ADD unpacks and downloads; COPY of the same source does not."""
    copied = {arguments for keyword, arguments in after if keyword == "COPY"} - {
        arguments for keyword, arguments in before if keyword == "COPY"
    }
    added = [arguments for keyword, arguments in before if keyword == "ADD"]
    unpacked = "\n".join(arguments for keyword, arguments in after if keyword == "RUN")
    for arguments in copied:
        source = next((word for word in arguments.split() if not word.startswith("--")), "").strip("[\"',")
        if not any(source in one for one in added):
            continue
        if _REMOTE.search(source):
            yield f"COPY does not download {source[:60]}"
        elif _ARCHIVE.search(source) and source.rpartition("/")[2] not in unpacked and "tar " not in unpacked:
            yield f"COPY does not unpack {source[:60]}"


def _by_rule(fresh: Sequence[Instruction], before: Sequence[Instruction], rule: str) -> Iterator[str]:
    scripts = [arguments for keyword, arguments in fresh if keyword == "RUN"]
    if rule.startswith("CKV2_DOCKER_"):
        old = "\n".join(arguments for keyword, arguments in before if keyword == "RUN")
        for script in scripts:
            words = [part for word in _split(script) for part in (word, word.rpartition("=")[2])]
            if any(_INSECURE.fullmatch(word) for word in words) and re.search(r"curl|wget|insecure", script):
                yield "certificates are still not checked"
        for address in re.findall(r"\bhttps://([\w.-]+)", old):
            if any(f"http://{address}" in script for script in scripts) and f"http://{address}" not in old:
                yield f"{address} is asked without TLS"
    if rule == "CKV_DOCKER_1":
        for keyword, arguments in fresh:
            for low, high in re.findall(r"(\d+)-(\d+)", arguments) if keyword == "EXPOSE" else ():
                if int(low) <= 22 <= int(high):
                    yield "port 22 is one of those"


def _split(script: str) -> list[str]:
    try:
        return [word.rstrip(";") for word in shlex.split(script)]
    except ValueError:
        return script.split()
