"""The picture shows what the record says, for odd records too, and is safe and themed as SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import numpy as np
import pytest
from quickest import quickest

from rnn_model.constraints import constrain
from rnn_model.plots import (
    ACCENT,
    CONTRAST,
    INK,
    backtest_figure,
    forecast_figure,
    hidden_figure,
    influence_figure,
    svg,
)
from rnn_model.records import Backtest, Forecast, Series, Trace
from rnn_model.report import describe

LEVELS = np.arange(1, 10) / 10
SVG = "{http://www.w3.org/2000/svg}"


def made(values, ahead=6, spread=1.0, start=None, step="M", season=1, **about) -> Forecast:
    """A forecast that repeats the last value seen, its quantiles 0.1 x `spread` apart at the first step."""
    values = np.asarray(values, dtype=float)
    times = None
    if start is not None:
        times = (np.datetime64(start, step) + np.arange(len(values) + ahead)).astype("datetime64[s]")
    last = values[~np.isnan(values)][-1]
    growth = np.sqrt(np.arange(1, ahead + 1))[:, None]
    history = Series(values, None if times is None else times[: len(values)], **about)
    quantiles = last + spread * growth * (LEVELS - 0.5)
    return Forecast(history, LEVELS, quantiles, None if times is None else times[len(values) :], season)


WAVE = 100 + 10 * np.sin(np.arange(48) * np.pi / 6)
GAPS = np.array([1.0, np.nan, 3.0, np.nan, np.nan, 6.0, 7.0, 8.0])
ODD = {
    "dated months": made(WAVE, start="2020-01", frequency="MS", season=12, name="Sales", unit="€"),
    "years": made(WAVE, start="1900", step="Y", frequency="YS"),
    "hours": made(WAVE, start="2024-03-30T22", step="h", frequency="h"),
    "order only": made(WAVE),
    "one value": made([3.0]),
    "one step": made(WAVE, ahead=1),
    "constant": made(np.full(20, 5.0), spread=0.0),
    "zeros": made(np.zeros(20), spread=0.0),
    "gaps": made(GAPS),
    "last missing": made([1.0, 2.0, np.nan]),
    "huge": made([1e300, 2e300, 1.5e300], spread=1e299),
    "tiny": made([1e-9, 3e-9, 2e-9], spread=1e-9),
    "below zero": made(-WAVE),
    "very long": made(np.random.default_rng(0).normal(size=100_000), ahead=240, season=365),
    "long name": made(WAVE, name="a name " * 40, unit="kg"),
    "no glyph": made(WAVE, name="売上高 🍎"),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("narrow", [False, True])
def test_every_record_gives_a_valid_picture(name, narrow):
    drawn = svg(forecast_figure(ODD[name], narrow=narrow), "what it says")

    root = ET.fromstring(drawn)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "what it says"
    assert not re.search(r"\b(nan|inf)\b", drawn)
    assert len(drawn) < 120_000


def line(figure, label):
    return next(line for line in figure.axes[0].lines if line.get_label() == label)


def test_lines_hold_the_history_and_the_median():
    forecast = ODD["order only"]
    figure = forecast_figure(forecast)

    np.testing.assert_array_equal(line(figure, "observed").get_ydata(), forecast.history.values)
    np.testing.assert_array_equal(line(figure, "observed").get_xdata(), np.arange(1, 49))
    np.testing.assert_array_equal(line(figure, "median").get_ydata()[1:], forecast.median)
    np.testing.assert_array_equal(line(figure, "median").get_xdata(), np.arange(48, 55))


@pytest.mark.parametrize("coverage", [0.8, 0.5])
@pytest.mark.parametrize("whole", [False, True])
def test_the_labels_at_the_end_are_the_numbers_of_the_sentence(coverage, whole):
    """Bands that widen have other digits at the end than on average."""
    medians, apart = np.array([0.121, 0.152, 7.3]), np.array([[0.01], [0.2], [1.3]])
    forecast = Forecast(Series(np.arange(1.0, 9.0)), LEVELS, medians[:, None] + apart * (np.arange(9) - 4))
    forecast = constrain(forecast, whole=whole)
    drawn = {text.get_text() for text in forecast_figure(forecast, coverage=coverage).axes[0].texts}
    said = re.search(r"near (\S+), with .* between (\S+) and (\S+)\.$", describe(forecast, coverage))
    assert set(said.groups()) <= drawn
    assert not whole or all(float(number.replace("−", "-")).is_integer() for number in said.groups())


def test_bands_hold_half_and_eight_in_ten():
    forecast = ODD["order only"]
    bands = {
        band.get_label(): band.get_paths()[0].vertices[:, 1] for band in forecast_figure(forecast).axes[0].collections
    }

    assert list(bands) == ["80\N{NO-BREAK SPACE}%", "50\N{NO-BREAK SPACE}%"]
    assert bands["80\N{NO-BREAK SPACE}%"].min() == pytest.approx(forecast.quantile(0.1).min())
    assert bands["80\N{NO-BREAK SPACE}%"].max() == pytest.approx(forecast.quantile(0.9).max())
    assert bands["50\N{NO-BREAK SPACE}%"].min() == pytest.approx(forecast.quantile(0.25).min())
    assert bands["50\N{NO-BREAK SPACE}%"].max() == pytest.approx(forecast.quantile(0.75).max())


def test_a_missing_value_is_a_gap_and_a_value_between_two_gaps_a_dot():
    axes = forecast_figure(ODD["gaps"]).axes[0]

    assert np.isnan(line(axes.figure, "observed").get_ydata()).sum() == 3
    dots = next(line for line in axes.lines if line.get_marker() == ".")
    np.testing.assert_array_equal(dots.get_ydata(), [1.0, 3.0])


def test_a_long_history_keeps_its_extremes():
    values = np.zeros(5000)
    values[[1234, 4321]] = 50, -50
    drawn = line(forecast_figure(made(values), shown=5000), "observed").get_ydata()

    assert len(drawn) <= 1000
    assert drawn.max() == 50
    assert drawn.min() == -50


def test_a_history_far_away_is_left_out():
    assert len(line(forecast_figure(made(np.arange(500.0), season=12)), "observed").get_ydata()) == 60


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "$\\frac$ & $x$"])
def test_text_from_a_visitor_stays_text(text):
    drawn = svg(forecast_figure(made(WAVE, name=text, unit="<b>")), text)

    root = ET.fromstring(drawn)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "g", "defs", "style", "path", "use", "text", "tspan", "clipPath", "rect"}
    assert root.get("aria-label") == text
    assert f"{text}, <b>" in ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def test_colours_follow_the_page():
    drawn = svg(forecast_figure(ODD["dated months"]), "")

    assert INK not in drawn
    assert drawn.count(ACCENT) == drawn.count(f"var(--forecast, {ACCENT})") > 3
    assert "currentColor" in drawn
    assert "<script" not in drawn
    assert not re.findall(r"https?://(?!www\.w3\.org)", drawn)


def test_ids_do_not_clash_between_two_pictures_of_a_page():
    wide, narrow = (svg(forecast_figure(ODD["dated months"], narrow=narrow), "") for narrow in (False, True))

    for drawn in (wide, narrow):
        assert all(f"#{name}" in drawn for name in re.findall(r'id="([^"]*)"', drawn)), "an id that nothing refers to"
    for name in set(re.findall(r'id="([^"]*)"', wide)) & set(re.findall(r'id="([^"]*)"', narrow)):
        elements = [re.search(rf'<path id="{name}" [^>]*/>', drawn) for drawn in (wide, narrow)]
        assert all(elements)
        assert elements[0].group() == elements[1].group()


def test_labels_say_name_unit_and_where_the_forecast_ends():
    texts = [text.get_text() for text in forecast_figure(ODD["dated months"]).axes[0].texts]
    heading = forecast_figure(ODD["dated months"]).texts[0].get_text()

    assert heading == "Sales, €"
    assert {"2021", "2022", "2023"} <= set(texts)
    last = ODD["dated months"].quantiles[-1]
    assert [f"{last[level]:.1f}" for level in (8, 4, 0)] == texts[-3:]


def test_end_labels_do_not_overlap():
    figure = forecast_figure(made(np.arange(100.0) * 50, spread=0.1))
    heights = [text.get_window_extent() for text in figure.axes[0].texts[-3:]]

    assert heights[0].y0 >= heights[1].y1
    assert heights[1].y0 >= heights[2].y1


def test_the_same_record_gives_the_same_bytes_from_several_threads():
    def draw(_):
        return svg(forecast_figure(ODD["dated months"]), "same")

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(draw, range(8)))) == 1


def test_drawing_leaves_global_settings_alone():
    before = dict(mpl.rcParams)
    svg(forecast_figure(ODD["order only"]), "")

    assert dict(mpl.rcParams) == before


def test_drawing_is_quick():
    """Both pictures of a request; measured 0.1 s, so that only a change of kind can reach the limit."""

    def draw():
        for narrow in (False, True):
            svg(forecast_figure(ODD["dated months"], narrow=narrow), "")

    assert quickest(draw) < 1.0


def checked(steps=6, windows=3, name="") -> Backtest:
    """A back-test whose medians lie 1 above and whose rival lies 2 below what came."""
    values = 100 + np.random.default_rng(0).normal(size=40 + steps * windows)
    origins = 40 + steps * np.arange(windows)
    actual = np.stack([values[origin : origin + steps] for origin in origins])
    quantiles = actual[..., None] + 1 + 4 * (LEVELS - 0.5)
    history = Series(values, name=name)
    return Backtest(history, LEVELS, origins, actual, quantiles, actual - 2, "the rival", 1, 1.0, 2.0, 0.5, "said")


def traced(values, layers=1, units=8, **about) -> Trace:
    rng = np.random.default_rng(1)
    forecast = made(values, **about)
    steps = np.arange(len(forecast.history))[-20:]
    count = layers * units
    hidden = np.tanh(rng.normal(size=(len(steps), layers, units)))
    gradient = np.linspace(-0.2, 0.8, len(forecast.history))
    return Trace(forecast, gradient, hidden, steps, np.arange(count)[::-1], rng.uniform(-1, 1, (3, count)))


def drawn_lines(figure, label):
    return [line.get_ydata() for line in figure.axes[0].lines if line.get_label() == label]


def test_predicted_stands_beside_actual_at_every_origin():
    record = checked()
    figure = backtest_figure(record)
    np.testing.assert_allclose(drawn_lines(figure, "median"), record.actual + 1)
    np.testing.assert_allclose(drawn_lines(figure, "rival"), record.naive)
    np.testing.assert_array_equal(drawn_lines(figure, "observed")[0][-18:], record.actual.ravel())
    bands = [band.get_paths()[0].vertices[:, 1] for band in figure.axes[0].collections]
    assert len(bands) == 3
    assert bands[0].max() == pytest.approx(record.quantiles[0, :, 8].max())
    assert bands[0].min() == pytest.approx(record.quantiles[0, :, 0].min())
    assert "the rival" in [text.get_text() for text in figure.texts]


def test_bars_under_the_series_point_the_way_the_gradient_does():
    record = traced(WAVE)
    figure = influence_figure(record)
    raises, lowers = (
        next(c for c in figure.axes[0].collections if c.get_label() == name).get_segments()
        for name in ("raises", "lowers")
    )
    assert all(end[1] > start[1] for start, end in raises)
    assert all(end[1] < start[1] for start, end in lowers)
    assert len(raises) == (record.gradient > 0.004).sum()
    assert len(lowers) == (record.gradient < -0.004).sum()
    ends = {float(end[0]): end[1] - end0[1] for end0, end in [*raises, *lowers]}
    assert ends[48.0] / ends[1.0] == pytest.approx(0.8 / -0.2)
    base = raises[0][0][1]
    assert max(end[1] for _, end in raises) < WAVE.min(), "the bars lie under the series"
    assert base < WAVE.min()


def test_states_are_drawn_in_their_order_with_their_sign():
    record = traced(WAVE, layers=2)
    image, beside = (axes.images[0].get_array() for axes in hidden_figure(record).axes)
    states = record.hidden.reshape(20, 16).T[record.order]
    assert image.shape == (16, 20, 4)
    blue = image[..., 2] > image[..., 0]
    np.testing.assert_array_equal(blue, states > 0)
    np.testing.assert_allclose(image[..., 3], np.abs(states) / np.abs(states).max(1, keepdims=True))
    np.testing.assert_allclose(beside[..., 3], np.abs(record.follows[:, record.order].T))


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("about", [{}, {"start": "2020-01", "frequency": "MS", "name": "<b>"}, {"unit": "kg"}])
def test_every_section_gives_a_valid_picture(narrow, about):
    figures = [influence_figure(traced(WAVE, **about), narrow=narrow), hidden_figure(traced(WAVE, **about))]
    figures += [backtest_figure(checked(steps, name=about.get("name", "")), narrow=narrow) for steps in (1, 24)]
    for figure in figures:
        drawn = svg(figure, "what it says")
        assert ET.fromstring(drawn).get("aria-label") == "what it says"
        assert not re.search(r"\b(nan|inf)\b", re.sub('base64,[^"]*', "", drawn))
        assert INK not in drawn


@pytest.mark.parametrize("values", [[3.0], [5.0, 5.0, 5.0], GAPS, [1e300, 2e300], [1.0, 2.0, *[np.nan] * 90]])
def test_odd_series_have_their_sections_too(values):
    for figure in (influence_figure(traced(values)), hidden_figure(traced(values))):
        ET.fromstring(svg(figure, ""))


def test_a_rival_what_came_and_what_was_done_are_drawn_when_given():
    forecast = ODD["order only"]
    plain = forecast_figure(forecast)
    assert not drawn_lines(plain, "rival")
    stated = Forecast(forecast.history, LEVELS, forecast.quantiles, stated=("kept at or above zero",))
    figure = forecast_figure(
        stated, rivals=[("the rival", forecast.median + 3), ("another", forecast.median - 3)], came=np.full(6, 90.0)
    )
    np.testing.assert_array_equal(drawn_lines(figure, "rival")[0], forecast.median + 3)
    np.testing.assert_array_equal(drawn_lines(figure, "came")[0], np.full(6, 90.0))
    texts = [text.get_text() for text in figure.texts]
    assert "the rival" in texts
    assert "what came" in texts
    assert "kept at or above zero" in texts


def test_wild_values_are_ringed():
    values = 112 + np.random.default_rng(0).normal(size=40)
    values[30] = 1120
    ring = next(line for line in forecast_figure(made(values)).axes[0].lines if line.get_label() == "wild")
    np.testing.assert_array_equal(ring.get_xdata(), [31])
    np.testing.assert_array_equal(ring.get_ydata(), [1120])
    assert ring.get_color() == CONTRAST
    assert not drawn_lines(forecast_figure(made(WAVE)), "wild")
