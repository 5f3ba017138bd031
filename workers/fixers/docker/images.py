"""What is known of base images: the distribution, the users they bring, where they start, and what can probe them."""

from __future__ import annotations

import functools
import re

import msgspec

from daemon.resources import resource
from workers.fixers.docker.build import base_image, lineage
from workers.fixers.docker.script import scripts
from workers.source.dockerfile import Dockerfile, Stage

_REGISTRY = re.compile(r"^(?:docker\.io/|index\.docker\.io/|public\.ecr\.aws/docker/|mirror\.gcr\.io/)?(?:library/)?")
_DEBIAN = frozenset(
    (
        "debian",
        "ubuntu",
        "buildpack-deps",
        "python",
        "node",
        "ruby",
        "golang",
        "rust",
        "eclipse-temurin",
        "php",
        "perl",
        "nginx",
        "httpd",
        "redis",
        "postgres",
        "mariadb",
        "mongo",
        "maven",
        "gradle",
        "tomcat",
        "wordpress",
        "jenkins/jenkins",
        "haskell",
        "elixir",
        "erlang",
        "swift",
        "julia",
        "r-base",
        "rabbitmq",
        "memcached",
        "drupal",
        "joomla",
        "nextcloud",
        "cassandra",
        "solr",
        "elasticsearch",
        "kibana",
        "logstash",
        "jetty",
        "neo4j",
        "pypy",
        "hylang",
        "clojure",
        "composer",
        "nvidia/cuda",
        "tensorflow/tensorflow",
        "pytorch/pytorch",
        "continuumio/miniconda3",
        "continuumio/anaconda3",
        "mambaorg/micromamba",
        "bitnami/minideb",
        "dart",
        "flutter",
        "gcc",
        "mono",
        "couchdb",
        "haproxy",
        "influxdb",
        "telegraf",
        "groovy",
        "nginxinc/nginx-unprivileged",
        "ghcr.io/astral-sh/uv",
        "ghcr.io/puppeteer/puppeteer",
        "denoland/deno",
        "oven/bun",
        "mcr.microsoft.com/playwright",
        "mcr.microsoft.com/playwright/python",
    )
)
_DEBIAN_PREFIX = (
    "mcr.microsoft.com/dotnet/",
    "mcr.microsoft.com/devcontainers/",
    "rocker/",
    "cypress/",
    "circleci/",
    "cimg/",
)
_ALPINE = frozenset(
    (
        "alpine",
        "docker",
        "caddy",
        "traefik",
        "registry",
        "hashicorp/terraform",
        "hashicorp/vault",
        "nats",
    )
)
_REDHAT = frozenset(
    (
        "centos",
        "fedora",
        "rockylinux",
        "rockylinux/rockylinux",
        "almalinux",
        "oraclelinux",
        "redhat/ubi8",
        "redhat/ubi9",
        "registry.access.redhat.com/ubi8",
        "registry.access.redhat.com/ubi9",
        "registry.access.redhat.com/ubi8/ubi",
        "registry.access.redhat.com/ubi9/ubi",
        "quay.io/centos/centos",
        "registry.fedoraproject.org/fedora",
    )
)
_SUSE = frozenset(("opensuse/leap", "opensuse/tumbleweed", "registry.suse.com/bci/bci-base"))
_MANAGERS = (
    ({"apt-get", "apt", "dpkg"}, "debian"), ({"apk"}, "alpine"), ({"yum", "dnf", "microdnf"}, "redhat"),
    ({"zypper"}, "suse"),
)  # fmt: skip
_USERS = {
    "node": "node", "postgres": "postgres", "redis": "redis", "valkey/valkey": "valkey", "mysql": "mysql",
    "mariadb": "mysql", "mongo": "mongodb", "memcached": "memcache", "elasticsearch": "elasticsearch",
    "rabbitmq": "rabbitmq", "jenkins/jenkins": "jenkins", "gradle": "gradle", "jetty": "jetty", "solr": "solr",
    "cassandra": "cassandra", "kibana": "kibana", "logstash": "logstash", "haproxy": "haproxy", "couchdb": "couchdb",
    "php": "www-data", "wordpress": "www-data", "denoland/deno": "deno",
    "oven/bun": "bun", "grafana/grafana": "grafana", "prom/prometheus": "nobody",
    "docker.elastic.co/elasticsearch/elasticsearch": "elasticsearch", "docker.elastic.co/kibana/kibana": "kibana",
    "docker.elastic.co/logstash/logstash": "logstash", "mcr.microsoft.com/playwright": "pwuser",
    "mcr.microsoft.com/playwright/python": "pwuser", "ghcr.io/puppeteer/puppeteer": "pptruser",
}  # fmt: skip
_NUMBERS = {
    ("node", "node"): "1000:1000", ("nginx", "nginx"): "101:101", ("gradle", "gradle"): "1000:1000",
    ("docker.elastic.co/elasticsearch/elasticsearch", "elasticsearch"): "1000:0",
    ("docker.elastic.co/kibana/kibana", "kibana"): "1000", ("docker.elastic.co/logstash/logstash", "logstash"): "1000",
    ("jenkins/jenkins", "jenkins"): "1000:1000", ("oven/bun", "bun"): "1000:1000",
}  # fmt: skip
_SYSTEM_NUMBERS = {
    ("distroless", "nonroot"): "65532:65532", ("debian", "nobody"): "65534:65534", ("alpine", "nobody"): "65534:65534",
    ("debian", "www-data"): "33:33",
}  # fmt: skip
_DIRECTORIES = {
    "golang": "/go", "php": "/var/www/html", "wordpress": "/var/www/html", "httpd": "/usr/local/apache2",
    "gradle": "/home/gradle", "tomcat": "/usr/local/tomcat", "redis": "/data", "composer": "/app", "caddy": "/srv",
    "denoland/deno": "/", "oven/bun": "/home/bun/app", "jetty": "/var/lib/jetty",
    "elasticsearch": "/usr/share/elasticsearch",
}  # fmt: skip
_AT_ROOT = frozenset(
    (
        "debian",
        "ubuntu",
        "alpine",
        "fedora",
        "centos",
        "rockylinux",
        "almalinux",
        "oraclelinux",
        "amazonlinux",
        "busybox",
        "scratch",
        "buildpack-deps",
        "python",
        "node",
        "ruby",
        "rust",
        "openjdk",
        "eclipse-temurin",
        "amazoncorretto",
        "nginx",
        "postgres",
        "mysql",
        "mariadb",
        "mongo",
        "maven",
        "perl",
        "gcc",
        "archlinux",
        "opensuse/leap",
        "opensuse/tumbleweed",
        "swift",
        "memcached",
        "docker",
    )
)
_ROOTLESS = ("bitnami/", "cgr.dev/", "nginxinc/nginx-unprivileged", "gcr.io/distroless/")
_NO_USERADD = re.compile(r"\b(?:minimal|micro)\b|amazonlinux")


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
        if self.image.startswith("mcr.microsoft.com/dotnet/"):
            return "app" if int((re.match(r"\d+", self.tag) or ["0"])[0]) >= 8 else None
        return _USERS.get(self.image)

    @property
    def adds_users(self) -> bool:
        """Whether it surely has the programs that add users."""
        whole = self.family in {"debian", "alpine", "redhat", "suse"} and not _NO_USERADD.search(self.image)
        return whole or self.image == "busybox"

    @property
    def runs_as_root(self) -> bool | None:
        """Whether its own user is root; none where unknown."""
        if self.image in _AT_ROOT or self.image in {"golang", "php", "httpd", "tomcat", "gradle", "redis", "composer"}:
            return True
        return False if self.image.startswith(_ROOTLESS) else None

    @property
    def full(self) -> bool:
        """Whether it is a full language image on Debian's buildpack-deps: it has curl, unlike the slim ones."""
        full = self.image in {"python", "node", "ruby", "golang", "rust", "perl", "php", "gcc", "buildpack-deps"}
        return full and not re.search(r"slim|alpine|oracle|windows", self.tag)

    @property
    def directory(self) -> str | None:
        """Where its commands run before any WORKDIR; none where unknown."""
        return _DIRECTORIES.get(self.image) or ("/" if self.image in _AT_ROOT else None)

    def number(self, user: str) -> str | None:
        """The user and group ids of one of its users; none where they are not known."""
        if user in {"root", "0"}:
            return "0:0"
        if self.image.startswith("mcr.microsoft.com/dotnet/") and user == "app":
            return "1654:1654"
        by_image = _NUMBERS.get((self.image, user))
        if by_image is not None:
            return by_image
        return _SYSTEM_NUMBERS.get((self.family or "", user))


def base_of(file: Dockerfile, stage: Stage) -> Base:
    """What a stage is built on; where the name says nothing, its package manager tells the distribution."""
    image, tag = split(base_image(file, stage))
    return Base(image, tag, _family(image, tag) or _by_manager(file, stage))


def base_named(reference: str) -> Base:
    """What the name of an image says of it."""
    image, tag = split(reference)
    return Base(image, tag, _family(image, tag))


def split(reference: str) -> tuple[str, str]:
    """An image's name and tag: `docker.io/library/python:3.12@sha256:…` → `python`, `3.12`."""
    name, _, _ = reference.lower().partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return _REGISTRY.sub("", f"{head}{slash}{last}"), tag


def _family(image: str, tag: str) -> str | None:
    if image == "scratch":
        return "scratch"
    if image.startswith("gcr.io/distroless/"):
        return "distroless"
    if re.search(r"chiseled|distroless|azurelinux|mariner", tag):
        return None
    if "alpine" in tag or image in _ALPINE or image.endswith("/alpine"):
        return "alpine"
    if image == "openjdk" and re.match(r"(?:[789]|1[01])(?:[.u-]|$)", tag):
        # From 12 on the images without a suffix are Oracle Linux's.
        return "debian"
    if re.search(r"centos|rockylinux|ubi\d|oracle|\bal2", tag) or image in _REDHAT:
        return "redhat"
    if image in _DEBIAN or image.startswith(_DEBIAN_PREFIX) or re.search(r"bookworm|bullseye|buster|trixie|slim", tag):
        return "debian"
    return "suse" if image in _SUSE else None


def _by_manager(file: Dockerfile, stage: Stage) -> str | None:
    used = {
        command.name
        for one in lineage(file, stage)
        for script in scripts(file, list(one.instructions))
        for command in script.commands
    }
    found = {family for names, family in _MANAGERS if names & used}
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


class _Tags(msgspec.Struct, frozen=True):
    about: str
    read: str
    date: str
    images: dict[str, list[str]]


def latest_tags(image: str) -> tuple[list[str], str]:
    """The tags that `latest` of an official image went by, the release line first, and the day that was read."""
    lock = _tags()
    return lock.images.get(image, []), lock.date


@functools.cache
def _tags() -> _Tags:
    return msgspec.json.decode(resource("config", "images.lock.json").read_bytes(), type=_Tags)
