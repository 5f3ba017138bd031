"""Instructions that are out of date, repeated, or say what they should not: MAINTAINER, CMD twice, EXPOSE 22."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import candidate, flagged, read, stage_of, trivy
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_PAIR = 2


@fixer(
    name="docker-maintainer",
    weakness="deprecated instruction",
    rules={
        "hadolint": ["DL4000"],
        "checkov": ["CKV_DOCKER_6"],
        "trivy": trivy(22),
        "semgrep": ["maintainer-is-deprecated"],
    },
    explain="""MAINTAINER has been deprecated since Docker 1.13 and shows up nowhere but in `docker inspect`'s Author.
A LABEL carries the same, and other tools read it: `org.opencontainers.image.authors` is the OCI's name for it,
`maintainer` the one that Docker's manual shows.""",
)
def maintainer(target: Target) -> Iterator[Candidate]:
    """A label under the standard's name, or under the old one."""
    file, one = flagged(target, "MAINTAINER")
    value = one.text.strip()
    bare = value[1:-1] if value[:1] == value[-1:] and value[:1] in {'"', "'"} and len(value) > 1 else value
    quoted = '"' + bare.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
    for approach, key in (("oci-label", "org.opencontainers.image.authors"), ("maintainer-label", "maintainer")):
        edit = file.edit(one.start, one.end, f"LABEL {key}={quoted}")
        how = "The same text as a label, which `docker inspect` and registries show."
        yield candidate(approach, [edit], how, ["LABEL", "MAINTAINER/delete"])


@fixer(
    name="docker-repeated-instruction",
    weakness="instruction without effect",
    rules={
        "hadolint": ["DL4003", "DL4004", "DL3012"],
        "trivy": trivy(7, 16, 23),
        "semgrep": ["multiple-entrypoint-instructions", "multiple-cmd-instructions"],
    },
    explain="""Of several CMD, ENTRYPOINT or HEALTHCHECK in one stage only the last counts. The others mislead the
reader about what the container runs. Taking them out changes nothing in the image but that.""",
)
def repeated(target: Target) -> Iterator[Candidate]:
    """Keep the last, which is the one in force."""
    file, one = flagged(target, "CMD", "ENTRYPOINT", "HEALTHCHECK")
    every = stage_of(file, one).all(one.keyword)
    if len(every) < _PAIR:
        message = f"{file.path}:{one.line} is the only {one.keyword} of its stage"
        raise NoFix(message)
    how = f"The last {one.keyword} is the only one that ever had an effect: the image stays what it is."
    edits = [file.delete(each) for each in every[:-1]]
    yield candidate("keep-last", edits, how, [f"{one.keyword}/delete"])


@fixer(
    name="docker-expose-ssh",
    weakness="SSH port exposed",
    rules={"checkov": ["CKV_DOCKER_1"], "trivy": trivy(4), "semgrep": ["port-22-exposed"]},
    explain="""An SSH server in a container is one more login to guard, with keys baked into an image and no audit of
what was done. `docker exec` and `kubectl exec` give a shell under the platform's own access control.""",
)
def expose_ssh(target: Target) -> Iterator[Candidate]:
    """Port 22 goes from EXPOSE; the instruction too, where it named nothing else."""
    file = read(target)
    every = [one for one in file.instructions if one.keyword == "EXPOSE" and _ports(one)]
    if not every:
        message = f"{file.path} exposes no port 22"
        raise NoFix(message)
    if any("sshd" in one.text for one in file.instructions if one.keyword in {"CMD", "ENTRYPOINT"}):
        message = "the container runs sshd, which is what it is for: whether it should be is for its authors to say"
        raise NoFix(message)
    edits = []
    for one in every:
        rest = [word for word in one.text.split() if word not in {"22", "22/tcp"}]
        edits.append(file.edit(one.body, one.end, " ".join(rest)) if rest else file.delete(one))
    how = "EXPOSE publishes nothing by itself, but `docker run -P` and several platforms publish what it names."
    warning = "if something in the container does listen on port 22, it is still there: take the SSH server out as well"
    yield candidate("remove-port", edits, how, ["EXPOSE", "EXPOSE/delete"], [warning])


def _ports(one: Instruction) -> bool:
    return bool({"22", "22/tcp"} & set(one.text.split()))


@fixer(
    name="docker-repeated-alias",
    weakness="stage name used twice",
    rules={
        "hadolint": ["DL3024"],
        "checkov": ["CKV_DOCKER_11"],
        "trivy": trivy(12),
        "semgrep": ["alias-must-be-unique"],
    },
    explain="""Two stages of one name: `COPY --from` and `--target` mean the last one above them, which the reader has
to know. A name of its own for each says which is meant.""",
)
def repeated_alias(target: Target) -> Iterator[Candidate]:
    """Another name for the later stage, and for what refers to it."""
    file = read(target)
    stages = file.stages
    names = [(stage.name or "").lower() for stage in stages]
    again = next((index for index, name in enumerate(names) if name and name in names[:index]), None)
    if again is None:
        message = f"{file.path} names every stage once"
        raise NoFix(message)
    old = stages[again].name or ""
    for approach, new in (("number-it", f"{old}-2"), ("call-it-final", f"{old}-final")):
        if new.lower() in names or names.count(old.lower()) > _PAIR:
            continue
        edits = [_renamed(file, stages[again].origin, rf"(\bas\s+){re.escape(old)}\b", new)]
        for one in file.instructions:
            if one.start > stages[again].origin.start and f"--from={old}" in one.flags:
                edits.append(_renamed(file, one, rf"(--from=){re.escape(old)}(?=\s)", new))
            if one.keyword == "FROM" and one.start > stages[again].origin.start and one.text.split()[0] == old:
                edits.append(_renamed(file, one, rf"(FROM\s+(?:--\S+\s+)*){re.escape(old)}\b", new))
        how = f"The second `{old}` becomes `{new}`, wherever it is meant; what is built stays the same."
        warning = f"a `--target {old}` outside of this file means the first stage from now on"
        yield candidate(approach, edits, how, ["FROM", "COPY"], [warning])


def _renamed(file: Dockerfile, one: Instruction, pattern: str, new: str) -> Edit:
    text = file.slice(one.start, one.end)
    match = re.search(pattern, text, re.IGNORECASE)
    if match is None:
        message = f"{file.path}:{one.line} names its stage in a way that is not plain to see"
        raise NoFix(message)
    start = one.start + len(text[: match.end(1)].encode())
    return file.edit(start, one.start + len(text[: match.end()].encode()), new)


@fixer(
    name="docker-copy-directory",
    weakness="destination is no directory",
    rules={"hadolint": ["DL3021"], "trivy": trivy(11)},
    explain="""COPY with several sources wants a directory, and only a final `/` says that the last argument is one:
without it the build fails.""",
)
def copy_directory(target: Target) -> Iterator[Candidate]:
    """A slash at the end of the destination."""
    file, one = flagged(target, "COPY", "ADD")
    if one.json or one.heredocs or len(one.text.split()) <= _PAIR or one.text.endswith(("/", '"', "'")):
        message = f"{file.path}:{one.line} does not copy several sources to a name without a slash"
        raise NoFix(message)
    how = "The destination is said to be a directory, as several sources need."
    yield candidate("trailing-slash", [file.edit(one.end, one.end, "/")], how, [one.keyword])
