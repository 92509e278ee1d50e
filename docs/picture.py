"""Draws docs/alert.svg, the picture in the README, from the starter library: `python docs/picture.py`."""

import io
import re
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from sigwatch import wiring
from sigwatch.compose import Composer
from sigwatch.config import parse
from sigwatch.incident.fingerprint import hit
from sigwatch.incident.lifecycle import Rules, apply
from sigwatch.model.logs import Row
from sigwatch.publish.console import ConsolePublisher
from sigwatch.redact.standard import mask

ROOT = Path(__file__).resolve().parents[1]
FIRST_SEEN_MS = 1_770_184_931_000


def main() -> None:
    """Draw the alert of the import-path outage."""
    settings = parse("knowledge: {url: 'https://git.example.com/ops/blob/main/'}", ROOT / "sigwatch.yaml")
    library = wiring.load_knowledge([ROOT / "signatures"], relative_to=ROOT)
    [signature] = [each for each in library.signatures if each.id == "KO-cm-004"]
    group = signature.ris.log_groups[0] if signature.ris else ""
    message = signature.ko.must_match[0]
    rows = [Row("111122223333", "us-east-1", group, "s", FIRST_SEEN_MS + n * 900, message) for n in range(30)]
    hits = [hit(signature.id, row) for row in rows]
    decisions = list(apply(None, group, signature, hits, FIRST_SEEN_MS, Rules(900_000, mask)))
    alert = Composer(settings).alert(decisions[-1].incident, signature, "console")
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    ConsolePublisher(console).post("#oncall", replace(alert, logs_url=""))
    drawing = console.export_svg(title="sigwatch", unique_id="alert")
    # The picture must not fetch anything.
    drawing = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL)
    (ROOT / "docs" / "alert.svg").write_text(drawing)


if __name__ == "__main__":
    main()
