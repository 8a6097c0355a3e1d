"""The folder an installation keeps for itself, and the settings it makes up when none are given.

`timebank up` holds the folder alone while it runs and leaves a note of its addresses there, so
that `timebank doctor` in another terminal finds the same servers.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import time
from contextlib import contextmanager
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from timebank.core.errors import SettingsError
from timebank.core.phones import new_private_key
from timebank.core.settings import instance_folder
from timebank.core.settings import is_loopback
from timebank.core.settings import port_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path

SECRET_BYTES = 48
PORT_PATIENCE_SECONDS = 2.0

_NOTE = "environment"
_LOCK = "lock"
_PAUSE_SECONDS = 0.1


class InstanceError(Exception):
    """Good Turn cannot start here; the message is one sentence that says why and what to do."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep the folder to ourselves; the kernel lets go of it when we end, however we end.

    Raises:
        InstanceError: When another Good Turn holds it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("a")
    except OSError as error:
        raise InstanceError(f"The folder {folder} cannot be used: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problem = f"Another Good Turn runs from {folder}: stop it, or give INSTANCE."
            raise InstanceError(problem) from None
        yield


def refuse_taken_port(port: int) -> None:
    """Stop early when something else listens on the port.

    Waits a moment, because a Good Turn that was stopped just now may still be letting go of it.

    Raises:
        InstanceError: When the port is taken or not ours to take.
    """
    deadline = time.monotonic() + PORT_PATIENCE_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except PermissionError:
                raise InstanceError(f"Port {port} needs more rights: give another PORT.") from None
            except OSError:
                if time.monotonic() > deadline:
                    problem = (
                        f"Port {port} is taken: stop what listens there, or give another PORT."
                    )
                    raise InstanceError(problem) from None
            else:
                return
        time.sleep(_PAUSE_SECONDS)


def made_up_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Say what to use for the settings nobody gave, other than database and queue.

    Raises:
        SettingsError: When a public address lacks a mail server: mail must not vanish in a folder.
    """
    folder = instance_folder(environ)
    port = port_number(environ)
    made_up = {"PORT": str(port), "INSTANCE": str(folder)}
    if not _given(environ, "PUBLIC_URL"):
        made_up["PUBLIC_URL"] = f"http://localhost:{port}"
    if not _given(environ, "SECRET_KEY"):
        made_up["SECRET_KEY"] = _secret(folder)
    if not _given(environ, "PUSH_KEY"):
        made_up["PUSH_KEY"] = _push_key(folder)
    if not _given(environ, "SMTP_URL"):
        if not is_loopback(made_up.get("PUBLIC_URL") or environ["PUBLIC_URL"]):
            raise SettingsError("SMTP_URL is not set: a public address needs a real mail server.")
        made_up["SMTP_URL"] = f"maildir://{quote(str(folder / 'mail'))}"
    return made_up


@contextmanager
def noted(environ: Mapping[str, str], made_up: Mapping[str, str]) -> Iterator[None]:
    """Leave a note of the settings we made up while we run; only the owner can read it."""
    note = instance_folder(environ) / _NOTE
    lines = "".join(f"{name}={value}\n" for name, value in sorted(made_up.items()))
    _write_private(note, lines)
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def with_note(environ: Mapping[str, str]) -> dict[str, str]:
    """Add what a running `timebank up` made up for itself; what is given counts more."""
    found: dict[str, str] = {}
    with suppress(FileNotFoundError):
        lines = (instance_folder(environ) / _NOTE).read_text(encoding="utf-8").splitlines()
        found = dict(line.split("=", 1) for line in lines)
    return found | {name: value for name, value in environ.items() if value.strip()}


def _given(environ: Mapping[str, str], name: str) -> bool:
    return bool(environ.get(name, "").strip())


def _secret(folder: Path) -> str:
    """The key that signs cookies here, made once, so that a restart signs nobody out."""
    kept = folder / "secret_key"
    if not kept.exists():
        _write_private(kept, secrets.token_urlsafe(SECRET_BYTES))
    return kept.read_text(encoding="utf-8").strip()


def _push_key(folder: Path) -> str:
    """The key that notices on phones are signed with: with another, no phone would take any."""
    kept = folder / "push_key"
    if not kept.exists():
        _write_private(kept, new_private_key())
    return kept.read_text(encoding="utf-8").strip()


def _write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, in one step: never half of it, never open for others."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
