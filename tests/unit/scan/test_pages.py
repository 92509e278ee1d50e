from hypothesis import given
from hypothesis import strategies as st

from sigwatch.scan.pages import Pager, Piece


def cut(data: bytes) -> int:
    return data.rfind(b"\n") + 1


def pieces(pager: Pager, blocks: list[bytes]) -> list[Piece]:
    return [piece for block in blocks for piece in pager.feed(block)] + list(pager.end())


@given(
    st.lists(st.text("aé\n", max_size=40).map(str.encode), max_size=30),
    st.integers(1, 50),
    st.integers(16, 40),
    st.integers(0, 9),
)
def test_nothing_is_lost_and_nothing_is_carried_over_without_bound(
    blocks: list[bytes], block: int, bound: int, overlap: int
) -> None:
    pager = Pager(cut, block, bound, overlap)
    whole = b"".join(blocks)
    at = 0
    for piece in pieces(pager, blocks):
        assert piece.offset + piece.overlap == at
        assert piece.data == whole[piece.offset : piece.offset + len(piece.data)]
        assert piece.fresh > 0
        assert not piece.cut or len(piece.data) <= bound
        piece.data.decode()
        at += piece.fresh
    assert at == len(whole)


@given(st.integers(0, 300), st.integers(1, 50))
def test_a_match_no_longer_than_the_overlap_is_whole_in_some_part(at: int, size: int) -> None:
    line = bytearray(b"x" * 320)
    line[at : at + 8] = b"ERROR-42"
    blocks = [bytes(line[start : start + size]) for start in range(0, len(line), size)]
    assert any(b"ERROR-42" in piece.data for piece in pieces(Pager(cut, size, 40, 10), blocks))


def test_a_long_event_of_many_lines_is_cut_between_lines() -> None:
    made = pieces(Pager(lambda data: 0, 1, 16, 4), [b"one\ntwo\nthree and\nfour\n"])
    assert [(piece.data, piece.cut) for piece in made] == [
        (b"one\ntwo\n", True),
        (b"three and\nfour\n", False),
    ]


def test_after_a_long_lull_whole_lines_are_handed_over_and_half_a_line_waits() -> None:
    pager = Pager(lambda data: 0, 1)
    assert not list(pager.feed(b"one\nhal"))
    assert [piece.data for piece in pager.settle()] == [b"one\n"]
    assert not list(pager.settle())
    assert not list(pager.feed(b"f\n"))
    assert [(piece.data, piece.offset) for piece in pager.settle()] == [(b"half\n", 4)]
