"""Offers and asks: put up in a minute, found, answered without addresses, kept or let go."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.boards import a_post
from tests.browsing import Browser
from tests.mails import link
from tests.mails import mail
from timebank.core import clock as wall_clock
from timebank.domain.exchange import expiring
from timebank.models import Category
from timebank.models import NoticeKind
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import PostState

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
SECRETS = ("@example.com", "Novak", "Tran", "Khan", "Marlow", "020 8303")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def browse(app, member):
    return Browser(app).sign_in(member)


def fill(browser, button, **typed):
    return browser.press(
        button,
        **{"title": "My hedge", "category": "garden", "area": "Crayford", **typed},
    )


def night(session, clock, day):
    clock.move_to(dt.datetime.combine(day, dt.time(2, 30), dt.UTC))
    expiring.nudge_and_lapse(session, now=wall_clock.now())
    session.commit()
    session.expire_all()


def shows_no_secret(*pages):
    for page in pages:
        for secret in SECRETS:
            assert secret not in page, secret


def test_a_stranger_reads_what_is_asked_and_no_name(walk, app):
    bela, dov = browse(app, walk.bela), Browser(app)
    bela.open("/neighbours")
    bela.follow("Ask for help")
    fill(bela, "Put it on the board", words="We’d do it together.", when_words="weekday mornings")
    assert "It’s on the board until Friday 28 May." in bela.words
    assert "This one’s yours" in bela.words

    dov.open("/neighbours")
    assert "My hedge" in dov.words
    assert "Crayford" in dov.words
    for secret in ("Bela", "together", *SECRETS):
        assert secret not in dov.page
    dov.follow("My hedge")
    assert "Bela" not in dov.page
    dov.follow("Sign in to write to them")
    assert dov.path == "/sign-in"


def test_an_ask_is_found_answered_and_replied_to_by_mail(walk, app, session):
    a_post(session, walk.bela, "My hedge")
    bela, sam, dov = browse(app, walk.bela), browse(app, walk.sam), Browser(app)
    sam.open("/neighbours?q=hegde")
    assert "Nothing for “hegde”. Here’s what we have for “hedge”." in sam.words
    sam.follow("My hedge")
    assert "Bela N" in sam.words
    sam.press("I can help", words="I’ve got shears. Friday?")
    assert "We’ve passed it on to Bela. Thank you!" in sam.words
    shows_no_secret(sam.page)

    words = mail(session, NoticeKind.NEIGHBOUR_WROTE, walk.bela)
    reply = link(words, "/reply")
    dov.open(reply)  # Bela’s other device, signed out
    assert "I’ve got shears. Friday?" in dov.words
    dov.press("Send it", words="Friday is lovely!")
    assert "We’ve passed it on." in dov.words
    sam.open("/neighbours/yours")
    assert "Friday is lovely!" in sam.words
    sam.follow("Bela N")
    assert "Friday is lovely!" in sam.words
    assert mail(session, NoticeKind.NEIGHBOUR_WROTE, walk.sam).subject == (
        "Bela N wrote to you: My hedge"
    )
    bela.open("/neighbours/yours")
    assert "You: Friday is lovely!" in bela.words
    shows_no_secret(dov.page, sam.page, words.text, words.html)


def test_a_second_tap_on_either_button_does_nothing_more(walk, app, session):
    bela, sam = browse(app, walk.bela), browse(app, walk.sam)
    bela.open("/neighbours/offer")
    form = bela.forms()[-1] if bela.forms()[-1].fields.get("key") else bela.forms()[0]
    typed = {
        **{name: values[0] for name, values in form.fields.items()},
        "title": "Mending",
        "category": "repairs",
        "area": "Sidcup",
    }
    for _ in range(2):
        bela.post("/neighbours/offer", **typed)
    (post,) = session.query(Post)
    sam.open(f"/neighbours/{post.id}")
    form = next(form for form in sam.forms() if form.action.endswith("/write"))
    typed = {**{name: values[0] for name, values in form.fields.items()}, "words": "Please!"}
    for _ in range(2):
        sam.post(form.action, **typed)
    assert sam.words.count("Please!") == 1


def test_nothing_typed_is_lost_when_it_cannot_be_put_up(walk, app):
    bela = browse(app, walk.bela)
    bela.open("/neighbours/ask")
    fill(bela, "Put it on the board", area="14 Alder Road, DA1 4XY", words="Ring me: 07700 900123")
    assert bela.statuses == [422]
    assert "Leave out e-mail and phone" in bela.words
    assert "14 Alder Road, DA1 4XY" in bela.page
    fill(bela, "Put it on the board", area="14 Alder Road", words="")
    assert "Name the part of the place, like Crayford, without a number or postcode." in bela.words
    bela.press("Put it on the board", title="", category="", area="")
    for sentence in (
        "Three things to fix",
        "Say what it is, in a few words",
        "Choose what kind of thing it is",
        "Name the part of the place, like Crayford",
    ):
        assert sentence in bela.words


def test_a_coordinator_posts_for_a_neighbour_on_the_telephone_and_rings_her(walk, app, session):
    edith = builders.a_member(session, walk.community, "Edith Marlow", None)
    builders.a_member(session, walk.community, "Edith Moss", None)
    session.commit()
    ama, sam = browse(app, walk.ama), browse(app, walk.sam)
    ama.open("/neighbours/ask")
    fill(ama, "Put it on the board", title="A lift to the doctor", category="lifts", whom="Edith")
    assert "Choose who it is for" in ama.words
    assert "Edith Moss" in ama.words
    ama.press("Put it on the board", who=edith.id)
    assert "Written down by Ama O." in ama.words
    assert "Edith M" in ama.words

    sam.open("/neighbours")
    sam.follow("A lift to the doctor")
    sam.press("I can help", words="I have a car.", ring="y")
    assert "passed it on to Edith" in sam.words
    assert not session.query(Post).filter(Post.membership_id == walk.ama.id).all()

    ama.open("/neighbours")
    assert "2 neighbours wait for a coordinator." in ama.words
    ama.follow("Waiting to be rung")
    assert "Edith Marlow" in ama.words
    assert "Sam T wrote about “A lift to the doctor”" in ama.words
    ama.press("I’ve rung them: Edith Marlow", words="Tuesday at nine, please.")
    assert "Passed on. Thank you!" in ama.words
    assert "Tuesday at nine, please." in mail(session, NoticeKind.NEIGHBOUR_WROTE, walk.sam).text
    ama.press("I’ve rung them: Sam Tran")
    assert "Nobody waits to be rung." in ama.words

    sam.open("/neighbours/to-ring")
    assert sam.statuses == [404]


def test_a_name_nobody_has_is_asked_about(walk, app):
    ama = browse(app, walk.ama)
    ama.open("/neighbours/offer")
    fill(ama, "Put it on the board", whom="Nobody Atall")
    assert "There’s nobody of that name here. Try another" in ama.words
    fill(ama, "Put it on the board", whom="Bela Novak")
    assert "Bela N" in ama.words


def test_a_resident_posts_for_nobody_else(walk, app, session):
    sam = browse(app, walk.sam)
    sam.open("/neighbours/ask")
    assert "Who is it for?" not in sam.words
    fill(sam, "Put it on the board", whom="Bela Novak", who=walk.bela.id)
    (post,) = session.query(Post)
    assert post.membership_id == walk.sam.id


def test_a_suggested_neighbour_is_asked_in_two_taps(walk, app, session):
    a_post(session, walk.sam, "Gardening of all kinds", kind=PostKind.OFFER)
    ask = a_post(session, walk.bela)
    bela = browse(app, walk.bela)
    bela.open(f"/neighbours/{ask.id}")
    assert "Sam offers gardening near you." in bela.words
    bela.follow("Ask Sam")
    assert "Hello Sam, could you help with this? Cutting back a hedge" in bela.page
    bela.press("Ask Sam")
    assert "We’ve asked Sam." in bela.words
    assert "Sam offers gardening" not in bela.words
    assert "In touch about it" in bela.words
    words = mail(session, NoticeKind.NEIGHBOUR_WROTE, walk.sam)
    assert words.subject == "Bela N wrote to you: Cutting back a hedge"
    nadia = browse(app, walk.nadia)
    nadia.open(f"/neighbours/{ask.id}")
    assert "Who might help" not in nadia.words


def test_who_does_not_want_to_hear_from_somebody_hears_no_more(walk, app, session):
    ask = a_post(session, walk.bela)
    sam, bela = browse(app, walk.sam), browse(app, walk.bela)
    sam.open(f"/neighbours/{ask.id}")
    sam.press("I can help", words="Only if you pay me.")
    address = sam.path
    dov = Browser(app)
    dov.open(link(mail(session, NoticeKind.NEIGHBOUR_WROTE, walk.bela), "/reply"))
    dov.press("Tell a coordinator", wrong="He wants money.")
    assert "A coordinator will look into it." in dov.words
    dov.press("Tell a coordinator", wrong="He rang at my door, too.")
    assert "A coordinator will look into it." in dov.words
    dov.press("I don’t want to hear from them")
    assert "You won’t hear from them again." in dov.words
    sam.open(address)
    sam.press("Send it", words="Hello?")
    assert sam.statuses == [409]
    assert "We couldn’t pass that on. A coordinator can help: ring us." in sam.words
    assert "Hello?" in sam.page
    sam.open(f"/neighbours/{ask.id}")
    assert sam.statuses == [404]

    _look_into_it(browse(app, walk.ama))
    bela.open("/neighbours/yours")
    bela.follow("Sam T")
    bela.press("Hear from them again")
    sam.open(address)
    sam.press("Send it", words="Sorry.")
    assert "We’ve passed it on." in sam.words


def _look_into_it(ama):
    ama.open("/neighbours/to-ring")
    assert "Bela N told us about Sam T: He wants money." in ama.words
    assert "Only if you pay me." in ama.words
    ama.press("I’ve looked into it")
    assert "He wants money." not in ama.words
    assert "Bela N told us about Sam T: He rang at my door, too." in ama.words


def test_a_nudge_keeps_it_and_a_lapsed_one_comes_back(walk, app, session, clock):
    post = a_post(session, walk.bela)
    night(session, clock, dt.date(2027, 5, 21))
    keep = link(mail(session, NoticeKind.POST_LAPSING), "/keep")
    dov = Browser(app)
    for _ in range(2):  # opening it changes nothing, however often a scanner does
        dov.open(keep)
    session.refresh(post)
    assert post.expires_on == dt.date(2027, 5, 28)
    night(session, clock, dt.date(2027, 5, 29))
    assert post.state is PostState.EXPIRED
    assert link(mail(session, NoticeKind.POST_LAPSED), "/keep") == keep
    dov.open(keep)
    assert "It came off the board after Friday 28 May." in dov.words
    dov.press("Bring it back")
    assert "It’s on the board until Monday 28 June." in dov.words
    dov.press("Take it down")
    assert "It’s off the board." in dov.words
    session.refresh(post)
    assert post.state is PostState.WITHDRAWN


def test_changed_kept_taken_down_and_undone(walk, app, session):
    post = a_post(session, walk.bela)
    bela = browse(app, walk.bela)
    bela.open(f"/neighbours/{post.id}")
    bela.follow("Change the words")
    bela.press("Save", title="Two hedges", words="And a tree")
    assert "Changed." in bela.words
    assert "And a tree" in bela.words
    bela.press("Keep it for longer")
    bela.press("Take it down")
    assert "It’s off the board." in bela.words
    sam = browse(app, walk.sam)
    sam.open(f"/neighbours/{post.id}")
    assert sam.statuses == [409]
    assert "It has come off the board in the meantime." in sam.words
    bela.press("Undo")
    sam.open(f"/neighbours/{post.id}")
    assert "Two hedges" in sam.words


def test_chi_finds_nothing_of_bexley_s_board(walk, app, session):
    elsewhere = builders.an_elsewhere(session)
    post = a_post(session, walk.bela, category=Category.GARDEN)
    for host in ("ashford.example", "localhost"):
        chi = Browser(app, host=host).sign_in(elsewhere.chi)
        chi.open("/neighbours")
        assert "Bela" not in chi.page
        assert ("Cutting back a hedge" in chi.words) == (host == "localhost")
        for address in (f"/neighbours/{post.id}/change", "/neighbours/to-ring"):
            chi.open(address)
            assert chi.statuses == [404]
        chi.open(f"/neighbours/{post.id}")
        assert "Bela" not in chi.page
