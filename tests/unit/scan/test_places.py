import os
from pathlib import Path

import pytest

from sigwatch.scan.places import place_of, sources

TASK = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"


@pytest.mark.parametrize(
    ("path", "group", "stream", "exported"),
    [
        ("app/server.log", "app/server.log", "server.log", False),
        ("app/server.log.gz", "app/server.log", "server.log.gz", False),
        ("app/server.log.1.zst", "app/server.log.1", "server.log.1.zst", False),
        (f"out/prod/{TASK}/web-i-0abc/000000.gz", "out/prod", "web-i-0abc", True),
        (f"/out/prod/{TASK}/web-i-0abc/000001.gz", "/out/prod", "web-i-0abc", True),
        (f"out/{TASK}/web/000000.txt", f"out/{TASK}/web/000000.txt", "000000.txt", False),
        ("-", "stdin", "stdin", False),
    ],
)
def test_the_group_and_stream_of_a_path(path: str, group: str, stream: str, exported: bool) -> None:
    place, is_exported = place_of(path)
    assert (place.path, place.log_group, place.stream, is_exported) == (path, group, stream, exported)
    assert place_of(path, "/aws/given")[0].log_group == "/aws/given"


def test_an_export_is_known_from_within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "prod" / TASK / "web-1"
    folder.mkdir(parents=True)
    (folder / "000000.gz").write_bytes(b"x")
    monkeypatch.chdir(folder.parent.parent)
    found, problems = sources([TASK])
    assert [(s.place.log_group, s.place.stream, s.exported) for s in found] == [("prod", "web-1", True)]
    assert not problems


def test_a_directory_gives_its_files_in_order_without_the_hidden(tmp_path: Path) -> None:
    for name in ("b/2.log", "b/.hidden", "a.log", ".git/x", "aws-logs-write-test", "c/d/e.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x\n")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "b" / "circle").symlink_to(tmp_path)
    found, problems = sources([str(tmp_path)])
    assert [os.path.relpath(s.place.path, tmp_path) for s in found] == ["a.log", "b/2.log", "c/d/e.log"]
    assert [s.size for s in found] == [2, 2, 2]
    assert not problems


def test_what_can_not_be_read_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "good.log").write_text("x\n")
    (tmp_path / "empty").mkdir()
    found, missing = sources([str(tmp_path / "gone"), str(tmp_path / "empty"), str(tmp_path / "good.log"), "-"])
    assert [(Path(s.place.path).name, s.size) for s in found] == [("good.log", 2), ("-", None)]
    assert [(each.path, each.reason.split("; ")[0]) for each in missing] == [
        (f"{tmp_path}/gone", "there is no such file"),
        (f"{tmp_path}/empty", "a directory without files to search"),
    ]
    assert all("check the path" in each.reason for each in missing)


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("x\n")
    found, _ = sources([str(tmp_path / "a.log"), str(tmp_path), f"{tmp_path}/./a.log"])
    assert len(found) == 1
