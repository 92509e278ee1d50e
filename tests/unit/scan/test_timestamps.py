from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigwatch.scan.timestamps import KNOWN, Dating, custom, in_json, of_number

NEAR_MS = 1_771_000_000_000
"""2026-02-13."""
AT = "2026-02-04T06:02:11"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def read(line: str, near_ms: int | None = NEAR_MS, time_format: str = "") -> int | None:
    forms = (custom(time_format),) if time_format else KNOWN
    data = line.encode()
    return Dating((*forms, in_json(KNOWN)), near_ms).at(data, 0, len(data))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-02-04T06:02:11Z INFO", f"{AT}Z"),
        ("2026-02-04T06:02:11.123Z x", f"{AT}.123Z"),
        ("2026-02-04T06:02:11.123456789Z x", f"{AT}.123Z"),
        ("2026-02-04T06:02:11+00:00 x", f"{AT}Z"),
        ("2026-02-04T06:02:11.5+0530 x", f"{AT}.500+05:30"),
        ("2026-02-04T06:02:11-04:00 error", f"{AT}-04:00"),
        ("2026-02-04 06:02:11 x", f"{AT}Z"),
        ("2026-02-04 06:02:11,123 ERROR x", f"{AT}.123Z"),
        ("2026-02-04 06:02:11.123 UTC [123] LOG: x", f"{AT}.123Z"),
        ("2026-02-04 06:02:11.123 +0100 UTC m=+0.1", f"{AT}.123+01:00"),
        ("2016-12-31T23:59:60Z leap", "2016-12-31T23:59:59Z"),
        ("[2026-02-04 06:02:11,123] ERROR x", f"{AT}.123Z"),
        ("[2026-02-04 06:02:11.784][1][warning] x", f"{AT}.784Z"),
        ("2026/02/04 06:02:11 [error] 12#0: x", f"{AT}Z"),
        ("2026/02/04 06:02:11.123456 main.go:1: x", f"{AT}.123Z"),
        ("[7] 2026/02/04 06:02:11.123456 [INF] x", f"{AT}.123Z"),
        ("2026-02-04\t06:02:11\tFRA2", f"{AT}Z"),
        ("ERROR 2026-02-04 06:02:11,123 x", f"{AT}.123Z"),
        ("[ERROR]\t2026-02-04T06:02:11.123Z\t8f50 x", f"{AT}.123Z"),
        ("[ERROR] 2026-02-04T06:02:11.123Z 8f50 x", f"{AT}.123Z"),
        ("warn | 2026-02-04 06:02:11 x", f"{AT}Z"),
        ("time=2026-02-04T06:02:11.123Z level=INFO msg=x", f"{AT}.123Z"),
        ('time="2026-02-04T06:02:11Z" level=error', f"{AT}Z"),
        ("level=info ts=2026-02-04T06:02:11.123Z caller=x", f"{AT}.123Z"),
        ("\x1b[32m2026-02-04 06:02:11.123\x1b[0m | INFO", f"{AT}.123Z"),
        ("<34>1 2026-02-04T06:02:11.003Z host app - x", f"{AT}.003Z"),
        ("https 2026-02-04T06:02:11.186641Z app/lb 1.2.3.4:1", f"{AT}.186Z"),
        ("Feb  4 06:02:11 host app[1]: x", f"{AT}Z"),
        ("<13>Feb 04 06:02:11 host app: x", f"{AT}Z"),
        ("Dec 31 06:02:11 host x", "2025-12-31T06:02:11Z"),
        ("Feb 29 06:02:11 host x", "2024-02-29T06:02:11Z"),
        ("Feb 04, 2026 6:02:11 PM com.example.Main run", "2026-02-04T18:02:11Z"),
        ("Feb 04, 2026 12:02:11 AM com.example.Main run", "2026-02-04T00:02:11Z"),
        ("[Wed Feb 04 06:02:11.123456 2026] [core:error] x", f"{AT}.123Z"),
        ("1:M 04 Feb 2026 06:02:11.123 * Ready", f"{AT}.123Z"),
        ("04-Feb-2026 06:02:11.123 SEVERE [main] x", f"{AT}.123Z"),
        ("Wed, 04 Feb 2026 06:02:11 GMT x", f"{AT}Z"),
        ("26/02/04 06:02:11 INFO Executor: x", f"{AT}Z"),
        ('10.0.0.1 - - [04/Feb/2026:06:02:11 +0000] "GET / HTTP/1.1" 200 1', f"{AT}Z"),
        ("[04/Feb/2026:06:02:11 -0500] x", f"{AT}-05:00"),
        ("I0204 06:02:11.123456   1 a.go:1] x", f"{AT}.123Z"),
        ("E20240204 06:02:11.123456   1 a.cc:1] x", "2024-02-04T06:02:11.123Z"),
        ("1770184931 x", f"{AT}Z"),
        ("1770184931.123 x", f"{AT}.123Z"),
        ("[1770184931] x", f"{AT}Z"),
        ("1770184931123 x", f"{AT}.123Z"),
        ("1770184931123456\tx", f"{AT}.123Z"),
        ("1770184931123456789 x", f"{AT}.123Z"),
        ('{"timestamp":"2026-02-04T06:02:11.123Z","m":1}', f"{AT}.123Z"),
        ('{"@timestamp": "2026-02-04 06:02:11,123"}', f"{AT}.123Z"),
        ('{"time":1770184931}', f"{AT}Z"),
        ('{"ts":1770184931.123}', f"{AT}.123Z"),
        ('{"ts":"1770184931123"}', f"{AT}.123Z"),
        ('{"eventTime":1770184931123456789}', f"{AT}.123Z"),
        ('{"t":{"$date":"2026-02-04T06:02:11.123+00:00"},"s":"I"}', f"{AT}.123Z"),
        ('{"date":"2026-02-04","t":1770184931123}', f"{AT}.123Z"),
        ('{"level":"error","time":"2026-02-04T06:02:11Z"}\nTraceback', f"{AT}Z"),
        ('{\n  "datetime": "2026-02-04T06:02:11Z"\n}', f"{AT}Z"),
    ],
)
def test_a_time_is_found_at_the_beginning_of_a_line(line: str, expected: str) -> None:
    assert read(line) == ms(expected)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nothing here",
        "at 2026-02-04T06:02:11Z later in the line",
        "2026-13-04T06:02:11Z no such month",
        "2026-02-30T06:02:11Z no such day",
        "2026-02-04T29:02:11Z no such hour",
        "0000-02-04T06:02:11Z no such year",
        "START RequestId: 8f50 Version: $LATEST",
        "12345 x",
        "1770184931abc",
        "17701849311 x",
        "06:02:11.123 [main] INFO of an unknown day",
        '{"time":true}',
        '{"time":NaN,"ts":1e999}',
        '{"time":' + "9" * 5000 + "}",
        '{"timestamp":null,"t":[]}',
        '{"time":"2026-02-04T06:02:11Z"',
        "[" * 100_000,
    ],
)
def test_what_is_no_time_is_none(line: str) -> None:
    assert read(line) is None


def test_without_a_year_nothing_is_known_of_a_file_of_no_date() -> None:
    assert read("Feb  4 06:02:11 host x", near_ms=None) is None
    assert read("I0204 06:02:11.123456 x", near_ms=None) is None


def test_the_year_of_a_time_is_the_last_one_up_to_a_day_ahead() -> None:
    assert read("Jan  1 02:00:00 x", near_ms=ms("2025-12-31T23:00:00Z")) == ms("2026-01-01T02:00:00Z")
    assert read("Jan  2 02:00:00 x", near_ms=ms("2025-12-31T23:00:00Z")) == ms("2025-01-02T02:00:00Z")


@pytest.mark.parametrize(
    ("time_format", "line", "expected"),
    [
        ("%d.%m.%Y %H:%M:%S", "04.02.2026 06:02:11 x", f"{AT}Z"),
        ("%d.%m.%Y %H:%M:%S,%f", "04.02.2026 06:02:11,123 x", f"{AT}.123Z"),
        ("[%Y%m%dT%H%M%S.%f%z]", "[20260204T060211.123456789+0100] x", f"{AT}.123+01:00"),
        ("%m/%d/%Y, %I:%M:%S %p", "2/4/2026, 6:02:11 PM x", "2026-02-04T18:02:11Z"),
        ("%b %d %H:%M:%S", "Feb 29 06:02:11 x", "2024-02-29T06:02:11Z"),
        ("%y%j %H:%M", "26035 06:02 x", "2026-02-04T06:02:00Z"),
        ("100%% %Y-%m-%d", "100% 2026-02-04 x", "2026-02-04T00:00:00Z"),
    ],
)
def test_a_format_of_the_users_is_read(time_format: str, line: str, expected: str) -> None:
    assert read(line, time_format=time_format) == ms(expected)


def test_what_only_looks_like_the_format_is_none() -> None:
    assert read("32.13.2026 x", time_format="%d.%m.%Y") is None
    assert read("x 04.02.2026", time_format="%d.%m.%Y") is None


@pytest.mark.parametrize(
    ("time_format", "said"),
    [
        ("%Y %Q", "%Q is not supported"),
        ("%c", "%c is not supported"),
        ("x %%", "without any directive"),
        ("%H %H", "%H is in the time format twice"),
        ("%", "% is not"),
    ],
)
def test_a_format_that_can_not_be_read_is_refused_in_a_sentence(time_format: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        custom(time_format)


@given(st.integers(min_value=800_000_000_000, max_value=4_000_000_000_000))
def test_numbers_of_any_unit_mean_the_same(moment: int) -> None:
    assert (
        of_number(moment) == of_number(moment / 1000) == of_number(moment * 1000) == of_number(moment * 10**6) == moment
    )


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 - hypothesis wants it so
    st.integers(min_value=-12, max_value=14),
)
def test_what_the_standard_library_writes_is_read(moment: datetime, hours: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    expected = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert read(aware.isoformat() + " x") == expected
