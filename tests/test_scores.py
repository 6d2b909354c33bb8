"""Tables of scores on the page: every column named for a screen reader, cells escaped, intervals beside their score"""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from interface.scores import Measured, score_table

HOSTILE = "<script>alert(1)</script>"


def test_every_column_and_row_is_named_and_what_a_visitor_wrote_stays_text() -> None:
    drawn = score_table(HOSTILE, ("Method", HOSTILE), [(HOSTILE, Measured(0.5, (0.25, 0.75))), ("b", HOSTILE)])
    page = ElementTree.fromstring(f"<div>{drawn}</div>")
    assert [head.text for head in page.iterfind(".//thead//th")] == ["Method", HOSTILE]
    assert [(head.get("scope"), head.text) for head in page.iterfind(".//tbody//th")] == [
        ("row", HOSTILE),
        ("row", "b"),
    ]
    assert ["".join(cell.itertext()) for cell in page.iterfind(".//td")] == ["0.500 (0.250 to 0.750)", HOSTILE]
    assert page.find(".//*[@role='region']").get("aria-label") == HOSTILE


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_score_that_is_missing_is_a_dash(value: float | None) -> None:
    assert "<td>–</td>" in score_table("Scores", ("Method", "MASE"), [("a", Measured(value, (0.1, 0.2)))])


def test_a_table_of_names_and_what_they_stand_for_has_no_head() -> None:
    assert "<thead>" not in score_table("Scores", (), [("a", "b")])
