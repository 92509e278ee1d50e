import pytest

from sigwatch.knowledge.document import mended, parse
from sigwatch.knowledge.repair import repaired


@pytest.mark.parametrize("whole", ["✅ done", "detection → verification", "⏳ soon", "⚠️ mind", "🧪 test", "a – b"])
def test_utf8_that_was_read_as_mac_roman_is_restored(whole: str) -> None:
    assert repaired(whole.encode().decode("mac_roman")) == whole


def test_utf8_that_was_read_as_windows_1252_is_restored() -> None:
    assert repaired("Größe – schön".encode().decode("cp1252")) == "Größe – schön"


@pytest.mark.parametrize("honest", ["“état” «école»", "√π ≈ 1.77", "├── shared/ ✅", "plain", "naïve café"])
def test_honest_text_is_left_alone(honest: str) -> None:
    assert repaired(honest) == honest


def test_a_sequence_that_is_no_utf8_stays_as_it_is() -> None:
    overlong = b"\xf4\xbf\xbf\xbf".decode("mac_roman")
    assert repaired(overlong) == overlong


def test_line_numbers_survive() -> None:
    damaged = "one\n" + "✅\u2028".encode().decode("mac_roman") + "\nthree"
    assert repaired(damaged).split("\n")[2] == "three"


def test_a_damaged_document_is_mended_with_its_blocks() -> None:
    document = parse("a.md", "# " + "✅ Title".encode().decode("mac_roman"))
    assert mended(document).text == "# ✅ Title"
    assert mended(mended(document)) is not document


def test_line_breaks_and_byte_order_mark_are_made_plain() -> None:
    assert parse("a.md", "\ufeff# A\r\n\rtext\r\n").text == "# A\n\ntext\n"
