"""A real IMAP server for tests: Debian's dovecot, on a free port of this machine, over TLS."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mail_sink import free_port

IMAP = Path("/usr/lib/dovecot/imap")
READY_SECONDS = 10
PASSWORD = "words%20with%2Fsigns"
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = yes
mail_location = maildir:{folder}/mail
first_valid_uid = 0
auth_mechanisms = plain
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/people
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Mailserver:
    """Where it listens, what it holds, and who vouches for it."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"imaps://rota:{PASSWORD}@localhost:{self.port}/INBOX"

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    def receive(self, raw: bytes) -> None:
        """Put a message into the mailbox, as a mail server does."""
        name = f"{time.time_ns()}.x.local"
        written = self.folder / "mail" / "tmp" / name
        written.write_bytes(raw)
        os.chown(written, *_owner())
        written.rename(self.folder / "mail" / "new" / name)

    def flags(self) -> list[str]:
        """The flags of every message: S for seen, none for one that nobody has read."""
        boxes = (self.folder / "mail" / "new", self.folder / "mail" / "cur")
        files = sorted(file.name for box in boxes for file in box.iterdir())
        return [name.partition(":2,")[2] for name in files]


def dovecot_or_skip() -> str:
    """Find the server, or say plainly that this is not tested here."""
    program = shutil.which("dovecot") or shutil.which("/usr/sbin/dovecot")
    if program is None or not IMAP.exists() or os.geteuid() != 0:
        pytest.skip("no round trip with a mail server: it takes Debian's dovecot-imapd, and root")
    told = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    if not told.stdout.startswith("2.3."):
        pytest.skip(f"no round trip with a mail server: we set up dovecot 2.3, not {told.stdout}")
    return program


@contextmanager
def running(folder: Path) -> Iterator[Mailserver]:
    """Run it until the end of the block."""
    program = dovecot_or_skip()
    server = Mailserver(folder, free_port())
    _prepare(server)
    process = subprocess.Popen([program, "-F", "-c", str(folder / "dovecot.conf")])
    try:
        _wait(server)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=READY_SECONDS)


def _prepare(server: Mailserver) -> None:
    uid, gid = _owner()
    people = server.folder / "people"
    people.write_text("rota:{PLAIN}words with/signs\n")
    for name in ("run", "state", "home", "mail/new", "mail/cur", "mail/tmp"):
        (server.folder / name).mkdir(parents=True)
    for path in [server.folder, *server.folder.rglob("*")]:
        os.chown(path, uid, gid)
    server.folder.chmod(0o755)
    subprocess.run(
        [shutil.which("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", server.folder / "key.pem", "-out", server.certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    (server.folder / "dovecot.conf").write_text(
        CONFIG.format(folder=server.folder, port=server.port, uid=uid, gid=gid)
    )


def _owner() -> tuple[int, int]:
    """The system's own nobody: mail is read by somebody who may do nothing else."""
    import pwd  # noqa: PLC0415

    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _wait(server: Mailserver) -> None:
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    log = server.folder / "log"
    raise AssertionError(log.read_text() if log.exists() else "dovecot did not start")
