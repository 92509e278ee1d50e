"""Large databases of patterns: kept by their content, compiled beside the work, never trusted when damaged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sigwatch.match.databases import MOST_KEPT, SUFFIX, Databases
from sigwatch.match.engine import Engine
from sigwatch.match.prefilter import QUICK, HyperscanPrefilter, Re2Prefilter, compiled, quick
from tests.bench.corpus import signatures
from tests.fakes.made import signature

MANY = signatures(QUICK + 1)
PATTERNS = sorted({each.pattern for each in MANY})
TEXT = "ERROR AuditQueueClientError: rate exceeded for tenant deadbeef"


class Later(list[Callable[[], None]]):
    """Keeps what is to be done beside the work until the test does it."""

    def __call__(self, job: Callable[[], None]) -> None:
        self.append(job)


@pytest.fixture
def later() -> Later:
    return Later()


def test_what_was_compiled_once_is_loaded_the_next_time(tmp_path: Path, later: Later) -> None:
    first = Databases(tmp_path / "kept", later).now(PATTERNS)
    [file] = (tmp_path / "kept").iterdir()
    before = file.stat().st_mtime_ns
    again = Databases(tmp_path / "kept", later)
    assert isinstance(again.soon(PATTERNS), HyperscanPrefilter)
    assert file.stat().st_mtime_ns > before
    assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0
    assert not later
    text = b" ".join(pattern.encode() for pattern in PATTERNS[:50])
    assert again.now(PATTERNS).scan().numbers(text) == first.scan().numbers(text)


@pytest.mark.parametrize(
    "damage", [lambda d: d[:-1], lambda d: d[:40] + b"\0" + d[41:], lambda d: b"", lambda d: b"x" * 99]
)
def test_a_damaged_file_is_made_anew(tmp_path: Path, later: Later, damage: Callable[[bytes], bytes]) -> None:
    Databases(tmp_path, later).now(["abc", "def"])
    [file] = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    made = Databases(tmp_path, later).now(["abc", "def"])
    assert list(made.scan().numbers(b"xx def")) == [1]
    assert file.read_bytes() == whole


def test_other_patterns_are_another_database(tmp_path: Path, later: Later) -> None:
    kept = Databases(tmp_path, later)
    assert list(kept.now(["abc"]).scan().numbers(b"abc")) == [0]
    assert not kept.now(["xyz"]).scan().numbers(b"abc")
    for number in range(MOST_KEPT + 3):
        kept.now([f"pattern {number}"])
    assert len(list(tmp_path.glob(f"*{SUFFIX}"))) == MOST_KEPT


@pytest.mark.parametrize("folder", [None, Path("/proc/nowhere")])
def test_where_nothing_can_be_kept_it_is_compiled_each_time(folder: Path | None, later: Later) -> None:
    assert list(Databases(folder, later).now(["abc"]).scan().numbers(b"abc")) == [0]


def test_many_patterns_are_searched_at_once_and_faster_as_soon_as_they_are_compiled(
    tmp_path: Path, later: Later
) -> None:
    engine = Engine(MANY, compile_all=Databases(tmp_path, later).soon)
    assert isinstance(quick(PATTERNS), Re2Prefilter)
    before = engine.match(TEXT)
    scanner = engine.scanner()
    many_lines = ("nothing\n" * 10 + TEXT).encode()
    assert len(scanner.ends(many_lines)) == 11
    [job] = later
    job()
    assert engine.match(TEXT) == before == Engine(MANY, compile_all=compiled).match(TEXT)
    assert len(scanner.ends(many_lines)) < 11


def test_few_patterns_need_no_waiting(tmp_path: Path, later: Later) -> None:
    assert isinstance(Databases(tmp_path, later).soon(["abc"]), HyperscanPrefilter)
    assert not later


@pytest.mark.parametrize("pattern", ["a(b{1,60}c{1,60}d{1,60}){4}" * 20, "x" + "[ab]{60}[bc]{60}" * 60])
def test_repetitions_that_multiply_are_compiled_all_the_same(pattern: str) -> None:
    text = "abbccddbcdbcdbcd" * 20 if pattern.startswith("a") else "x" + ("b" * 120) * 60
    engine = Engine([signature("A", pattern)], compile_all=HyperscanPrefilter.of)
    assert engine.match(f"__{text}__").found == ("A",)
    assert engine.match(text[:-16]).found == ()
