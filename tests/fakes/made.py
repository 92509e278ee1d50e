"""Values for tests, each with everything that the test does not care about filled in."""

from dataclasses import replace
from typing import Any

from sigwatch.model.knowledge import KnowledgeObject, Ris, Signature, Step
from sigwatch.model.logs import LogGroup, Row

API = "/aws/lambda/api"


def signature(name: str = "KO-1", pattern: str = "ERROR one", ris: Ris | None = None, **changes: Any) -> Signature:
    ko = KnowledgeObject(
        id=name,
        title=f"Title of {name}",
        path=f"knowledge/{name}.md",
        project="shop",
        status="approved",
        detection_pattern=pattern,
        why_it_matters="It takes the shop down.",
        prevention_rule="Test it before.",
    )
    return Signature(replace(ko, **changes), ris=ris)


def ris(name: str = "RIS-1", **changes: Any) -> Ris:
    made = Ris(
        id=name,
        title="How it was fixed",
        path=f"ris/{name}.md",
        text="",
        severity="P0",
        mttr="10 minutes",
        steps=(Step("Look at the logs"), Step("Deploy again", "make deploy")),
        steps_section="If This Happens Again",
        log_groups=(API,),
    )
    return replace(made, **changes)


def group(name: str = API, **changes: Any) -> LogGroup:
    return replace(LogGroup("111122223333", "us-east-1", name), **changes)


def row(message: str = "ERROR one", ts_ms: int = 1_000_000, **changes: Any) -> Row:
    return replace(Row("111122223333", "us-east-1", API, "stream", ts_ms, message), **changes)
