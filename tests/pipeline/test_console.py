from __future__ import annotations

from smartprod.pipeline import RunConsole
from smartprod.pipeline import console as console_module
from smartprod.pipeline.console import ProgressMeter, describe_progress


def test_console_log_gets_plain_lines_with_rate_time_left_and_bad_rows(capsys, monkeypatch):
    monkeypatch.setattr(console_module, "PLAIN_INTERVAL_SECONDS", 0.0)
    with RunConsole().progress(1200, "images") as meter:
        meter.advance(600, bad=3)
    line = capsys.readouterr().out
    assert line.startswith("  images: 600 of 1,200 rows, ")
    for words in ("rows/s", "s left", "3 bad"):
        assert words in line
    assert "\x1b" not in line


def test_console_quiet_shows_results_only(capsys):
    console = RunConsole(quiet=True)
    console.heading("clean", "Clean.")
    console.line("a")
    console.note("b")
    with console.progress(2, "images") as meter:
        meter.advance(2)
    console.result("done")
    assert capsys.readouterr().out == "done\n"


def test_console_text_with_brackets_and_colons_is_left_alone(capsys):
    RunConsole().line("[red] :smile: " + "long " * 60)
    assert capsys.readouterr().out == "  [red] :smile: " + "long " * 60 + "\n"


def test_console_progress_of_unknown_length_is_described():
    meter = ProgressMeter(None)
    meter.advance(5)
    assert describe_progress(meter, "rows read", "rows").startswith("rows read: 5 rows, ")
