"""What `pip install` gives: the wheel carries everything that the program reads at run time."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_carries_all_data_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    [wheel] = tmp_path.glob("sigwatch-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    documents = {p.relative_to(ROOT).as_posix() for p in (ROOT / "signatures").rglob("*.md")}
    assert {f"sigwatch/{name}" for name in documents} <= names
    assert {"sigwatch/py.typed", "sigwatch/store/schema.sql", "sigwatch/web/status.html.j2"} <= names
    assert not [name for name in names if name.startswith("tests/")]
