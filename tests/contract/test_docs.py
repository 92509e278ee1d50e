"""The documents make claims; these tests hold the code to them."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from sigwatch import __version__, config, wiring
from sigwatch.cli.app import application
from sigwatch.config import ProjectSettings, Settings
from sigwatch.demo.scenario import CONFIGURATION
from sigwatch.model.event import Outcome, QuarantineKind, QueryStatus, SkipReason
from sigwatch.model.knowledge import LinkKind
from sigwatch.telemetry.metrics import Metrics

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def read(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^(?:````?){language}\n(.*?)^(?:````?)$", text, re.DOTALL | re.MULTILINE)


def test_the_readme_lists_every_verb_and_no_other() -> None:
    verbs = {
        command.name or command.callback.__name__ for command in application().registered_commands if command.callback
    }
    verbs |= {str(group.name) for group in application().registered_groups}
    rows = re.findall(r"^\| (`sigwatch.*?) \|", README, re.MULTILINE)
    listed = {verb for row in rows for verb in re.findall(r"sigwatch (\w+)", row)}
    assert listed == verbs


def test_every_option_has_a_help_text() -> None:
    for name, command in typer.main.get_group(application()).commands.items():
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", "") or parameter.name == "help", f"{name} {parameter.name}"


def keys(model: type[BaseModel], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= keys(kind, f"{prefix}{name}.")
        elif ProjectSettings in get_args(kind):
            found |= keys(ProjectSettings, f"{prefix}{name}.NAME.")
        else:
            found.add(prefix + name)
    return found


def test_the_configuration_page_lists_every_key_and_no_other() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", read("configuration.md"), re.MULTILINE)
    assert {key for row in rows for key in re.findall(r"`([^`]+)`", row)} == keys(Settings)


def test_the_configuration_of_the_readme_works() -> None:
    [text] = blocks(README, "yaml")
    settings = config.parse(text, ROOT / "sigwatch.yaml")
    assert settings.channel("shop") == "C0ONCALL"
    assert config.parse(CONFIGURATION.format(signatures="signatures"), ROOT / "x.yaml").polling.interval == 1


def test_the_document_of_the_readme_is_a_signature_that_passes_its_own_example(tmp_path: Path) -> None:
    text = README.split("````markdown\n")[1].split("\n````")[0]
    (tmp_path / "ko.md").write_text(text)
    library = wiring.load_knowledge([tmp_path])
    assert not library.problems
    [signature] = library.watched
    assert len(signature.ko.must_match) == 1


def test_the_metrics_page_lists_every_metric_and_label() -> None:
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|$", read("metrics.md"), re.MULTILINE)
    listed = {(f"sigwatch_{name}", tuple(re.findall(r"`(\w+)`", labels))) for name, labels, _ in rows}
    exposed = {
        (family.name + ("_total" if family.type == "counter" else ""), labels)
        for family, labels in _families(Metrics(__version__, ["eager"], ["slack"]))
    }
    assert listed == exposed


def _families(metrics: Metrics) -> list[tuple[Any, tuple[str, ...]]]:
    collectors = list(metrics.registry._collector_to_names)
    return [(family, tuple(getattr(c, "_labelnames", ()))) for c in collectors for family in c.collect()]


@pytest.mark.parametrize("words", [Outcome, QueryStatus, SkipReason, QuarantineKind])
def test_the_metrics_page_names_every_value_of_a_label(words: Any) -> None:
    assert not [word for word in words if not re.search(rf"\b{word}\b", read("metrics.md"))]


def test_every_reason_of_a_link_is_explained() -> None:
    evidence = set(LinkKind) - {LinkKind.TAGS, LinkKind.TITLE}
    assert set(re.findall(r"^\| `([\w-]+)` \| ", read("knowledge.md").split("## Links")[1], re.MULTILINE)) == evidence


def test_the_map_shows_every_room() -> None:
    text = read("architecture.md")
    rooms = {p.name + ("/" if p.is_dir() else "") for p in (ROOT / "sigwatch").iterdir() if not p.name.startswith("_")}
    assert not [room for room in rooms - {"py.typed", "signatures", "signatures/"} if f"`{room}`" not in text]


def test_every_dependency_has_its_reason() -> None:
    declared = re.findall(r'^  "([\w-]+)[><=]', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert len(declared) > 10
    told = read("architecture.md").lower()
    assert not [name for name in declared if name.lower() not in told]


def test_the_changelog_begins_with_this_version() -> None:
    found = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert found
    assert found[1] == __version__


def test_links_between_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)\)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
