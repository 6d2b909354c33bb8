"""python -m training.fit forecast --data: kept only when better, blind to the test tail, everything told."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_checkpoint import FOLDER as TINY
from tiny_checkpoint import tiny

from rnn_model import forecast, load
from rnn_model.checkpoint import Model, save
from rnn_model.config import CellConfig
from rnn_model.encode import feature_counts
from rnn_model.network import ForecastNetwork
from training.batches import ForecastBatches
from training.fit import main
from training.forecasting import Validation
from training.own_series import BEFORE, NETWORK, SCRATCH, Gain, OwnSeries, fit_own, regimes_of
from training.table.series import read_series_table

QUICK = ["--from", str(TINY), "--batch", "16", "--warmup", "2", "--validate-every", "10"]


def write_sales(path: Path, columns: int = 6, last: float = 1.0) -> Path:
    """Months with a peak that is one of a kind; the last 8 months are multiplied by `last`."""
    rng = np.random.default_rng(5)
    months = np.arange("2016-01", "2021-01", dtype="datetime64[M]")
    n = np.arange(len(months))
    shape = 1 + 0.5 * (n % 12 == 11) - 0.3 * (n % 12 == 1)
    values = (
        (100 + n)[:, None] * shape[:, None] * rng.uniform(0.95, 1.05, (len(n), columns)) * np.arange(1, columns + 1)
    )
    values[-8:] *= last
    lines = ["month," + ",".join(f"shop {c}" for c in range(columns))]
    lines += [f"{month}," + ",".join(f"{v:.2f}" for v in row) for month, row in zip(months, values, strict=True)]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_network_that_gets_better_on_both_tails_is_exported_with_its_whole_record(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_sales(workplace / "sales.csv")
    config, network = tiny()
    with torch.no_grad():
        network.head.bias[0] += 3.0  # every forecast lies too high, which a few steps can put right
    save(config, network, "lofty")
    command = ["forecast", "--data", str(data), *QUICK, "--from", "lofty", "--horizon", "8"]
    assert main([*command, "--steps", "60", "--learning-rate", "3e-2"]) == 0
    said = capsys.readouterr().out
    assert "keeping the new network" in said
    model = load("runs/sales-model")
    assert np.isfinite(forecast(model, [1.0, 2.0, 3.0, 5.0], horizon=2).quantiles).all()
    record = json.loads(Path("runs/sales-model/training.json").read_text())
    assert f"data sha256 {record['data']['sha256']}; seed 0" in said
    assert f"start: lofty; seed 0, steps 60, batch 16, learning-rate {record['config']['learning_rate']}" in said
    assert ", ".join(f"{name} {number}" for name, number in record["versions"].items()) in said
    network = record["ends"]["network"]
    assert "{:.3f} ({:.3f}-{:.3f})".format(network["mase"], *network["mase_interval"]) in said
    assert record["data"]["sha256"] == read_series_table(data).sha256
    assert (record["data"]["series"], record["data"]["horizon"], record["data"]["seasons"]) == (6, 8, [12])
    assert record["config"]["seed"] == 0
    assert set(record["versions"]) == {"python", "torch", "numpy"}
    for tail in ("valid", "test"):
        assert record[tail]["network"] < record[tail]["zero-shot"]
    assert set(record["tails"]["file_season_12"]) == {"seasonal naive", "zero-shot", "network"}
    assert set(record["ends"]) == {"seasonal naive", "zero-shot", "network"}
    for row in record["ends"].values():
        assert row["mase_interval"][0] <= row["mase"] <= row["mase_interval"][1]
        assert row["loss_interval"][0] <= row["loss"] <= row["loss_interval"][1]
    assert record["ends"]["seasonal naive"]["mase"] == pytest.approx(record["ends"]["seasonal naive"]["loss"])
    gain = record["better_by"]["zero-shot"]
    assert gain["saved"] == pytest.approx(record["ends"]["zero-shot"]["loss"] - record["ends"]["network"]["loss"])
    assert gain["interval"][0] <= gain["saved"] <= gain["interval"][1]
    naive = record["better_by"]["seasonal naive"]  # it has no band, so only middles are compared
    assert (naive["measure"], naive["other"]) == ("MASE", record["ends"]["seasonal naive"]["mase"])
    assert "Beside zero-shot the network is" in said
    assert record["diagnosis"][0]["name"] in said
    card = Path("runs/sales-model/README.md").read_text()
    assert "6 series of a file of one's own" in " ".join(card.split())
    row = "| network | {:.3f} ({:.3f} to {:.3f}) |".format(network["mase"], *network["mase_interval"])
    assert row in card
    assert f"| {round(100 * network['coverage'])}\N{NO-BREAK SPACE}% |" in card
    assert "| seasonal naive | " in card
    assert f"Beside zero-shot it is {gain['verdict']}: quantile loss {gain['saved']:.3f} lower" in card
    assert f"- **{record['diagnosis'][0]['name']}**: {record['diagnosis'][0]['verdict']}" in " ".join(card.split())


def test_a_network_that_is_not_better_leaves_the_packaged_one_in_use(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_sales(workplace / "one.csv", columns=1)
    command = ["--data", str(data), *QUICK, "--steps", "10", "--learning-rate", "0"]
    assert main(["forecast", *command]) == 0
    said = capsys.readouterr().out
    assert "keeping the packaged network" in said
    assert "not better than the baseline" in said
    assert not Path("runs/one-model").exists()
    assert main([*command, "--replace", "--out", "told"]) == 0
    gain = json.loads(Path("told/training.json").read_text())["better_by"]["zero-shot"]
    assert (gain["saved"], gain["interval"]) == (0.0, None)
    standing = load(TINY).network.state_dict()
    assert all(torch.equal(tensor, standing[name]) for name, tensor in load("told").network.state_dict().items())


def test_training_is_blind_to_the_test_tail_and_the_same_seed_gives_the_same_bytes(workplace: Path) -> None:
    files = [
        write_sales(workplace / "a.csv"),
        write_sales(workplace / "b.csv", last=3.0),
        write_sales(workplace / "c.csv"),
    ]
    for number, data in enumerate(files):
        command = ["--data", str(data), *QUICK, "--steps", "20", "--horizon", "8", "--replace", "--out", str(number)]
        assert main(command) == 0
    weights = [Path(str(number), "model.safetensors").read_bytes() for number in range(3)]
    assert weights[0] == weights[1] == weights[2]
    hashes = [json.loads(Path(str(n), "training.json").read_text())["data"]["sha256"] for n in range(3)]
    assert hashes[0] == hashes[2] != hashes[1]


def test_new_weights_have_the_cells_asked_for(workplace: Path) -> None:
    data = write_sales(workplace / "sales.csv", columns=2)
    command = ["--data", str(data), *QUICK, "--scratch", "--steps", "4", "--validate-every", "2", "--replace"]
    assert main([*command, "--cell", "lstm", "--hidden-size", "5", "--out", "mine"]) == 0
    decoder = load("mine").forecaster[0].decoder
    assert (decoder.cell, decoder.hidden_size) == ("lstm", 5)
    assert json.loads(Path("mine/training.json").read_text())["start"] == "scratch"


def test_a_new_network_and_the_one_that_stands_are_judged_by_one_ruler(workplace: Path) -> None:
    """The one that stands has wider bands and fewer classical forecasts than a new one gets."""
    table = read_series_table(write_sales(workplace / "sales.csv", columns=2))
    config, _ = tiny()
    few = replace(config.forecast, widening=1.4, widening_high_frequency=1.2, families=("level",), log_families=())
    before = Model(replace(config, forecast=few), ForecastNetwork(*feature_counts(few), few), "made here")
    recipe = replace(SCRATCH, steps=2, batch=8, validate_every=2)
    fitted = fit_own(table, before, workplace / "state", CellConfig(hidden_size=4), recipe, say=lambda _: None)
    for end, sets in (("valid", table.valid), ("test", table.test)):
        losses = {}
        for name, model in ((NETWORK, fitted.model), (BEFORE, before)):
            settings, network = model.forecaster
            (losses[name],) = Validation(sets, settings, synthetic=False).losses(network).values()
        scores = fitted.relative[end]
        assert scores[NETWORK] / scores[BEFORE] == pytest.approx(losses[NETWORK] / losses[BEFORE])


@pytest.mark.parametrize(
    ("test", "interval", "wins", "said"),
    [
        (0.90, (0.01, 0.2), True, "Better on both: keeping the new"),
        (0.90, None, True, "Better on both: keeping the new"),
        (0.90, (-0.003, 0.2), False, "Better on both, but by no more than chance may bring: keeping the packaged"),
        (0.99999, None, False, "Not better on both: keeping the packaged"),
        (1.10, (0.01, 0.2), False, "Not better on both: keeping the packaged"),
    ],
)
def test_it_is_kept_when_better_by_more_than_chance(
    test: float, interval: tuple[float, float] | None, wins: bool, said: str
) -> None:
    relative = {"valid": {NETWORK: 0.9, BEFORE: 1.0}, "test": {NETWORK: test, BEFORE: 1.0}}
    against = {BEFORE: Gain("quantile loss", 0.9, 1.0, 0.1, interval)}
    nothing: dict[str, Any] = dict.fromkeys(one.name for one in fields(OwnSeries))
    fitted = OwnSeries(**nothing | {"relative": relative, "against": against})
    assert fitted.wins == wins
    assert said in fitted.verdict


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--data", "none.csv"], "none.csv"),
        (["--data", "sales.csv", "--out", str(TINY)], "Give another --out"),
        (["--data", "sales.csv", "--horizon", "29"], "at least 87 of which two tails of 29 steps are held out"),
        (["--data", "sales.csv", "--season", "5000"], "found season 5000"),
        (["--data", "text.csv"], "no numbers in"),
        (["--data", "sales.csv", "--batch", "0"], "batch: expected a whole number"),
    ],
)
def test_mistakes_are_told_in_one_line(
    workplace: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    write_sales(workplace / "sales.csv")
    (workplace / "text.csv").write_text("to be\nor not to be\n")
    assert main(["forecast", "--from", str(TINY), *flags]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_series_that_change_only_at_their_end_are_not_judged_by_a_scale_of_nothing(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = workplace / "still.csv"
    data.write_text("value\n" + "5\n" * 40 + "6\n")
    assert main(["forecast", "--data", str(data), *QUICK, "--steps", "10", "--replace", "--out", "still"]) == 0
    said = capsys.readouterr().out
    assert "nan" not in said
    assert "Beside zero-shot the network is not to be judged" in said
    assert "not better than the baseline" not in said
    assert json.loads(Path("still/training.json").read_text())["ends"]["network"]["mase"] is None


def test_batches_are_like_the_table_in_season_length_and_horizon(workplace: Path) -> None:
    table = read_series_table(write_sales(workplace / "sales.csv"), horizon=8)
    (regime,) = regimes_of(table)
    assert (regime.seasons, regime.longest, regime.horizons, regime.share) == (((12, 1),), 44, (4, 8), 1.0)
    config = load(TINY).forecaster[0]
    stream = ForecastBatches((), config, 0, 8, 0.0, 20, regimes=(regime,))
    assert {stream[step].targets.shape[1] for step in range(20)} == {4, 5, 6, 7, 8}


def test_a_command_with_another_recipe_starts_anew(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--data", str(write_sales(workplace / "sales.csv", columns=1)), *QUICK, "--steps", "10"]
    for more, told in (([], False), (["--learning-rate", "1e-3"], False), (["--threads", "2"], True)):
        assert main([*command, *more]) == 0, capsys.readouterr().err
        assert ("carried on from step 10" in capsys.readouterr().out) == told


def test_a_series_with_a_long_pause_is_trained_on(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    days = np.arange("2024-01-01", "2024-04-24", dtype="datetime64[D]")
    values = 10 + np.random.default_rng(0).normal(size=len(days))
    lines = [f"{day},{'' if 30 <= n < 90 else f'{values[n]:.3f}'}" for n, day in enumerate(days)]
    Path("pause.csv").write_text("\n".join(["day,y", *lines]))
    command = ["--data", "pause.csv", *QUICK, "--season", "1", "--horizon", "12", "--steps", "10"]
    assert main(["forecast", *command, "--replace", "--out", "mine"]) == 0, capsys.readouterr().err
    assert load("mine").forecaster
