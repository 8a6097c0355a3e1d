"""Calendars that subscribe over HTTP: khal with vdirsyncer, and one on Thunderbird's library."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.parsers import FOLDER
from tests.parsers import lacking_of_node
from tests.parsers import said_of

LONDON = "Europe/London"
TAB = "\t"
KHAL = """
[calendars]
{calendars}
[locale]
local_timezone = {zone}
default_timezone = {zone}
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%dT%H:%M
longdatetimeformat = %Y-%m-%dT%H:%M
[sqlite]
path = {folder}/khal.db
[default]
default_calendar = {first}
"""
VDIRSYNCER = """
[general]
status_path = "{folder}/status"
"""
PAIR = """
[pair {name}]
a = "{name}_there"
b = "{name}_here"
collections = null
conflict_resolution = "a wins"
[storage {name}_there]
type = "http"
url = "{address}"
[storage {name}_here]
type = "filesystem"
path = "{folder}/{name}"
fileext = ".ics"
"""


@dataclass(frozen=True)
class Seen:
    """An item as a calendar shows it, in the clock of its zone."""

    uid: str
    title: str
    starts: dt.datetime
    ends: dt.datetime
    place: str
    is_cancelled: bool
    url: str


class Khal:
    """A calendar in a terminal: vdirsyncer fetches, khal reads what it has fetched.

    It knows no ETags; what is the same comes again.
    """

    FIELDS = ("uid", "title", "start-long", "end-long", "location", "cancelled", "url")

    def __init__(self, folder: Path, addresses: Mapping[str, str]) -> None:
        self.names = list(addresses)
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
        self.folder = folder
        pairs = "".join(
            PAIR.format(name=name, address=address, folder=folder)
            for name, address in addresses.items()
        )
        (folder / "vdirsyncer").write_text(VDIRSYNCER.format(folder=folder) + pairs)
        calendars = "\n".join(f"[[{name}]]\npath = {folder}/{name}" for name in self.names)
        (folder / "khal").write_text(
            KHAL.format(calendars=calendars, folder=folder, zone=LONDON, first=self.names[0])
        )
        for name in self.names:
            (folder / name).mkdir()
        self._run("vdirsyncer", "discover")

    def look(self) -> dict[str, list[Seen]]:
        """Fetch all calendars -> what each of them shows, by its name."""
        self._run("vdirsyncer", "sync")
        form = TAB.join(f"{{{name}}}" for name in ("calendar", *self.FIELDS))
        asked = ["list", "--once", "--day-format", "", "--format", form, "2027-01-01", "700d"]
        shown: dict[str, list[Seen]] = {name: [] for name in self.names}
        for line in self._run("khal", *asked).splitlines():
            calendar, uid, title, starts, ends, place, cancelled, url = line.split(TAB)
            times = map(dt.datetime.fromisoformat, (starts, ends))
            shown[calendar].append(Seen(uid, title, *times, place, bool(cancelled), url))
        return shown

    def _run(self, program: str, *arguments: str) -> str:
        asked = [program, "-c", str(self.folder / program), *arguments]
        done = subprocess.run(
            asked, env=self.environ, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


class Thunderbird:
    """A calendar on ical.js that asks with its ETag, in a process of its own."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.addresses = addresses
        self.statuses: dict[str, int] = {}
        self.process = subprocess.Popen(
            [shutil.which("node"), FOLDER / "subscriber.mjs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def look(self) -> dict[str, list[Seen]]:
        """Ask for all calendars -> what each of them shows, by its name."""
        return {name: self._ask(name, address) for name, address in self.addresses.items()}

    def close(self) -> None:
        self.process.communicate(timeout=10)

    def _ask(self, name: str, address: str) -> list[Seen]:
        self.process.stdin.write(f"{address}\n")
        answer = json.loads(self.process.stdout.readline())
        self.statuses[name] = answer["status"]
        return [_item(**item) for item in answer["items"]]


def _item(*, starts: str, ends: str, **item) -> Seen:
    return Seen(
        starts=dt.datetime.fromisoformat(starts), ends=dt.datetime.fromisoformat(ends), **item
    )


def khal_or_skip() -> None:
    """Say plainly where no real khal subscribes."""
    _skip("khal", [name for name in ("khal", "vdirsyncer") if not shutil.which(name)])


def thunderbird_or_skip() -> None:
    """Say plainly where nothing of Thunderbird's subscribes."""
    _skip("Thunderbird", lacking_of_node())


def _skip(client: str, missing: list[str]) -> None:
    if missing:
        pytest.skip(said_of(f"no {client} subscribes to our calendars", missing))
