"""Publishing, with the Hub's real client against a Hub of our own (tests/hub_server.py), and back from there."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from checkout import cloned, environment
from gradio_client import Client
from hub_server import READ, WRITE, Fault, serving
from huggingface_hub import ModelCard, SpaceCard, constants, snapshot_download

from rnn_model import CheckpointError, classify, forecast, load
from training import hub as client
from training import publish
from training.bundle import front_matter_problems, space_bundle, space_requirements

ROOT = Path(__file__).resolve().parent.parent
SPACE, MODEL = "me/unrolled", "me/forecaster"
PASSENGERS = client.SAMPLE

# Of the Hub's client, about its own use of the HTTP library.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A fresh clone; not to be changed."""
    return cloned(tmp_path_factory.mktemp("clone"))


@pytest.fixture
def checkout(clone, tmp_path):
    """One that may be changed."""
    return shutil.copytree(clone, tmp_path / "checkout", symlinks=True)


@pytest.fixture
def hub(address, monkeypatch, tmp_path):
    """A Hub whose Spaces all show the app of the test session; this process talks to it, without patience."""
    with serving(lambda files: address) as served:
        monkeypatch.setattr(constants, "ENDPOINT", served.endpoint)
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants._HF_DEFAULT_ENDPOINT, served.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setenv("HF_TOKEN", WRITE)
        sleep = time.sleep
        monkeypatch.setattr(time, "sleep", lambda seconds: sleep(seconds if seconds == SLOW else min(seconds, 0.02)))
        yield served
        huggingface_hub.close_session()


SLOW = 0.55  # seconds that a slow answer takes


@pytest.fixture
def run(clone, capsys):
    """Runs the command on the clone; returns its status and what it said, and makes sure that it kept the token."""

    def running(*arguments, root=clone):
        status = publish.main(arguments, root)
        said = "".join(capsys.readouterr())
        assert WRITE not in said
        assert READ not in said
        return status, said

    return running


def sent(hub):
    """Requests that change something."""
    return [entry for entry in hub.log if re.search("/create$|/commit/|PUT ", entry)]


# The doctor


def test_by_default_nothing_is_sent_and_every_file_is_listed(hub, run):
    status, said = run(SPACE, "--model", MODEL)

    assert status == 0
    assert sent(hub) == []
    assert "give --yes" in said
    for path in ("app.py", "interface/look.py", "rnn_model/network.py", "training/fit.py", "LICENSE"):
        assert re.search(rf"^ *[\d,]+  {re.escape(path)}$", said, re.MULTILINE), path
    size = (ROOT / "weights" / "forecast" / "model.safetensors").stat().st_size
    assert re.search(rf"^ *{size:,}  weights/forecast/model.safetensors$", said, re.MULTILINE)


def test_weights_without_a_model_to_send_are_refused(capsys):
    with pytest.raises(SystemExit):
        publish.main(["me/space", "--weights", "runs/mine"])
    assert "--weights: expected with --model" in capsys.readouterr().err


def test_a_fresh_clone_without_a_token_shows_the_plan_and_what_is_missing(clone, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "training.publish", "me/test"],
        cwd=clone,
        env=environment("http://127.0.0.1:9", tmp_path / "home", token=""),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1
    assert "weights/forecast/model.safetensors" in done.stdout
    assert "expected an access token of the Hugging Face Hub, found none" in done.stderr
    assert "hf auth login" in done.stderr
    assert "Traceback" not in done.stderr


def test_everything_planted_is_refused_at_once_with_its_fix(hub, run, checkout):
    (checkout / ".env").write_text("TOKEN=1")
    (checkout / "training" / "id_rsa").write_text("-")
    (checkout / "interface" / "settings.json").write_text(f'{{\n"token": "{WRITE}"}}')
    (checkout / "weights" / "planted").mkdir()
    (checkout / "weights" / "planted" / "config.json").write_text("{}")
    (checkout / "weights" / "forecast" / "model.safetensors").write_bytes(b"cut off")
    (checkout / ".gitignore").write_text("*.safetensors\n")
    (checkout / "requirements.txt").write_text("gradio>=6\ntorch==2.13.0\n")
    (checkout / "LICENSE").unlink()
    readme = (checkout / "README.md").read_text()
    (checkout / "README.md").write_text(f"---\ntitle: [broken\n---\n{readme}")
    status, said = run("me/bad--name", "--yes", root=checkout)

    assert status == 1
    assert sent(hub) == []
    problems = said.partition("To be mended first:")[2].strip().split("\n- ")
    for words in (
        ".env, by its name a secret",
        "training/id_rsa, by its name a secret",
        "a token or private key in interface/settings.json",
        "line 2",
        "no model.safetensors",
        "git ignores weights/forecast/model.safetensors by .gitignore:1",
        "safetensors format",
        "scores of other weights",
        "found gradio>=6",
        "expected LICENSE, found no such file",
        "valid YAML between --- and ---",
        "'me/bad--name'",
    ):
        assert [problem for problem in problems if words in problem], words
    assert [problem for problem in problems if not re.search(r"expected .+found .+\. [A-Z]", problem, re.DOTALL)] == []


def test_missing_weights_are_refused(hub, run, checkout):
    shutil.rmtree(checkout / "weights" / "forecast")
    status, said = run(SPACE, "--model", MODEL, "--yes", root=checkout)

    assert status == 1
    assert sent(hub) == []
    assert "expected a checkpoint in weights/forecast, found no config.json and no model.safetensors" in said
    assert "python -m training.fit" in said


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", ""),
        ("emoji", ":chart:"),
        ("colorFrom", "black"),
        ("colorTo", None),
        ("sdk", "docker"),
        ("sdk_version", "6.31"),
        ("python_version", 3.11),
        ("app_file", "main.py"),
        ("license", None),
        ("short_description", "x" * 61),
        ("tags", "unrolled"),
        ("models", "me/forecaster"),
    ],
)
def test_front_matter_that_the_hub_would_not_take_is_named(clone, key, value):
    data = SpaceCard(space_bundle(clone, SPACE, (MODEL,)).files["README.md"].decode()).data.to_dict()
    pinned = re.search(r"^gradio==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[1]

    assert front_matter_problems(data, pinned) == []
    (problem,) = front_matter_problems({**data, key: value}, pinned)
    assert key in problem.expected


def test_a_space_gets_torch_for_cpus_and_every_other_pin_as_tested():
    pins = (ROOT / "requirements.txt").read_text()
    lines = space_requirements(pins).splitlines()

    assert lines[0] == "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert "torch==2.13.0+cpu" in lines
    assert [line for line in lines[1:] if not line.startswith("torch")] == [
        line for line in pins.splitlines() if not line.startswith("torch")
    ]


def test_caches_hidden_folders_and_strangers_stay_behind(checkout):
    for path in (
        "rnn_model/__pycache__/a.json",
        "weights/.forecast.old/config.json",
        "interface/photo.psd",
        "notes.md",
    ):
        (checkout / path).parent.mkdir(exist_ok=True)
        (checkout / path).write_text("{}")
    bundle = space_bundle(checkout, SPACE)

    assert bundle.problems == ()
    assert bundle.left_out == ("interface/photo.psd",)
    stranger = re.compile(r"pycache|\.old|photo|notes|^tests|^Makefile|^docs/.*py")
    assert not [path for path in bundle.files if stranger.search(path)]


def test_the_spaces_readme_shows_only_what_is_sent(clone):
    files = space_bundle(clone, SPACE).files
    text = files["README.md"].decode()

    assert "make " not in text
    for link in re.findall(r"\]\((?!https)([^)]+)\)", text) + re.findall(r"src(?:set)?=\"([^\"]+)", text):
        assert link in files


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (READ, "expected an access token that may write, found a token that may only read"),
        ("hf_" + "x" * 34, "The token is not valid"),
        ("", "expected an access token of the Hugging Face Hub, found none"),
    ],
)
def test_a_token_that_cannot_write_is_refused(hub, run, monkeypatch, token, words):
    monkeypatch.setenv("HF_TOKEN", token)
    status, said = run(SPACE, "--yes")

    assert status == 1
    assert words in said
    assert not token or token not in said
    assert sent(hub) == []


def test_a_name_of_others_or_of_something_else_is_refused(hub, run):
    hub.commit("spaces", SPACE, {"app.py": b"", "README.md": b"---\ntitle: mine\nsdk: gradio\n---\n"})
    for name, words in ((SPACE, "holds something else"), ("you/unrolled", "expected a name that begins with me")):
        status, said = run(name, "--yes")
        assert status == 1
        assert words in said
    assert sent(hub) == []


# The upload


def test_create_then_nothing_new_then_one_change(hub, run, checkout):
    status, said = run(SPACE, "--yes", root=checkout)
    assert status == 0, said
    bundle = space_bundle(checkout, SPACE)
    files = {path: data for path, data in hub.files("spaces", SPACE).items() if path != ".gitattributes"}
    assert files == bundle.files
    assert len(hub.repos["spaces", SPACE].commits) == 2  # of the Hub, and ours
    assert re.search(r"It forecast [\d.]+, [\d.]+, [\d.]+\.\n", said)
    assert f"{hub.endpoint}/spaces/{SPACE}" in said

    hub.log.clear()
    status, said = run(SPACE, "--yes", root=checkout)
    assert status == 0
    assert sent(hub) == []
    assert "nothing had changed" in said

    (checkout / "interface" / "style.css").write_text("b { color: red }\n")
    (checkout / "interface" / "look.py").unlink()
    status, said = run(SPACE, "--yes", root=checkout)
    assert status == 0
    assert sent(hub) == [f"POST /api/spaces/{SPACE}/commit/main"]
    assert hub.files("spaces", SPACE)["interface/style.css"] == b"b { color: red }\n"
    assert "interface/look.py" not in hub.files("spaces", SPACE)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("create", status=500),
        Fault("create", status=500, done=True),
        Fault("preupload", status=503, times=3),
        Fault("PUT /lfs", status=500),
        Fault("PUT /lfs"),
        Fault("commit/main", status=502),
        Fault("commit/main", status=504, done=True),
        Fault("commit/main", seconds=SLOW),
        Fault("whoami|preupload", seconds=SLOW, times=2),
        Fault("runtime", status=500, times=2),
    ],
    ids=lambda fault: f"{fault.request}-{fault.status}-{fault.seconds}-{fault.done}",
)
def test_what_passes_by_itself_is_waited_out(hub, run, monkeypatch, fault):
    monkeypatch.setattr(client, "ANSWER_SECONDS", SLOW / 2 if fault.request == "commit/main" else 20.0)
    hub.faults.append(fault)
    status, said = run(SPACE, "--yes")

    assert status == 0, said
    assert fault.times == 0
    assert len(hub.repos["spaces", SPACE].commits) == 2


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ("commit/main", 500, "error 500"),
        ("commit/main", 403, "The token may not write there"),
        ("create", 409, "The name is taken"),
        ("create", 403, "The token may not write there"),
        ("PUT /lfs", 500, "error 500"),
        ("PUT /lfs", None, "no answer"),
    ],
)
def test_a_failure_leaves_what_stood_there_and_the_next_run_finishes(hub, run, checkout, request_, status, words):
    new = "create" in request_
    if not new:
        hub.commit("spaces", SPACE, space_bundle(checkout, SPACE).files)
        (checkout / "docs" / "light.png").write_bytes(b"another picture")
    before = None if new else hub.repos["spaces", SPACE].head
    hub.faults.append(Fault(request_, status=status, times=99))
    failed, said = run(SPACE, "--yes", root=checkout)

    assert failed == 1
    assert words in said
    assert "What was there before is unchanged" in said
    assert "Traceback" not in said
    assert new or hub.repos["spaces", SPACE].head == before

    hub.faults.clear()
    assert run(SPACE, "--yes", root=checkout)[0] == 0
    assert hub.files("spaces", SPACE).items() >= space_bundle(checkout, SPACE).files.items()


def test_a_killed_upload_goes_on_where_it_stood(hub, run, clone, tmp_path):
    """Killed between the large files and the commit: nothing was changed, and no large file is sent again."""
    hub.faults.append(Fault("commit/main", status=500, seconds=SLOW, times=99))
    process = subprocess.Popen(
        [sys.executable, "-m", "training.publish", SPACE, "--yes"],
        cwd=clone,
        env=environment(hub.endpoint, tmp_path / "home"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not [entry for entry in hub.log if "commit/main" in entry] and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    uploaded = [entry for entry in hub.log if entry.startswith("PUT")]
    assert len(uploaded) == len(set(uploaded)) > 1
    assert len(hub.repos["spaces", SPACE].commits) == 1

    hub.faults.clear()
    hub.log.clear()
    assert run(SPACE, "--yes")[0] == 0
    assert [entry for entry in hub.log if entry.startswith("PUT")] == []
    assert hub.files("spaces", SPACE).items() >= space_bundle(clone, SPACE).files.items()


def test_a_space_that_cannot_be_built_is_put_back(hub, run, checkout, address):
    def build(files):
        if b"broken" in files["app.py"]:
            raise RuntimeError("exit code 1")
        return address

    hub.build = build
    assert run(SPACE, "--yes")[0] == 0
    good = hub.files("spaces", SPACE)
    (checkout / "app.py").write_text("broken")
    status, said = run(SPACE, "--yes", root=checkout)

    assert status == 1
    assert "it could not be built (exit code 1)" in said
    assert "The former version was put back" in said
    assert hub.files("spaces", SPACE) == good


def test_a_space_whose_app_does_not_answer_is_told(hub, run, monkeypatch):
    hub.build = lambda files: hub.endpoint
    status, said = run(SPACE, "--yes")

    assert status == 1
    assert "answered a forecast with" in said
    assert "There was no other version before it" in said


def test_a_space_that_never_runs_is_not_waited_for_for_ever(hub, run):
    hub.build = lambda files: time.sleep(SLOW) or hub.endpoint
    status, said = run(SPACE, "--yes", "--wait", "0.001")

    assert status == 1
    assert "expected the Space to run within" in said
    assert "run the same command again" in said


@pytest.mark.parametrize("stage", ["SLEEPING", "PAUSED"])
def test_a_space_at_rest_is_told_and_left_alone(hub, run, clone, stage):
    hub.commit("spaces", SPACE, space_bundle(clone, SPACE).files)
    repo = hub.repos["spaces", SPACE]
    deadline = time.monotonic() + 20
    while repo.stage != "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.01)
    repo.stage = stage
    status, said = run(SPACE, "--yes")

    assert status == 1
    assert f"found it {stage.lower()}" in said
    assert "wake it" in said
    assert sent(hub) == []


def test_a_file_that_the_hub_left_out_is_sent_again(hub, run):
    readme = "---\ntitle: x\nsdk: gradio\ntags: [unrolled]\n---\n"
    hub.commit("spaces", SPACE, {"README.md": readme.encode(), ".gitignore": b"weights/forecast/model.safetensors"})
    status, said = run(SPACE, "--yes")

    assert status == 0, said
    assert "weights/forecast/model.safetensors" in hub.files("spaces", SPACE)


# And back


def test_a_published_model_loads_and_forecasts_the_same(hub, run, model, monkeypatch):
    status, said = run("--model", MODEL, "--yes")
    assert status == 0, said
    files = hub.files("models", MODEL)
    expected = forecast(model, PASSENGERS, horizon=5).quantiles

    fetched = load(MODEL)
    sha = hub.repos["models", MODEL].head[0]
    assert fetched.source == f"{MODEL}@{sha}"
    np.testing.assert_array_equal(forecast(fetched, PASSENGERS, horizon=5).quantiles, expected)

    hub.commit("models", MODEL, {**files, "config.json": b"{}"})
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load(MODEL)
    np.testing.assert_array_equal(forecast(load(MODEL, sha), PASSENGERS, horizon=5).quantiles, expected)

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.log.clear()
    np.testing.assert_array_equal(forecast(load(MODEL, sha), PASSENGERS, horizon=5).quantiles, expected)
    assert hub.log == []


def test_a_published_classifier_answers_the_same_and_is_known_again(hub, run, classifier):
    status, said = run("--model", "me/language", "--weights", "weights/language", "--yes")
    assert status == 0, said
    files = hub.files("models", "me/language")
    assert re.findall(r"!\[[^]]+\]\(([^)]+)\)", files["README.md"].decode()) == ["learning-curve.png"]
    assert {"learning-curve.png", "docs/text-sources.md"} <= set(files)
    assert {"held-out.png", "docs/data-sources.md"} & set(files) == set()

    expected = classify(classifier, "Guten Morgen").probabilities
    np.testing.assert_array_equal(classify(load("me/language"), "Guten Morgen").probabilities, expected)
    status, said = run("--model", "me/language", "--weights", "weights/language", "--yes")
    assert "nothing had changed" in said


def test_only_safetensors_and_json_are_read_of_a_model(hub, monkeypatch):
    folder = ROOT / "weights" / "forecast"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    evil = {"pytorch_model.bin": b"\x80\x04evil", "custom.py": b"raise SystemExit", "model.pkl": b"\x80\x04evil"}
    hub.commit("models", MODEL, files | evil)
    load(MODEL)

    assert not [entry for entry in hub.log if re.search(r"\.bin|\.py|\.pkl", entry)]


def test_the_card_tells_the_hub_the_scores_and_people_the_rest(hub, run):
    assert run("--model", MODEL, "--yes")[0] == 0
    files = hub.files("models", MODEL)
    card = ModelCard(files["README.md"].decode())
    card.validate(repo_type="model")
    scores = json.loads(files["scores.json"])
    values = {(result.dataset_type, result.metric_type): result.metric_value for result in card.data.eval_results}

    for name, row in scores["sets"].items():
        assert values[name, "mase"] == pytest.approx(row["methods"]["model"]["mase"], abs=1e-4)
    assert card.data.license == "apache-2.0"
    for words in (f'load("{MODEL}")', "## Training", "## Results", "Limits", "Not meant for", "## Licence"):
        assert words in card.text
    for picture in re.findall(r"!\[[^]]+\]\(([^)]+)\)", card.text):
        assert files[picture].startswith(b"\x89PNG")
    assert len(re.findall(r"!\[", card.text)) == 2


def test_round_trip(hub, run, clone, model, tmp_path):
    """Published, built from what the Hub holds in an empty folder, asked through its API; then again by its model."""
    assert run("--model", MODEL, "--yes")[0] == 0
    processes = []
    addresses = []

    def build(files):
        folder = snapshot_download(SPACE, repo_type="space", local_dir=tmp_path / "space", token=WRITE)
        for weights in ("weights/forecast", MODEL):
            process = subprocess.Popen(
                [sys.executable, "app.py", "--host", "127.0.0.1"],
                cwd=folder,
                env={**environment(hub.endpoint, tmp_path / "home"), "RNN_WEIGHTS": weights},
                stdout=subprocess.PIPE,
                text=True,
            )
            processes.append(process)
        for process in processes:
            line = next(filter(None, (re.search(r"http://[\d.:]+", line) for line in process.stdout)), None)
            if line is None:
                raise RuntimeError("the app did not start")
            addresses.append(line[0])
        return addresses[0]

    hub.build = build
    try:
        status, said = run(SPACE, "--model", MODEL, "--yes")
        assert status == 0, said
        assert SpaceCard.load(tmp_path / "space" / "README.md").data.models == [MODEL]
        expected = forecast(model, PASSENGERS, horizon=12)
        for address in addresses:
            answer = Client(address, verbose=False, token=False).predict(PASSENGERS, 12, api_name="/forecast")
            assert answer["median"] == pytest.approx(expected.median, rel=1e-6)
    finally:
        for process in processes:
            process.kill()
            process.wait(20)
