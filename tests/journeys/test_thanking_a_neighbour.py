"""A neighbour is thanked in three taps; undone, said again, seen differently, and settled."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.mails import link
from tests.mails import mail
from tests.statements import count_statements
from timebank.domain import ledger
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import posting
from timebank.domain.exchange import undoing
from timebank.models import Category
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import NoticeKind
from timebank.models import PostKind
from timebank.models import PostState
from timebank.models import Transfer

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
THANK = "/neighbours/thank"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def bela(app, walk):
    return Browser(app).sign_in(walk.bela)


@pytest.fixture
def sam(app, walk):
    return Browser(app).sign_in(walk.sam)


@pytest.fixture
def ama(app, walk):
    return Browser(app).sign_in(walk.ama)


def balance(session, member):
    session.expire_all()
    return ledger.balance(session, membership_id=member.id)


def the_exchange(session):
    session.expire_all()
    return session.query(Exchange).order_by(Exchange.id.desc()).first()


def thank_sam(bela, **typed):
    bela.open(THANK)
    bela.press("Say thanks", **{"name": "Sam T", "length": "120", **typed})


def offered(browser, field="who"):
    return [int(n) for n in re.findall(rf'name="{field}"[^>]*value="(\d+)"', browser.page)]


def test_thanked_told_and_undone_by_the_helper(walk, session, bela, sam):
    bela.open("/me")
    bela.follow("Say thanks")
    bela.press(
        "Say thanks", name="sam", length="120", what="Hemming curtains", words="They hang well!"
    )
    assert bela.path == "/me"
    assert "2 hours to Sam T. Thank you!" in bela.words
    assert "You’ve had 2 hours more of help than you’ve given. That’s what it’s for." in bela.words
    assert (balance(session, walk.sam), balance(session, walk.bela)) == (120, -120)

    told = mail(session, NoticeKind.THANKED, walk.sam)
    assert told.subject == "Bela says thanks: 2 hours added"
    assert "“They hang well!”" in told.text
    assert "Novak" not in told.text
    sam.open(link(told, r"thanks/\d+"))
    assert "Bela N said thanks: 2 hours." in sam.words
    assert "They hang well!" in sam.words
    sam.press("Undo")
    assert "Undone. The hours are back where they came from." in sam.words
    assert (balance(session, walk.sam), balance(session, walk.bela)) == (0, 0)
    back = mail(session, NoticeKind.EXCHANGE_UNDONE, walk.bela)
    assert "Sam T has undone the thanks between you:" in back.text
    assert mail(session, NoticeKind.EXCHANGE_UNDONE, walk.sam) is not None

    bela.open(link(back, r"thanks/\d+"))
    bela.follow("Say thanks again")
    assert not bela.has_button("It didn’t happen")
    bela.press("Say thanks", length="90")
    assert "1½ hours to Sam T. Thank you!" in bela.words
    assert balance(session, walk.sam) == 90
    sam.open("/me/statement")
    assert "You helped: Hemming curtains" in sam.words


def test_three_taps_when_it_is_somebody_recent(walk, session, bela):
    thank_sam(bela)
    bela.open(THANK)
    assert offered(bela) == [walk.sam.id]
    bela.press("Say thanks", who=str(walk.sam.id), length="30")
    assert "½ hour to Sam T. Thank you!" in bela.words
    assert balance(session, walk.sam) == 150


def test_undo_right_after_it(walk, session, bela):
    thank_sam(bela)
    bela.press("Undo")
    assert balance(session, walk.sam) == 0
    assert the_exchange(session).state is ExchangeState.UNDONE


def test_the_form_sent_twice_is_one_and_with_other_figures_refused(walk, session, bela):
    bela.open(THANK)
    [form] = [form for form in bela.forms() if "Say thanks" in form.buttons]
    fields = {name: values[0] for name, values in form.fields.items()}
    sent = {**fields, "who": str(walk.sam.id), "length": "120"}
    for _ in range(2):
        bela.post(THANK, **sent)
        assert "2 hours to Sam T. Thank you!" in bela.words
    assert session.query(Transfer).count() == 1
    bela.post(THANK, **{**sent, "length": "180"})
    assert bela.statuses == [409]
    assert "Those hours were sent before with other details." in bela.words
    assert session.query(Transfer).count() == 1
    bela.press("Say thanks")  # who has looked, and sends it all the same, means it anew
    assert "3 hours to Sam T. Thank you!" in bela.words
    assert session.query(Transfer).count() == 2


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("22h30", 1350), ("1.5", 90), ("1:30", 90), ("½", 30), ("2 h 15 min", 135), ("20 mins", 20)],
)
def test_hours_as_people_write_them(walk, session, bela, typed, minutes):
    session.add_all([])
    account = builders.account_of(session, walk.bela)
    ledger.set_limits(
        session, account=account, limits=ledger.Limits(floor=-6000), reason="A lot of help",
        by=walk.ama.id, now=NOW,
    )  # fmt: skip
    session.commit()
    thank_sam(bela, length="60", typed=typed)
    assert balance(session, walk.sam) == minutes


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"length": ""}, "Say how long it took"),
        ({"length": "45"}, "Say how long it took"),
        ({"typed": "abc"}, "Write hours like 1½, 1:30 or 1h30."),
        ({"typed": "0"}, "Say how long, like 1½, 1:30 or 45 mins"),
        ({"typed": "-1"}, "Say how long, like 1½, 1:30 or 45 mins"),
        ({"typed": "25"}, "Say how long it took: from a minute to 24 hours."),
        ({"typed": "99999999"}, "That is more than 9,999 hours. Check the figure."),
        ({"name": ""}, "Choose somebody, or write their name"),
        ({"name": "Zebedee"}, "We know nobody of that name here."),
        ({"name": "Bela"}, "We know nobody of that name here."),
        ({"happened_on": "2027-02-31"}, "Choose a day"),
        ({"happened_on": "2027-04-29"}, "Choose a day from the last 60, or today."),
        ({"happened_on": "2027-02-01"}, "Choose a day from the last 60, or today."),
        ({"what": "x" * 121}, "Keep it to 120 letters"),
        ({"words": "x" * 501}, "Keep it to 500 letters"),
    ],
    ids=str,
)
def test_mistakes_are_said_beside_the_field_and_nothing_is_lost(
    session, bela, walk, typed, sentence
):
    thank_sam(bela, **{"words": "My very own words", **typed})
    assert bela.statuses == [422]
    assert sentence in bela.words
    assert session.query(Exchange).count() == 0
    if "words" not in typed:
        assert "My very own words" in bela.page


def test_two_of_one_name_are_told_apart(walk, session, bela):
    other = builders.a_member(session, walk.community, "Sam Tully", email="tully@example.com")
    session.commit()
    thank_sam(bela, what="The gate")
    assert "Choose whom you mean" in bela.words
    assert sorted(offered(bela)) == sorted([walk.sam.id, other.id])
    assert "here since" in bela.words
    assert "Tully" not in bela.page
    bela.press("Say thanks", who=str(other.id))
    assert balance(session, other) == 120
    thank_sam(bela)
    assert "The gate, Wed 28 April" in bela.words
    thank_sam(bela, name="Sam Tran")  # a surname typed whole means one of them
    assert "2 hours to Sam T. Thank you!" in bela.words
    assert balance(session, walk.sam) == 120


def test_a_name_typed_after_a_chip_was_tapped_is_asked_about(walk, session, bela):
    thank_sam(bela)
    bela.open(THANK)
    bela.press("Say thanks", who=str(walk.sam.id), name="Nadia", length="60")
    assert "Choose whom you mean" in bela.words
    assert offered(bela) == [walk.nadia.id]
    assert balance(session, walk.nadia) == 0


def test_surnames_cannot_be_felt_for(walk, session, bela):
    for name in ("Sam Tr", "Sam Tra", "Tran"):
        thank_sam(bela, name=name)
        assert "We know nobody of that name here." in bela.words
    assert session.query(Exchange).count() == 0


def test_more_than_the_account_can_give_goes_to_a_coordinator(walk, session, bela, ama):
    thank_sam(bela, typed="11", what="Moving house")
    assert bela.statuses == [422]
    assert "That’s more than the time account can give just now." in bela.words
    bela.press("Ask a coordinator")
    assert "It’s noted, and a coordinator will sort it out with you." in bela.words
    assert session.query(Transfer).count() == 0
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        ama.open("/bank/exchanges")
        assert "Sam Tran for Bela Novak : Moving house" in ama.words
        ama.follow("Sam Tran for Bela Novak")
        ama.follow("It happened")
        ama.press("Say thanks")
        assert "It stays noted, and a coordinator sorts it out with you." in ama.words
        ama.press("Say thanks", typed="9:30")
        assert "9½ hours to Sam T. Thank you!" in ama.words
        assert ama.statuses == [303, 200]
    assert balance(session, walk.sam) == 570


def test_a_coordinator_writes_it_down_for_somebody_on_the_phone(walk, session, ama, bela):
    ama.open(THANK)
    ama.press(
        "Say thanks", helped="somebody", for_name="Bela N", name="Sam T", length="60",
        what="A lift",
    )  # fmt: skip
    assert "1 hour to Sam T. Thank you!" in ama.words
    assert (balance(session, walk.sam), balance(session, walk.bela)) == (60, -60)
    told = mail(session, NoticeKind.THANKED, walk.sam)
    assert "Ama O wrote it down for Bela N." in told.text
    passed_on = mail(session, NoticeKind.THANKED, walk.bela)
    assert passed_on.subject == "Thanks passed on to Sam T: 1 hour"
    assert ama.path.startswith("/bank/exchanges/")
    assert ama.statuses == [303, 200]
    ama.press("Undo")  # a slip of the pen
    assert ama.statuses == [303, 200]
    assert balance(session, walk.sam) == 0
    for one in (walk.sam, walk.bela):
        assert mail(session, NoticeKind.EXCHANGE_UNDONE, one) is not None
    ama.open(THANK)  # never into one's own account
    ama.press("Say thanks", helped="somebody", for_name="Bela N", name="Ama", length="60")
    assert balance(session, walk.ama) == 0
    bela.open(THANK)
    bela.press("Say thanks", helped="somebody", for_name="Ama", name="Sam", length="60")
    assert bela.statuses[0] in {403, 422}
    assert balance(session, walk.ama) == 0


def test_a_group_says_thanks_from_its_pot(walk, app, session):
    nadia = Browser(app).sign_in(walk.nadia)
    pot = walk.group
    nadia.open(THANK)
    assert "Danson Strollers" in nadia.words
    account = ledger.find_account(
        session, community_id=walk.community.id,
        account_id=int(re.search(r'name="helped"[^>]*value="(\d+)"', nadia.page)[1]),
    )  # fmt: skip
    assert account.group_id == pot.id
    nadia.press("Say thanks", name="Sam", length="60", helped=str(account.id))
    assert "That’s more than the time account can give just now." in nadia.words
    bela = Browser(app).sign_in(walk.bela)
    bela.open(THANK)
    bela.press("Say thanks", name="Sam", length="60", helped=str(account.id))
    assert bela.statuses == [422]


def test_seen_differently_and_settled(walk, session, bela, sam, ama):
    thank_sam(bela, what="The hedge")
    sam.open(f"/neighbours/thanks/{the_exchange(session).id}")
    sam.press("That’s not right", words="")
    assert "Say in a sentence what isn’t right" in sam.words
    sam.press("That’s not right", words="It was three hours, with the tidying")
    assert "We’re asking how it was" in sam.words
    assert not sam.has_button("Undo")

    asked = mail(session, NoticeKind.STATEMENT_WANTED, walk.bela)
    assert "Sam T remembers this differently:" in asked.text
    bela.open(link(asked, r"thanks/\d+"))
    bela.press("Say how it was", words="I forgot the tidying. Three it is!")
    assert "A coordinator reads both" in bela.words

    told = mail(session, NoticeKind.EXCHANGE_DISPUTED, walk.ama)
    assert told.subject == "To settle: Sam T and Bela N, The hedge"
    ama.open(link(told, r"exchanges/\d+"))
    for words in ("It was three hours, with the tidying", "I forgot the tidying. Three it is!"):
        assert words in ama.words
    ama.press("Settle it", outcome="change", typed="three", reason="Both say so")
    assert "Write hours like 1½, 1:30 or 1h30." in ama.words
    ama.press("Settle it", outcome="change", typed="3", reason="")
    assert "Say why in a few words. Both read it" in ama.words
    ama.press("Settle it", outcome="change", typed="3", reason="Both say so")
    assert "Settled. We’ve told both." in ama.words
    assert balance(session, walk.sam) == 180
    for one in (walk.sam, walk.bela):
        words = mail(session, NoticeKind.EXCHANGE_SETTLED, one)
        assert "It’s 3 hours now" in words.text
        assert "“Both say so”" in words.text
    bela.open(f"/neighbours/thanks/{the_exchange(session).id}")
    assert "Ama O settled it: it’s 3 hours." in bela.words


def test_found_wrong_months_later_in_an_account_and_put_right(walk, session, bela, sam, ama):
    thank_sam(bela, what="The hedge")
    found = the_exchange(session)
    later = NOW + dt.timedelta(days=90)
    undoing.let_stand(session, now=later)
    session.commit()
    with time_machine.travel(later, tick=False):
        _put_right_by(ama.sign_in(walk.ama), walk, session)
        _disagrees(sam.sign_in(walk.sam), session, found)


def _put_right_by(ama, walk, session):
    entry = session.query(Transfer).order_by(Transfer.id).first()
    ama.open(f"/bank/accounts/{entry.credit_id}/entries/{entry.id}")
    assert not ama.has_button("Put it right")
    ama.follow("See what it’s about, and put it right")
    assert not ama.has_button("Undo")
    assert "Keep the hours" not in ama.words  # nobody asked
    ama.press("Settle it", outcome="change", typed="1", reason="Sam rang: it was an hour")
    assert "Settled. We’ve told both." in ama.words
    assert balance(session, walk.sam) == 60
    for one, other in ((walk.sam, "Bela N"), (walk.bela, "Sam T")):
        words = mail(session, NoticeKind.EXCHANGE_SETTLED, one)
        assert f"Ama O has looked into this help between you and {other}:" in words.text
        assert "It’s 1 hour now" in words.text
        assert "“Sam rang: it was an hour”" in words.text
    back = session.query(Transfer).filter_by(reverses_id=entry.id).one()
    ama.open(f"/bank/accounts/{entry.credit_id}/entries/{back.id}")
    ama.follow("See what it’s about, and put it right")
    assert "Ama O settled it: it’s 1 hour." in ama.words


def _disagrees(sam, session, found):
    entry = session.query(Transfer).order_by(Transfer.id).first()
    sam.open(f"/me/statement/{entry.id}")
    sam.follow("See what it’s about, and say if it’s not right")
    assert f"/neighbours/thanks/{found.id}" == sam.path
    assert not sam.has_button("Undo")
    sam.press("That’s not right", words="I said an hour and a half")
    assert "We’re asking how it was" in sam.words


def test_a_moment_after_the_other_the_words_answer_them(walk, session, bela, sam):
    thank_sam(bela, what="The hedge")
    page = f"/neighbours/thanks/{the_exchange(session).id}"
    bela.open(page)
    sam.open(page)
    sam.press("That’s not right", words="It was three hours")
    bela.press("That’s not right", words="It was one hour, I think")
    assert bela.statuses == [409]
    assert "A coordinator is looking into that one. You’ll hear from us." in bela.words
    bela.press("Say how it was")
    assert "A coordinator reads both" in bela.words
    assert "It was one hour, I think" in bela.words


def test_what_a_coordinator_typed_outlives_what_was_said_meanwhile(walk, session, bela, sam, ama):
    thank_sam(bela, what="The hedge")
    found = the_exchange(session)
    sam.open(f"/neighbours/thanks/{found.id}")
    sam.press("That’s not right", words="Three hours")
    ama.open(f"/bank/exchanges/{found.id}")
    bela.open(f"/neighbours/thanks/{found.id}")
    bela.press("Say how it was", words="Two and a half")
    ama.press("Settle it", outcome="change", typed="3", reason="Sam says so")
    assert ama.statuses == [409]
    assert "Something was said or done about it since." in ama.words
    assert "Two and a half" in ama.words
    assert 'value="Sam says so"' in ama.page
    ama.press("Settle it", typed="2½", reason="Halfway")
    assert "Settled. We’ve told both." in ama.words
    assert balance(session, walk.sam) == 150


def test_agreed_asked_about_by_mail_and_thanked_for_without_signing_in(
    walk, session, bela, browser
):
    bela.open("/neighbours/agree")
    bela.press(
        "Note it", name="Sam", what="The hedge", length="60", planned_on="2027-05-01",
        planned_from="14:00",
    )  # fmt: skip
    assert "It’s noted, and they know." in bela.words
    agreed = mail(session, NoticeKind.EXCHANGE_AGREED, walk.sam)
    assert agreed.subject == "Agreed: The hedge, Sat 1 May"
    assert "Saturday 1 May, 2pm" in agreed.text
    with time_machine.travel(NOW + dt.timedelta(days=4), tick=False) as clock:
        agreeing.ask_whether_it_happened(session, now=NOW + dt.timedelta(days=4))
        session.commit()
        due = mail(session, NoticeKind.EXCHANGE_DUE, walk.bela)
        address = link(due, "/thank")
        for _ in range(2):  # opening it changes nothing
            browser.open(address)
        assert the_exchange(session).state is ExchangeState.AGREED
        assert "Did it happen? How long did it take?" in browser.words
        browser.press("Say thanks", length="90", words="Neat and tidy")
        assert "Thanks are said: 1½ hours for Sam T." in browser.words
        assert balance(session, walk.sam) == 90
        assert session.query(Transfer).one().happened_on == dt.date(2027, 5, 1)
        browser.open(address.replace("/thank", "x/thank"))
        assert browser.statuses == [404]
        clock.shift(1)


def test_thanked_for_in_another_tab_the_words_are_not_lost(app, walk, session, bela):
    bela.open("/neighbours/agree")
    bela.press("Note it", name="Sam", what="The hedge", length="60")
    page = f"/neighbours/thanks/{the_exchange(session).id}/thank"
    tab = Browser(app).sign_in(walk.bela)
    for one in (bela, tab):
        one.open(page)
    tab.press("Say thanks")
    bela.press("Say thanks", words="The best hedge in Crayford")
    assert bela.statuses == [409]
    assert "That’s been thanked for already." in bela.words
    assert "The best hedge in Crayford" in bela.words


def test_it_did_not_happen(walk, session, bela, browser, sam):
    bela.open("/neighbours/agree")
    bela.press("Note it", name="Sam", what="The hedge", length="60", way="they")
    agreeing.ask_whether_it_happened(session, now=NOW + dt.timedelta(days=15))
    session.commit()
    with time_machine.travel(NOW + dt.timedelta(days=15), tick=False):
        browser.open(link(mail(session, NoticeKind.EXCHANGE_DUE, walk.bela), "/thank"))
        browser.press("It didn’t happen")
        assert "It’s called off. Nothing is owed." in browser.words
        told = mail(session, NoticeKind.EXCHANGE_CANCELLED, walk.sam)
        assert told.subject == "Called off: The hedge"
    assert the_exchange(session).state is ExchangeState.CANCELLED


def test_an_ask_leads_to_an_exchange(walk, session, bela, sam):
    ask = posting.put_up(
        session,
        draft=posting.Draft(
            kind=PostKind.ASK, category=Category.GARDEN, title="My lawn", words="",
            area="Crayford", when_words="",
        ),
        member=walk.bela, by=walk.bela, intent=None, today=NOW.date(),
    )  # fmt: skip
    session.commit()
    sam.open(f"/neighbours/agree?post={ask.id}&who={walk.bela.id}")
    assert 'value="My lawn"' in sam.page
    sam.press("Note it", length="60")
    made = the_exchange(session)
    assert (made.helper_id, made.helped_id, made.post_id) == (walk.sam.id, walk.bela.id, ask.id)
    session.refresh(ask)
    assert ask.state is PostState.MATCHED
    sam.press("Call it off")
    session.refresh(ask)
    assert ask.state is PostState.OPEN
    bela.open(f"/neighbours/thank?post={ask.id}&who={walk.sam.id}")
    bela.press("Say thanks", length="60")
    session.refresh(ask)
    assert ask.state is PostState.DONE


def test_a_third_person_and_a_stranger_find_nothing(walk, app, session, bela):
    thank_sam(bela)
    number = the_exchange(session).id
    chi = builders.an_elsewhere(session).chi
    nadia, ama, there, visitor = (
        Browser(app).sign_in(walk.nadia),
        Browser(app).sign_in(walk.ama),
        Browser(app, host="ashford.example").sign_in(chi),
        Browser(app).sign_in(chi),
    )
    for other in (nadia, ama, there, visitor):
        other.open(f"/neighbours/thanks/{number}")
        assert other.statuses == [404]
        other.open(f"/neighbours/thanks/{number}/thank")
        assert other.statuses == ([200] if other is ama else [404])
    for other in (nadia, there, visitor):
        for page in (f"/bank/exchanges/{number}", "/bank/exchanges"):
            other.open(page)
            assert other.statuses == [404]
    ama.open(f"/bank/exchanges/{number}")
    for secret in ("Novak", "bela@example.com", "sam@example.com"):
        assert secret not in ama.page


def test_pages_cost_the_same_however_much_there_is(walk, session, bela):
    counted = []
    for _ in range(3):
        thank_sam(bela)
        number = the_exchange(session).id
        counts = []
        for page in (THANK, "/neighbours/thanks", f"/neighbours/thanks/{number}", "/me"):
            with count_statements() as count:
                bela.open(page)
            counts.append(count.total)
        counted.append(counts)
    assert counted[1] == counted[0] == counted[2]
