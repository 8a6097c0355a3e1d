"""What a phone shows of each kind: in few words, nothing that opens a door, and where to tap."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest

from timebank.adapters.push import MOST_BYTES
from timebank.core import ids
from timebank.domain.notices import samples
from timebank.domain.notices import shown
from timebank.domain.notices import wording
from timebank.domain.notices.ways import ROUTES
from timebank.models import NoticeKind
from timebank.models import Way

NOW = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)
MOVED = samples.FACTS[NoticeKind.HOURS_MOVED]
SECRET = "a secret key for tests, long enough"
ON_A_PHONE = sorted(
    kind for kind, route in ROUTES.items() if route.by not in {Way.MAIL, Way.TEXT, Way.LETTER}
)
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")  # RFC 8030 5.4


def show(kind, *, lasts=dt.timedelta(hours=2), **changes):
    letter, enclosed = samples.sample(kind, now=NOW)
    for name, value in changes.items():
        object.__setattr__(letter, name, value)
    object.__setattr__(enclosed, "expires_at", NOW + lasts)
    words = wording.word(
        letter, public_url="https://b.example", secret_key=SECRET, now=NOW, enclosed=enclosed
    )
    return shown.show(
        letter, words, public_url="https://b.example", enclosed=enclosed, notice_id=7, now=NOW
    )


@pytest.mark.parametrize("kind", ON_A_PHONE)
class TestEveryKind:
    def test_it_says_what_it_is_about_in_few_words(self, kind):
        told = show(kind)
        assert 10 <= len(told.title) <= 150
        assert 10 <= len(told.body) <= 300
        assert told.language == "en-GB"
        assert len(told.content) <= MOST_BYTES

    def test_it_holds_no_key_and_no_address_of_anybody(self, kind):
        told = show(kind)
        written = told.content.decode()
        assert "/t/" not in written
        assert "/sign-in/" not in written
        assert "@" not in written
        assert "://" not in told.title + told.body
        assert written.count("://") == 1
        assert not re.search(r"\b\d{6}\b", written)

    def test_a_tap_leads_to_a_page_of_ours(self, kind):
        told = show(kind)
        assert told.address.startswith("https://b.example/")
        assert told.address == json.loads(told.content)["address"]

    def test_it_has_a_topic_as_push_services_take_it(self, kind):
        assert TOPIC.fullmatch(show(kind).topic)


def test_most_kinds_can_be_shown():
    assert len(ON_A_PHONE) > 30


def test_a_newer_reminder_of_a_turn_takes_the_place_of_an_older_one():
    topics = {show(kind).topic for kind in (NoticeKind.REMINDER_EVE, NoticeKind.REMINDER_MORNING)}
    assert topics == {"turn-12"}
    assert show(NoticeKind.EVENT_CANCELLED).topic == "notice-7"


@pytest.mark.parametrize(
    ("lasts", "kept"),
    [
        (dt.timedelta(hours=2), dt.timedelta(hours=2)),
        (dt.timedelta(days=30), dt.timedelta(days=7)),
        (-dt.timedelta(hours=2), dt.timedelta(0)),
    ],
)
def test_a_push_service_keeps_it_while_it_is_worth_telling(lasts, kept):
    assert show(NoticeKind.REMINDER_EVE, lasts=lasts).lasts == kept


def test_what_somebody_waits_for_is_urgent_and_thanks_are_not():
    assert show(NoticeKind.EVENT_CANCELLED).is_urgent
    assert show(NoticeKind.PLACE_OFFERED).is_urgent
    assert not show(NoticeKind.THANKED).is_urgent


def test_long_words_are_cut():
    told = show(NoticeKind.HOURS_MOVED, facts={**MOVED, "what": "é" * 5000})
    assert len(told.body) == 300
    assert told.body.endswith("…")
    assert len(told.content) <= MOST_BYTES


def test_words_with_an_address_in_them_are_left_out():
    told = show(NoticeKind.HOURS_MOVED, facts={**MOVED, "what": "See https://x.example"})
    assert told.body == ""


def test_no_key_of_ours_can_be_made_of_what_is_shown():
    """Links are built without the secret: what slipped through would open nothing."""
    letter, _enclosed = samples.sample(NoticeKind.ASKED, now=NOW)
    real = ids.signed_token(SECRET, "asked", letter.claim_id)
    assert real not in show(NoticeKind.ASKED).content.decode()
