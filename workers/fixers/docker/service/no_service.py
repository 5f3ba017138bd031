"""Images in which no service runs that a health check could ask, as the repository shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.bases.own_base import built_from
from workers.fixers.docker.build import final_stage
from workers.fixers.docker.service.build_steps import step_of
from workers.fixers.docker.service.compose_ports import compose_services
from workers.fixers.docker.service.deployment import Run
from workers.source import dockerfile
from workers.source.dockerfile import Dockerfile, DockerfileBroken
from workers.source.tree import SourceTree

_SHELLS = frozenset((
    "bash", "sh", "ash", "dash", "zsh", "python", "python3", "python2", "ipython", "node", "irb", "ruby", "ghci", "iex",
    "jshell", "julia", "R", "psql",
))  # fmt: skip
_STARTS_SHELL = frozenset((
    "debian", "ubuntu", "alpine", "busybox", "buildpack-deps", "fedora", "centos", "rockylinux", "almalinux",
    "amazonlinux", "oraclelinux", "archlinux", "opensuse/leap", "python", "pypy", "node", "ruby", "golang", "rust",
    "gcc", "perl", "openjdk", "eclipse-temurin", "amazoncorretto", "ibmjava", "sapmachine", "maven", "gradle", "swift",
    "haskell", "elixir", "erlang", "julia", "r-base", "dart", "nvidia/cuda", "pytorch/pytorch",
    "continuumio/miniconda3", "continuumio/anaconda3", "mambaorg/micromamba", "google/cloud-sdk",
    "java", "mcr.microsoft.com/azure-cli", "mcr.microsoft.com/dotnet/sdk", "quay.io/centos/centos", "bitnami/minideb",
    "public.ecr.aws/amazonlinux/amazonlinux", "rockylinux/rockylinux",
    "adoptopenjdk/openjdk8", "adoptopenjdk/openjdk11",
))  # fmt: skip
"""Images whose own command is a shell, an interpreter, or the help of a tool."""
_WORK_IN = ("mcr.microsoft.com/devcontainers/", "mcr.microsoft.com/vscode/devcontainers/", "cimg/", "circleci/",
            "mcr.microsoft.com/playwright")  # fmt: skip
"""What the names of images begin with that people and build services work in."""
_TOOLS = frozenset((
    "pytest", "tox", "nox", "terraform", "tofu", "kubectl", "helm", "aws", "gcloud", "gsutil", "az", "git",
    "curl", "wget", "ansible", "ansible-playbook", "cmp", "echo", "cat", "ls", "true", "false", "cp", "mv", "tar",
    "hadolint", "shellcheck", "golangci-lint", "eslint", "flake8", "ruff", "black", "mypy", "ffmpeg", "convert",
    "make", "cmake", "zip", "cargo", "swift", "mvn", "packer", "helmfile", "kustomize", "protoc", "jsonnet", "pylint",
    "bandit", "puppet-lint", "fastlane", "pelican", "composer", "buildah", "inspec", "bq", "gh", "hub", "traceroute",
    "envsubst", "jq", "yq", "pandoc", "Rscript", "latexmk", "youtube-dl", "yt-dlp", "rclone", "restic", "nmap", "dig",
    "twine", "cppcheck", "clang-format", "prettier", "markdownlint", "yamllint",
    "cfn-lint", "tflint", "checkov", "semgrep", "gitleaks", "zizmor", "actionlint", "sqlfluff", "isort", "pre-commit",
    "cloc", "aria2c", "gs", "tesseract", "exiftool", "sox", "wrangler", "docker-compose", "eksctl",
    "alembic", "flyway", "liquibase", "k6", "newman", "psql", "pg_dump", "mysqldump", "rsync", "ab", "hey", "wrk",
))  # fmt: skip
_AT_A_SCREEN = frozenset((
    "mutt", "neomutt", "weechat", "irssi", "vim", "nvim", "emacs", "nano", "htop", "top", "tmux", "lynx", "w3m", "mc",
    "firefox", "chromium", "google-chrome", "microsoft-edge", "slack", "steam", "zoom", "signal-desktop", "lutris",
    "wine", "gimp", "inkscape", "libreoffice", "vlc", "handbrake", "ghb", "spotify", "gparted", "wireshark", "xterm",
))  # fmt: skip
_HELP = frozenset(("--help", "-h", "--version", "-version", "help", "version"))
_FURTHER = re.compile(r"[;&|]|^(?:proxy|port-forward|daemon|serve|server|watch|--watch|-w)$")
"""What goes on behind a command, or makes it stay."""
_RUNS_TESTS = re.compile(
    r"\b(?:playwright\s+test|cypress\s+run|(?:npm|yarn|pnpm)\s+(?:run\s+)?test\b|pytest|tox|go\s+test|cargo\s+test|"
    r"(?:mvn|gradle|\./mvnw|\./gradlew)\s+(?:[\w-]+\s+)*(?:test|verify)|rspec|phpunit|ctest|dotnet\s+test)(?![\w./-])"
)
_SCRIPTS = re.compile(r"(?:test|lint|build|format|migrate|seed|typecheck)(?::[\w:-]+)?")
_HARNESSES = {
    "/opt/apache/beam/boot": "Apache Beam's worker, which a runner starts, watches and stops",
    "/opt/google/dataflow/python_template_launcher": "Dataflow's launcher, which submits a pipeline and ends",
    "/opt/google/dataflow/java_template_launcher": "Dataflow's launcher, which submits a pipeline and ends",
}


def no_service(tree: SourceTree, file: Dockerfile, words: list[str]) -> str | None:
    """Why nothing in the image can be asked for its health; none where that is not plain to see.

    `words` is what the image starts; none where its base image decides.
    """
    if told_otherwise(tree, file):
        return None
    exposes = any(one.keyword == "EXPOSE" for one in file.instructions)
    if not exposes and (who := step_of(tree, file.path)) is not None:
        return f"{who}, which waits until it ends: it has no health that could be asked for"
    if words and (reason := what_ends(words)):
        return f"{file.path} starts {reason}: it has no health that could be asked for"
    if (tests := _ends_with_tests(file)) is not None:
        return f"{file.path} ends with `{tests}` and says nothing of what starts: building it is all that it is for"
    return next(_based(tree, file), None)


def _ends_with_tests(file: Dockerfile) -> str | None:
    """The tests that the last step runs, where the file neither starts nor exposes anything."""
    last = file.instructions[-1]
    if last.keyword != "RUN" or any(one.keyword in {"CMD", "ENTRYPOINT", "EXPOSE"} for one in file.instructions):
        return None
    found = _RUNS_TESTS.search(last.text)
    return found[0] if found is not None else None


def watched_elsewhere(tree: SourceTree, file: Dockerfile, found: list[Run]) -> str | None:
    """Who runs the image and looks after it without the Dockerfile's word; none where nobody is known to."""
    services = list(compose_services(tree, file.path))
    asked = [name for name, service in services if isinstance(service.get("healthcheck"), dict)]
    if services and len(asked) == len(services):
        return f"{asked[0]} asks each service that is built from {file.path} by a health check of its own"
    if services or not found:
        return None
    one = found[0]
    where = f"only Kubernetes runs this image ({one.kind} {one.name} in {one.path}), and it ignores HEALTHCHECK"
    if all(each.ends for each in found):
        return f"{where}: it waits until the {one.kind}'s work is done"
    if all(each.probed or each.ends for each in found):
        return f"{where}: it asks by the probes of that manifest"
    return f"{where}: what asks for its health belongs into that manifest as a probe, whatever stands here"


def told_otherwise(tree: SourceTree, file: Dockerfile) -> bool:
    """Whether a Compose file starts something else in the image."""
    return any(service.keys() & {"command", "entrypoint"} for _, service in compose_services(tree, file.path))


def idle(base: Base) -> bool:
    """Whether the image itself starts a shell, an interpreter, or the help of a tool."""
    if base.image == "tensorflow/tensorflow":
        # Up to 1.12 every image started Jupyter; since then only those of its name.
        old = re.match(r"(?:0|1\.(?:\d|1[0-2]))\.", base.tag)
        return "jupyter" not in base.tag and not old
    return base.image in _STARTS_SHELL or base.image.startswith(_WORK_IN)


def what_ends(words: list[str]) -> str | None:
    """What a command is that serves nothing: a shell without a script, a tool, a pipeline's harness."""
    program = words[0].rpartition("/")[2]
    if words[0] in _HARNESSES:
        return _HARNESSES[words[0]]
    if any(_FURTHER.search(word) for word in words):
        return None
    rest = [word for word in words[1:] if not word.startswith("-") and not word.startswith("/etc/")]
    if program in _SHELLS and not rest and not {"-c", "-m"} & set(words):
        return f"{program} without a script, which waits for a person or ends at once"
    if program in _AT_A_SCREEN:
        return f"{program}, which a person works with"
    if words[-1] in _HELP and len(words) > 1:
        return f"`{program} {words[-1]}`, which prints that and ends"
    if program in _TOOLS:
        return f"{program}, which does its work and ends"
    if program in {"npm", "yarn", "pnpm"} and rest and _SCRIPTS.fullmatch(rest[-1]):
        return f"`{program} {rest[-1]}`, which does its work and ends"
    if program in {"python", "python3"} and words[1:3] in (["-m", "pytest"], ["-m", "unittest"]):
        return f"{words[2]}, which does its work and ends"
    return "go's tests, which end" if program == "go" and rest[:1] == ["test"] else None


def _based(tree: SourceTree, file: Dockerfile) -> Iterator[str]:
    """That other images of the repository are built on this one, which exposes nothing: each starts what it is for."""
    if any(one.keyword in {"EXPOSE", "CMD"} for one in file.instructions):
        return
    for path in tree.paths():
        if path == file.path or not re.search(r"(?:^|/)Dockerfile(?:\.[\w.-]+)?$", path):
            continue
        try:
            other = dockerfile.parse(tree.read(path), path)
        except DockerfileBroken:
            continue
        if other.stages and file.path in {each.path for each, _ in built_from(tree, other, final_stage(other))}:
            yield f"{path} is built on the image of {file.path}, which starts nothing of its own: ask for health there"
