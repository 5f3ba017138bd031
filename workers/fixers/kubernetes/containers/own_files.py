"""Whether a program of the repository writes files: by its sources, and by the Dockerfile that builds it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workers.fixers.docker.build import lineage
from workers.fixers.docker.users.written import context_of
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, outside_packages, text_of

_PROGRAM = re.compile(r"\.(?:go|py|m?js|cjs|tsx?|java|kt|scala|groovy|cs|rb|php|rs)$")
_SAYS = re.compile(
    r"(?:^|/)(?:application[\w-]*\.(?:ya?ml|properties)|log(?:back|4j2?)[\w-]*\.(?:xml|ya?ml|properties)|appsettings[\w.]*\.json"
    r"|package\.json|Gemfile|composer\.json)$"
)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|testdata|e2e|node_modules|vendor|docs?|examples?)/|(?:_test\.go|\.(?:test|spec)\.\w+)$"
    r"|(?:^|/)test_[^/]*\.py$|(?:^|/)(?:setup|conftest|gulpfile|webpack[\w.]*|rollup[\w.]*|vite[\w.]*)\.\w+$"
)
_WRITES = re.compile(
    r"""\bopen\([^()\n]*,\s*(?:mode\s*=\s*)?["'][rb]?[wax+] | \.write_(?:text|bytes)\(
      | \bos\.(?:makedirs|mkdir|rename)\(
      | \bsqlite | FileHandler\( | \bshutil\. | \.to_(?:csv|pickle|parquet|excel)\( | \.dump\([^)\n]*\bopen
      | from_pretrained | nltk\.download | FileSystemStorage | MEDIA_ROOT | UPLOAD_FOLDER | shelve\. | diskcache
      | \b(?:streamlit|gradio|jupyter|celery|torch|tensorflow|transformers)\b
      | (?:write|append)File(?:Sync)?\( | createWriteStream | mkdirp?(?:Sync)?\( | \bmulter\b | nedb | lowdb
      | formidable
      | transports\.(?:File|DailyRotate) | Deno\.write | Bun\.write | \bfs\.(?:rename|copy|cp)
      | \bos\.(?:Create|OpenFile|WriteFile|Mkdir|MkdirAll|Rename)\( | ioutil\.WriteFile | bolt\.Open | badger
      | lumberjack | leveldb | rocksdb
      | FileOutputStream | FileWriter | RandomAccessFile
      | \bFiles\.(?:write|copy|move|create|new(?:BufferedWriter|Output))
      | transferTo\( | \.mkdirs?\(\) | RollingFile | FileAppender | logging\.file | jdbc:(?:h2:(?:file|~)|sqlite|derby)
      | hsqldb:file | MapDB | \bFile\.(?:Write|Append|Create|Open|Copy|Move|write|rename) | FileMode\. | StreamWriter\(
      | Directory\.Create | UseSqlite | PersistKeysToFileSystem | FileUtils | \bFile\.open\([^)\n]*["'][wa]
      | Logger\.new\(\s*["'] | \bgem\s+["'](?:rails|jekyll) | file_put_contents | fopen\([^)\n]*["'][wax]
      | move_uploaded
      | (?:laravel|symfony)/framework | File::create | OpenOptions | fs::(?:write|create|rename|copy) | \bsled::
      | "newrelic"\s*:
      | "(?:start|serve)"\s*:\s*"[^"]*
        \b(?:react-scripts|ng|next|nuxt|vite|webpack|gatsby|vue-cli-service|tsc|babel|remix)\b""",
    re.VERBOSE,
)
_FOLDERS = re.compile(r"\bmkdir\b[^&|;\n]*(?:data|logs?|uploads?|cache|storage|media|db|files|output|sessions?|work)\b")
_BUILD = re.compile(
    r"(?:^|[\s\"'/])(?:npx|next|nuxt|vite|ng|react-scripts|gatsby|nodemon|mvnw?|gradlew?|sbt|poetry|pipenv)\b"
)
_MAX_FILES, _MAX_BYTES = 300, 512 * 1024


def written_by(tree: SourceTree, file: Dockerfile, stage: Stage, started: Sequence[str] = ()) -> str:
    """What says that the image's program writes files, or why that cannot be told; empty where nothing does.

    Temporary files do not count: everybody may write to /tmp. `started`: what a manifest has it start instead.
    """
    if _BUILD.search(" ".join(started)):
        return f"the manifest starts what builds and caches beside the source (`{' '.join(started)[:40]}`)"
    stages = lineage(file, stage)
    for one in (each for layer in stages for each in layer.instructions):
        if one.keyword == "VOLUME":
            return f"{file.path}:{one.line} makes a volume of a folder"
        if one.keyword == "RUN" and _FOLDERS.search(one.text):
            return f"{file.path}:{one.line} makes a folder to write to"
        if one.keyword in {"CMD", "ENTRYPOINT"} and _BUILD.search(one.text):
            return f"{file.path}:{one.line} starts what builds and caches beside the source"
    return _by_source(tree, context_of(tree, file).rstrip("/"))


@remembered
def _by_source(tree: SourceTree, folder: str) -> str:
    prefix = f"{folder}/" if folder else ""
    inside = [
        path
        for path in tree.paths()
        if path.startswith(prefix) and not _TEST.search(outside_packages(path[len(prefix) :]))
    ]
    programs = [path for path in inside if _PROGRAM.search(path)]
    if not programs:
        return f"no source of the program lies in {folder or 'the repository'}"
    if len(programs) > _MAX_FILES:
        return f"the program in {folder or 'the repository'} has too many files to look into"
    for path in [*programs, *(each for each in inside if _SAYS.search(each))]:
        text = text_of(tree, path)
        if len(text) > _MAX_BYTES:
            return f"{path} is too large to read"
        if found := _WRITES.search(text):
            line = text.count("\n", 0, found.start()) + 1
            return f"{path}:{line} writes files (`{found[0].strip()[:40]}`)"
    return ""
