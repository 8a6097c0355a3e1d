"""The addresses that a message may name, each whole; some let their holder do one thing.

Those are signed for one purpose and one row, so that no link does what another is for.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property
from urllib.parse import urlsplit

from timebank.core import ids
from timebank.domain import identity
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.messages import AboutMessage
from timebank.domain.notices.posts import AboutPost
from timebank.domain.rota.come_again import Suggested
from timebank.models import Audience
from timebank.models import NoticeKind

CLAIM_PURPOSE = "claim"
ASKED_PURPOSE = "asked"
HANDOVER_PURPOSE = "handover"
OFFER_PURPOSE = "offer"
HELP_PURPOSE = "help"
FREE_PURPOSE = "free"
INVITATION_PURPOSE = "invitation"
REFERENCE_PURPOSE = "reference"
KEEP_PURPOSE = "keep"
EXCHANGE_PURPOSE = "exchange"
CALL_OFF_PURPOSE = "call-off"
STOP_PURPOSE = "stop"
ANSWER_PURPOSE = "answer"
HEARING_PURPOSE = "hearing"
TALK_PURPOSES = {True: "talk-owner", False: "talk-other"}  # by whether it is the owner's side

# Where a message leads that is told in the weekly mail: the name of an address of `Links`.
GISTS = {
    NoticeKind.CALL_FOR_HELP: "help",
    NoticeKind.COVER_WANTED: "offer_yes",
    NoticeKind.TURN_OFFERED: "offer_yes",
    NoticeKind.NEIGHBOUR_WROTE: "reply",
    NoticeKind.POST_LAPSING: "keep",
    NoticeKind.POST_LAPSED: "keep",
    NoticeKind.EXCHANGE_AGREED: "exchange",
    NoticeKind.THANKED: "exchange",
    NoticeKind.WHAT_TO_EXPECT: "event",
    NoticeKind.PLACE_FREE: "free_place",
    NoticeKind.ORGANISER_NEWS: "answer",
    NoticeKind.MESSAGE_ANSWERED: "talk",
    NoticeKind.COME_AGAIN: "first_turn",
}

NOTHING = Enclosed()


@dataclass(frozen=True)
class Links:
    """The addresses that a letter may name, each whole, and the code of a sign-in.

    Attributes:
        secret_key: Signs those that let their holder do something.
        enclosed: What goes along, and whose choice ends such messages.
    """

    letter: Letter
    public_url: str
    secret_key: str
    enclosed: Enclosed = NOTHING

    @cached_property
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
    def choices(self) -> str:
        """The page on which somebody chooses which messages they get."""
        return f"{self.home}/me/mail"

    @property
    def phones(self) -> str:
        """The page of the phones on which somebody is told."""
        return f"{self.home}/me/phone"

    @cached_property
    def stop(self) -> str | None:
        """A page with one button: no more of these. None for what is needed.

        Whoever asked to hear from the organisers of an event ends just that.
        """
        if self._is_heard:
            return self.stop_hearing
        family, number = self.enclosed.family, self.enclosed.membership_id
        if family is None or number is None:
            return None
        return f"{self.home}/t/{self.token(f'{STOP_PURPOSE}-{family}', number)}/stop/{family}"

    def of(self, letter: Letter) -> Links:
        """Give the addresses of another letter, told in this one."""
        whose = Enclosed(membership_id=self.enclosed.membership_id)
        return replace(self, letter=letter, enclosed=whose)

    def date(self, slug: str, day: dt.date) -> str:
        """The page of any date."""
        return f"{self.home}/e/{slug}/{day}"

    def free(self, slot_id: int) -> str:
        """A page with one button: I'll do it, for a job that wants somebody.

        Raises:
            LookupError: Its reader is no member here.
        """
        number = self.enclosed.membership_id
        if number is None:
            raise LookupError("this notice goes to no member")
        return f"{self.home}/t/{self.token(f'{FREE_PURPOSE}-{slot_id}', number)}/free/{slot_id}"

    @property
    def gist(self) -> str:
        """Where a message that is told in the weekly mail is read or acted on."""
        leads_to = GISTS.get(self.letter.kind, "my_turns")
        return str(getattr(self, leads_to))

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
    def free_place(self) -> str:
        """A page with one button: I'll do it, for a place that has come up."""
        if self.enclosed.membership_id is None or self.letter.slot_id is None:
            return self.claim
        return self.free(self.letter.slot_id)

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
    def without_email(self) -> str:
        """The coordinators' page of letters to print, and whom to ring."""
        return f"{self.home}/people/without-email"

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
    def is_answered_by_mail(self) -> bool:
        """Whether to answer the mail itself reaches whoever wrote."""
        return bool(self.enclosed.reply_to)

    @property
    def answer(self) -> str:
        """A page where the reader answers an organiser, or reads what was written back.

        The link is of one person and one message: nobody else can answer with it.
        """
        about = self._message
        token = self.token(f"{ANSWER_PURPOSE}-{about.message_id}", about.membership_id)
        return f"{self.home}/t/{token}/answer/{about.message_id}"

    @property
    def stop_hearing(self) -> str:
        """A page with one button: hear no more from the organisers of this event."""
        about = self._message
        token = self.token(f"{HEARING_PURPOSE}-{about.series_id}", about.membership_id)
        return f"{self.home}/t/{token}/hear/{about.series_id}"

    @property
    def written(self) -> str:
        """The organisers' page of a message, with what was answered."""
        return f"{self.event}/write/{self._message.message_id}"

    @property
    def talk(self) -> str:
        """Where the reader goes on with what was answered to them."""
        return self.answer if self._message.by_organiser else self.written

    @property
    def say_it_again(self) -> str:
        """Where an answer can be written that went nowhere by mail."""
        return self.written if "to_organiser" in self.letter.facts else self.answer

    def turn(self, suggested: Suggested) -> str:
        """The page for taking a turn that would suit somebody."""
        date = f"{self.home}/e/{suggested.slug}/{suggested.occurs_on}"
        return f"{date}/claim/{suggested.slot_id}"

    @property
    def first_turn(self) -> str:
        """The page for taking the first of the turns that would suit somebody."""
        again = self.letter.again
        return self.turn(again.turns[0]) if again and again.turns else self.home

    @property
    def exchange(self) -> str:
        """The page of an exchange, for its two sides."""
        return f"{self.home}/neighbours/thanks/{self._exchange_id}"

    @property
    def call_off(self) -> str:
        """A page with one button: I can't make it, for what two have agreed on."""
        number, about = self.enclosed.membership_id, self._exchange_id
        if number is None:
            return self.exchange
        return (
            f"{self.home}/t/{self.token(f'{CALL_OFF_PURPOSE}-{about}', number)}/call-off/{about}"
        )

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
    def _is_heard(self) -> bool:
        """Whether it comes because its reader asked to hear from the organisers."""
        about = self.letter.message
        is_news = self.letter.kind is NoticeKind.ORGANISER_NEWS
        return is_news and about is not None and about.whom == Audience.HEARING

    @property
    def _message(self) -> AboutMessage:
        if self.letter.message is None:
            raise LookupError("this notice is about no message")
        return self.letter.message

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

    @cached_property
    def _claim_token(self) -> str:
        if self.letter.claim_id is None:
            raise LookupError("this notice belongs to no claim")
        return self.token(CLAIM_PURPOSE, self.letter.claim_id)

    def token(self, purpose: str, number: int) -> str:
        """Derive the token that lets its holder do one thing to one row."""
        return ids.signed_token(self.secret_key, purpose, number)
