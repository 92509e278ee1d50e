from collections.abc import Sequence

from sigwatch.knowledge import linking
from sigwatch.knowledge.knowledge_object import Learned
from sigwatch.knowledge.patterns import PatternJudge
from sigwatch.model.knowledge import KnowledgeObject, LinkKind, Ris, Signature

KO = KnowledgeObject("KO-1", "Import path of routers", "k/imports.md", detection_pattern="ERROR boom")


def summary(wanted: str, text: str = "", date: str = "", errors: tuple[str, ...] = (), title: str = "Other") -> Ris:
    return Ris(wanted, title, f"r/{wanted}.md", text, date=date, error_signatures=errors)


def joined(ko: KnowledgeObject, summaries: Sequence[Ris], judge: PatternJudge) -> Signature:
    (signature,) = linking.link([Learned(ko, {"ris": 4})], summaries, judge).signatures
    return signature


def ko_with(ris: tuple[str, ...] = (), tags: tuple[str, ...] = (), pattern: str = "ERROR boom") -> KnowledgeObject:
    return KnowledgeObject("KO-1", KO.title, KO.path, "shop", tags=tags, detection_pattern=pattern, ris=ris)


def test_every_reason_says_where(judge: PatternJudge) -> None:
    text = "# RIS-1\nsee `knowledge/draft/imports.md`\nand KO-1.\n```\nERROR boom\nat x\n```\nERROR boom"
    signature = joined(ko_with(("RIS-1",)), [summary("RIS-1", text, errors=("fine", "ERROR boom\nat x"))], judge)
    assert [str(reason) for reason in signature.links[0].reasons] == [
        "explicit: k/imports.md names RIS-1 in its key ris",
        "names-file: r/RIS-1.md:2 names the file imports.md",
        "names-id: r/RIS-1.md:3 names KO-1",
        "pattern-matches: the pattern matches the error quoted in r/RIS-1.md:5: ERROR boom",
    ]
    assert signature.ris is not None
    assert signature.ris.id == "RIS-1"


def test_names_count_as_whole_words_only(judge: PatternJudge) -> None:
    text = "KO-12 KO-1-a xKO-1 other-imports.md imports.md.bak imports.mdx"
    assert joined(KO, [summary("RIS-1", text)], judge).links == ()


def test_an_error_from_front_matter_has_no_line(judge: PatternJudge) -> None:
    signature = joined(KO, [summary("RIS-1", "", errors=("ERROR boom",))], judge)
    assert signature.links[0].reasons[0].detail == "the pattern matches the error quoted in r/RIS-1.md: ERROR boom"


def test_strongest_link_first(judge: PatternJudge) -> None:
    boom = ("ERROR boom",)
    summaries = [
        summary("RIS-a", "KO-1", "2020-01-01"),
        summary("RIS-b", "KO-1", "2024-01-01"),
        summary("RIS-c", "KO-1", "yesterday"),
        summary("RIS-d", "KO-1 imports.md", "2019-01-01"),
        summary("RIS-e", "", "2001-01-01"),
        summary("RIS-f", "nothing"),
        summary("RIS-g", "", "2024-01-01", boom),
    ]
    signature = joined(ko_with(("RIS-e",)), summaries, judge)
    assert [link.ris for link in signature.links] == ["RIS-e", "RIS-d", "RIS-b", "RIS-g", "RIS-a", "RIS-c"]


def test_without_a_pattern_or_with_one_that_fails_there_is_no_evidence() -> None:
    def refusing(pattern: str, text: str) -> bool:
        raise ValueError("no")

    for pattern in ("", "x"):
        assert joined(ko_with(pattern=pattern), [summary("RIS-1", "", errors=("x",))], refusing).links == ()


def test_an_unknown_ris_is_a_warning_and_the_signature_stays(judge: PatternJudge) -> None:
    learned = [Learned(ko_with(("RIS-1", "RIS-2")), {"ris": 4})]
    (problem,) = linking.unknown(learned, [summary("RIS-1")])
    assert (problem.path, problem.line, problem.field, problem.level) == ("k/imports.md", 4, "ris", "warning")
    assert "RIS-2" in problem.message


def test_likeness_is_only_suggested_and_only_without_a_link(judge: PatternJudge) -> None:
    tagged = Ris("RIS-1", "Other", "r", "", project="shop", tags=("Lambda", "imports", "shop"))
    titled = summary("RIS-2", title="Routers with the wrong import path")
    signature = joined(ko_with(tags=("lambda", "imports", "shop")), [tagged, titled], judge)
    assert signature.links == ()
    assert signature.ris is None
    assert {link.ris: link.reasons[0].kind for link in signature.suggestions} == {
        "RIS-1": LinkKind.TAGS,
        "RIS-2": LinkKind.TITLE,
    }
    linked = joined(ko_with(("RIS-3",), ("lambda", "imports")), [tagged, titled, summary("RIS-3")], judge)
    assert linked.suggestions == ()


def test_one_shared_tag_beside_the_project_suggests_nothing(judge: PatternJudge) -> None:
    tagged = Ris("RIS-1", "Nothing alike", "r", "", tags=("shop", "lambda"))
    assert joined(ko_with(tags=("shop", "lambda")), [tagged], judge).suggestions == ()


def test_signatures_come_by_id(judge: PatternJudge) -> None:
    learned = [Learned(KnowledgeObject(wanted, "t", "p"), {}) for wanted in ("KO-b", "KO-a")]
    assert [signature.id for signature in linking.link(learned, [], judge).signatures] == ["KO-a", "KO-b"]
