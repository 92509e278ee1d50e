"""The container image, built and run with what Debian has: buildah and debootstrap, no daemon, no registry.

The base is made of the machine's own Debian packages and kept in `.tools`, so a second run is quick. What is in the
image runs as in a container: its own mounts and process ids, a read-only root, the image's own user, environment,
folder and command.
"""

import fcntl
import json
import os
import platform
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from tests.fakes.processes import ROOT
from tests.fakes.programs import program

PACKAGES = "python3,python3-venv"
SUPERFLUOUS = (
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
)
"""What the slim images on the registries leave out too."""

Files = Mapping[str, os.stat_result]
"""By path within the image, without the slash; links are not followed."""


def require_programs() -> None:
    """Skip the test where no image can be built; in continuous integration a missing program fails it."""
    for name in ("buildah", "debootstrap"):
        program(name, package=name)
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("a base is made, and its root mounted, by root alone, and here is none that may")


def base() -> Path:
    """Archive of a Debian with Python, like the machine's own; made where there is none yet."""
    origin, suite, components = _mirror()
    kept = ROOT / ".tools" / f"image-base-{suite}-{platform.machine()}.tar"
    kept.parent.mkdir(exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            with tempfile.TemporaryDirectory(prefix="sigwatch-base-") as folder:
                options = ["--variant=minbase", f"--include={PACKAGES}", f"--components={components}"]
                _run(["debootstrap", *options, suite, folder, origin])
                for name in SUPERFLUOUS:
                    shutil.rmtree(Path(folder, name), ignore_errors=True)
                unfinished = kept.with_suffix(".part")
                _run(["tar", "--create", "--file", str(unfinished), "--directory", folder, "."])
                unfinished.replace(kept)
    return kept


def _mirror() -> tuple[str, str, str]:
    """Address, suite and components from which this machine takes its own packages."""
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    fields = "$(REPO_URI) $(CODENAME) $(COMPONENT)"
    listed = _run(["apt-get", "indextargets", "--format", fields, "Created-By: Packages"]).split("\n")
    found = [parts for line in listed if len(parts := line.split()) == 3 and parts[1] == suite]
    origins = [origin for origin, _, component in found if component == "main"]
    if not origins:
        pytest.skip(f"apt knows no source of {suite}: run apt-get update")
    components = {component for origin, _, component in found if origin == origins[0]}
    return origins[0], suite, ",".join(sorted(components & {"main", "universe"}))


@dataclass(frozen=True)
class PipSettings:
    """How this machine's pip finds packages, for a build that sees nothing of the machine."""

    text: str
    """A pip.conf."""
    folders: Sequence[str]
    """Folders and files of this machine that it refers to."""
    addresses: Sequence[str]
    """What must be in no image."""

    @classmethod
    def of_this_machine(cls, canary: Path) -> Self:
        """The settings from files and environment, and one more folder to look into, which the image must not know."""
        options: dict[str, str] = {}
        for line in _run([sys.executable, "-m", "pip", "config", "list"]).splitlines():
            name, _, value = line.partition("=")
            # Those of the environment come first in the list, and go before the others.
            options.setdefault(name.rpartition(".")[2], value.strip("'").replace("\\n", " "))
        links = "-".join(("find", "links"))
        options[links] = f"{options.get(links, '')} {canary}".strip()
        words = {word for value in options.values() for word in value.split()}
        # What an index in a folder offers lies beside it.
        folders = {word for word in words if word.startswith("/") and Path(word).exists()}
        folders |= {str(Path(word.removeprefix("file://")).parent) for word in words if word.startswith("file://")}
        places = {name: value.split() for name, value in options.items() if name.endswith(("url", "links"))}
        return cls(
            "[global]\n" + "".join(f"{name} = {value}\n" for name, value in options.items()),
            sorted(folders),
            sorted({word for values in places.values() for word in values} | {str(canary)}),
        )


class Image:
    """What `make image` built: its configuration, its files, and processes in it; a context manager."""

    def __init__(self, folder: Path) -> None:
        """Build it, keeping everything in `folder` until the end."""
        self._images = folder / "images"
        driver = "overlay" if _overlays(folder) else "vfs"
        where = ["--root", str(self._images), "--runroot", str(folder / "run")]
        self._buildah = ["buildah", *where, "--storage-driver", driver]
        canary = folder / "canary-index"
        canary.mkdir()
        self.pip = PipSettings.of_this_machine(canary)
        pip_conf = folder / "pip.conf"
        pip_conf.write_text(self.pip.text)
        self._import_base()
        volumes = [f"--volume={each}:{each}:ro" for each in self.pip.folders]
        options = ["--isolation", "chroot", "--pull-never", "--build-arg", "BASE=localhost/base:latest", *volumes]
        settings = {"BUILDER": shlex.join(self._buildah), "BUILD_ARGS": shlex.join(options), "PIP_CONF": str(pip_conf)}
        made = [f"{name}={value}" for name, value in (settings | {"IMAGE": "localhost/sigwatch:test"}).items()]
        _run(["make", "--directory", str(ROOT), "image", *made])
        self.inspected: Mapping[str, Any] = json.loads(self._say("inspect", "--type", "image", "sigwatch:test"))[
            "OCIv1"
        ]
        self.config: Mapping[str, Any] = self.inspected["config"]
        self.root = Path(self._say("mount", self._say("from", "--pull-never", "localhost/sigwatch:test")))
        self.base_root = Path(self._say("mount", self._say("from", "--pull-never", "localhost/base:latest")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._say("umount", "--all")
        shutil.rmtree(self._images)

    def _import_base(self) -> None:
        container = self._say("from", "scratch")
        self._say("add", container, str(base()), "/")
        self._say("commit", "--disable-compression", container, "localhost/base:latest")
        self._say("rm", container)

    def _say(self, *arguments: str) -> str:
        return _run([*self._buildah, *arguments]).strip()

    def files(self) -> tuple[Files, Files]:
        """Those of the base, and those that the image has besides or otherwise."""
        before, after = _files(self.base_root), _files(self.root)
        same = {path for path, found in before.items() if path in after and _traits(found) == _traits(after[path])}
        return before, {path: found for path, found in after.items() if path not in same}

    def run(self, *arguments: str, entry: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run the image with other arguments, to its end, with nothing to write to but /tmp."""
        with self.started(arguments, entry=entry, writable_tmp=True) as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @contextmanager
    def started(
        self,
        arguments: Sequence[str] = (),
        volumes: Mapping[str, Path] | None = None,
        environ: Mapping[str, str] | None = None,
        entry: Sequence[str] = (),
        writable_tmp: bool = False,
    ) -> Iterator[subprocess.Popen[str]]:
        """The image as a running container, its first process being number 1.

        Args:
            arguments: in place of the image's own.
            volumes: folders of this machine by where they are in the container; only the state may be written.
            environ: in addition to the image's own.
            entry: in place of the image's own entry point.
            writable_tmp: whether /tmp is a file system in memory.
        """
        variables = [*self.config["Env"], *(f"{name}={value}" for name, value in (environ or {}).items())]
        command = [*(entry or self.config["Entrypoint"]), *(arguments or self.config["Cmd"])]
        user = self.config["User"]
        inside = ["env", "--ignore-environment", f"--chdir={self.config['WorkingDir']}", *variables, *command]
        chroot = ["chroot", f"--userspec={user}", f"--groups={user.partition(':')[2]}", str(self.root), *inside]
        script = "\n".join(["set -e", *self._mounts(volumes or {}, writable_tmp), f"exec {shlex.join(chroot)}"])
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]
        pipe = subprocess.PIPE
        with subprocess.Popen(unshare, stdout=pipe, stderr=pipe, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def _mounts(self, volumes: Mapping[str, Path], writable_tmp: bool) -> list[str]:
        root = str(self.root)
        steps = [["mount", "--bind", root, root], ["mount", "-t", "proc", "proc", f"{root}/proc"]]
        steps += [["mount", "--rbind", "/dev", f"{root}/dev"]]
        steps += [["mount", "--bind", str(folder), root + inside] for inside, folder in volumes.items()]
        steps += [["mount", "-t", "tmpfs", "tmpfs", str(self.root / "tmp")]] if writable_tmp else []
        return [shlex.join(step) for step in [*steps, ["mount", "-o", "remount,bind,ro", root]]]


def first_process(container: subprocess.Popen[str]) -> int:
    """Number that the container's process 1 has outside."""
    return int(Path(f"/proc/{container.pid}/task/{container.pid}/children").read_text())


def stop(container: subprocess.Popen[str], seconds: float) -> int:
    """As `docker stop` does: SIGTERM to process 1; its exit code."""
    os.kill(first_process(container), signal.SIGTERM)
    return container.wait(seconds)


def size(files: Files) -> int:
    """Bytes of the regular files."""
    return sum(found.st_size for found in files.values() if stat.S_ISREG(found.st_mode))


def _overlays(folder: Path) -> bool:
    """Whether layers can be laid over each other here; copying them takes twice as long, but always works."""
    parts = {name: folder / name for name in ("lowerdir", "upperdir", "workdir", "merged")}
    for part in parts.values():
        part.mkdir()
    options = ",".join(f"{name}={part}" for name, part in parts.items() if name != "merged")
    mount = ["mount", "-t", "overlay", "overlay", "-o", options, str(parts["merged"])]
    return subprocess.run(["unshare", "--mount", *mount], check=False, capture_output=True).returncode == 0


def _files(root: Path) -> Files:
    found: dict[str, os.stat_result] = {}
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(folder, name)
            found[path.relative_to(root).as_posix()] = path.lstat()
    return found


def _traits(found: os.stat_result) -> tuple[int, int, int, int]:
    length = found.st_size if stat.S_ISREG(found.st_mode) else 0
    return found.st_mode, found.st_uid, found.st_gid, length


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(
            f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
    return done.stdout
