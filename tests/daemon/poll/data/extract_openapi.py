"""Makes `github-openapi.json` out of GitHub's whole description (npm `@octokit/openapi`, MIT licence).

npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
python extract_openapi.py package/generated/api.github.com.json > github-openapi.json
"""

import json
import sys
from pathlib import Path

PATHS = (
    "/repos/{owner}/{repo}/actions/artifacts",
    "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}",
)


def main(source: str) -> None:
    document = json.loads(Path(source).read_text(encoding="utf-8"))

    def resolved(node: object) -> object:
        if isinstance(node, list):
            return [resolved(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            target = document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            return resolved(target)
        return {name: resolved(item) for name, item in node.items() if name not in {"examples", "example"}}

    paths = {path: {"get": {"responses": resolved(document["paths"][path]["get"]["responses"])}} for path in PATHS}
    error = resolved(document["components"]["schemas"]["basic-error"])
    made = {"info": document["info"], "paths": paths, "components": {"schemas": {"basic-error": error}}}
    json.dump(made, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
