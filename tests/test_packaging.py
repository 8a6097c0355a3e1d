from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("templates", "static", "migrations")


def _tracked(*folders: str) -> set[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(listing.stdout.splitlines())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in the wheel, built from a copy of what git knows."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    for name in _tracked():
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    build = "from setuptools import build_meta; build_meta.build_wheel('..')"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as built:
        return {name for name in built.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_every_file_of_the_checkout_and_no_other(wheel: set[str]):
    carried = {f"timebank/_{name}" for name in _tracked(*FOLDERS)}

    assert wheel == _tracked("timebank", "wsgi.py") | carried


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_hashes_and_names_no_host(name: str):
    lines = (ROOT / name).read_text().splitlines()
    pins = [
        number for number, line in enumerate(lines) if re.match(r"[a-z0-9-]+(\[.*\])?==", line)
    ]

    assert len(pins) > 40
    assert all("--hash=sha256:" in lines[number + 1] for number in pins)
    assert not any("://" in line or "-url" in line for line in lines)


def test_the_locks_agree():
    pins = [
        dict(
            re.findall(r"^([a-z0-9-]+)==(\S+)(?= ; | \\)", (ROOT / name).read_text(), re.MULTILINE)
        )
        for name in ("requirements.lock", "requirements-dev.lock")
    ]

    assert pins[0].items() <= pins[1].items()
