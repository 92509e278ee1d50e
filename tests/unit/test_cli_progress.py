"""What is said of a long search where there is no terminal, and how long it may take."""

import pytest

from sigwatch.cli.progress import EVERY_SECONDS, Pace, gauge, percent


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_pipe_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with gauge("searching", clock) as show:
        for second in range(25):
            clock.now = 1_000.0 + second
            show(second / 100, f"{second} hits")
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "searching: 10%, 10 hits, about 1 min left",
        "searching: 20%, 20 hits, about 1 min left",
    ]
    assert EVERY_SECONDS == 10.0


def test_what_earlier_sessions_did_says_nothing_of_how_fast_this_one_is() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.reached(0.5)
    assert pace.left() is None
    clock.now += 10
    pace.reached(0.6)
    assert pace.left() == pytest.approx(40)
    clock.now += 15
    assert pace.words() == "about 25 s left"
    clock.now += 100
    assert pace.left() == 0
    pace.reached(1.0)
    assert pace.words() == ""


def test_all_is_done_only_where_all_is() -> None:
    assert (percent(0.9996), percent(1.0), percent(0.0)) == ("99%", "100%", "0%")
