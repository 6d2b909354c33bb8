"""What is asked of and told to the Hugging Face Hub when something is published, and to the Space that runs there.

A repository changes in one commit or not at all, so whatever fails before that commit, or in it, leaves the former
version as it was.  Each attempt begins by looking at what stands there; an attempt whose answer was lost on the way
finds its own work done.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rnn_model.errors import Problem, UnrolledError
from training.bundle import CARD, Bundle
from training.card_parts import PROJECT

if TYPE_CHECKING:
    from huggingface_hub import HfApi

ANSWER_SECONDS = 60.0  # the Hub's client by itself waits for ever
PAUSES = (2.0, 8.0)  # seconds before the second and the third attempt
POLL_SECONDS = 5.0
STEADY = 3  # polls in a row: right after a commit the Hub may still tell of the version before

SAMPLE = "112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140"
STEPS = 3

_HUBS_OWN = {".gitattributes"}
_BROKEN = {
    "BUILD_ERROR": "it could not be built",
    "RUNTIME_ERROR": "the app stopped",
    "CONFIG_ERROR": "its front matter was refused",
    "NO_APP_FILE": "its app file is missing",
}
_AT_REST = {"PAUSED", "STOPPED", "SLEEPING", "DELETING"}
_TOKEN_FIX = "Make a token of type Write at https://huggingface.co/settings/tokens, then run: hf auth login"

Answer = TypeVar("Answer")


class PublishError(UnrolledError):
    """Publishing had to stop; the message says why, what is live now, and what to do."""


class BrokenSpaceError(PublishError):
    """The new version is on the Hub and does not work."""


class _HubError(PublishError):
    """One request failed: what was found, whether it may pass by itself, and what to do."""

    def __init__(self, found: str, passing: bool, fix: str) -> None:
        super().__init__(f"expected the Hub to answer, found: {found}. {fix}")
        self.found, self.passing, self.fix = found, passing, fix


@dataclass(frozen=True)
class Standing:
    """What a repository on the Hub holds before something is published to it.

    Attributes:
        commit: its head; None when there is no such repository.
        files: paths in it.
        ours: whether it is empty or was published from here, so that it may be replaced.
    """

    commit: str | None
    files: tuple[str, ...] = ()
    ours: bool = True


def connect() -> HfApi:
    """The Hub's client, with the token of HF_TOKEN or `hf auth login`, and less patience than by default."""
    from huggingface_hub import HfApi, constants, get_session
    from huggingface_hub.utils import disable_progress_bars, logging

    disable_progress_bars()
    logging.set_verbosity_error()
    get_session().timeout = ANSWER_SECONDS
    return HfApi(endpoint=constants.ENDPOINT)


def name_problems(name: str) -> list[Problem]:
    """Whether a name can be one on the Hub."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    fix = "Give USER/NAME: letters, digits, and single - _ . between them, at most 96 characters."
    if name.count("/") != 1:
        return [Problem(repr(name), "a name USER/NAME", fix)]
    try:
        validate_repo_id(name)
    except HFValidationError:
        return [Problem(repr(name), "a name that the Hub accepts", fix)]
    return []


def account_problems(api: HfApi, bundles: list[Bundle]) -> list[Problem]:
    """Whether the token may write what is to be published, and nothing else stands in its place.  Changes nothing."""
    from huggingface_hub import get_token

    if not get_token():
        return [Problem("none", "an access token of the Hugging Face Hub", f"{_TOKEN_FIX}.")]
    try:
        who = _asked(api.whoami)
        problems = [problem for bundle in bundles for problem in _permission_problems(who, bundle)]
        for bundle in bundles if not problems else ():
            if not look(api, bundle).ours:
                problems.append(_taken(bundle))
    except _HubError as error:
        return [Problem(error.found, "the Hub to answer", error.fix)]
    return problems


def look(api: HfApi, bundle: Bundle) -> Standing:
    """What stands on the Hub under the name of a bundle."""
    from huggingface_hub.errors import RepositoryNotFoundError

    def info() -> Any:
        try:
            return api.repo_info(bundle.name, repo_type=bundle.kind)
        except RepositoryNotFoundError:
            return None

    found = _asked(info)
    if found is None:
        return Standing(None)
    files = tuple(entry.rfilename for entry in found.siblings or ())
    tags = (found.card_data and found.card_data.get("tags")) or []
    return Standing(found.sha, files, PROJECT in tags or set(files) <= {CARD, *_HUBS_OWN})


def send(api: HfApi, bundle: Bundle, say: Callable[[str], None]) -> str:
    """Makes the repository hold exactly the bundle, in one commit, and returns its head; no commit if it does already.

    Raises:
        PublishError: it could not be done; the repository is as it was.
    """
    for pause in (*PAUSES, None):
        try:
            return _sent(api, bundle)
        except _HubError as error:
            if pause is None or not error.passing:
                raise PublishError(
                    f"{bundle.kind} {bundle.name}: expected the Hub to take it, found: {error.found}. "
                    f"What was there before is unchanged. {error.fix}"
                ) from error
            say(f"{error.found}; trying again in {pause:g} s")
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def restore(api: HfApi, bundle: Bundle, former: Standing, say: Callable[[str], None]) -> str:
    """Puts the version that stood before back in place, as a new commit, and returns it."""
    from huggingface_hub import snapshot_download

    with tempfile.TemporaryDirectory() as folder:
        _asked(
            lambda: snapshot_download(
                bundle.name,
                repo_type=bundle.kind,
                revision=former.commit,
                local_dir=folder,
                endpoint=api.endpoint,
            )
        )
        files = {path: Path(folder, path).read_bytes() for path in former.files if path not in _HUBS_OWN}
    return send(api, Bundle(bundle.kind, bundle.name, files, (), ()), say)


def wait_until_running(api: HfApi, name: str, commit: str, limit: float, say: Callable[[str], None]) -> str:
    """The address of the app, once the Space runs this commit.

    Args:
        api: from `connect`.
        name: of the Space.
        commit: the version to wait for.
        limit: seconds to wait.
        say: told the stage and the seconds at every poll.

    Raises:
        BrokenSpaceError: the version cannot be built or does not start.
        PublishError: it takes longer than `limit`, or somebody paused the Space.
    """
    page, began = f"{api.endpoint}/spaces/{name}", time.monotonic()
    stage, steady = "", 0
    while (passed := time.monotonic() - began) < limit:
        runtime = _runtime(api, name)
        steady = steady + 1 if runtime["stage"] == stage else 1
        stage = runtime["stage"]
        say(f"{stage.lower().replace('_', ' ')}, {passed:.0f} s")
        # Where the Hub does not tell which commit runs, the stage speaks for itself once it has settled.
        if stage == "RUNNING" and (runtime["sha"] == commit if runtime.get("sha") else steady >= STEADY):
            return str(_asked(lambda: api.space_info(name)).host)
        if steady >= STEADY and stage in _BROKEN:
            said = f" ({runtime['errorMessage']})" if runtime.get("errorMessage") else ""
            raise BrokenSpaceError(f"{_BROKEN[stage]}{said}; its log: {page}?logs=build")
        if steady >= STEADY and stage in _AT_REST:
            raise PublishError(
                f"expected the Space to start, found it {stage.lower()}. Open {page} to wake it, or start it in its "
                "settings, then run the same command again: nothing is sent twice."
            )
        time.sleep(POLL_SECONDS)
    raise PublishError(
        f"expected the Space to run within {limit / 60:g} minutes, found it {stage.lower()}. The new version is on the "
        f"Hub and may still start: see {page}?logs=build, or run the same command again, which sends nothing twice and "
        "waits anew."
    )


def _runtime(api: HfApi, name: str) -> dict[str, Any]:
    try:
        return _asked(lambda: api.get_space_runtime(name)).raw
    except _HubError as error:
        if not error.passing:
            raise
        return {"stage": "NO_ANSWER"}  # a Space is built no worse for a poll that was lost


def try_forecast(address: str) -> list[float]:
    """One forecast through the API of a running app.

    Raises:
        BrokenSpaceError: it does not answer, or not with numbers.
    """
    from gradio_client import Client

    for pause in (*PAUSES, None):  # the app is known to run a little before the way to it is open
        try:
            client = Client(
                address, token=False, verbose=False, analytics_enabled=False, httpx_kwargs={"timeout": ANSWER_SECONDS}
            )
            median = client.predict(SAMPLE, STEPS, api_name="/forecast")["median"]
            if len(median) == STEPS and all(math.isfinite(value) for value in median):
                return [float(value) for value in median]
            found = f"{median!r} instead of {STEPS} numbers"
        except Exception as error:  # of the app's client, of the HTTP library under it, or an answer of another form
            found = _first_line(error)
        if pause is not None:
            time.sleep(pause)
    raise BrokenSpaceError(f"the app at {address} answered a forecast with: {found}")


def _asked(request: Callable[[], Answer]) -> Answer:
    try:
        return request()
    except _HubError:
        raise
    except Exception as error:  # the client's own errors and those of the HTTP library under it, which changes
        raise _translated(error) from error


def _translated(error: BaseException) -> _HubError:
    status, cause = None, error  # an upload wraps the answer that stopped it
    while status is None and cause is not None:
        status = getattr(getattr(cause, "response", None), "status_code", None)
        cause = cause.__cause__  # type: ignore[assignment]
    root = _root(error)
    said = _first_line(error) if root is error else f"{_first_line(error)}: {_first_line(root)}"
    if status is None:
        if isinstance(error, ValueError):
            return _HubError(said, False, "Mend what it names.")
        return _HubError(f"no answer ({said})", True, "Check the connection and run the same command again.")
    if status >= 500 or status == 429:
        return _HubError(f"error {status} ({said})", True, "Run the same command again in a few minutes.")
    fixes = {
        401: f"The token is not valid. {_TOKEN_FIX}.",
        403: f"The token may not write there. {_TOKEN_FIX}, and use a name of your own.",
        409: "The name is taken, or somebody is changing the same repository. Choose another name, or try again.",
        412: "Somebody else changed it meanwhile. Look at what they did, then run the same command again.",
    }
    return _HubError(f"error {status} ({said})", False, fixes.get(status, "Mend what it names."))


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _sent(api: HfApi, bundle: Bundle) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    standing = look(api, bundle)
    if not standing.ours:
        raise PublishError(str(_taken(bundle)))
    if standing.commit is None:
        sdk = "gradio" if bundle.kind == "space" else None
        _asked(lambda: api.create_repo(bundle.name, repo_type=bundle.kind, space_sdk=sdk))
        standing = look(api, bundle)
    stale = sorted(set(standing.files) - set(bundle.files) - _HUBS_OWN)
    # Not upload_folder: it may spread a folder over several commits, and a Space would be built from the first.
    info = _asked(
        lambda: api.create_commit(
            bundle.name,
            [
                *(CommitOperationDelete(path) for path in stale),
                *(CommitOperationAdd(path, content) for path, content in bundle.files.items()),
            ],
            commit_message=f"Publish {'the app' if bundle.kind == 'space' else 'the weights'}",
            repo_type=bundle.kind,
            parent_commit=standing.commit,
        )
    )
    left_out = sorted(set(bundle.files) - set(look(api, bundle).files))
    if left_out:  # by a .gitignore that stood there, and was taken away with this commit
        raise _HubError(f"it left out {', '.join(left_out)}", True, "Run the same command again.")
    return info.oid


def _permission_problems(who: Mapping[str, Any], bundle: Bundle) -> list[Problem]:
    owner = bundle.name.split("/")[0]
    groups = {group["name"]: group.get("roleInOrg") for group in who.get("orgs", ())}
    if owner not in {who["name"], *groups}:
        own = ", ".join([who["name"], *groups])
        return [Problem(f"the name {bundle.name}", f"a name that begins with {own}", "Use one of these as USER.")]
    if groups.get(owner) == "read":
        return [Problem(f"a member who may read in {owner}", "one who may write", f"Ask an admin of {owner}.")]
    token = who.get("auth", {}).get("accessToken", {})
    if token.get("role") == "read":
        return [Problem("a token that may only read", "an access token that may write", f"{_TOKEN_FIX}.")]
    if token.get("role") == "fineGrained" and not _is_granted(token.get("fineGrained", {}), owner, bundle.name):
        fix = f"Grant it write access to the repositories of {owner} at https://huggingface.co/settings/tokens."
        return [Problem(f"a token without that for {bundle.name}", "an access token that may write", fix)]
    return []


def _is_granted(fine: Mapping[str, Any], owner: str, name: str) -> bool:
    return any(
        scope.get("entity", {}).get("name") in (owner, name) and "repo.write" in scope.get("permissions", ())
        for scope in fine.get("scoped", ())
    )


def _taken(bundle: Bundle) -> Problem:
    fix = f"Choose another name, or delete that {bundle.kind} in its settings on the Hub."
    return Problem(
        f"a {bundle.kind} that holds something else", f"{bundle.name} free, or published from here before", fix
    )


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__).rstrip(".")
