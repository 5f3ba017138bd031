"""What an image keeps in the home of root, where no other user may look."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.docker.bases.images import Base, installed
from workers.fixers.docker.build import lineage, pairs, work_directory
from workers.fixers.docker.service.server_source import words_of
from workers.fixers.docker.users.volumes import builds_as_root
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Instruction, Stage
from workers.source.tree import SourceTree, text_of

_NAMED = re.compile(r"(?:^|[\s\"'=])(/root/[\w./-]+)")
_RUNS_AT_HOME = re.compile(
    r"(?:^|[\s\"'/&;])(?P<tool>stack|cabal|sbt|lein|clojure|clj|mvnw?|gradlew?|mix|dotnet|cargo|go|poetry|pipenv|uv)"
    r"[\s\"',]+(?:-\S+[\s\"',]+)*(?P<verb>run|exec|bootRun|spring-boot:run|exec:java|[\w-]+:(?:run|dev|start)|phx\.server|-M\S*|-X\S*)(?=[\s\"',:]|$)"
)
_IN_PROJECT = re.compile(
    rb"virtualenvs\.(?:create\s+false|in-project\s+true)|POETRY_VIRTUALENVS_(?:CREATE=\W?(?:false|0)|IN_PROJECT=\W?(?:true|1))|"
    rb"PIPENV_VENV_IN_PROJECT|UV_NO_SYNC|--no-sync|GRADLE_USER_HOME|STACK_ROOT|CARGO_HOME"
)
"""What puts the files of such a tool where another user can read them."""
_FOR_BUILDS = r"cache|npm|m2|gradle|\w+rc|profile|pip|cargo"
_PUT = re.compile(
    r"\b(?:mkdir|mv|cp|ln|install|tee|unzip|tar|touch|git clone)\s[^&|;]*?(?<![\w.-])"
    rf"(?:/root|~)/(?!\.(?:{_FOR_BUILDS}|gnupg|ssh|config|docker|gitconfig)\b)[\w.-]+|"
    rf">\s*(?:/root|~)/(?!\.(?:{_FOR_BUILDS}|gnupg|ssh|config|docker|gitconfig)\b)"
)
_COPIED = re.compile(rf"[\s\",](?:/root|~)/(?!\.(?:{_FOR_BUILDS}|ssh|gitconfig)\b)[\w.-]+\S*\"?\s*\]?$")
_KEEPS = re.compile(
    r"\b(?:textblob\.download_corpora|nltk\.download(?:er)?|huggingface-cli\s+download|hf\s+download|playwright\s+install|"
    r"pip3?\s+install\s[^&|;]*--user|pipx\s+install|helm\s+plugin\s+install|"
    r"dotnet\s+tool\s+install\s[^&|;]*(?:-g|--global)|sdk\s+install|nvm\s+install|pyenv\s+install|puppeteer\s+browsers\s+install|cabal\s+(?:new-|v\d-)?install|"
    r"stack\s+install|uv\s+tool\s+install|uv\s+python\s+install|composer\s+global\s+require|opam\s+(?:init|install)|foundryup|"
    r"git\s+config\s+--global)\b|"
    r"get\.sdkman\.io|sh\.rustup\.rs|/nvm-sh/nvm/|\bbun\.sh/install|\bdeno\.land/\S*install|\bpyenv\.run"
)
"""What such tools fetch or set lies in the home of whoever built the image, and is looked for in that of whoever runs
it."""
_FETCHES = re.compile(
    r"from_pretrained\(|SentenceTransformer\(|\bsnapshot_download\(|\bhub\.load\(|\bload_model\(|\bpipeline\(|"
    r"\bdownload\w*\(|easyocr\.Reader\(|WhisperModel\(|\bTextEmbedding\("
)
"""Calls that keep a model below the home."""
_PYTHON_RUN = re.compile(r"\bpython[\d.]*\s+(?:-\w+\s+)*(?P<script>[\w./-]+\.py)\b")
_ELSEWHERE = re.compile(
    r"NLTK_DATA|HF_HOME|HF_HUB_CACHE|TRANSFORMERS_CACHE|SENTENCE_TRANSFORMERS_HOME|TORCH_HOME|PLAYWRIGHT_BROWSERS_PATH|"
    r"PYTHONUSERBASE|PIPX_(?:HOME|BIN_DIR)|NVM_DIR|PYENV_ROOT|--tool-path|XDG_|COREPACK_HOME|UV_PYTHON_INSTALL_DIR|"
    r"(?:CARGO|RUSTUP|COMPOSER)_HOME|(?:DENO|BUN)_INSTALL|SDKMAN_DIR|STACK_ROOT|OPAMROOT|UV_TOOL|"
    r"--install-?dir|--root|--prefix|cache_(?:dir|folder)"
)
_UV = re.compile(r"\buv\s+(?:sync|venv)\b")
_PACKAGE_MANAGER = re.compile(r"^\[?\s*\"?(?:pnpm|yarn|corepack)\b")
_OF_IMAGES = re.compile(r"python[\d.]*|node|npm|yarn|java|ruby|bundle|php|perl|(?:ba|da)?sh|nginx|tini|dumb-init")
_KNOWN_HOSTS = re.compile(r"(?:/root|~)/\.ssh\b")
_USES_KEYS = re.compile(
    r"\bgit\s+(?:clone|fetch|pull|submodule)|\b(?:pip3?|npm|yarn|pnpm|bundle|composer|poetry|uv|go|cargo)\s"
)


def refuse_runs_at_home(file: Dockerfile, commands: list[Instruction]) -> None:
    """Say what the command names there, or starts from there.

    Raises:
        NoFix: it does.
    """
    if home := next((match for one in commands if (match := _NAMED.search(one.text))), None):
        message = f"{home[1]} lies in the home of root, where no other user may look: put it elsewhere first"
        raise NoFix(message)
    built = next((match for one in commands if (match := _RUNS_AT_HOME.search(one.text))), None)
    if built and not _IN_PROJECT.search(file.content):
        message = (
            f"`{built['tool']} {built['verb']}` starts from what it keeps in the home of root, who built the image, or "
            "builds again when it starts: start the built program itself, then a user of its own can run it"
        )
        raise NoFix(message)


def runs_at_home(command: str) -> bool:
    """Whether a command starts from what its tool keeps in the home of whoever built it."""
    return bool(_RUNS_AT_HOME.search(command))


def refuse_home(tree: SourceTree, file: Dockerfile, stage: Stage, base: Base) -> None:
    """Say what the image itself puts into root's home, and is meant for whoever runs it.

    Raises:
        NoFix: a step does.
    """
    if why := next(_kept(tree, file, stage, base), None):
        raise NoFix(why)


def _kept(tree: SourceTree, file: Dockerfile, stage: Stage, base: Base) -> Iterator[str]:
    steps = [one for each in lineage(file, stage) for one in each.instructions]
    for one in steps:
        if (one.keyword in {"COPY", "ADD"} and _COPIED.search(one.text)) or (
            one.keyword == "RUN" and _PUT.search(one.text)
        ):
            yield f"{file.path}:{one.line} puts files into the home of root, where no other user may look"
    last = stage.instructions[-1] if stage.instructions else stage.origin
    folder = work_directory(file, last, base.directory) or ""
    if f"{folder}/".startswith("/root/"):
        yield f"{file.path} works in {folder}, the home of root, where no other user may look: put it elsewhere first"
    started = next(iter(words_of(file, stage, {})), "")
    path = " ".join(pairs(one).get("PATH", "") for one in steps if one.keyword == "ENV")
    if "/root/" in path and started and "/" not in started and not _OF_IMAGES.fullmatch(started):
        yield f"{file.path} starts {started}, which may lie in the home of root, as PATH says: nobody else may look"
    runs = [one for one in steps if one.keyword == "RUN"]
    if not _ELSEWHERE.search(file.content.decode("utf-8", "replace")):
        yield from _fetched(tree, file, stage, base, runs)
    keys = next((one for one in steps if one.keyword in {"RUN", "COPY"} and _KNOWN_HOSTS.search(one.text)), None)
    if keys and not any(_USES_KEYS.search(one.text) for one in runs):
        yield f"{file.path}:{keys.line} puts what ssh reads into the home of root, and no step of the build reads it"


def _fetched(tree: SourceTree, file: Dockerfile, stage: Stage, base: Base, runs: list[Instruction]) -> Iterator[str]:
    """What a tool that a step calls keeps there, where no option or variable puts it elsewhere."""
    for one in runs:
        scripts = [match["script"].rpartition("/")[2] for match in _PYTHON_RUN.finditer(one.text)]
        sources = [text_of(tree, path) for path in tree.paths() if path.rpartition("/")[2] in scripts]
        tool = _KEEPS.search(one.text) or (
            next(filter(None, map(_FETCHES.search, [one.text, *sources])), None) if "python" in one.text else None
        )
        if tool is None and "python" not in base.image and not installed(file, stage) & {"python3", "python3-venv"}:
            tool = _UV.search(one.text)
        if tool:
            yield (
                f"{file.path}:{one.line} keeps what `{tool[0]}` fetches in the home of root, where no other user looks"
            )
    commands = [one for each in lineage(file, stage) for one in each.all("CMD", "ENTRYPOINT")]
    if any("corepack" in one.text for one in runs) and any(_PACKAGE_MANAGER.search(one.text) for one in commands):
        yield (
            f"{file.path} starts what Corepack keeps in the home of root, where no other user looks: start node "
            "itself, or give COREPACK_HOME a folder that everybody may read"
        )


def home_folder(file: Dockerfile, stage: Stage, base: Base) -> str | None:
    """The folder that a variable makes the program's home, where no user has it and not everybody may write there.

    Raises:
        NoFix: it is root's, and no step can give it away.
    """
    below = lineage(file, stage)
    homes = [value for each in reversed(below) for one in each.all("ENV") if (value := pairs(one).get("HOME"))]
    home = homes[-1].rstrip("/") if homes else ""
    if f"{home}/".startswith("/root/") or (home and not builds_as_root(file, stage, base)):
        message = f"{file.path} says that the home is {home}, which is root's, and no step here gives it to a user"
        raise NoFix(message)
    steps = [one.text for each in below for one in each.all("RUN", "VOLUME")]
    made = [text for text in steps if re.search(r"\b(?:chown|useradd|adduser)\b", text)]
    parent, _, name = home.rpartition("/")
    has = home in " ".join(made) or (parent == "/home" and (name == base.user or any(name in text for text in made)))
    return None if not home or has or home.startswith(("/tmp", "/var/tmp")) else home  # noqa: S108 - of an image
