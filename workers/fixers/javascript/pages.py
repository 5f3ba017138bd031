"""Whether a script is sent to browsers or phones, where it has no environment and can keep no secret."""

from __future__ import annotations

import re

from workers.fixers.code import Parsed
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.registry import NoFix
from workers.source.tree import SourceTree

_NODE = re.compile(rb"\brequire\(['\"][\w@]|\bmodule\.exports\b|\b__dirname\b|from ['\"]node:")
_ENVIRONMENT = re.compile(rb"\bprocess\.env\b")
_OF_SERVERS = re.compile(
    rb"from ['\"](?:express|koa|fastify|hono|@hapi/|@nestjs/|next/(?:server|headers)|next-auth|mongoose|mongodb|pg"
    rb"|mysql2?|sequelize|typeorm|knex|@prisma/client|jsonwebtoken|passport|bcrypt|dotenv|nodemailer|ioredis|redis|aws-sdk"
    rb"|@aws-sdk/|firebase-(?:admin|functions)|fs|path|os|https?|crypto|child_process)\b"
)
_ON_SERVERS = re.compile(
    r"(?:^|/)(?:servers?|api|backend|functions|lambdas?|scripts|bin|cli|tools)/|\.config\.[cm]?[jt]s$"
    r"|(?:^|/)middleware\.[jt]s$"
)
_BROWSER = re.compile(
    rb"\b(?:window|document|caches)\.|\bself\.(?:addEventListener|clients|skipWaiting)|\bimportScripts\("
)
_FRAMEWORKS = frozenset((
    "react", "react-dom", "react-native", "expo", "preact", "vue", "svelte", "solid-js", "@angular/core", "next",
    "nuxt", "gatsby", "vite", "webpack", "parcel", "react-scripts", "@vue/cli-service", "@ionic/core", "lit",
))  # fmt: skip


def refuse_pages(tree: SourceTree, file: Parsed) -> None:
    """Say so where the script goes to browsers: by what it does, or by its project, where nothing in it is Node's.

    Raises:
        NoFix: it does.
    """
    on_node = _NODE.search(file.content) or _OF_SERVERS.search(file.content)
    if _BROWSER.search(file.content) and not on_node and not _ENVIRONMENT.search(file.content):
        message = (
            f"{file.path} runs in browsers, where every value is public: let the server hold it and make the request"
        )
        raise NoFix(message)
    frameworks = _FRAMEWORKS.intersection(dependencies(tree, file.path))
    if frameworks and not on_node and not _ON_SERVERS.search(file.path):
        message = (
            f"{file.path} shows nothing of Node's, and its project builds pages or apps ({min(frameworks)}), where "
            "every value is public: let the server hold it and make the request"
        )
        raise NoFix(message)
