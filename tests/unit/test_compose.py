from dataclasses import replace
from pathlib import Path

from sigwatch.compose import Composer
from sigwatch.config import parse
from sigwatch.incident.fingerprint import hit
from sigwatch.incident.lifecycle import Rules, apply
from sigwatch.model.incident import Incident
from sigwatch.model.knowledge import Step
from tests.fakes.made import API, ris, row, signature

SETTINGS = parse(
    "knowledge: {url: 'https://git.example/blob/main/'}\n"
    "projects: {shop: {slack_channel: C0SHOP}}\n"
    "slack: {channel: C0ALL, mention: {P0: '<!subteam^S1>'}}\n"
    "targets: [slack, console]\n",
    Path("sigwatch.yaml"),
)
T = 1_770_184_800_123


def incident() -> Incident:
    found = [hit("KO-1", row("ERROR one", T)), hit("KO-1", row("ERROR two", T + 61_000))]
    return list(apply(None, API, signature(ris=ris()), found, T, Rules(900_000, str)))[-1].incident


def test_each_target_gets_a_message_with_its_own_key_and_destination() -> None:
    slack, console = Composer(SETTINGS)(incident(), signature(ris=ris()))
    assert (slack.target, slack.destination) == ("slack", "C0SHOP")
    assert (console.target, console.destination) == ("console", "")
    assert slack.alert.key != console.alert.key
    assert slack.alert.mention == "<!subteam^S1>"


def test_the_alert_holds_the_fix_and_links_to_its_document() -> None:
    alert = Composer(SETTINGS).alert(incident(), signature(ris=ris()), "slack")
    assert alert.fix is not None
    assert (alert.fix.ris, alert.fix.mttr, alert.fix.section) == ("RIS-1", "10 minutes", "If This Happens Again")
    assert alert.fix.url == "https://git.example/blob/main/ris/RIS-1.md"
    assert alert.fix.steps[1] == Step("Deploy again", "make deploy")


def test_without_a_ris_the_prevention_rule_is_what_there_is() -> None:
    alert = Composer(SETTINGS).alert(incident(), signature(), "slack")
    assert alert.fix is None
    assert alert.prevention == "Test it before."


def test_the_link_shows_this_signatures_query_around_the_incidents_time() -> None:
    link = Composer(SETTINGS).alert(incident(), signature(pattern="ERROR (one|two)"), "slack").logs_url
    assert "~(end~'2026-02-04T06*3a02*3a02.000Z~start~'2026-02-04T05*3a59*3a00.000Z~" in link
    assert "like*20*2fERROR*20*28one*7ctwo*29*2f" in link


def test_secrets_of_documents_are_masked_and_commands_stay_whole() -> None:
    step = Step("Ask ops@example.com", 'curl -H "Authorization: Bearer $TOKEN" -d password=hunter2')
    told = replace(ris(), steps=(step,), verification="login --password hunter2")
    alert = Composer(SETTINGS).alert(incident(), signature(ris=told), "slack")
    assert alert.fix is not None
    assert alert.fix.steps == (Step("Ask [email]", 'curl -H "Authorization: Bearer $TOKEN" -d password=[secret]'),)
    assert "hunter2" not in alert.fix.verification
