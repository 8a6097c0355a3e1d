"""What an operator may decide, read once from the environment and typed.

Every process of Good Turn (web, worker, scheduler, command) starts with
`Settings.from_environment(os.environ)`. Nothing else reads the environment. `timebank up` fills in
what is missing with servers of its own and hands the result to its children the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult
from urllib.parse import urlsplit

from timebank.core import phones
from timebank.core.errors import SettingsError
from timebank.core.text_gateway import Texts
from timebank.core.text_gateway import read_texts

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Mapping

DEFAULT_PORT = 8000
DEFAULT_INSTANCE = "instance"
SHORTEST_SECRET = 32
SHORTEST_TOKEN = 16
HIGHEST_PORT = 65535

_HOST = r"(?:localhost|[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)"
_CONTACT = re.compile(rf"mailto:[!-?A-~]{{1,64}}@{_HOST}|https://{_HOST}")
_NOBODY = "mailto:noreply@localhost"

# What stands before the @ gets a token of up to 52 characters added, and may have 64 in all.
_TAGGED_ADDRESS = re.compile(r"[a-z0-9][a-z0-9._-]{0,9}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*")

_DRIVER = "postgresql+psycopg://"
_DATABASE_PREFIXES = (_DRIVER, "postgresql://", "postgres://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an operator decides about one running Good Turn.

    Addresses that may hold a password stay out of `repr`, so that no log shows them.

    Attributes:
        database_url: For SQLAlchemy, always `postgresql+psycopg://...`.
        redis_url: `redis://`, `rediss://` or `unix://`.
        smtp_url: `smtp://`, `smtps://`, or `maildir:///folder`, which keeps each mail as a file.
        public_url: Where people reach the site; no slash at the end.
        secret_key: Signs sign-in links and cookies.
        instance: Folder for what this installation keeps for itself.
        port: TCP port of the web server on 127.0.0.1.
        fetches_locally: Whether calendars may be fetched from this machine, for trying it out;
            never true on a public address.
        reply_address: Where people answer organisers' mails and calendars send their replies, such
            as rota@goodturn.example: mail to rota+anything@ must get there, too. Empty: none are
            read, and our mails say so.
        replies_url: The mailbox they are read from, `imaps://name:password@host/INBOX` or
            `maildir:///folder`. Empty: the mail server hands them over itself, to
            `timebank read-reply`.
        calendar_gzip: Whether feeds are packed for calendars that take it.
        bounce_address: Where mail servers return what they cannot deliver, such as
            back@goodturn.example: mail to back+anything@ must get there, too. Empty: to the sender
            of our mails, where nobody reads it.
        bounces_url: The mailbox it is read from, as above. Empty: handed over to
            `timebank read-bounce`.
        push_key: Our private key for notices on phones (VAPID): 32 bytes as base64url. Empty:
            nobody is told on a phone.
        push_contact: Where push services can complain about us: `mailto:...` or `https://...`.
        push_hosts: The push services of browsers that may be asked, apart by spaces;
            `*.example.org` is all below. Empty: those of the usual browsers.
        metrics_token: What whoever collects `/metrics` must say as its bearer token. Empty: only
            this machine may collect them.
        texts: The gateway for text messages; None: none are sent.
        demo: Whether the sign-in page offers made-up people; never true on a public address.
    """

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    smtp_url: str = field(repr=False)
    public_url: str
    secret_key: str = field(repr=False)
    instance: Path
    port: int
    demo: bool
    fetches_locally: bool = False
    reply_address: str = ""
    replies_url: str = field(default="", repr=False)
    calendar_gzip: bool = False
    bounce_address: str = ""
    bounces_url: str = field(default="", repr=False)
    metrics_token: str = field(default="", repr=False)
    push_key: str = field(default="", repr=False)
    push_contact: str = ""
    push_hosts: str = ""
    texts: Texts | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read every setting.

        Raises:
            SettingsError: When one is missing or malformed.
        """
        public_url = _public_url(environ)
        loopback = is_loopback(public_url)
        return cls(
            database_url=_database_url(environ),
            redis_url=_redis_url(environ),
            smtp_url=_smtp_url(environ),
            public_url=public_url,
            secret_key=_secret_key(environ, loopback=loopback),
            instance=instance_folder(environ),
            port=port_number(environ),
            demo=loopback and environ.get("DEMO", "").strip() != "0",
            fetches_locally=loopback and environ.get("FETCH_LOCALLY", "").strip() == "1",
            calendar_gzip=environ.get("CALENDAR_GZIP", "").strip() == "1",
            reply_address=_tagged_address(environ, "REPLY_ADDRESS"),
            replies_url=_mailbox_url(environ, "REPLIES_URL", needs="REPLY_ADDRESS"),
            bounce_address=_tagged_address(environ, "BOUNCE_ADDRESS"),
            bounces_url=_mailbox_url(environ, "BOUNCES_URL", needs="BOUNCE_ADDRESS"),
            metrics_token=_metrics_token(environ),
            push_key=_push_key(environ),
            push_contact=_push_contact(environ, public_url),
            push_hosts=_push_hosts(environ),
            texts=read_texts(environ),
        )

    @property
    def push_services(self) -> phones.Services:
        """The push services of browsers that may be asked."""
        hosts = tuple(self.push_hosts.split()) or phones.USUAL_HOSTS
        return phones.Services(hosts=hosts, is_local_allowed=self.fetches_locally)


def is_loopback(url: str) -> bool:
    """Whether only this machine can reach the address."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def instance_folder(environ: Mapping[str, str]) -> Path:
    """Where this installation keeps its own files: INSTANCE, or ./instance."""
    return Path(environ.get("INSTANCE", "").strip() or DEFAULT_INSTANCE).expanduser().absolute()


def port_number(environ: Mapping[str, str]) -> int:
    """Read PORT, the TCP port of the web server.

    Raises:
        SettingsError: When it is not a number from 1 to 65535.
    """
    text = environ.get("PORT", "").strip() or str(DEFAULT_PORT)
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) <= HIGHEST_PORT:
        raise SettingsError(f"PORT must be a number from 1 to {HIGHEST_PORT}.")
    return int(text)


def _required(environ: Mapping[str, str], name: str, hint: str) -> str:
    text = environ.get(name, "").strip()
    if not text:
        raise SettingsError(f"{name} is not set: give {hint}, or start with `timebank up`.")
    return text


def _split(name: str, text: str, schemes: Collection[str], hint: str) -> SplitResult:
    """Take an address apart; a refusal never repeats it, for it may hold a password."""
    problem = SettingsError(f"{name} cannot be understood: give {hint}.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise problem from None
    if parts.scheme not in schemes or port == 0 or re.search(r"[\x00-\x20\x7f]", text):
        raise problem
    return parts


def _database_url(environ: Mapping[str, str]) -> str:
    hint = "a PostgreSQL address such as postgresql://name:password@host/database"
    text = _required(environ, "DATABASE_URL", hint)
    for prefix in _DATABASE_PREFIXES:
        if text.startswith(prefix):
            parts = _split("DATABASE_URL", text, {prefix.removesuffix("://")}, hint)
            return _DRIVER + text.removeprefix(f"{parts.scheme}://")
    raise SettingsError(f"DATABASE_URL cannot be understood: give {hint}.")


def _redis_url(environ: Mapping[str, str]) -> str:
    hint = "a Redis or Valkey address such as redis://host:6379/0 or unix:///run/valkey.sock"
    text = _required(environ, "REDIS_URL", hint)
    parts = _split("REDIS_URL", text, {"redis", "rediss", "unix"}, hint)
    if not (parts.path if parts.scheme == "unix" else parts.hostname):
        raise SettingsError(f"REDIS_URL cannot be understood: give {hint}.")
    return text


def _smtp_url(environ: Mapping[str, str]) -> str:
    hint = "a mail server such as smtp://name:password@host:587, or maildir:///folder"
    text = _required(environ, "SMTP_URL", hint)
    parts = _split("SMTP_URL", text, {"smtp", "smtps", "maildir"}, hint)
    is_folder = parts.scheme == "maildir"
    if bool(parts.hostname) == is_folder or (is_folder and len(parts.path) < len("/x")):
        raise SettingsError(f"SMTP_URL cannot be understood: give {hint}.")
    return text


def _public_url(environ: Mapping[str, str]) -> str:
    hint = "the address people type, such as https://goodturn.example"
    text = _required(environ, "PUBLIC_URL", hint).rstrip("/")
    parts = _split("PUBLIC_URL", text, {"http", "https"}, hint)
    if not parts.hostname or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingsError(f"PUBLIC_URL cannot be understood: give {hint}.")
    return text


def _secret_key(environ: Mapping[str, str], *, loopback: bool) -> str:
    hint = f"at least {SHORTEST_SECRET} random characters"
    text = _required(environ, "SECRET_KEY", hint)
    if not loopback and len(text) < SHORTEST_SECRET:
        raise SettingsError(f"SECRET_KEY is too short for a public address: give {hint}.")
    return text


def _tagged_address(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "").strip().lower()
    if text and not _TAGGED_ADDRESS.fullmatch(text):
        raise SettingsError(
            f"{name} cannot be understood: give an address of up to ten letters before the"
            " @, such as rota@goodturn.example."
        )
    return text


def _mailbox_url(environ: Mapping[str, str], name: str, *, needs: str) -> str:
    text = environ.get(name, "").strip()
    if not text:
        return ""
    hint = "a mailbox such as imaps://name:password@host/INBOX, or maildir:///folder"
    parts = _split(name, text, {"imaps", "maildir"}, hint)
    is_folder = parts.scheme == "maildir" and not parts.netloc and len(parts.path) > 1
    is_elsewhere = parts.scheme == "imaps" and parts.hostname and parts.username
    if not (is_folder or (is_elsewhere and parts.password is not None)):
        raise SettingsError(f"{name} cannot be understood: give {hint}.")
    if not environ.get(needs, "").strip():
        raise SettingsError(f"{needs} is not set: {name} needs it.")
    return text


def _metrics_token(environ: Mapping[str, str]) -> str:
    text = environ.get("METRICS_TOKEN", "").strip()
    if text and not re.fullmatch(rf"[!-~]{{{SHORTEST_TOKEN},200}}", text):
        raise SettingsError(
            f"METRICS_TOKEN cannot be understood: give {SHORTEST_TOKEN} to 200 letters, figures"
            " and signs, without spaces."
        )
    return text


def _push_key(environ: Mapping[str, str]) -> str:
    text = environ.get("PUSH_KEY", "").strip()
    if text and not phones.is_private_key(text):
        raise SettingsError("PUSH_KEY cannot be understood: give what `timebank push-key` prints.")
    return text


def _push_contact(environ: Mapping[str, str], public_url: str) -> str:
    """Read PUSH_CONTACT; the site itself unless given, and nobody while it has no https."""
    text = environ.get("PUSH_CONTACT", "").strip()
    if text and not _CONTACT.fullmatch(text):
        raise SettingsError(
            "PUSH_CONTACT cannot be understood: give one such as mailto:ama@goodturn.example."
        )
    site = f"https://{urlsplit(public_url).hostname}"
    is_reachable = public_url.startswith("https:") and _CONTACT.fullmatch(site)
    return text or (site if is_reachable else _NOBODY)


def _push_hosts(environ: Mapping[str, str]) -> str:
    hosts = environ.get("PUSH_HOSTS", "").lower().split()
    if not all(map(phones.A_HOST.fullmatch, hosts)):
        raise SettingsError(
            "PUSH_HOSTS cannot be understood: give host names, such as *.push.example.org."
        )
    return " ".join(hosts)
