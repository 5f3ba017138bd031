"""What is known of base images: the distribution, the users they bring, where they start, and what can probe them."""

from __future__ import annotations

import re

import msgspec

from workers.fixers.docker.bases.image_tables import (
    ALPINE,
    AT_ROOT,
    DEBIAN,
    DEBIAN_PREFIX,
    DIRECTORIES,
    MANAGERS,
    NUMBERS,
    REDHAT,
    ROOTLESS,
    SUSE,
    SYSTEM_NUMBERS,
    USERS,
)
from workers.fixers.docker.build import base_image, lineage
from workers.fixers.docker.shell.script import scripts
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.images import split

_FULL = frozenset(("python", "node", "ruby", "golang", "rust", "perl", "php", "gcc", "buildpack-deps", "java"))
_JUPYTER = re.compile(r"(?:quay\.io/)?jupyter/")
_NO_USERADD = re.compile(r"\b(?:minimal|micro)\b|amazonlinux|amazoncorretto|graalvm")


class Base(msgspec.Struct, frozen=True):
    """What a stage is built on."""

    image: str
    """As FROM names it, without tag and digest, the default registry left out."""
    tag: str
    family: str | None
    """`debian`, `alpine`, `redhat`, `suse`, `distroless`, `scratch`; none where unknown."""

    @property
    def user(self) -> str | None:
        """The ordinary user that the image brings."""
        if self.image.startswith("gcr.io/distroless/"):
            return "nonroot"
        if self.image.startswith("mcr.microsoft.com/devcontainers/"):
            return "vscode"
        if _JUPYTER.match(self.image):
            return "jovyan"
        if self.image.startswith("mcr.microsoft.com/dotnet/"):
            return "app" if int((re.match(r"\d+", self.tag) or ["0"])[0]) >= 8 else None
        if re.match(r"bitnami(?:legacy)?/(?!minideb)", self.image):
            return "1001"
        return USERS.get(self.image)

    @property
    def adds_users(self) -> bool:
        """Whether it surely has the programs that add users."""
        whole = self.family in {"debian", "alpine", "redhat", "suse"} and not _NO_USERADD.search(self.image)
        return whole or self.image == "busybox"

    @property
    def runs_as_root(self) -> bool | None:
        """Whether its own user is root; none where unknown."""
        if self.image in AT_ROOT or self.image in {"golang", "php", "httpd", "tomcat", "gradle", "redis", "composer"}:
            return True
        if self.image.startswith("gcr.io/distroless/"):
            return "nonroot" not in self.tag
        if self.image.startswith("tiangolo/"):
            return True
        if self.image.startswith("mcr.microsoft.com/dotnet/"):
            return not re.search(r"chiseled|distroless", self.tag)
        return False if self.image.startswith(ROOTLESS) else None

    @property
    def full(self) -> bool:
        """Whether it is a full language image on Debian's buildpack-deps: it has curl, unlike the slim ones."""
        return self.image in _FULL and not re.search(r"slim|alpine|oracle|windows", self.tag)

    @property
    def directory(self) -> str | None:
        """Where its commands run before any WORKDIR; none where unknown."""
        return DIRECTORIES.get(self.image) or ("/" if self.image in AT_ROOT else None)

    def number(self, user: str) -> str | None:
        """The user and group ids of one of its users; none where they are not known."""
        if user in {"root", "0"}:
            return "0:0"
        if self.image.startswith("mcr.microsoft.com/dotnet/") and user == "app":
            return "1654:1654"
        if _JUPYTER.match(self.image) and user == "jovyan":
            return "1000:100"
        by_image = NUMBERS.get((self.image, user))
        if by_image is not None:
            return by_image
        return SYSTEM_NUMBERS.get((self.family or "", user))


def base_of(file: Dockerfile, stage: Stage) -> Base:
    """What a stage is built on; where the name says nothing, its package manager tells the distribution."""
    image, tag = split(base_image(file, stage))
    return Base(image, tag, _family(image, tag) or _by_manager(file, stage))


def base_named(reference: str) -> Base:
    """What the name of an image says of it."""
    image, tag = split(reference)
    return Base(image, tag, _family(image, tag))


def _family(image: str, tag: str) -> str | None:
    if image == "scratch":
        return "scratch"
    if image.startswith("gcr.io/distroless/"):
        return "distroless"
    if re.search(r"chiseled|distroless|azurelinux|mariner", tag):
        return None
    if image in ALPINE and (other := _not_alpine(image, tag)):
        return other
    if "alpine" in tag or image in ALPINE or image.endswith("/alpine"):
        return "alpine"
    if image == "openjdk" and re.match(r"(?:[789]|1[01])(?:[.u-]|$)", tag):
        # From 12 on the images without a suffix are Oracle Linux's, see below.
        return "debian"
    if re.search(r"centos|rockylinux|ubi\d|oracle|\bal2", tag) or image in REDHAT:
        return "redhat"
    if image in DEBIAN or image.startswith(DEBIAN_PREFIX) or re.search(r"bookworm|bullseye|buster|trixie|slim", tag):
        return "debian"
    if image == "openjdk" and re.match(r"1[2-9]|[2-9]\d", tag):
        return "redhat"
    return "suse" if image in SUSE else None


def _not_alpine(image: str, tag: str) -> str | None:
    """What the image is built on under a tag that says otherwise than its others."""
    if image == "traefik" and re.match(r"v?1\.", tag) and "alpine" not in tag:
        return "scratch"
    return "debian" if re.search(r"ubuntu|debian|bookworm|trixie", tag) else None


def _by_manager(file: Dockerfile, stage: Stage) -> str | None:
    used = {
        command.name
        for one in lineage(file, stage)
        for script in scripts(file, list(one.instructions))
        for command in script.commands
    }
    found = {family for names, family in MANAGERS if names & used}
    return found.pop() if len(found) == 1 else None


def installed(file: Dockerfile, stage: Stage, before: int | None = None) -> set[str]:
    """The packages that the steps of the stage install; only those in front of an offset, where one is given."""
    found: set[str] = set()
    for each in lineage(file, stage):
        for script in scripts(file, [one for one in each.all("RUN") if before is None or one.start < before]):
            for command in script.named("apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper"):
                if any(word.text in {"install", "add", "in"} for word in command.arguments):
                    found |= {re.split(r"[=~<>]", word.text)[0] for word in command.operands}
                if any(word.text in {"remove", "purge", "del", "autoremove"} for word in command.arguments):
                    found -= {word.text for word in command.operands}
    return found | ({"node"} if "nodejs" in found else set())


def downloader(file: Dockerfile, stage: Stage, before: int) -> str | None:
    """Curl or wget, where the image surely has it at an offset; none where it does not."""
    base, packages = base_of(file, stage), installed(file, stage, before)
    if "wget" in packages and "curl" not in packages:
        # One program for all downloads of the image.
        return "wget"
    if "curl" in packages or base.full:
        return "curl"
    return "wget" if "wget" in packages or base.family == "alpine" else None
