"""The app without a browser: what the tab answers, the endpoints a program calls, and how it starts."""

from __future__ import annotations

import csv
import io
import re
from base64 import b64decode
from dataclasses import replace
from html import unescape
from pathlib import Path

import gradio_client
import numpy as np
import pytest
from gradio_client.exceptions import AppError

import app
from interface.answer import COUNTED, Chosen, answer, examples, origin, replay
from interface.sections import SECTIONS, section
from rnn_model import backtest, calibrate, explain, forecast
from rnn_model.backtest import EVEN
from rnn_model.report import describe

PASSENGERS = "112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140"


def ask(model, text="", file=None, horizon=12, season=0, coverage=0.8, chosen=Chosen(), adjust=(), choice=None):  # noqa: B008
    return answer(model, text, file, horizon, season, coverage, chosen, adjust, choice)


def words(html):
    return unescape(re.sub(r"<[^>]*>", " ", html))


@pytest.fixture(scope="module")
def client(address):
    return gradio_client.Client(address, verbose=False)


# What the tab answers


def test_table_and_picture_show_the_forecast(model):
    shown = ask(model, PASSENGERS, horizon=6)
    expected = calibrate(forecast(model, PASSENGERS, horizon=6), backtest(model, PASSENGERS, horizon=6))

    assert list(shown.table.columns) == ["Step", "Low", "Median", "High"]
    np.testing.assert_allclose(shown.table["Median"].astype(float), expected.median, atol=0.06)
    np.testing.assert_allclose(shown.table["Low"].astype(float), expected.quantile(0.1), atol=0.06)
    assert shown.result.count("<svg") == 2
    assert shown.result.count('role="img"') == 2


def test_half_a_chance_narrows_the_table(model):
    wide, narrow = (ask(model, PASSENGERS, coverage=coverage).table for coverage in (0.8, 0.5))

    assert (narrow["Low"].astype(float) > wide["Low"].astype(float)).all()
    assert (narrow["High"].astype(float) < wide["High"].astype(float)).all()
    assert narrow["Median"].astype(float).to_numpy() == pytest.approx(wide["Median"].astype(float).to_numpy(), abs=0.1)


@pytest.mark.parametrize("text", ["", "   \n", "\ufeff"])
def test_an_empty_box_is_an_invitation(model, text):
    shown = ask(model, text)

    assert "Paste" in words(shown.result)
    assert "problem" not in shown.result
    assert shown.table is None


def test_every_problem_is_shown_escaped(model):
    shown = ask(model, "12 kg\n13 <b>lb</b>\n0x1f")

    assert 'role="alert"' in shown.result
    assert "<b>" not in shown.result
    assert "line 2" in words(shown.result)
    assert shown.table is None
    assert shown.download == ""


def test_another_reading_is_one_choice_away_and_forgotten_with_the_text(model):
    first = ask(model, "112,118,132,129")
    assert len(first.others) >= 1
    _, choice = first.others[0]

    other = ask(model, "112,118,132,129", chosen=first.chosen, choice=choice)
    assert other.chosen.choices == (choice,)
    assert "112" in words(other.strip)
    assert other.table["Median"].astype(float).iloc[0] > 1e6

    again = ask(model, "112,118,132,129", horizon=5, chosen=other.chosen)
    assert again.table["Median"].astype(float).iloc[0] > 1e6
    assert ask(model, "1,2,3,4", chosen=other.chosen).chosen.choices == ()


@pytest.mark.parametrize(("asked", "used"), [(0, 1), (-3, 1), (10**6, None), (None, 12)])
def test_a_horizon_outside_its_limits_is_moved_and_said(model, asked, used):
    used = used or model.config.forecast.max_horizon
    shown = ask(model, PASSENGERS, horizon=asked)

    assert len(shown.table) == used
    assert ("instead of" in words(shown.strip)) == (asked is not None)


def test_text_wins_over_a_file_and_a_file_is_read_when_the_box_is_empty(model, tmp_path):
    file = tmp_path / "sales <b>.csv"
    file.write_text("Day,Sales\n2024-01-01,5\n2024-01-02,7\n2024-01-03,6\n", encoding="utf-8")

    from_file = ask(model, "", str(file))
    assert "Sales" in words(from_file.strip)
    assert "From sales <b>.csv" in words(origin(from_file.chosen.source))
    assert "<b>" not in origin(from_file.chosen.source)
    assert "Sales" not in words(ask(model, PASSENGERS, str(file)).strip)


def test_the_download_holds_every_quantile_and_no_formula(model):
    shown = ask(model, f"=cmd|' /C calc'!A0\n{PASSENGERS.replace(' ', chr(10))}", horizon=3)
    content = re.search(r"base64,([^\"]*)", shown.download)
    assert content is not None
    rows = list(csv.DictReader(io.StringIO(b64decode(content.group(1)).decode("utf-8-sig"))))

    assert len(rows) == 3
    assert {"time", "median", "p10", "p90"} <= set(rows[0])
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_every_example_is_forecast_and_names_its_source(model, example):
    shown = ask(model, example.text, horizon=example.horizon)

    assert shown.table is not None
    assert len(shown.table) == example.horizon
    if not example.source.startswith("Invented"):
        assert re.search(r"\b(18|19)\d\d\b", example.source)
        assert re.search("public domain|not subject to copyright", example.source, re.IGNORECASE)
    assert words(origin(shown.chosen.source)).strip() == example.source


def test_the_random_walk_is_what_its_source_says():
    walk = next(example for example in examples() if example.name == "Random walk")
    drawn = 100 + np.random.default_rng(0).normal(size=120).cumsum()

    assert "100 + np.random.default_rng(0).normal(size=120).cumsum(), one decimal" in walk.source
    assert walk.text.split() == [f"{value:.1f}" for value in drawn]


def test_a_series_that_was_never_negative_stays_so_unless_told_otherwise(model):
    counts = "3 0 1 0 2 0 0 4 1 0 0 1 2 0 3 0 0 1 0 2 1 0 0 1 0 0 3 1 0 2"
    kept = answer(model, counts, None, 6, None, 0.8, Chosen())
    assert "kept at or above zero" in kept.adjusted
    assert (kept.table["Low"].astype(float) >= 0).all()
    assert "kept at or above zero" in words(kept.result), "stated on the picture"
    assert "below zero" not in words(kept.strip)
    free = answer(model, counts, None, 6, None, 0.8, Chosen(counts), [])
    assert (free.table["Low"].astype(float) < 0).any()
    assert "below zero" in words(free.strip)
    whole = answer(model, counts, None, 6, None, 0.8, Chosen(counts), ["whole numbers"])
    assert (whole.table["High"].astype(float) % 1 == 0).all()
    assert "kept at or above zero" not in answer(model, "-1 2 3 4 5 6", None, 6, None, 0.8, Chosen()).adjustable


def test_the_raw_band_is_one_click_away(model):
    text = examples()[0].text
    counted = answer(model, text, None, 24, None, 0.8, Chosen())
    raw = answer(model, text, None, 24, None, 0.8, Chosen(text), [])
    expected = forecast(model, text, horizon=24).quantile(0.1)
    np.testing.assert_allclose(raw.table["Low"].astype(float), expected, atol=0.6)
    assert np.abs(counted.table["Low"].astype(float) - expected).max() > 1  # more than rounding explains


def test_the_verdict_and_the_sections_are_those_of_the_engine(model):
    text = examples()[0].text
    shown = answer(model, text, None, 24, None, 0.8, Chosen())
    verdict = backtest(model, text, horizon=24).verdict
    assert verdict in words(shown.result)
    checked, mattered, inside = (section(name, model, shown.asked) for name in SECTIONS)
    assert verdict in words(checked)
    assert checked.count("<svg") == mattered.count("<svg") == inside.count("<svg") == 2
    assert all(f"Download as {kind}: back-test" in checked for kind in ("CSV", "PNG", "SVG"))
    assert "Dec 1960" in words(mattered)
    short = answer(model, "5 6 7", None, 6, None, 0.8, Chosen())
    assert "Too short to check" in words(short.result)
    assert "<svg" not in section("checked", model, short.asked)
    assert short.replayable is None


def test_a_better_rival_is_drawn_too(model, monkeypatch):
    import interface.answer as module

    checked = backtest(model, PASSENGERS, horizon=6)
    monkeypatch.setattr(module, "backtest", lambda *arguments: replace(checked, gain=-0.2))
    assert words(ask(model, PASSENGERS, horizon=6).result).count(checked.rival) == 2 + checked.verdict.count(
        checked.rival
    )
    for gain in (-EVEN / 2, 0.2):
        monkeypatch.setattr(module, "backtest", lambda *arguments, gain=gain: replace(checked, gain=gain))
        shown = words(ask(model, PASSENGERS, horizon=6).result)
        assert shown.count(checked.rival) == checked.verdict.count(checked.rival)


def test_any_moment_of_the_past_is_forecast_as_it_would_have_been(model):
    values = [float(value) for value in PASSENGERS.split()]
    shown = words(replay(model, PASSENGERS, None, 6, None, Chosen(), [], 18))
    assert describe(forecast(model, values[:18], horizon=6)) in shown
    altered = " ".join([*PASSENGERS.split()[:18], "999", "999", "1", "1", "1", "1"])
    assert describe(forecast(model, values[:18], horizon=6)) in words(
        replay(model, altered, None, 6, None, Chosen(), [], 18)
    )


def test_a_moment_of_the_past_is_treated_as_the_present_is(model):
    """What is ticked is done to its band too, by what was known then."""
    counts = "3 0 1 0 2 0 0 4 1 0 0 1 2 0 3 0 0 1 0 2 1 0 0 1 0 0 3 1 0 2"
    kept, free = (
        words(replay(model, counts, None, 6, None, Chosen(counts), ticked, 24))
        for ticked in (["kept at or above zero"], [])
    )
    assert "lying between 0" in kept
    assert "kept at or above zero" in kept, "stated on the picture"
    assert "lying between −" in free

    values = [float(value) for value in PASSENGERS.split()]
    then = values[: len(values) - 6]
    checked = calibrate(forecast(model, then, horizon=6), backtest(model, then, horizon=6))
    shown = replay(model, PASSENGERS, None, 6, None, Chosen(), [COUNTED], len(then))
    assert describe(checked) in words(shown)


def test_what_is_no_whole_number_of_steps_is_rounded_aloud(model):
    shown = answer(model, PASSENGERS, None, 5.6, 2.7, 0.8, Chosen())
    assert len(shown.table) == 6
    assert shown.asked.season == 3
    assert "6 instead of 5.6" in words(shown.strip)
    assert "3 instead of 2.7" in words(shown.strip)
    plain = answer(model, PASSENGERS, None, 6.0, 3.0, 0.8, Chosen())
    assert "instead of" not in words(plain.strip)


@pytest.mark.parametrize("season", [-4, 1000])
def test_a_season_out_of_range_is_refused_with_what_the_box_takes(model, season):
    shown = words(ask(model, PASSENGERS, horizon=6, season=season).result)
    assert "a whole number from 0 to 384" in shown
    assert "Give 0 to have it found" in shown


def test_one_of_several_series_is_chosen_by_name(model):
    table = "Day,North,South\n" + "\n".join(f"2024-01-{day:02},{day},{100 + day % 3}" for day in range(1, 25))
    shown = answer(model, table, None, 6, None, 0.8, Chosen())
    names = [name for name, _ in shown.series]
    assert len(names) == 2
    assert not any(choice.startswith("column=") for _, choice in shown.others)
    other = answer(model, table, None, 6, None, 0.8, shown.chosen, None, shown.series[1][1])
    assert abs(other.table["Median"].astype(float).iloc[0] - shown.table["Median"].astype(float).iloc[0]) > 50


# What a program calls


def test_endpoints(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]

    assert set(endpoints) == {
        f"/{name}{kind}" for name in ("forecast", "backtest", "explain", "classify") for kind in ("", "_file")
    }
    first, *others = endpoints["/forecast"]["parameters"]
    assert first["parameter_name"] == "text"
    assert not first["parameter_has_default"]
    assert all(other["parameter_has_default"] for other in others)


def test_forecast_endpoint(client, model):
    given = client.predict(PASSENGERS, api_name="/forecast")
    expected = forecast(model, PASSENGERS)

    np.testing.assert_allclose(given["median"], expected.median)
    np.testing.assert_allclose(given["quantiles"], expected.quantiles)
    assert given["levels"] == pytest.approx(expected.levels)
    assert given["times"] is None
    assert given["sentence"].startswith("The next 12 values")
    assert given["notes"]


def test_backtest_endpoint(client, model):
    given = client.predict(PASSENGERS, 6, api_name="/backtest")
    expected = backtest(model, PASSENGERS, horizon=6)

    assert given["verdict"] == expected.verdict
    assert given["mase"] == pytest.approx(expected.mase)
    assert given["coverage"] == pytest.approx(expected.coverage)
    np.testing.assert_allclose(given["quantiles"], expected.quantiles)
    assert client.predict("1 2 3", api_name="/backtest")["mase"] is None


def test_explain_endpoint(client, model):
    given = client.predict(PASSENGERS, 6, api_name="/explain")
    expected = explain(model, PASSENGERS, horizon=6)

    np.testing.assert_allclose(given["gradient"], expected.gradient)
    np.testing.assert_allclose(given["hidden"], expected.hidden, atol=1e-4)
    assert set(given["follows"]) == {"season", "trend", "level"}
    assert "Most was moved by" in given["sentence"]


def test_what_is_done_to_the_quantiles_is_asked_for_and_stated(client, model):
    counts = "3 0 1 0 2 0 0 4 1 0 0 1 2 0 3 0 0 1 0 2 1 0 0 1 0 0 3 1 0 2"
    raw = client.predict(counts, api_name="/forecast")
    assert np.min(raw["quantiles"]) < 0
    assert any("below zero" in note for note in raw["notes"])
    kept = client.predict(counts, calibrated=True, positive=True, whole=True, api_name="/forecast")
    assert np.min(kept["quantiles"]) == 0
    assert (np.array(kept["quantiles"]) % 1 == 0).all()
    assert kept["stated"][-2:] == ["kept at or above zero", "whole numbers"]
    expected = calibrate(forecast(model, counts), backtest(model, counts))
    assert kept["stated"][:-2] == list(expected.stated)


@pytest.mark.parametrize("name", ["backtest", "explain"])
def test_files_are_checked_and_explained_too(client, tmp_path, name):
    file = tmp_path / "sales.csv"
    file.write_text("Sales\n" + PASSENGERS.replace(" ", "\n"), encoding="utf-8")
    given = client.predict(gradio_client.handle_file(str(file)), 6, 0, api_name=f"/{name}_file")
    expected = client.predict(PASSENGERS, 6, api_name=f"/{name}")
    key = {"backtest": "mase", "explain": "gradient"}[name]
    assert given[key] == pytest.approx(expected[key])
    assert given["name"] == "Sales"


def test_forecast_endpoint_takes_every_parameter(client):
    given = client.predict("2024-01,5\n2024-02,7\n2024-03,6", horizon=2, season=1, api_name="/forecast")

    assert given["times"] == ["2024-04-01T00:00:00", "2024-05-01T00:00:00"]
    assert given["season"] == 1
    other = client.predict("112,118,132,129", api_name="/forecast")["alternatives"][0]
    assert client.predict("112,118,132,129", choices=[other["choice"]], api_name="/forecast")["median"][0] > 1e6


def test_file_endpoint(client, tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text("Month;Sales\n2024-01;5,5\n2024-02;7,5\n2024-03;6,5\n", encoding="utf-8")
    given = client.predict(gradio_client.handle_file(str(file)), 2, 0, api_name="/forecast_file")

    assert given["name"] == "Sales"
    assert given["times"] == ["2024-04-01T00:00:00", "2024-05-01T00:00:00"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"text": "12 kg, 13 lb"}, "expected one unit"),
        ({"text": ""}, "at least one number"),
        ({"text": PASSENGERS, "horizon": 0}, "whole number from 1"),
        ({"text": PASSENGERS, "season": -1}, "whole number from 1"),
    ],
)
def test_an_endpoint_says_what_is_wrong(client, arguments, said):
    with pytest.raises(AppError) as caught:
        client.predict(**arguments, api_name="/forecast")
    assert said in str(caught.value)
    assert "Traceback" not in str(caught.value)


# How it starts


def test_missing_weights_are_named_with_the_way_to_get_them(tmp_path, capsys):
    assert app.main(["--weights", str(tmp_path / "nothing")]) == 1

    said = capsys.readouterr().err
    assert "nothing" in said
    assert "python -m training.fit forecast" in said
    assert "Traceback" not in said


def test_weights_can_come_from_the_environment(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("RNN_WEIGHTS", str(tmp_path / "elsewhere"))

    assert app.main([]) == 1
    assert "elsewhere" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_in_one_line(address, capsys):
    port = address.rstrip("/").rpartition(":")[2]

    assert app.main(["--host", "127.0.0.1", "--port", port]) == 1
    said = capsys.readouterr().err
    assert f"found 127.0.0.1, port {port}, taken" in said
    assert "--port" in said
    assert "Traceback" not in said


def test_help_needs_no_weights(capsys):
    with pytest.raises(SystemExit) as stopped:
        app.main(["--help"])
    assert stopped.value.code == 0
    assert "--port" in capsys.readouterr().out


def test_the_theme_asks_nothing_of_other_hosts():
    theme = app.theme()

    assert theme._stylesheets == []
    assert "http" not in app.head()
    assert not re.search(r"url\(['\"]?https?:", theme._get_theme_css())
    assert Path(app.__file__).read_text(encoding="utf-8").count("http") == 0


def test_mcp_without_its_extra_is_explained(capsys, monkeypatch):
    monkeypatch.setattr(app, "find_spec", lambda name: None)
    assert app.main(["--mcp"]) == 1

    said = capsys.readouterr().err
    assert 'python -m pip install "mcp<2"' in said
    assert "Traceback" not in said
