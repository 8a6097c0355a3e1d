"""Say a notice in words: a subject, a text and an HTML page, from `templates/email/<kind>/`.

No request is near when a message is worded, so addresses are built from what the operator said is
public, and hours and days are those of the community.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment
from jinja2 import FileSystemLoader
from jinja2 import StrictUndefined
from jinja2 import select_autoescape

from timebank.core import hours
from timebank.core import ids
from timebank.core import text
from timebank.core import when
from timebank.domain import identity
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.posts import AboutPost
from timebank.models import NoticeKind

PACKAGE = Path(__file__).resolve().parents[2]
LONGEST_SUBJECT = 150
CLAIM_PURPOSE = "claim"
ASKED_PURPOSE = "asked"
HANDOVER_PURPOSE = "handover"
OFFER_PURPOSE = "offer"
HELP_PURPOSE = "help"
INVITATION_PURPOSE = "invitation"
REFERENCE_PURPOSE = "reference"
KEEP_PURPOSE = "keep"
EXCHANGE_PURPOSE = "exchange"
TALK_PURPOSES = {True: "talk-owner", False: "talk-other"}  # by whether it is the owner's side

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Wording:
    """A message in words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses that a letter may name, each whole, and the code of a sign-in.

    Attributes:
        secret_key: Signs those that let their holder do something.
    """

    letter: Letter
    public_url: str
    secret_key: str

    @property
    def home(self) -> str:
        """Where the community lives: its own host name, if it has one."""
        if not self.letter.host:
            return self.public_url
        parts = urlsplit(self.public_url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{self.letter.host}{port}"

    @property
    def my_turns(self) -> str:
        """The person's own page."""
        return f"{self.home}/me"

    @property
    def acting(self) -> str:
        """Who acts for whom, and what was done: the page of both."""
        return f"{self.home}/me/for"

    @property
    def event(self) -> str:
        """The page of the date."""
        return f"{self.home}/e/{self.letter.slug}/{self.letter.occurs_on}"

    @property
    def decide(self) -> str:
        """The organiser's page about whether the date can start."""
        return f"{self.event}/decide"

    @property
    def books(self) -> str:
        """The public page that shows the proof."""
        return f"{self.home}/books"

    @property
    def confirm(self) -> str:
        """A page with one button: yes, it's me."""
        return f"{self.home}/t/{self._claim_token}/confirm"

    @property
    def cant(self) -> str:
        """A page with one button: I can't make it."""
        return f"{self.home}/t/{self._claim_token}/cant"

    @property
    def asked_yes(self) -> str:
        """A page with one button: I'll do it."""
        return f"{self.home}/t/{self._asked_token}/asked/yes"

    @property
    def asked_no(self) -> str:
        """A page with one button: not this time."""
        return f"{self.home}/t/{self._asked_token}/asked/no"

    @property
    def offer_yes(self) -> str:
        """A page with one button: I'll take it over. Whoever runs the event goes to its page."""
        return self._offer("yes")

    @property
    def offer_no(self) -> str:
        """A page with one button: not this time."""
        return self._offer("no")

    @property
    def other_job(self) -> str:
        """The page of another job that somebody is offered."""
        return f"{self.home}{self.letter.facts.get('other_path', '')}"

    @property
    def _asked_token(self) -> str:
        if self.letter.claim_id is None:
            raise LookupError("this notice belongs to no claim")
        return self.token(ASKED_PURPOSE, self.letter.claim_id)

    def _offer(self, answer: str) -> str:
        """The link is of one person and one turn: nobody else can answer with it."""
        to, claim_id = self.letter.facts.get("to"), self.letter.claim_id
        if to is None:
            return self.event
        token = self.token(f"{HANDOVER_PURPOSE}-{claim_id}", int(to))
        return f"{self.home}/t/{token}/turn/{claim_id}/{answer}"

    @property
    def claim(self) -> str:
        """The page for taking the job."""
        return f"{self.event}/claim/{self.letter.slot_id}"

    @property
    def offer(self) -> str:
        """A page with two buttons: yes to a place that is offered, and not this time."""
        if self.letter.claim_id is None:
            raise LookupError("this notice belongs to no claim")
        return f"{self.home}/t/{self.token(OFFER_PURPOSE, self.letter.claim_id)}/offer"

    @property
    def help(self) -> str:
        """A page with two buttons: yes to a call for help, and not this time."""
        ask_id = int(self.letter.facts.get("ask_id", "0"))
        return f"{self.home}/t/{self.token(HELP_PURPOSE, ask_id)}/help"

    @property
    def invitation(self) -> str:
        """A page that says who invites, with one button: I'd like to join."""
        number = int(self.letter.facts.get("invitation_id", "0"))
        return f"{self.home}/t/{self.token(INVITATION_PURPOSE, number)}/invitation"

    @property
    def reference(self) -> str:
        """A page with one question about an applicant."""
        number = int(self.letter.facts.get("reference_id", "0"))
        return f"{self.home}/t/{self.token(REFERENCE_PURPOSE, number)}/reference"

    @property
    def applications(self) -> str:
        """The coordinators' page of those who would like to join."""
        return f"{self.home}/people/joining"

    @property
    def join(self) -> str:
        """The page on which anybody may say that they would like to join."""
        return f"{self.home}/join"

    @property
    def erase(self) -> str:
        """The page on which somebody has their name and address deleted."""
        return f"{self.home}/me/erase"

    @property
    def ask_sign_in(self) -> str:
        """The page on which a way in is asked for by e-mail."""
        return f"{self.home}/sign-in"

    @property
    def keep(self) -> str:
        """A page with one button: keep an offer or ask on the board, or bring it back."""
        return f"{self.home}/t/{self.token(KEEP_PURPOSE, self._post.post_id)}/keep"

    @property
    def reply(self) -> str:
        """A page where the reader answers a neighbour in a box: their address stays theirs."""
        token = self.token(TALK_PURPOSES[bool(self._post.to_owner)], self._post.talk_id or 0)
        return f"{self.home}/t/{token}/reply"

    @property
    def exchange(self) -> str:
        """The page of an exchange, for its two sides."""
        return f"{self.home}/neighbours/thanks/{self._exchange_id}"

    @property
    def settle(self) -> str:
        """The page of an exchange, for coordinators."""
        return f"{self.home}/bank/exchanges/{self._exchange_id}"

    @property
    def happened(self) -> str:
        """A page with two buttons: it happened, with how long it took; it didn't."""
        return f"{self.home}/t/{self.token(EXCHANGE_PURPOSE, self._exchange_id)}/thank"

    @property
    def _exchange_id(self) -> int:
        if self.letter.exchange is None:
            raise LookupError("this notice is about no exchange")
        return self.letter.exchange.exchange_id

    @property
    def _post(self) -> AboutPost:
        if self.letter.post is None:
            raise LookupError("this notice is about no offer or ask")
        return self.letter.post

    @property
    def sign_in(self) -> str:
        """A page with one button: sign in."""
        if self.letter.request is None:
            raise LookupError("this notice belongs to no sign-in")
        token = identity.sign_in_link_token(self.letter.request, secret_key=self.secret_key)
        return f"{self.home}/sign-in/{token}"

    @property
    def code(self) -> str:
        """The six digits to type instead."""
        if self.letter.request is None:
            raise LookupError("this notice belongs to no sign-in")
        return identity.sign_in_code(self.letter.request, secret_key=self.secret_key)

    @property
    def _claim_token(self) -> str:
        if self.letter.claim_id is None:
            raise LookupError("this notice belongs to no claim")
        return self.token(CLAIM_PURPOSE, self.letter.claim_id)

    def token(self, purpose: str, number: int) -> str:
        """Derive the token that lets its holder do one thing to one row."""
        return ids.signed_token(self.secret_key, purpose, number)


def word(letter: Letter, *, public_url: str, secret_key: str, now: dt.datetime) -> Wording:
    """Say a notice in words, as seen from `now`: "tomorrow" is the day after it."""
    facts = {"letter": letter, "links": Links(letter, public_url, secret_key), "now": now}
    parts = [
        _environment().get_template(f"email/{letter.kind}/{part}").render(facts)
        for part in ("subject.txt", "body.txt", "body.html")
    ]
    return Wording(subject=one_line(parts[0]), text=tidy(parts[1]), html=parts[2].strip() + "\n")


def one_line(written: str) -> str:
    """Make a subject: one line, nothing unprintable, not endless."""
    line = " ".join(_UNPRINTABLE.sub(" ", written).split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def tidy(written: str) -> str:
    """Make a text part: no more than one blank line anywhere, none at the ends."""
    lines = "\n".join(line.rstrip() for line in written.splitlines())
    return _BLANK_LINES.sub("\n\n", lines).strip() + "\n"


def in_a_sentence(name: str) -> str:
    """Write a job's name inside a sentence: "Tail walker" is "tail walker", "MC" stays."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def preload() -> None:
    """Read every template now, so that each worker's child finds them ready."""
    for kind in NoticeKind:
        for part in ("subject.txt", "body.txt", "body.html"):
            _environment().get_template(f"email/{kind}/{part}")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_templates_folder()),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(
        clock=when.clock,
        date=when.date,
        day=when.day,
        long_day=when.long_day,
        near_day=when.near_day,
        this_day=when.this_day,
        hours=hours.in_words,
        first_name=text.first_name,
        public_name=text.public_name,
        in_a_sentence=in_a_sentence,
    )
    return environment


def _templates_folder() -> Path:
    beside = PACKAGE.parent / "templates"
    return beside if beside.is_dir() else PACKAGE / "_templates"
