"""A Hugging Face Hub in one process: the endpoints that publishing and loading use, told by the client's source.

It keeps repositories as lists of commits, large files by their hash, and a log of requests.  A Space is "built" by a
function of its files that returns the address of the running app.  `faults` break chosen requests.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

WRITE, READ = "hf_" + "w" * 34, "hf_" + "r" * 34
USER = "me"
LARGE = (".safetensors", ".png")

_REPO = r"(?P<kind>models|spaces|datasets)/(?P<name>[^/]+/[^/]+)"


@dataclass
class Repo:
    """Commits, oldest first: (sha, path -> content)."""

    kind: str
    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)
    stage: str = "NO_APP_FILE"
    running: str | None = None
    host: str = ""
    message: str = ""

    @property
    def head(self) -> tuple[str, dict[str, bytes]]:
        return self.commits[-1]

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        return self.head if revision == "main" else next((c for c in self.commits if c[0] == revision), None)


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose "METHOD /path" matches.

    Attributes:
        request: regular expression.
        status: answered instead; None cuts the connection.
        seconds: waited first.
        done: whether the request is carried out although its answer is lost.
    """

    request: str
    status: int | None = None
    seconds: float = 0.0
    done: bool = False
    times: int = 1


@dataclass
class Hub:
    """What the server knows; tests look at it and change it."""

    build: Callable[[Mapping[str, bytes]], str]
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    endpoint: str = ""

    def files(self, kind: str, name: str) -> dict[str, bytes]:
        return self.repos[kind, name].head[1]

    def commit(self, kind: str, name: str, files: Mapping[str, bytes]) -> str:
        """A new head that holds these files; a Space is built anew."""
        repo = self.repos.setdefault((kind, name), Repo(kind))
        document = repr([len(repo.commits), name, sorted((path, _sha256(data)) for path, data in files.items())])
        sha = hashlib.sha1(document.encode()).hexdigest()
        repo.commits.append((sha, dict(files)))
        self.blobs |= {_sha256(data): data for path, data in files.items() if path.endswith(LARGE)}
        if kind == "spaces" and "app.py" in files:
            repo.stage = "BUILDING"
            threading.Thread(target=self._run, args=(repo, sha, files), daemon=True).start()
        return sha

    def _run(self, repo: Repo, sha: str, files: Mapping[str, bytes]) -> None:
        try:
            repo.host = self.build(files)
            repo.running, repo.stage = sha, "RUNNING"
        except RuntimeError as error:
            repo.stage, repo.message = "BUILD_ERROR", str(error)


@contextmanager
def serving(build: Callable[[Mapping[str, bytes]], str]) -> Iterator[Hub]:
    """A Hub at `.endpoint` while the block runs."""
    hub = Hub(build)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Refused(Exception):
    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_GET

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        request = f"{self.command} {path}"
        self.hub.log.append(request)
        fault = next((f for f in self.hub.faults if f.times and re.search(f.request, request)), None)
        if fault:
            fault.times -= 1
            time.sleep(fault.seconds)
        try:
            if fault and fault.status and not fault.done:
                raise _Refused(fault.status, "out of order")
            if fault and not fault.status and not fault.seconds and not fault.done:
                self.close_connection = True
                self.connection.close()
                return
            answer, headers = self._answer(path, body)
            if fault and fault.done:
                raise _Refused(fault.status or 504, "the answer was lost")
            self._send(200, answer, headers)
        except _Refused as refused:
            headers = {"X-Error-Message": refused.message} | ({"X-Error-Code": refused.code} if refused.code else {})
            self._send(refused.status, json.dumps({"error": refused.message}).encode(), headers)

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
        except OSError:  # the client has hung up
            self.close_connection = True

    def _answer(self, path: str, body: bytes) -> tuple[bytes, dict[str, str]]:
        """The content and the headers, or _Refused."""
        if path == "/api/whoami-v2":
            if self._role() is None:
                raise _Refused(401, "Invalid credentials in Authorization header")
            return _json({"name": USER, "orgs": [], "auth": {"accessToken": {"role": self._role()}}})
        if path == "/api/validate-yaml":
            return _json(_judged(json.loads(body)))
        if path == "/api/repos/create":
            return _json(self._create(json.loads(body)))
        if found := re.fullmatch(r"/lfs/(\w{64})", path):
            self.hub.blobs[found[1]] = body
            return _json({})
        if path == "/lfs/verify":
            return _json({})
        if found := re.fullmatch(r"/(?:(spaces|datasets)/)?([^/]+/[^/]+)\.git/info/lfs/objects/batch", path):
            return _json(self._batch(json.loads(body)))
        if found := re.fullmatch(r"/(?:(spaces|datasets)/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self._resolve(found[1] or "models", found[2], found[3], found[4])
        found = re.fullmatch(rf"/api/{_REPO}(?P<rest>/.*)?", path)
        if not found:
            raise _Refused(404, f"no such endpoint: {path}")
        repo = self._repo(found["kind"], found["name"])
        match (found["rest"] or "").split("/")[1:]:
            case []:
                return _json(self._info(repo, found["name"], "main"))
            case ["revision", revision]:
                return _json(self._info(repo, found["name"], revision))
            case ["tree", revision, *_]:
                return _json([_entry(file, data) for file, data in _version(repo, revision)[1].items()])
            case ["runtime"]:
                sha = {"sha": repo.running} if repo.running else {}
                return _json({"stage": repo.stage, "hardware": {}, "errorMessage": repo.message, **sha})
            case ["preupload", "main"]:
                return _json({"files": [self._upload_mode(repo, file) for file in json.loads(body)["files"]]})
            case ["commit", "main"]:
                return _json(self._commit(repo, found["kind"], found["name"], body))
        raise _Refused(404, f"no such endpoint: {path}")

    def _role(self) -> str | None:
        return {f"Bearer {WRITE}": "write", f"Bearer {READ}": "read"}.get(self.headers.get("Authorization", ""))

    def _must_write(self, name: str) -> None:
        if self._role() != "write" or name.split("/")[0] != USER:
            raise _Refused(403, "You don't have the rights to do this")

    def _repo(self, kind: str, name: str) -> Repo:
        if (kind, name) not in self.hub.repos:
            raise _Refused(404, "Repository not found", "RepoNotFound")
        return self.hub.repos[kind, name]

    def _create(self, wish: Mapping[str, Any]) -> dict[str, str]:
        name, kind = f"{wish['organization'] or USER}/{wish['name']}", wish.get("type", "model") + "s"
        self._must_write(name)
        if (kind, name) in self.hub.repos:
            raise _Refused(409, "You already created this repo")
        if kind == "spaces" and wish.get("sdk") != "gradio":
            raise _Refused(400, "sdk is required")
        self.hub.commit(kind, name, {".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"})
        return {"url": f"{self.hub.endpoint}/{'' if kind == 'models' else kind + '/'}{name}"}

    def _info(self, repo: Repo, name: str, revision: str) -> dict[str, Any]:
        sha, files = _version(repo, revision)
        return {
            "id": name,
            "sha": sha,
            "private": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "siblings": [{"rfilename": path} for path in files],
            "cardData": _front_matter(files.get("README.md", b"").decode()) or {},
            "host": repo.host,
        }

    def _upload_mode(self, repo: Repo, file: Mapping[str, Any]) -> dict[str, Any]:
        content = repo.head[1].get(file["path"])
        mode = "lfs" if file["path"].endswith(LARGE) else "regular"
        oid = None if content is None else _sha256(content) if mode == "lfs" else _git_sha1(content)
        ignored = file["path"] in repo.head[1].get(".gitignore", b"").decode().split()
        return {"path": file["path"], "uploadMode": mode, "shouldIgnore": ignored, "oid": oid}

    def _batch(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        upload = {"verify": {"href": f"{self.hub.endpoint}/lfs/verify"}}
        return {
            "transfer": "basic",
            "objects": [
                {key: entry[key] for key in ("oid", "size")}
                | (
                    {}
                    if entry["oid"] in self.hub.blobs
                    else {"actions": {**upload, "upload": {"href": f"{self.hub.endpoint}/lfs/{entry['oid']}"}}}
                )
                for entry in wish["objects"]
            ],
        }

    def _commit(self, repo: Repo, kind: str, name: str, body: bytes) -> dict[str, Any]:
        self._must_write(name)
        files = dict(repo.head[1])
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            match line["key"]:
                case "header" if value.get("parentCommit", repo.head[0]) != repo.head[0]:
                    raise _Refused(412, "A commit has happened since.")
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile" if value["oid"] not in self.hub.blobs:
                    raise _Refused(400, "this large file was never uploaded")
                case "lfsFile":
                    files[value["path"]] = self.hub.blobs[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        sha = self.hub.commit(kind, name, files)
        return {
            "success": True,
            "commitOid": sha,
            "commitUrl": f"{self.hub.endpoint}/{name}/commit/{sha}",
            "hookOutput": "",
        }

    def _resolve(self, kind: str, name: str, revision: str, path: str) -> tuple[bytes, dict[str, str]]:
        sha, files = _version(self._repo(kind, name), revision)
        if path not in files:
            raise _Refused(404, "Entry not found", "EntryNotFound")
        content = files[path]
        tag = _sha256(content) if path.endswith(LARGE) else _git_sha1(content)
        headers = {"X-Repo-Commit": sha, "ETag": f'"{tag}"', "Content-Length": str(len(content))}
        if path.endswith(LARGE):
            headers |= {"X-Linked-Etag": f'"{tag}"', "X-Linked-Size": str(len(content))}
        return content, {"Content-Type": "application/octet-stream", **headers}


def _version(repo: Repo, revision: str) -> tuple[str, dict[str, bytes]]:
    found = repo.at(revision)
    if found is None:
        raise _Refused(404, "Revision not found", "RevisionNotFound")
    return found


def _entry(path: str, content: bytes) -> dict[str, Any]:
    entry = {"type": "file", "path": path, "size": len(content), "oid": _git_sha1(content)}
    large = {"oid": _sha256(content), "size": len(content), "pointerSize": 130}
    return entry | ({"lfs": large} if path.endswith(LARGE) else {})


def _judged(wish: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """What the Hub's validator says of a README."""
    data = _front_matter(wish["content"])
    errors = []
    if data is None:
        errors.append("invalid YAML")
    elif wish["repoType"] == "space":
        errors += [f'"{key}" is required' for key in ("sdk", "title") if key not in data]
        if len(data.get("short_description", "")) > 60:
            errors.append('"short_description" length must be less than or equal to 60 characters long')
    return {"errors": [{"message": error} for error in errors], "warnings": []}


def _front_matter(text: str) -> dict[str, Any] | None:
    """The metadata; None when they cannot be read."""
    if not text.startswith("---\n"):
        return {}
    try:
        data = yaml.safe_load(text.split("\n---", 1)[0].removeprefix("---\n"))
    except yaml.YAMLError:
        return None
    return data if isinstance(data, dict) else None


def _json(document: object) -> tuple[bytes, dict[str, str]]:
    return json.dumps(document).encode(), {}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
