"""Bela has a code texted, chooses what comes as a text, and ends it; Ama notes Rose's number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.gateway import Gateway
from tests.operators import name_operator
from timebank.core import clock
from timebank.domain.texts import numbers
from timebank.models import TextMonth

pytestmark = pytest.mark.browser
STORY = "texts"
TYPED = "07400 123456"
MOBILE = "+447400123456"


@pytest.fixture
def walk(session):
    return days.a_walk(session)


@pytest.fixture(autouse=True)
def texting(app):
    """The served app sends texts; nobody has to listen, for no worker runs here."""
    settings = app.extensions["timebank.settings"]
    texts = Gateway(url="http://127.0.0.1:9/send").texts()
    app.extensions["timebank.settings"] = replace(settings, texts=texts)


def test_bela_proves_her_number(app, walk, session, open_screen: OpenScreen, look: Look) -> None:
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/me/mail")
    bela.follow("Texts to your mobile")
    bela.see("begin")
    bela.type("Mobile number", "020 8300 0101")
    bela.press("Send me a code")
    bela.reads("That doesn’t look like a mobile number here")
    bela.see("refused")
    bela.type("Mobile number", TYPED)
    bela.press("Send me a code")
    bela.reads("We’ve sent a code to 07400 123456.")
    bela.see("asked")
    code = numbers.open_code(session, member=walk.bela, now=clock.now())
    bela.type("Six-digit code", numbers.digits_of(code, secret_key=app.config["SECRET_KEY"]))
    bela.press("That’s my number")
    bela.reads("We text you on 07400 123456")
    bela.see("proven")
    bela.press("Text me no more")
    bela.reads("No more texts. We’ve deleted your number")


def test_ama_notes_that_rose_agreed(walk, session, open_screen: OpenScreen, look: Look) -> None:
    rose = builders.a_member(session, walk.community, "Rose Bell", email=None)
    rose.person.profile.phone = TYPED
    session.commit()
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/people/without-email")
    ama.see("list")
    ama.open(f"/people/{rose.id}/texts")
    ama.press("Note it")
    ama.reads("Ask them first, and tick it when they say yes")
    ama.see("not-asked")
    ama.choose("They agreed to texts")
    ama.press("Note it")
    ama.reads("We text them on 07400 123456")
    ama.see("agreed")


@pytest.mark.parametrize("page", ["/me/texts"])
def test_pages_fit_a_narrow_screen(walk, open_screen: OpenScreen, page) -> None:
    bela = open_screen("narrow-texts", Look(320, "light"), of=walk.bela)
    bela.open(page)
    bela.finds_nothing_wrong()


def test_the_operator_sees_what_texts_cost(walk, session, owner, open_screen: OpenScreen) -> None:
    name_operator(owner, walk.ama)
    session.add(
        TextMonth(month=clock.now().date().replace(day=1), most_pence=900, spent_pence=810)
    )
    session.commit()
    ama = open_screen(STORY, Look(1280, "light"), of=walk.ama)
    ama.open("/operations")
    ama.reads("for £8.10 of at most £9.00.")
    ama.see("operations")
