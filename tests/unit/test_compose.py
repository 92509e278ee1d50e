from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sigwatch.compose import Composer
from sigwatch.config import parse
from sigwatch.incident.fingerprint import hit
from sigwatch.incident.lifecycle import Found, Rules, apply
from sigwatch.model.incident import Decision, Incident, Matchers, Reason, Silence
from sigwatch.model.knowledge import Step
from sigwatch.model.message import Alert, Delivery, Milestone, Notice
from sigwatch.redact.standard import mask_document
from sigwatch.telling import entry_of
from tests.fakes.made import API, ris, row, signature

SETTINGS = parse(
    "knowledge: {url: 'https://git.example/blob/main/'}\n"
    "projects: {shop: {slack_channel: C0SHOP}}\n"
    "slack: {channel: C0ALL, mention: {P0: '<!subteam^S1>'}}\n"
    "targets: [slack, console]\n",
    Path("sigwatch.yaml"),
)
T = 1_770_184_800_123


COMPOSER = Composer(SETTINGS, lambda _, text: mask_document(text))


def decision(**changes: object) -> Decision:
    found = Found([hit("KO-1", row("ERROR one", T)), hit("KO-1", row("ERROR two", T + 61_000))])
    rules = Rules(900_000, lambda _, text: text)
    [made] = apply(None, API, signature(ris=ris()), found, T, rules, lambda _: None)
    return replace(made, incident=replace(made.incident, **changes))  # type: ignore[arg-type]  # names are checked by replace


def incident() -> Incident:
    return decision().incident


def told(notices: Iterable[Notice]) -> list[tuple[str, str, str]]:
    return [(notice.target, notice.destination, type(notice.content).__name__) for notice in notices]


def cards(notices: Iterable[Notice]) -> list[Delivery]:
    return [
        Delivery(n.id, n.target, n.destination, n.kind, n.content, 1) for n in notices if isinstance(n.content, Alert)
    ]


def test_each_target_gets_a_card_with_its_own_key_and_destination_and_slack_a_thread() -> None:
    slack, entry, console = COMPOSER(decision(), signature(ris=ris()), [], T)
    assert told([slack, entry, console]) == [
        ("slack", "C0SHOP", "Alert"), ("slack", "C0SHOP", "Milestone"), ("console", "", "Alert"),
    ]  # fmt: skip
    assert entry.thread == slack.id == incident().id
    assert len({slack.content.key, entry.content.key, console.content.key}) == 3
    assert isinstance(slack.content, Alert)
    assert slack.content.mention == "<!subteam^S1>"


def test_only_escalations_call_people_in_a_thread() -> None:
    known = cards(COMPOSER(decision(), signature(), [], T))
    for reason, mention in ((Reason.SPREAD, "<!subteam^S1>"), (Reason.ACKNOWLEDGED, ""), (Reason.RESOLVED, "")):
        [entry] = [
            notice.content
            for notice in COMPOSER(replace(decision(), reason=reason), signature(), known, T)
            if isinstance(notice.content, Milestone)
        ]
        assert (entry.reason, entry.mention) == (reason, mention)


def test_routes_choose_when_it_is_news_and_never_again() -> None:
    settings = parse(
        "slack: {channel: C0ALL}\ntargets: [console]\n"
        "routes: [{match: {severity: P0}, targets: [slack], channel: C0WAR}]",
        Path("sigwatch.yaml"),
    )
    composer = Composer(settings, lambda _, text: text)
    news = list(composer(decision(severity="P0"), signature(), [], T))
    assert told(news)[0] == ("slack", "C0WAR", "Alert")
    assert {notice.route for notice in news} == {"route 1"}
    assert ("route", "route 1") in entry_of(decision(severity="P0"), T, news).detail
    assert told(composer(decision(severity="P1"), signature(), [], T)) == [("console", "", "Alert")]
    later = replace(decision(severity="P1", count=9), reason=Reason.COUNTED)
    assert told(composer(later, signature(), cards(news), T)) == [("slack", "C0WAR", "Alert")]


def test_a_target_is_told_only_what_it_can_show() -> None:
    settings = parse("targets: [pagerduty]\n", Path("sigwatch.yaml"))
    composer = Composer(settings, lambda _, text: text)
    known = cards(composer(decision(), signature(), [], T))
    later = {reason: told(composer(replace(decision(), reason=reason), signature(), known, T)) for reason in Reason}
    assert later[Reason.COUNTED] == later[Reason.SILENCED] == later[Reason.STILL_ACTIVE] == []
    assert later[Reason.SPREAD] == later[Reason.ACKNOWLEDGED] == [("pagerduty", "", "Alert")]


def test_what_is_silenced_or_unknown_to_everybody_is_not_told() -> None:
    silence = Silence("s1", Matchers(), "known", "ann", 0, 10**15)
    assert list(COMPOSER(decision(silence=silence), signature(), [], T)) == []
    assert list(COMPOSER(replace(decision(), reason=Reason.RESOLVED), signature(), [], T)) == []
    assert list(COMPOSER(decision(), None, [], T)) == []


def test_a_silenced_card_changes_without_a_word_in_its_thread() -> None:
    known = cards(COMPOSER(decision(), signature(), [], T))
    silence = Silence("s1", Matchers(), "known", "ann", 0, 10**15)
    ended = replace(decision(silence=silence), reason=Reason.RESOLVED)
    assert told(COMPOSER(ended, signature(), known, T)) == [("slack", "C0SHOP", "Alert"), ("console", "", "Alert")]
    begun = replace(decision(silence=silence), reason=Reason.SILENCED)
    assert ("slack", "C0SHOP", "Milestone") in told(COMPOSER(begun, signature(), known, T))


def test_an_edit_shows_what_documents_say_now_under_the_old_key() -> None:
    known = cards(COMPOSER(decision(), signature(), [], T))
    renewed = list(COMPOSER(replace(decision(), reason=Reason.COUNTED), signature(title="New"), known, T))
    assert isinstance(renewed[0].content, Alert)
    assert (renewed[0].content.title, renewed[0].content.key) == ("New", known[0].content.key)


def test_the_alert_holds_the_fix_and_links_to_its_document() -> None:
    alert = COMPOSER.alert(incident(), signature(ris=ris()), "slack")
    assert alert.fix is not None
    assert (alert.fix.ris, alert.fix.mttr, alert.fix.section) == ("RIS-1", "10 minutes", "If This Happens Again")
    assert alert.fix.url == "https://git.example/blob/main/ris/RIS-1.md"
    assert alert.fix.steps[1] == Step("Deploy again", "make deploy")


def test_without_a_ris_the_prevention_rule_is_what_there_is() -> None:
    alert = COMPOSER.alert(incident(), signature(), "slack")
    assert alert.fix is None
    assert alert.prevention == "Test it before."


def test_the_link_shows_this_signatures_query_around_the_incidents_time() -> None:
    link = COMPOSER.alert(incident(), signature(pattern="ERROR (one|two)"), "slack").logs_url
    assert "~(end~'2026-02-04T06*3a02*3a02.000Z~start~'2026-02-04T05*3a59*3a00.000Z~" in link
    assert "like*20*2fERROR*20*28one*7ctwo*29*2f" in link


def test_secrets_of_documents_are_masked_and_commands_stay_whole() -> None:
    step = Step("Ask ops@example.com", 'curl -H "Authorization: Bearer $TOKEN" -d password=hunter2')
    linked = replace(ris(), steps=(step,), verification="login --password hunter2")
    alert = COMPOSER.alert(incident(), signature(ris=linked), "slack")
    assert alert.fix is not None
    assert alert.fix.steps == (Step("Ask [email]", 'curl -H "Authorization: Bearer $TOKEN" -d password=[secret]'),)
    assert "hunter2" not in alert.fix.verification
