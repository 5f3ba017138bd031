"""Files that a program writes beside its own code, as its source says."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.build import from_context, lineage, work_directory
from workers.fixers.docker.service.compose_ports import compose_services
from workers.fixers.docker.service.server_source import words_of
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.jsonobject import json_object
from workers.source.tree import SourceTree, folders_up, outside_packages, text_of

_PROJECTS = ("pom.xml", "build.gradle", "build.gradle.kts", "package.json", "go.mod", "Cargo.toml", "build.sbt")
_PATH = r"\(\s*(?:[\w.:&]+,\s*)?[frb]?[\"'`](?P<path>[^\"'`\n{}$%]+)[\"'`]"
_WRITES = {
    "py": (
        rf"\bopen{_PATH}\s*,\s*(?:mode\s*=\s*)?[\"'][wax]",
        rf"\b(?:os\.makedirs|os\.mkdir|sqlite3\.connect|shelve\.open|logger\.add|\w*FileHandler){_PATH}",
        rf"\.(?:to_csv|to_excel|to_parquet|to_json|savefig){_PATH}",
        r"[\"']filename[\"']\s*:\s*[\"'](?P<path>[^\"'\n{}$%]+\.log)[\"']",
        r"sqlite(?:\+\w+)?:///(?P<path>[^/\"'\s:][^\"'\s]*)",
        r"django\.db\.backends\.sqlite3|^MEDIA_ROOT\s*=|\bUPLOAD_FOLDER[\"'\]]*\s*=",
    ),
    "js": (
        rf"\b(?:writeFile|appendFile|createWriteStream|mkdir|mkdirp)(?:Sync)?{_PATH}",
        rf"\bnew\s+(?:sqlite3\.|Better)?(?:Database|Sqlite\w*){_PATH}",
        r"\bmulter\(\s*\{[^}]*\bdest:\s*(?:path\.(?:join|resolve)\(\s*__dirname\s*,\s*)?[\"'`](?P<upload>[\w./-]+)",
        r"\btransports\.(?:File|DailyRotateFile)\(\s*\{[^}]*?filename:\s*[\"'`](?P<log>[^\"'`\n${}]+)",
        rf"\.mv{_PATH}|\b(?:JSONFile|FileSync|JSONFilePreset){_PATH.replace('path', 'db')}",
        r"\bstorage:\s*[\"'](?P<file>[\w./-]+\.(?:sqlite3?|db))[\"']",
    ),
    "go": (
        rf"\b(?:os|ioutil)\.(?:Create|MkdirAll|Mkdir|WriteFile|OpenFile){_PATH}",
        r"\bFilename:\s*\"(?P<log>[^\"\n%]+)\"",
        r"\bsqlite3?\.Open\(\s*\"(?P<path>[^\":?]+)|\"sqlite3?\"\s*,\s*\"(?P<file>[^\":?]+)|default:\"(?P<db>[\w./-]+\.(?:db|sqlite3?))\"",
    ),
    "java": (
        rf"\bnew\s+(?:FileOutputStream|FileWriter|PrintWriter){_PATH}",
        r"jdbc:(?:sqlite|h2:file|hsqldb:file):(?P<path>[^\"'\s:;]+)",
        r"^\s*log4j\S*\.[Ff]ile(?:[Nn]ame)?\s*=\s*(?P<path>[\w./-]+)|\bfileName=\"(?P<file>[\w./-]+)\"",
        r"^\s*logging\.file(?:\.name)?\s*[=:]\s*(?P<log>[\w./-]+)|<file>(?P<file>[\w./-]+)</file>",
    ),
    "cs": (
        rf"\b(?:Directory\.CreateDirectory|WriteTo\.(?:Rolling)?File){_PATH}",
        r"Data Source=(?P<path>[\w./-]+\.(?:db|sqlite3?))",
    ),
    "rb": (
        rf"\bFile\.open{_PATH}\s*,\s*[\"'][wa]", rf"\b(?:FileUtils\.mkdir_p|Logger\.new){_PATH}", r"adapter:\s*sqlite3",
    ),
    "rs": (rf"\b(?:File::create|fs::write|fs::create_dir(?:_all)?){_PATH}", r"sqlite:(?://)?(?P<path>[\w.][\w./-]*)"),
    "php": (rf"\b(?:file_put_contents|mkdir|StreamHandler){_PATH}", r"\bsqlite:(?P<path>[\w.][\w./-]*)"),
}  # fmt: skip
_SOMEWHERE = {
    "py": r"\.mkdir\(|\bos\.makedirs\(|\bopen\([^()\n]+,\s*(?:mode=)?[\"'][wax]b?\+?[\"']|\.write_(?:text|bytes)\(",
    "js": r"\b(?:writeFile|appendFile|createWriteStream|mkdir|copyFile)(?:Sync)?\(|"
    r"['\"](?:better-sqlite3|sqlite3|node:sqlite|nedb|lowdb)['\"]",
    "go": r"\bos\.(?:Create|MkdirAll|Mkdir|WriteFile)\(|\bos\.O_CREATE\b|"
    r"\"(?:modernc\.org/sqlite|github\.com/(?:mattn|glebarez)/go-sqlite3?|gorm\.io/driver/sqlite|go\.etcd\.io/bbolt|github\.com/(?:boltdb/bolt|dgraph-io/badger\S*|syndtr/goleveldb\S*))\"",
    "java": r"\bFiles\.(?:createDirector|write|newBufferedWriter|copy)\w*\(|\bnew (?:FileOutputStream|FileWriter)\(",
    "cs": r"\bDirectory\.CreateDirectory\(|\bFile\.(?:Write|Append|Create|Copy|Move)\w*\(|\bUseSqlite\(|"
    r"\bnew (?:SqliteConnection|LiteDatabase)\(",
    "rb": r"\bFileUtils\.mkdir|\bFile\.write\(",
    "rs": r"\bcreate_dir(?:_all)?\(|\bFile::create\(|\bfs::write\(|\b(?:rusqlite|sled|rocksdb)::",
    "php": r"\bfile_put_contents\(|\bmkdir\(|\bmove_uploaded_file\(",
}  # fmt: skip
"""What writes somewhere, beside the program where nobody says otherwise."""
_SOURCES = {
    "py": (".py", ".ini", ".toml", ".cfg"), "js": (".js", ".ts", ".mjs", ".cjs"), "go": (".go",),
    "java": (".java", ".kt", ".properties", ".yml", ".yaml", ".xml"), "cs": (".cs", ".json"), "rb": (".rb", ".yml"),
    "rs": (".rs", ".toml"), "php": (".php",),
}  # fmt: skip
_STARTED = (
    ("py", r"python[\d.]*|gunicorn|uvicorn|hypercorn|flask|celery|streamlit|uwsgi|manage\.py"),
    ("js", r"node|npm|yarn|pnpm|npx|nodemon|next|nest|pm2|ts-node|tsx"), ("java", r"java"), ("cs", r"dotnet"),
    ("rb", r"ruby|rails|puma|bundle|rackup"), ("php", r"php"),
)  # fmt: skip
_MANIFESTS = (
    ("go.mod", "go"),
    ("Cargo.toml", "rs"),
    ("pom.xml", "java"),
    ("build.gradle", "java"),
    ("build.gradle.kts", "java"),
)
"""What stands beside the source of a program that may be built before it is copied."""
_IMAGES = {"python": "py", "node": "js", "ruby": "rb", "php": "php", "openjdk": "java", "eclipse-temurin": "java"}
_DEVELOPS = re.compile(
    r"(?:^|[\s&|;/])(vite(?!\s+preview)|next(?!\s+(?:build|export|lint))|nuxt\s+dev|react-scripts\s+start|vue-cli-service\s+serve|"
    r"ng\s+serve|gatsby\s+develop|webpack-dev-server|webpack\s+serve|astro\s+dev|remix\s+dev)(?=\s|$)"
)
"""What keeps a cache beside the source, or in node_modules."""
_ELSEWHERE = ("/tmp", "/var/tmp", "/dev", "/proc", "/sys")  # noqa: S108 - paths of an image
LEFT_OUT = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|examples?|samples?|docs?|documentation|benchmarks?|e2e|fixtures|vendor|third_party|testdata|"
    r"node_modules|\.github|scripts?|tools|bin|ci|hack|migrations)/|(?:^|/)(?:test_|conftest)|_test\.|\.(?:test|spec|config)\.|(?:^|/)setup\.py$"
)
_MAX_FILES, _MAX_BYTES = 800, 256 * 1024


class Written(msgspec.Struct, frozen=True):
    """One place of the source that writes."""

    said: str
    """`app.py:12`."""
    path: str
    """The file or folder that is written, as the source names it; empty where several are."""
    sure: bool = True
    """Whether it is written beside the program; else somewhere, as it is told."""


def written(tree: SourceTree, file: Dockerfile, stage: Stage, base: Base) -> Written | None:
    """The first file or folder that the started program writes, beside those that everybody may write."""
    folder = context_of(tree, file)
    language = _language(file, stage, base) or _built_before(tree, folder)
    if language == "js" and (script := _developed(tree, _package(tree, folder, file, stage, base), file, stage)):
        return script
    if language == "rb" and re.search(r"^\s*gem\s+[\"']rails[\"']", text_of(tree, f"{folder}Gemfile"), re.MULTILINE):
        return Written(f"{folder}Gemfile", "")
    ends = _SOURCES.get(language, ())
    paths = [each for each in tree.paths() if each.startswith(folder) and each.endswith(ends)] if ends else []
    paths = [each for each in paths if not LEFT_OUT.search(outside_packages(each[len(folder) :]))][:_MAX_FILES]
    for patterns, sure in ((_WRITES.get(language, ()), True), (tuple(filter(None, [_SOMEWHERE.get(language)])), False)):
        compiled = [re.compile(pattern, re.MULTILINE) for pattern in patterns]
        for path in paths:
            text = text_of(tree, path)
            if len(text) <= _MAX_BYTES and (found := next(_found(path, text, compiled), None)):
                return found if sure else msgspec.structs.replace(found, sure=False)
    return None


def _found(path: str, text: str, patterns: list[re.Pattern[str]]) -> Iterator[Written]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            line = text[text.rfind("\n", 0, match.start()) + 1 : match.end()]
            named = next((value for value in match.groupdict().values() if value), "")
            if line.lstrip().startswith(("#", "//", "*")) or re.search(r"te?mp", line, re.IGNORECASE):
                continue
            if not named.startswith(("~", ":memory:", *_ELSEWHERE)):
                yield Written(f"{path}:{text.count(chr(10), 0, match.start()) + 1}", named)


def _package(tree: SourceTree, folder: str, file: Dockerfile, stage: Stage, base: Base) -> str:
    """The folder of the package that is started, by the working directory: one of a workspace, or the context."""
    last = stage.instructions[-1] if stage.instructions else stage.origin
    home = work_directory(file, last, base.directory) or ""
    manifests = (path for path in tree.paths() if path.startswith(folder) and path.endswith("/package.json"))
    members = (path[len(folder) : -len("package.json")] for path in manifests)
    fits = [each for each in members if f"{home}/".endswith(f"/{each}")]
    return f"{folder}{max(fits, key=len, default='')}"


def _developed(tree: SourceTree, folder: str, file: Dockerfile, stage: Stage) -> Written | None:
    told = [" ".join(words) for _, service in compose_services(tree, file.path) if (words := _told(service))]
    for text in [*told, " ".join(words_of(file, stage, {}))]:
        words, command = text.split(), text
        if {"npm", "yarn", "pnpm"} & set(words):
            scripts = json_object(text_of(tree, f"{folder}package.json")).get("scripts")
            named = (each for each in words if each not in {"npm", "yarn", "pnpm", "run", "exec"} and each[:1] != "-")
            name = next(named, "start")
            command = str(scripts.get(name, "")) if isinstance(scripts, dict) else ""
        if _DEVELOPS.search(command):
            return Written(f"{folder}package.json", "")
    return None


def _told(service: dict[str, Any]) -> list[str]:
    command = service.get("command")
    return [str(word) for word in command] if isinstance(command, list) else str(command or "").split()


def _language(file: Dockerfile, stage: Stage, base: Base) -> str:
    command = " ".join(word.rpartition("/")[2] for word in words_of(file, stage, {}))
    for language, programs in _STARTED:
        if re.search(rf"(?:^|\s)(?:{programs})(?=\s|$)", command):
            return language
    if base.image in _IMAGES:
        return _IMAGES[base.image]
    steps = " ".join(one.text for one in file.instructions if one.keyword == "RUN")
    return "go" if re.search(r"\bgo\s+(?:build|install)\b|\bmake\b", steps) else "rs" if "cargo " in steps else ""


def _built_before(tree: SourceTree, folder: str) -> str:
    """The language of a program that the image takes from the context as it was built there."""
    paths = set(tree.paths())
    return next((language for name, language in _MANIFESTS if f"{folder}{name}" in paths), "")


def context_of(tree: SourceTree, file: Dockerfile) -> str:
    """The folder that the image is built from, with its slash: that of the file, or one above, by what is copied.

    Where that is nowhere, since a build makes it first, it is that of the build.
    """
    folder = posixpath.dirname(file.path)
    paths = list(tree.paths())
    named = [
        source.strip("\"',[]").removeprefix("./").rstrip("/")
        for one in file.instructions
        if from_context(one)
        for source in one.text.split()[:-1]
    ]
    plain = [each for each in named if re.fullmatch(r"[\w./-]*\w[\w./-]*", each)]
    while folder:
        there = any(
            path == f"{folder}/{each}" or path.startswith(f"{folder}/{each}/") for path in paths for each in plain
        )
        if there or (
            not plain and sum(path.startswith(f"{folder}/") for path in paths) > len(lineage(file, file.stages[-1]))
        ):
            return f"{folder}/"
        folder = posixpath.dirname(folder)
    made = plain and not any(path == each or path.startswith(f"{each}/") for path in paths for each in plain)
    return _project(frozenset(paths), posixpath.dirname(file.path)) if made else ""


def _project(paths: frozenset[str], folder: str) -> str:
    """The folder of the project that a folder belongs to, whose build makes what is copied: with those around it that
    build it together with others.
    """

    def builds(place: str) -> bool:
        return any(posixpath.join(place, name) in paths for name in _PROJECTS)

    above = list(folders_up(folder))
    nearest = next((at for at, place in enumerate(above) if builds(place)), None)
    if nearest is None:
        return ""
    whole = next((place for place, up in itertools.pairwise(above[nearest:]) if not builds(up)), above[-1])
    return f"{whole}/" if whole else ""
