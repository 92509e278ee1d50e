from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sigwatch.findings import REMEMBERED, Finder
from sigwatch.incident.fingerprint import hit
from sigwatch.incident.growth import SAMPLE_LENGTH
from sigwatch.redact.standard import REDACTOR
from tests.fakes.made import API, row, signature


@dataclass
class Masker:
    """Masks a word, and counts."""

    asked: list[str] = field(default_factory=list)

    def __call__(self, project: str, text: str) -> str:
        self.asked.append(text)
        return text.replace("secret", f"[{project}]")


def unmasked(_project: str, text: str) -> str:
    return text


def finder(*group_by: str, mask: Callable[[str, str], str] = unmasked) -> Finder:
    return Finder(group_by or ("log_group",), mask)


def test_a_hit_is_kept_masked_and_without_its_pointer_under_its_own_identity() -> None:
    found = hit("KO-1", row("ERROR one secret", pointer="p"))
    made = finder(mask=Masker()).finding(found, signature())
    assert made.hit == replace(found, row=replace(found.row, message="ERROR one [shop]"))
    assert made.hit.row.pointer == ""
    assert (made.group, made.recovers, made.signature) == (API, "", "KO-1")


def test_a_secret_at_the_end_of_what_is_kept_is_masked_before_it_is_cut() -> None:
    long = hit("KO-1", row("x" * (SAMPLE_LENGTH - 3) + "secret" + "y" * 3 * SAMPLE_LENGTH))
    masker = Masker()
    assert finder(mask=masker).finding(long, signature()).hit.row.message == "x" * (SAMPLE_LENGTH - 3) + "[sh"
    assert [len(text) for text in masker.asked] == [2 * SAMPLE_LENGTH]


def test_what_hits_share_is_named_by_the_document_before_the_configuration_and_masked() -> None:
    found = hit("KO-1", row('ERROR one {"host": "db secret"}'))
    assert finder("host", "region", mask=Masker()).finding(found, signature()).group == "host=db [shop] us-east-1"
    own = signature(pattern=r"ERROR (?P<what>\w+)", group_by=("what",))
    assert finder("host").finding(found, own).group == "what=one"


def test_what_ends_an_incident_is_grouped_by_its_own_pattern_and_nobody_is_shown_it() -> None:
    ko = signature(pattern=r"down (?P<host>\w+)", resolved_pattern=r"(?P<host>\w+) is up", group_by=("host",))
    companion = ko.recovery
    assert companion is not None
    made = finder().finding(hit(companion.id, row("db1 is up")), companion)
    assert (made.group, made.recovers, made.signature, made.hit.row.message) == ("host=db1", "KO-1", "KO-1", "")
    assert made.group == finder().finding(hit("KO-1", row("down db1")), ko).group


def test_a_text_that_repeats_itself_is_masked_once_for_each_project() -> None:
    masker = Masker()
    one = finder(mask=masker)
    for n in range(5):
        for project in ("shop", "bank"):
            made = one.finding(hit("KO-1", row("secret", ts_ms=n)), signature(project=project))
            assert made.hit.row.message == f"[{project}]"
    assert masker.asked == ["secret", "secret"]


def test_no_more_than_the_recent_texts_are_remembered() -> None:
    masker = Masker()
    one = finder(mask=masker)
    for n in (*range(REMEMBERED + 1), 0):
        one.finding(hit("KO-1", row(f"ERROR {n}")), signature())
    assert masker.asked.count("ERROR 0") == 2


def test_half_a_character_is_kept_as_something_that_can_be_written() -> None:
    made = finder(mask=lambda _, text: REDACTOR.mask(text)).finding(hit("KO-1", row("ERROR \ud83d")), signature())
    assert made.hit.row.message == "ERROR \ufffd"
