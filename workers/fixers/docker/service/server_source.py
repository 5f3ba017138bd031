"""What the program that an image starts says of itself in its source: where it listens, and what it answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

from daemon.errors import SourceUnavailable
from workers.fixers.docker.build import expand, lineage
from workers.fixers.docker.service.framework_ports import python_port, ruby_port, spring
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.jsonobject import json_object
from workers.source.tree import SourceTree

_SCRIPT = re.compile(r"(?:^|/)([\w-]+\.(?:py|js|mjs|cjs|ts|rb))$")
_APPLICATION = re.compile(r"(?:[\w-]+\.)*([\w-]+):[\w()]+")
_SERVES = re.compile(
    r"\.run\(|\.run_\w+\(|\.listen\(|[Ss]erve|\.launch\(|\.start\(|\.loop|while\s+True|while\s*\(|streamlit|socket|run_forever|"
    r"subscri|consum|schedule|setInterval|createServer|sinatra|\bos\.(?:exec|spawn|system)|subprocess|Popen|child_process|execa"
)
_GO_WORKS_ON = re.compile(
    r"\.Listen|\bfor\s*(?:true\s*)?\{|\bfor\b[^;{\n]*;\s*;|\bselect\s*\{"
    r"|[Tt]icker|[Cc]ron|\.Receive\(|Reconcil|\.Run\b|\.Start\b|\.Execute\(|\bhttp\.Handle|\bnet\.Conn"
)
"""What makes a Go program stay, or leaves what it does to another package."""
_PORTS = {
    "py": (
        r"\.run(?:_app|_simple)?\([^()]*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)[^()]*)*?\bport\s*=\s*(?:int\()?(\d{2,5})\b",
        r"[\"'](?:(?:RUNTIME|SERVER|HTTP|LISTEN|APP)_)?PORT[\"']\s*(?:,|\)\s*or)\s*[\"']?(\d{2,5})\b",
        r"(?:HTTPServer|TCPServer|ThreadingHTTPServer)\(\s*\(\s*[\"'][\w.]*[\"']\s*,\s*(\d{2,5})\s*\)",
        r"\bserver_port\s*=\s*(\d{2,5})\b",
        r"\badd_(?:in)?secure_port\(\s*f?[\"'][^\"']*:(\d{2,5})[\"']",
        r"\bstart_http_server\(\s*(?:port\s*=\s*)?(\d{2,5})\b",
        r"[\"']--port[\"'](?:[^()]|\([^()]*\))*?\bdefault\s*=\s*[\"']?(\d{2,5})\b",
        r"^(?:PORT|port)\s*=\s*(\d{2,5})\s*$",
    ),
    "js": (
        r"\.listen\(\s*(\d{2,5})\b",
        r"process\.env\.PORT\s*(?:\|\||\?\?)\s*[\"']?(\d{2,5})\b",
        r"(?:const|let|var)\s+(?:PORT|port)\s*=\s*[\"']?(\d{2,5})\b",
    ),
    "rb": (r"\bset\s+:port\s*,\s*(\d{2,5})\b", r"ENV\[[\"']PORT[\"']\]\s*\|\|\s*[\"']?(\d{2,5})\b"),
    "go": (
        r"\bListenAndServe(?:TLS)?\(\s*\"[\w.]*:(\d{2,5})\"",
        r"\b(?:port|addr)\s*:?=\s*\"(?:[\w.]*:)?(\d{2,5})\"",
        r"\bnet\.Listen\(\s*\"tcp\d?\"\s*,\s*\"[\w.]*:(\d{2,5})\"",
        r"\bAddr:\s*\"[\w.]*:(\d{2,5})\"",
    ),
}
_LANGUAGE = {"mjs": "js", "cjs": "js", "ts": "js"}
_HTTP = re.compile(
    r"\b(?:flask|fastapi|aiohttp|bottle|tornado|http\.server|uvicorn|express|fastify|koa|sinatra)\b|"
    r"require\(['\"](?:node:)?http['\"]\)|from ['\"](?:node:)?http['\"]|"
    r"\bhttp\.(?:createServer|HandleFunc|ListenAndServe\()",
    re.IGNORECASE,
)
_TLS = re.compile(r"\bssl_context\s*=|\bssl_keyfile|ListenAndServeTLS|\bhttps\.createServer|wrap_socket\(")
_ROUTE = re.compile(
    r"(?:\b(?P<by>\w+)\.(?:router\.)?|(?<![\w.]))(?:route|get|HandleFunc|Handle|all|api_route|add_get)"
    r"\s*\(?\s*[\"'`](?:GET )?(?P<path>/[\w./-]*)[\"'`]"
    r"(?!\s*,\s*methods\s*=\s*[\[({](?![^\])}]*GET))",
    re.IGNORECASE,
)
_APPLICATIONS = frozenset(("app", "application", "server", "fastify", "http", "mux", "r", "e", "web", "routes"))
"""What a whole application is called; a router may be mounted below a path that stands elsewhere."""
_MOVED = re.compile(r"\broot_path\b|\burl_prefix\b|setGlobalPrefix|\bbasePath\b|StripPrefix|DispatcherMiddleware")
_GUARDS = re.compile(
    r"TrustedHost|ALLOWED_HOSTS|allowed_?hosts|dependencies\s*=\s*\[|before_request|\.use\(\s*\w*(?:auth|jwt|passport|session)|"
    r"add_middleware\(\s*\w*Auth",
    re.IGNORECASE,
)
"""What stands before every route, and may want another host's name, or a login."""
_LOGIN = re.compile(r"login|\bauth|Basic\b|Bearer\b|api_?key|\btoken\b", re.IGNORECASE)
_HEALTH = re.compile(r"/(?:api/)?_?(?:healthz?|livez?|liveness|readyz?|ping|status|up)/?")
_FLASK_DEFAULT = re.compile(r"\bFlask\(.*\.run\((?:(?!port)[^()])*\)", re.DOTALL)
_CLASS_PATH = frozenset(
    ("-cp", "-classpath", "--class-path", "org.springframework.boot.loader.launch.JarLauncher",
     "org.springframework.boot.loader.JarLauncher")
)  # fmt: skip
"""How an application starts that was unpacked into layers."""
_OF_MAVEN = re.compile(r"(?:^|/)src/main/docker(?:/.*)?$")
"""Where Maven's plugins for Docker look for what describes the image of a module."""
_TAKE_SETTINGS = frozenset(("gunicorn", "hypercorn", "uvicorn", "granian", "circusd", "supervisord"))
_DEPTH, _MAX_GO, _MAX_BYTES = 3, 40, 256 * 1024


class Served(msgspec.Struct, frozen=True):
    """What a program's source says."""

    path: str
    """The source that was read."""
    port: int | None
    """Where it listens; none where it says nothing, or several."""
    http: bool
    """Whether it speaks HTTP without TLS."""
    answers: str | None
    """A path that it answers: of its health, else `/`; none where neither is seen."""
    job: bool
    """Whether it opens nothing: it works and ends, or works on its own."""


def served(tree: SourceTree, file: Dockerfile, stage: Stage, values: dict[str, str]) -> Served | None:
    """What the source of the started program says; none where it is not found."""
    folder = file.path.rpartition("/")[0]
    words = words_of(file, stage, values)
    found = _script(tree, folder, words)
    if found is not None:
        language = found.rpartition(".")[2]
        said = _read(tree, [found], _LANGUAGE.get(language, language), values)
        # What a server imports does not start itself.
        imported = any(_APPLICATION.fullmatch(word) for word in words)
        return msgspec.structs.replace(said, job=said.job and not imported)
    module = _OF_MAVEN.sub("", folder)
    if any(word.endswith(".jar") or word in _CLASS_PATH for word in words) and (application := spring(tree, module)):
        http = application.port is not None
        return Served(application.path, application.port, http, application.answers, job=False)
    if _builds_go(file):
        sources = [path for path in _below(tree, folder) if path.endswith(".go") and not path.endswith("_test.go")]
        if 0 < len(sources) <= _MAX_GO:
            return _read(tree, sources, "go", values)
    return None


def words_of(file: Dockerfile, stage: Stage, values: dict[str, str]) -> list[str]:
    """What the image starts, as words: its ENTRYPOINT, then its CMD; variables filled in where values are given."""
    return [word for one in _commands(stage, file) for word in command_words(expand(one, values) if values else one)]


def _commands(stage: Stage, file: Dockerfile) -> Iterator[str]:
    for keyword in ("ENTRYPOINT", "CMD"):
        last = next((one for each in lineage(file, stage) if (one := each.last(keyword)) is not None), None)
        if last is not None:
            yield last.text


def command_words(command: str) -> list[str]:
    """The words of a command in shell or JSON form, those of a shell's script too."""
    try:
        words = json.loads(command)
    except ValueError:
        words = None
    texts = [str(word) for word in words] if isinstance(words, list) else [command]
    return [word.strip("[],'\"") for text in texts for word in text.split()]


def _script(tree: SourceTree, folder: str, words: list[str]) -> str | None:
    """The file of the build context that a command starts: named, or by package.json."""
    words = _without_settings(words)
    name = next((match[1] for word in words if (match := _SCRIPT.search(word))), None)
    if name is None:
        name = next((f"{match[1]}.py" for word in words if (match := _APPLICATION.fullmatch(word))), None)
    if name is None and "-m" in words[:-1]:
        return _module(tree, folder, words[words.index("-m") + 1])
    if name is None:
        command = package_command(tree, folder, words).split()
        name = next((match[1] for word in command if (match := _SCRIPT.search(word))), None)
    if name is None:
        return None
    for each in (name, re.sub(r"\.[mc]?js$", ".ts", name)):
        # What is built into a folder of its own has the name that its source has.
        found = [path for path in _below(tree, folder) if path.rpartition("/")[2] == each]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _without_settings(words: list[str]) -> list[str]:
    """The command without the file of settings that a server is given: that file is no program."""
    at = next((index for index, word in enumerate(words) if word.rpartition("/")[2] in _TAKE_SETTINGS), len(words))
    return [
        word
        for index, (before, word) in enumerate(zip(["", *words], words, strict=False))
        if index < at or (before not in {"-c", "--config"} and not word.startswith("--config="))
    ]


def _module(tree: SourceTree, folder: str, module: str) -> str | None:
    """The file that `python -m` runs."""
    ends = [f"/{module.replace('.', '/')}{end}" for end in ("/__main__.py", ".py")]
    found = [path for path in _below(tree, folder) if any(f"/{path}".endswith(end) for end in ends)]
    return found[0] if len(found) == 1 else None


def package_command(tree: SourceTree, folder: str, words: list[str]) -> str:
    """What a script of package.json is, where npm or its like starts one; else empty."""
    if not {"npm", "yarn", "pnpm"} & set(words):
        return ""
    scripts = json_object(_text(tree, f"{folder}/package.json".lstrip("/"))).get("scripts")
    wanted = next((word for word in words if word not in {"npm", "yarn", "pnpm", "run", "exec"}), "start")
    command = scripts.get(wanted) if isinstance(scripts, dict) else None
    return command if isinstance(command, str) else ""


def _builds_go(file: Dockerfile) -> bool:
    return any(one.keyword == "RUN" and re.search(r"\bgo\s+(?:build|install)\b", one.text) for one in file.instructions)


def _below(tree: SourceTree, folder: str) -> list[str]:
    prefix = f"{folder}/" if folder else ""
    return [path for path in tree.paths() if path.startswith(prefix) and path[len(prefix) :].count("/") <= _DEPTH]


def _read(tree: SourceTree, paths: list[str], language: str, values: dict[str, str]) -> Served:
    text = "\n".join(_without_comments(_text(tree, path), language) for path in paths)
    ports = {int(match[1]) for pattern in _PORTS[language] for match in re.finditer(pattern, text, re.MULTILINE)}
    if not ports and language == "py" and _FLASK_DEFAULT.search(text):
        ports = {5000}
    usual = {"py": python_port, "rb": ruby_port}.get(language)
    if not ports and usual and (port := usual(text)):
        ports = {port}
    if values.get("PORT", "").isdigit() and re.search(r"[\"'.]PORT\b", text):
        ports = {int(values["PORT"])}
    answers = None if _MOVED.search(text) or _GUARDS.search(text) else _answered(text, language)
    job = _is_job(tree, paths[0], language, text)
    http = bool(_HTTP.search(text)) and not _TLS.search(text)
    port = ports.pop() if len(ports) == 1 else None
    return Served(paths[0], port if port and port < 2**16 else None, http, answers, job and not text.isspace())


def _answered(text: str, language: str) -> str | None:
    """A path that the application answers without a login: of its health, else its root."""
    whole = {*_APPLICATIONS, "router"} if language == "go" else _APPLICATIONS
    found = ((match["by"], match["path"]) for match in _ROUTE.finditer(text))
    routes = {path for by, path in found if (by in whole if by else language == "rb")}
    health = sorted(route for route in routes if _HEALTH.fullmatch(route))
    return health[0] if health else "/" if "/" in routes and not _LOGIN.search(text) else None


def _is_job(tree: SourceTree, path: str, language: str, text: str) -> bool:
    if _SERVES.search(text) or language not in {"py", "js", "go"}:
        return False
    return not (_GO_WORKS_ON.search(text) if language == "go" else _imports_neighbours(tree, path, text))


def _imports_neighbours(tree: SourceTree, path: str, text: str) -> bool:
    """Whether it imports other files of the repository: what it starts may stand there."""
    if re.search(r"\bfrom\s+\.|(?:require\(|from\s+|import\s+)['\"]\.", text):
        return True
    names = {name.split(".")[0] for name in re.findall(r"^\s*(?:from|import)\s+([\w.]+)", text, re.MULTILINE)}
    if names & set(path.split("/")):
        return True
    modules = {end for name in names for end in (f"/{name}.py", f"/{name}/__init__.py")}
    return any(f"/{each}".endswith(end) for each in tree.paths() for end in modules if each != path)


def _without_comments(text: str, language: str) -> str:
    return re.sub(r"(?m)^\s*#.*$" if language in {"py", "rb"} else r"(?m)^\s*//.*$", "", text)


def _text(tree: SourceTree, path: str) -> str:
    try:
        content = tree.read(path)
    except SourceUnavailable:
        return ""
    return content.decode("utf-8", "replace") if len(content) <= _MAX_BYTES else ""
