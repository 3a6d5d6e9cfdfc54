"""What takes long says so once, and nothing where that is not wanted."""

from __future__ import annotations

import io
import re
import threading
import time

import pytest

from commscore.core import progress


@pytest.fixture
def shown(monkeypatch, capsys):
    """Return what reads standard error, which is no terminal; lines come after a fiftieth of a second."""
    monkeypatch.setattr(progress, "_PATIENCE", 0.02)
    monkeypatch.delenv(progress.QUIET, raising=False)
    return lambda: capsys.readouterr().err


def work(total, *, units, seconds):
    with progress.progress_bar(total, "shuffles") as update:
        for _ in range(units):
            update(1)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(0.01)


def test_what_takes_long_says_how_far_it_is_once(shown):
    work(10, units=3, seconds=0.3)
    line = re.fullmatch(r"commscore: shuffles: 3 of 10, about (\d+) s to go\n", shown())
    assert line is not None
    assert int(line[1]) >= 1


def test_what_cannot_be_counted_is_named(shown):
    work(None, units=0, seconds=0.3)
    assert shown() == "commscore: shuffles …\n"


def test_what_is_soon_over_says_nothing(shown, monkeypatch):
    monkeypatch.setattr(progress, "_PATIENCE", 30.0)
    work(10, units=10, seconds=0.0)
    assert shown() == ""


def test_quiet_is_obeyed(shown, monkeypatch):
    with progress.without_progress():
        work(10, units=3, seconds=0.1)
    monkeypatch.setenv(progress.QUIET, "1")
    work(10, units=3, seconds=0.1)
    assert shown() == ""
    monkeypatch.setenv(progress.QUIET, "0")
    work(10, units=3, seconds=0.3)
    assert shown().count("\n") == 1


def test_a_closed_stream_is_no_error(shown, monkeypatch):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(progress.sys, "stderr", type("Closed", (), {"isatty": lambda: False, "write": stream.write}))
    raised = []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    work(10, units=3, seconds=0.1)
    assert raised == []
