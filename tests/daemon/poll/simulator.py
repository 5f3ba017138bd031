"""GitHub and its blob store in this process, below `requests`: PyGithub and secaid's own code run unchanged.

Its clock is a number. Every answer of the API is checked against GitHub's own OpenAPI description, and
whatever a client must not do (ask too early, show a token to the blob store, use an address after its
minute) is written into `violations`.
"""

import collections
import datetime as dt
import email.utils
import functools
import hashlib
import io
import json
import re
import urllib.parse
import zipfile
from pathlib import Path

import jsonschema
import requests
from urllib3 import HTTPHeaderDict
from urllib3.response import HTTPResponse

API, BLOBS = "api.github.com", "blobs.example.net"
_OPENAPI = json.loads(Path(__file__).with_name("data").joinpath("github-openapi.json").read_text())
_LIST = "/repos/{owner}/{repo}/actions/artifacts"
_ZIP = "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}"
_HOURLY = 5000

SLOW_DOWN = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def schema(node):
    """OpenAPI 3.0's `nullable` → JSON Schema."""
    if isinstance(node, list):
        return [schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {name: schema(item) for name, item in node.items()}
    if made.pop("nullable", False):
        return {"anyOf": [made, {"type": "null"}]}
    return made


@functools.cache
def validator(path, status):
    responses = _OPENAPI["paths"][path]["get"]["responses"]
    content = responses.get(str(status), {}).get("content")
    found = content["application/json"]["schema"] if content else _OPENAPI["components"]["schemas"]["basic-error"]
    return jsonschema.Draft202012Validator(schema(found))


def zipped(name, content=b"{}"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


class Killed(BaseException):
    """The process is no more: nothing of it runs on."""


class Upload:
    def __init__(self, id, name, content, at, branch="main", fork=False, digest=True):
        self.id, self.name, self.content, self.at = id, name, content, at
        self.branch, self.fork, self.digest = branch, fork, digest
        self.expired = False

    def json(self, base):
        sha = hashlib.sha256(self.content).hexdigest()
        when = dt.datetime.fromtimestamp(self.at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "id": self.id,
            "node_id": f"A_{self.id}",
            "name": self.name,
            "size_in_bytes": len(self.content),
            "url": f"{base}/{self.id}",
            "archive_download_url": f"{base}/{self.id}/zip",
            "expired": self.expired,
            "created_at": when,
            "expires_at": when,
            "updated_at": when,
            "digest": f"sha256:{sha}" if self.digest else None,
            "workflow_run": {
                "id": self.id + 7,
                "repository_id": 42,
                "head_repository_id": 99 if self.fork else 42,
                "head_branch": self.branch,
                "head_sha": f"{self.id:040x}",
            },
        }


class GitHub:
    def __init__(self, start=1_790_000_000.0, skew=0.0):
        self.now = start
        """This machine's clock; GitHub's is `skew` seconds ahead."""
        self.skew = skew
        self.tokens = ["ghp_" + "a" * 36]
        """The last one is valid."""
        self.repositories = collections.defaultdict(list)
        self.faults = collections.deque()
        """One is taken at each request: its name, or None."""
        self.violations = []
        self.blob_tags, self.ignores_if_range = True, False
        self.counts = collections.Counter()
        self.bytes_sent = 0
        self.log = []
        self.on_request = None
        self.on_answer = None
        """Called with the request once GitHub has done what it asks, before the client learns of it."""
        self._next_id = 1000
        self._blocked_until = 0.0
        """Of the user, whichever of his tokens asks; so is what he used."""
        self._used = collections.Counter()

    # --- what happens on GitHub

    def upload(self, repository, name="scan-results", content=None, **more):
        self._next_id += 1
        content = zipped("results.sarif", f"report {self._next_id}".encode()) if content is None else content
        made = Upload(self._next_id, name, content, more.pop("at", self.server_now), **more)
        self.repositories[repository].append(made)
        return made

    def kill(self):
        """Replaced by a test, to keep what a killed process leaves behind."""
        raise Killed

    def rotate(self):
        self.tokens.append("ghp_" + hashlib.sha256(self.tokens[-1].encode()).hexdigest()[:36])

    @property
    def token(self):
        return self.tokens[-1]

    @property
    def server_now(self):
        return self.now + self.skew

    # --- in place of the network

    def send(self, request):
        self.now += 0.05
        url = urllib.parse.urlsplit(request.url)
        self.counts["requests"] += 1
        fault = self.faults.popleft() if self.faults else None
        self.log.append((self.now, request.url, fault))
        if self.on_request:
            self.on_request(request)
        if fault == "connection":
            raise requests.ConnectionError("the network is down")
        if fault == "kill":
            self.kill()
        if url.scheme != "https":
            self.violations.append(f"not https: {request.url}")
        if url.hostname not in {API, BLOBS}:
            self.violations.append(f"followed a redirect to {url.hostname}")
            raise requests.ConnectionError("no such host")
        answer = {API: self._api, BLOBS: self._blob}[url.hostname](url, request, fault)
        if self.on_answer:
            self.on_answer(request)
        if fault == "kill-after":
            self.kill()
        status, headers, body, *rest = answer
        headers = {"Date": email.utils.formatdate(self.server_now, usegmt=True), **headers}
        return self._response(request, status, headers, body, *(rest or (len(body),)))

    def _response(self, request, status, headers, body, length):
        self.bytes_sent += len(body)
        self.counts[status] += 1
        headers = HTTPHeaderDict({**headers, "Content-Length": str(length)})
        raw = HTTPResponse(
            io.BytesIO(body), headers=headers, status=status, preload_content=False, request_method=request.method
        )
        made = requests.Response()
        made.status_code, made.headers, made.raw = status, requests.structures.CaseInsensitiveDict(headers), raw
        made.url, made.request, made.reason, made.encoding = request.url, request, "", "utf-8"
        return made

    # --- the API

    def _api(self, url, request, fault):
        token = request.headers.get("Authorization", "").split(" ")[-1]
        if self.server_now < self._blocked_until:
            self.violations.append(f"asked {self._blocked_until - self.server_now:.1f} s too early")
        if token != self.token:
            return self._error(401, "Bad credentials")
        limited = self._limit(fault)
        if limited:
            return limited
        if fault == "5xx":
            return self._error(502, "Server Error")
        if fault == "garbage":
            return 200, {}, b"<html>Unicorn!</html>"
        return self._route(url, request, token, fault)

    def _limit(self, fault):
        hour = int(self.server_now // 3600)
        headers = {"X-RateLimit-Limit": str(_HOURLY), "X-RateLimit-Reset": str((hour + 1) * 3600)}
        left = {"X-RateLimit-Remaining": str(_HOURLY - self._used[hour])}
        if fault == "spent" or self._used[hour] >= _HOURLY:
            self._blocked_until = (hour + 1) * 3600
            return self._error(403, "API rate limit exceeded for user", headers | {"X-RateLimit-Remaining": "0"})
        known = {
            "403-after": (403, 95, {"Retry-After": "95"}),
            "429-after": (429, 30, {"Retry-After": "30"}),
            "403-bare": (403, 60, {}),
            "429-bare": (429, 60, {}),
        }
        if fault not in known:
            return None
        status, seconds, more = known[fault]
        self._blocked_until = self.server_now + seconds
        return self._error(status, SLOW_DOWN, (headers | left | more) if more else {})

    def _route(self, url, request, token, fault):
        match = re.fullmatch(r"/repos/([^/]+/[^/]+)/actions/artifacts(?:/(\d+)/zip)?", url.path)
        if not match or match[1] not in self.repositories:
            return self._error(404, "Not Found")
        if match[2]:
            return self._checked(_ZIP, self._mint(match[1], int(match[2]), token, fault))
        if fault == "insert":
            self.upload(match[1])
        if fault == "delete":
            self._delete_decoy(match[1])
        return self._checked(_LIST, self._list(match[1], url, request, token))

    def _delete_decoy(self, repository):
        decoys = [upload for upload in self.repositories[repository] if upload.name == "decoy"]
        if decoys:
            self.repositories[repository].remove(decoys[-1])

    def _list(self, repository, url, request, token):
        query = dict(urllib.parse.parse_qsl(url.query))
        size, page = min(100, int(query.get("per_page", 30))), int(query.get("page", 1))
        uploads = sorted(self.repositories[repository], key=lambda upload: (upload.at, upload.id), reverse=True)
        base = f"https://{API}/repos/{repository}/actions/artifacts"
        shown = [upload.json(base) for upload in uploads[(page - 1) * size : page * size]]
        body = json.dumps({"total_count": len(uploads), "artifacts": shown}).encode()
        etag = f'W/"{hashlib.sha256(body + token.encode()).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            return 304, {"ETag": etag}, b""
        return 200, self._budget() | {"ETag": etag, "Content-Type": "application/json"}, body

    def _mint(self, repository, id, token, fault):
        found = next((upload for upload in self.repositories[repository] if upload.id == id), None)
        if found is None:
            return self._error(404, "Not Found")
        if found.expired or fault == "expire":
            found.expired = True
            return self._error(410, "Artifact has expired")
        until = self.server_now + 60
        address = f"https://{BLOBS}/{repository}/{id}?sig=s3cret-{until}&until={until}"
        return 302, self._budget() | {"Location": address}, b""

    def _budget(self):
        hour = int(self.server_now // 3600)
        self._used[hour] += 1
        return {
            "X-RateLimit-Limit": str(_HOURLY),
            "X-RateLimit-Remaining": str(_HOURLY - self._used[hour]),
            "X-RateLimit-Reset": str((hour + 1) * 3600),
        }

    def budget_used(self):
        """Requests that counted, in the hour that had most of them."""
        return max(self._used.values(), default=0)

    def _error(self, status, message, headers=None):
        body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        return status, headers or {}, json.dumps(body).encode()

    def _checked(self, path, answer):
        status, headers, body = answer
        if body:
            validator(path, status).validate(json.loads(body))
        elif status == 302:
            assert "Location" in headers
        return answer

    # --- the blob store

    def _blob(self, url, request, fault):
        told = {name.lower() for name in request.headers}
        if told & {"authorization", "cookie"} or any(token in str(request.headers) for token in self.tokens):
            self.violations.append("the blob store was shown a token")
        query = dict(urllib.parse.parse_qsl(url.query))
        if self.server_now > float(query["until"]):
            self.violations.append("an address was used after its minute")
        if fault in {"5xx", "garbage"}:
            return 503, {}, b"<Error>ServerBusy</Error>"
        if fault == "redirect":
            return 302, {"Location": "https://elsewhere.example/" + url.path}, b""
        if fault == "refused":
            return 403, {}, b"<Error>AuthenticationFailed</Error>"
        owner, name, id = url.path.strip("/").split("/")
        upload = next((one for one in self.repositories[f"{owner}/{name}"] if one.id == int(id)), None)
        if upload is None:
            return 404, {}, b"<Error>BlobNotFound</Error>"
        return self._bytes(upload, request, fault)

    def _bytes(self, upload, request, fault):
        content = upload.content
        if fault == "wrong":
            content = bytes(byte ^ 1 for byte in content)
        headers = {"Content-Disposition": f'attachment; filename="{upload.name}.zip"'}
        if not content.startswith(b"PK"):
            headers = {"Content-Disposition": f'attachment; filename="{upload.name}"'}
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        if self.blob_tags:
            headers["ETag"] = tag
        begin = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        same = self.ignores_if_range or request.headers.get("If-Range", tag) == tag
        if begin and same and fault != "range-ignored":
            start = int(begin[1])
            if start >= len(content):
                return 416, {}, b""
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return self._cut(206, headers, content[start:], fault)
        return self._cut(200, headers, content, fault)

    def _cut(self, status, headers, content, fault):
        """The truth about its length, and, where it breaks off, only half of it."""
        sent = content[: len(content) // 2] if fault == "truncated" else content
        return status, headers, sent, len(content)
