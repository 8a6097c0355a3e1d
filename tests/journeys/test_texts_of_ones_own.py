"""Story: Bela would rather be texted: she proves her number, chooses what, and ends it again."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests import builders
from tests import gateway
from tests.browsing import Browser
from tests.builders import Walk
from tests.gateway import Gateway
from tests.invitations import Postman
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.models import TextCode
from timebank.models import TextNumber

TYPED = "07400 123456"
MOBILE = "+447400123456"


@pytest.fixture
def ours() -> Iterator[Gateway]:
    with gateway.listening() as ours:
        yield ours


@pytest.fixture
def texting(settings: Settings, ours: Gateway) -> Settings:
    return replace(settings, texts=ours.texts())


@pytest.fixture
def site(texting: Settings, app: Flask) -> Flask:
    app.extensions["timebank.settings"] = texting
    return app


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


def test_bela_proves_her_number_chooses_and_ends_it(  # noqa: PLR0915 - one story
    site: Flask, session: Session, texting: Settings, walk: Walk, ours: Gateway
) -> None:
    bela, postman = Browser(site).sign_in(walk.bela), Postman(texting)
    bela.open("/me/mail")
    bela.follow("Texts to your mobile")
    bela.press("Send me a code", number=f" {TYPED} ")
    assert "We’ve sent a code to 07400 123456." in bela.words
    postman.brings(session)
    [came] = ours.came
    assert came["to"] == MOBILE
    code = re.match(r"\d{6}", came["text"])[0]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    bela.press("That’s my number", code=wrong)
    assert bela.statuses == [422]
    assert "That code isn’t right, or it’s more than ten minutes old." in bela.words
    bela.press("That’s my number", code=f"{code[:3]} {code[3:]}")
    assert "We text you on 07400 123456" in bela.words
    bela.press("Save", families=["turns"])
    assert "Saved. It counts from the next message on." in bela.words
    assert re.search(r'value="turns"[^>]*checked|checked[^>]*value="turns"', bela.page)
    bela.open("/me/mail")
    assert bela.page.count('value="text"') == 4
    bela.press("Save", turns="text", hours="text")
    assert "Saved. It counts from the next e-mail on." in bela.words
    other = Browser(site).sign_in(walk.sam)
    for page in ("/me/texts", f"/people/{walk.bela.id}/texts"):
        assert "123456" not in other.open(page)
    bela.open("/me/texts")
    bela.press("Text me no more")
    assert "No more texts. We’ve deleted your number" in bela.words
    session.expire_all()
    assert session.scalars(sa.select(TextNumber)).all() == []
    bela.open("/me/texts")
    assert "123456" not in bela.page


def test_five_wrong_codes_and_ten_minutes_end_it(
    site: Flask, session: Session, walk: Walk
) -> None:
    bela = Browser(site).sign_in(walk.bela)
    bela.open("/me/texts")
    bela.press("Send me a code", number=TYPED)
    for _ in range(5):
        bela.press("That’s my number", code="000000")
    assert not bela.has_button("That’s my number")
    session.expire_all()
    assert session.scalars(sa.select(TextCode.wrong_codes)).all() == [5]
    bela.press("Send me a code", number=TYPED)
    with time_machine.travel(clock.now() + dt.timedelta(minutes=11), tick=False):
        bela.open("/me/texts")
        assert not bela.has_button("That’s my number")


def test_three_codes_a_day_are_enough_for_everybody(
    site: Flask, session: Session, walk: Walk
) -> None:
    bela, sam = (Browser(site).sign_in(one) for one in (walk.bela, walk.sam))
    bela.open("/me/texts")
    for _ in range(3):
        bela.press("Send me a code", number=TYPED)
    for who in (bela, sam):
        who.open("/me/texts")
        who.press("Send me a code", number=TYPED)
        assert who.statuses == [422]
        assert "We’ve sent three codes in a day" in who.words
        assert 'value="07400 123456"' in who.page
    bela.press("Send me a code", number="07400 123457")
    assert bela.statuses == [422]
    bela.open("/me/texts")
    with time_machine.travel(clock.now() + dt.timedelta(hours=25), tick=False):
        sam.press("Send me a code", number=TYPED)
        assert "We’ve sent a code" in sam.words


@pytest.mark.parametrize(
    "typed",
    [
        "", "x", "020 7946 0123", "0900 123 4567", "0871 234 5678", "+1 202 555 0143",
        "+44 7400 12345", "07400 123456 ext. 5", "07624 123456", "999", "+447400123456;drop",
        "\u0667\u0667", "0" * 41, "<script>", "\x00",
    ],
)  # fmt: skip
def test_what_is_no_mobile_number_here_is_refused_kindly(
    site: Flask, session: Session, walk: Walk, typed: str
) -> None:
    bela = Browser(site).sign_in(walk.bela)
    bela.open("/me/texts")
    bela.press("Send me a code", number=typed)
    assert bela.statuses == [422]
    assert "mobile number" in bela.words
    assert session.scalars(sa.select(TextCode)).all() == []


def test_ama_notes_that_rose_agreed(site: Flask, session: Session, walk: Walk) -> None:
    rose = builders.a_member(session, walk.community, "Rose Bell", email=None)
    rose.person.profile.phone = TYPED
    session.commit()
    ama = Browser(site).sign_in(walk.ama)
    ama.open("/people/without-email")
    ama.follow("Texts : Rose Bell")
    assert f'value="{TYPED}"' in ama.page
    ama.press("Note it")
    assert ama.statuses == [422]
    assert "Ask them first, and tick it when they say yes" in ama.words
    ama.press("Note it", agreed="y")
    assert "We text them on 07400 123456" in ama.words
    session.expire_all()
    noted = session.get(TextNumber, rose.id)
    assert (noted.number, noted.agreed_with, noted.proven_at) == (MOBILE, walk.ama.id, None)
    ama.press("Text them no more")
    assert "No more texts to them." in ama.words
    session.expire_all()
    assert session.get(TextNumber, rose.id) is None
    chi = builders.an_elsewhere(session).chi
    for who in (walk.bela.id, chi.id):  # she reads mail; the other is elsewhere
        ama.open(f"/people/{who}/texts")
        assert ama.statuses == [404]


def test_where_no_texts_are_sent_nobody_is_asked(app: Flask, walk: Walk) -> None:
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/me/mail")
    assert "Texts to your mobile" not in bela.words
    bela.press("Save", turns="text")
    assert bela.statuses == [422]
    assert "Choose one of these" in bela.words
    bela.open("/me/texts")
    assert bela.statuses == [404]
