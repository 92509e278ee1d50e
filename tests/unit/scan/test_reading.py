import gzip
import os
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from sigwatch.scan.inputs import Input
from sigwatch.scan.reading import Unreadable, text


def noise(count: int, seed: int = 1) -> bytes:
    chance = random.Random(seed)
    return b"".join(b"%d line %x\n" % (number, chance.getrandbits(64)) for number in range(count))


def read(path: Path, block: int = 1 << 16) -> tuple[bytes, str]:
    got, why = b"", ""
    with Input(str(path), lambda: False) as data:
        try:
            for given in text(data, block):
                assert isinstance(given, bytes)
                got += given
        except Unreadable as error:
            why = str(error)
    return got, why


def named_gzip(data: bytes) -> bytes:
    """A member with every optional field of RFC 1952."""
    packed = zlib.compressobj(wbits=-15)
    body = packed.compress(data) + packed.flush()
    head = b"\x1f\x8b\x08\x1e\0\0\0\0\0\xff" + b"\x03\0abc" + b"name.log\0" + b"a comment\0" + b"\0\0"
    return head + body + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


def skipped(data: bytes) -> bytes:
    return b"\x52\x2a\x4d\x18" + len(data).to_bytes(4, "little") + data


zstd = zstandard.ZstdCompressor(write_checksum=True).compress
TEXT = noise(20_000)
HALF = len(TEXT) // 2


@pytest.mark.parametrize(
    "stored",
    [
        TEXT,
        gzip.compress(TEXT),
        gzip.compress(TEXT[:HALF]) + gzip.compress(TEXT[HALF:]),
        b"".join(gzip.compress(TEXT[at : at + 5_000]) for at in range(0, len(TEXT), 5_000)),
        named_gzip(TEXT) + named_gzip(b""),
        gzip.compress(TEXT) + b"\0" * 1_000,
        zstd(TEXT),
        zstd(TEXT[:HALF]) + zstd(TEXT[HALF:]),
        skipped(b"\x10\0\0\0") + zstd(TEXT[:HALF]) + skipped(b"x" * 300) + zstd(TEXT[HALF:]) + skipped(b""),
    ],
    ids=["plain", "gzip", "two", "many", "named", "padded", "zstd", "frames", "skippable"],
)
@pytest.mark.parametrize("block", [1, 1_000, 1 << 20])
def test_files_are_read_whole_by_their_first_bytes(stored: bytes, block: int, tmp_path: Path) -> None:
    if block == 1:
        stored = stored if len(stored) < 700_000 else stored[:50_000]
    path = tmp_path / "misleading.zip"
    path.write_bytes(stored)
    got, why = read(path, block)
    assert TEXT.startswith(got) if block == 1 and stored == TEXT[:50_000] else got == TEXT
    assert not why


@pytest.mark.parametrize("data", [b"", b"\x1f", b"x", b"one line\n"])
def test_tiny_files_are_read(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(data)
    assert read(tmp_path / "a") == (data, "")


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gzip", "zstd"])
@pytest.mark.parametrize("kept", [5, 9, 1_000, -9, -3, -1])
def test_what_is_cut_off_is_read_as_far_as_it_goes(pack: Callable[[bytes], bytes], kept: int, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    whole = pack(TEXT)
    path.write_bytes(whole[:kept])
    got, why = read(path)
    assert TEXT.startswith(got)
    assert why.startswith(f"{path}: cut off before byte {len(whole[:kept]):,} of what is stored")
    if kept == -3:  # within the check sum
        assert got == TEXT


def test_a_file_cut_in_half_gives_all_that_another_reader_gets(tmp_path: Path) -> None:
    half = gzip.compress(TEXT)
    half = half[: len(half) // 2]
    (tmp_path / "a").write_bytes(half)
    got, why = read(tmp_path / "a")
    assert len(got) >= len(zlib.decompressobj(31).decompress(half)) - 300
    assert "cut off" in why


def test_damage_costs_little_of_what_is_before_it(tmp_path: Path) -> None:
    stored = bytearray(gzip.compress(TEXT))
    at = len(stored) * 2 // 3
    stored[at : at + 400] = b"\xff" * 400
    (tmp_path / "a").write_bytes(stored)
    got, why = read(tmp_path / "a")
    before = zlib.decompressobj(31).decompress(bytes(stored[:at]))
    assert got[: len(before) * 93 // 100] == TEXT[: len(before) * 93 // 100]
    assert "damaged" in why


def test_a_wrong_check_sum_and_garbage_at_the_end_cost_nothing(tmp_path: Path) -> None:
    stored = gzip.compress(TEXT)
    (tmp_path / "sum").write_bytes(stored[:-8] + b"12345678")
    (tmp_path / "end").write_bytes(stored + b"garbage")
    (tmp_path / "frame").write_bytes(zstd(TEXT) + b"garbage")
    assert [read(tmp_path / name)[0] == TEXT for name in ("sum", "end", "frame")] == [True, True, True]
    assert "check sum differs" in read(tmp_path / "sum")[1]
    assert "followed by what is no gzip" in read(tmp_path / "end")[1]
    assert "followed by what is no zstd" in read(tmp_path / "frame")[1]


def test_what_else_is_compressed_is_named_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xfd7zXZ\0and so on")
    got, why = read(tmp_path / "a")
    assert (got, "xz -dc FILE | sigwatch scan -" in why) == (b"", True)


def test_a_file_that_becomes_shorter_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(TEXT)
    with Input(str(path), lambda: False) as data:
        given = text(data, 1_000)
        got = [next(given)]
        os.truncate(path, 5_000)
        got += [next(given) for _ in range(4)]
        with pytest.raises(Unreadable, match="became shorter"):
            next(given)
    assert b"".join(each for each in got if isinstance(each, bytes)) == TEXT[:5_000]


def test_a_failing_disk_costs_nothing_of_what_was_read(tmp_path: Path) -> None:
    # Reading what is mapped at address 0 of this very process fails as a disk would.
    with Input("/proc/self/mem", lambda: False) as data, pytest.raises(Unreadable, match="byte 0: can not be read"):
        list(text(data))


@pytest.mark.parametrize("pack", [zstd, gzip.compress])
def test_what_is_packed_a_thousandfold_comes_in_small_pieces(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "a"
    # By then it is fed much at once.
    path.write_bytes(pack(TEXT * 4 + noise(100_000) + bytes(128 << 20)))
    with Input(str(path), lambda: False) as data:
        sizes = [len(each) for each in text(data) if isinstance(each, bytes)]
    assert sum(sizes) > 128 << 20
    assert max(sizes) <= 33 << 20
