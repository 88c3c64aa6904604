"""Markdown and terminal tables say the same as the scorecard."""

import re
from io import StringIO

from rich.console import Console

from diascope.reporting.tables import COLUMNS, markdown, terminal
from diascope.reporting.words import number


def test_markdown_has_a_row_for_every_task(cards):
    text = markdown(cards)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 * (2 + 10)
    assert all(line.replace("\\|", "").count("|") == len(COLUMNS) + 1 for line in rows)
    for row in cards[0].table():
        assert any(number(row.metric.score.value) in line for line in rows)
    assert "not shown to beat its baseline" in text or "worse than its baseline" in text
    assert "collapse alarm" in text
    assert "## tuned &lt;i>&" in text
    assert "4be1a77" in text


def test_markdown_says_in_words_what_is_not_beaten(cards):
    unbeaten = [row for row in cards[0].table() if row.verdict != "better"]
    assert f"baseline in {len(unbeaten)} of 10 tasks" in markdown(cards[:1])


def test_the_terminal_table_fits_eighty_columns_and_marks_failures(cards):
    buffer = StringIO()
    Console(file=buffer, width=80, force_terminal=True, color_system="standard").print(
        terminal(cards[0])
    )
    text = buffer.getvalue()
    assert "…" not in text
    assert "\x1b[31m" in text
    assert "not shown" in text or "worse" in text
    assert "collapsed" in text
    for row in cards[0].table():
        assert number(row.metric.score.value) in text
        assert re.search(rf"\b{row.counts.n}\b", re.sub(r"\x1b\[[0-9;]*m", " ", text))


def test_a_set_that_beats_everything_has_no_red(cards):
    buffer = StringIO()
    Console(file=buffer, width=100, force_terminal=True, color_system="standard").print(
        terminal(cards[1])
    )
    verdicts = {row.verdict for row in cards[1].table()}
    assert ("\x1b[31m" in buffer.getvalue()) == (verdicts != {"better"})
