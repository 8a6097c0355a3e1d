"""Pages of pots and causes, of one entry, of any account, and of hours for several at once."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.domain import ledger
from timebank.domain.ledger import pots
from timebank.domain.ledger import topping_up
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Batch
from timebank.models import LimitChange
from timebank.models import Transfer
from timebank.models import TransferKind

NOW = dt.datetime(2027, 5, 2, 9, tzinfo=dt.UTC)
TODAY = dt.date(2027, 5, 2)


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def cause(session, walk):
    made = pots.make_pot(
        session,
        community_id=walk.community.id,
        kind=AccountKind.CAUSE,
        name="Food bank",
        about="Hours for those who sort and carry.",
    )
    session.commit()
    return made


@pytest.fixture
def giver(walk, cause):
    return cause, walk.bela


@pytest.fixture
def pot(session, walk):
    return session.query(Account).filter_by(group_id=walk.group.id).one()


def give(session, giver, account, minutes, memo=None):
    gift = ledger.give(
        session,
        giver=giver,
        to_account_id=account.id,
        minutes=minutes,
        key=uuid.uuid4(),
        memo=memo,
        today=TODAY,
        now=NOW,
    )
    session.commit()
    return gift


def balance(session, account):
    session.expire_all()
    return session.get(Account, account.id).balance


def key_on(browser, name):
    return re.search(rf'name="{name}"[^>]*value="([^"]+)"', browser.page)[1]


# ------------------------------------------------------------------------------------ causes


def test_a_coordinator_starts_a_cause_and_a_neighbour_gives_to_it(session, walk, browser, app):
    browser.sign_in(walk.ama).open("/causes")
    browser.press("Start it", name="Food bank", about="For those who sort and carry.")
    assert "Neighbours can give hours to Food bank now." in browser.words
    bela = Browser(app).sign_in(walk.bela)
    bela.open(browser.path)
    bela.press("Give them", **{"give-hours": "1½", "give-words": "Well done"})
    assert "Thank you! 1½ hours given to Food bank." in bela.words
    [gift] = session.query(Transfer).all()
    assert (gift.kind, gift.minutes, builders.memo_of(session, gift)) == (
        TransferKind.GIFT, 90, "Well done",
    )  # fmt: skip


def test_everybody_reads_a_pots_statement_and_nobodys_name_is_on_it(session, walk, browser, cause):
    give(session, walk.bela, cause, 90, memo="From Bela with love")
    browser.open(f"/causes/{cause.id}")
    assert "A neighbour Given · Sun 2 May +1½ hours" in browser.words
    assert "Bela" not in browser.page
    assert "with love" not in browser.page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Say how long, like 1½, 1:30 or 45 mins"),
        ("0", "Say how long, like 1½, 1:30 or 45 mins"),
        ("-3", "Say how long, like 1½, 1:30 or 45 mins"),
        ("abc", "like"),
        ("\uff11\uff12", "like"),
        ("1_0", "like"),
        ("NaN", "like"),
        ("1e3", "like"),
        ("11", "more hours than the account can give"),
    ],
)
def test_hours_that_cannot_be_given_are_refused_and_nothing_typed_is_lost(
    session, browser, giver, typed, sentence
):
    cause, bela = giver
    browser.sign_in(bela).open(f"/causes/{cause.id}")
    browser.press("Give them", **{"give-hours": typed, "give-words": "Well done"})
    assert browser.statuses[-1] == 422
    assert sentence in browser.words
    assert 'value="Well done"' in browser.page
    assert balance(session, cause) == 0


def test_a_form_sent_twice_gives_once_and_with_other_figures_is_a_conflict(
    session, walk, browser, cause
):
    browser.sign_in(walk.bela).open(f"/causes/{cause.id}")
    typed = {"give-hours": "1", "give-key": key_on(browser, "give-key")}
    for _ in range(2):
        browser.open(f"/causes/{cause.id}")
        browser.press("Give them", **typed)
    assert balance(session, cause) == 60
    browser.press("Give them", **{**typed, "give-hours": "2"})
    assert browser.statuses[-1] == 409
    assert balance(session, cause) == 60


def test_an_organiser_spends_from_the_groups_pot(session, walk, browser, pot):
    give(session, walk.bela, pot, 120)
    browser.sign_in(walk.nadia).open(f"/causes/{pot.id}")
    browser.press("Spend them", **{"spend-name": "Sam T", "spend-hours": "1:30"})
    assert "Done: 1½ hours from" in browser.words
    assert balance(session, builders.account_of(session, walk.sam)) == 90


def test_an_organiser_does_not_spend_on_herself(session, walk, browser, pot):
    give(session, walk.bela, pot, 120)
    browser.sign_in(walk.nadia).open(f"/causes/{pot.id}")
    browser.press("Spend them", **{"spend-name": "Nadia K", "spend-hours": "1"})
    assert "Somebody else has to confirm your hours." in browser.words


def test_a_resident_finds_no_way_to_spend(session, walk, browser, pot):
    give(session, walk.bela, pot, 120)
    browser.sign_in(walk.bela).open(f"/causes/{pot.id}")
    assert "Spend from this pot" not in browser.words
    token = browser.forms()[0].fields["csrf_token"][0]
    typed = {"csrf_token": token, "spend-name": "Sam", "spend-hours": "1"}
    browser.post(f"/causes/{pot.id}/spend", **typed)
    assert browser.statuses[-1] == 404


def test_two_neighbours_of_one_name_are_told_apart(session, walk, browser, pot):
    twin = builders.a_member(session, walk.community, "Sam Trent", None)
    give(session, walk.bela, pot, 120)
    browser.sign_in(walk.nadia).open(f"/causes/{pot.id}")
    browser.press("Spend them", **{"spend-name": "Sam", "spend-hours": "1"})
    assert "Several neighbours are called that." in browser.words
    browser.press(
        "Spend them", **{"spend-name": "Sam", "spend-hours": "1", "spend-who": str(twin.id)}
    )
    assert balance(session, builders.account_of(session, twin)) == 60


def test_a_closed_cause_can_still_be_read(session, walk, browser, cause):
    give(session, walk.bela, cause, 90)
    browser.sign_in(walk.ama).open(f"/causes/{cause.id}")
    browser.press("Close it")
    assert "Closed. 1½ hours went to the community." in browser.words
    browser.open(f"/causes/{cause.id}")
    assert "This is closed." in browser.words


def test_a_pots_page_asks_as_often_with_a_thousand_entries(session, walk, browser, cause):
    browser.sign_in(walk.bela)
    give(session, walk.bela, cause, 1)
    browser.open(f"/causes/{cause.id}")
    with count_statements() as few:
        browser.open(f"/causes/{cause.id}")
    for _ in range(60):
        give(session, walk.bela, cause, 1)
    with count_statements() as many:
        browser.open(f"/causes/{cause.id}")
    assert many.total == few.total
    assert "Earlier entries" in browser.words


# ---------------------------------------------------------------------- entries and accounts


def test_a_member_reads_where_a_figure_comes_from(session, walk, browser):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    claim.arrived_at, claim.arrived_by = NOW, walk.nadia.id
    ledger.credit_claims(session, claim_ids=[claim.id], by=walk.ama.id, now=NOW)
    session.commit()
    browser.sign_in(walk.bela).open("/me/statement")
    [entry] = session.query(Transfer).all()
    browser.open(f"/me/statement/{entry.id}")
    assert "Ticked as here on Sun 2 May at 10am by Nadia K" in browser.words
    assert "After it, 1½ hours in the account." in browser.words


def test_nobody_reads_an_entry_that_is_not_theirs(session, walk, browser):
    gift = give(session, walk.bela, builders.account_of(session, walk.sam), 30)
    browser.sign_in(walk.nadia).open(f"/me/statement/{gift.id}")
    assert browser.statuses[-1] == 404


def test_a_coordinator_puts_an_entry_right(session, walk, browser):
    sam = builders.account_of(session, walk.sam)
    gift = give(session, walk.bela, sam, 90)
    browser.sign_in(walk.ama).open(f"/bank/accounts/{sam.id}/entries/{gift.id}")
    browser.press("Put it right", hours="1", why="It was an hour")
    assert "Put right. Both entries stay, with the reason." in browser.words
    assert balance(session, sam) == 60
    browser.open(f"/bank/accounts/{sam.id}/entries/{gift.id}")
    assert "This was taken back." in browser.words


def test_a_key_that_is_used_up_makes_room_for_a_new_one(session, walk, browser, cause):
    give_page = f"/causes/{cause.id}"
    browser.sign_in(walk.bela).open(give_page)
    [form] = [form for form in browser.forms() if form.action.endswith("/give")]
    sent = {name: values[0] for name, values in form.fields.items()}
    key = next(name for name in sent if name.endswith("key"))
    hours = next(name for name in sent if name.endswith("hours"))
    browser.post(form.action, **{**sent, hours: "1"})
    browser.post(form.action, **{**sent, hours: "2"})
    assert browser.statuses == [409]
    assert "Those hours were sent before with other details." in browser.words
    browser.press("Give")
    assert balance(session, cause) == 180
    browser.post(form.action, **{**sent, hours: "1", key: "meddled with"})
    assert balance(session, cause) == 240


def test_a_correction_needs_a_reason(session, walk, browser):
    sam = builders.account_of(session, walk.sam)
    gift = give(session, walk.bela, sam, 90)
    browser.sign_in(walk.ama).open(f"/bank/accounts/{sam.id}/entries/{gift.id}")
    browser.press("Put it right", hours="1", why="")
    assert "Say in a few words what was wrong." in browser.words
    assert balance(session, sam) == 90


def test_a_coordinator_changes_limits_with_a_reason(session, walk, browser):
    bela = builders.account_of(session, walk.bela)
    browser.sign_in(walk.ama).open(f"/bank/accounts/{bela.id}")
    browser.press("Change the limits", below="15", kind_word="7:30", ceiling="", reason="Ill")
    assert "Changed, and written down with the reason." in browser.words
    assert "“Ill”" in browser.words
    [change] = session.query(LimitChange).all()
    assert (change.floor, change.soft_floor, change.ceiling) == (-900, -450, None)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (
            {"below": "10", "kind_word": "11", "reason": "x"},
            "The kind word comes before the limit",
        ),
        ({"below": "10", "kind_word": "5", "reason": ""}, "Say why in a few words"),
        ({"below": "x", "kind_word": "5", "reason": "x"}, "like"),
    ],
)
def test_limits_that_cannot_be_are_refused(session, walk, browser, typed, sentence):
    bela = builders.account_of(session, walk.bela)
    browser.sign_in(walk.ama).open(f"/bank/accounts/{bela.id}")
    browser.press("Change the limits", **typed)
    assert sentence in browser.words
    assert session.query(LimitChange).count() == 0


def test_who_is_low_is_rung_and_topped_up(session, walk, browser, pot, cause):
    give(session, walk.sam, pot, 180)
    give(session, walk.bela, cause, 360)
    browser.sign_in(walk.ama).open("/bank/low")
    assert "Bela Novak −6 hours, and we ring from −5 hours." in browser.words
    assert "nobody can be topped up" in browser.words
    browser.press(
        "Write it down", when="When ill", pot=str(pot.id), hours="2", most_a_year="1"
    )  # fmt: skip
    browser.press("Top up by 2 hours: Bela Novak")
    assert "2 hours for Bela N." in browser.words
    assert balance(session, builders.account_of(session, walk.bela)) == -240
    assert topping_up.policy_of(session, community_id=walk.community.id).words == "When ill"


@pytest.mark.parametrize("address", ["/bank/low", "/bank/accounts/{bela}"])
def test_only_coordinators_see_numbers_below_nought(session, walk, browser, address):
    account = builders.account_of(session, walk.bela).id
    browser.sign_in(walk.nadia).open(address.format(bela=account))
    assert browser.statuses[-1] == 404


# ------------------------------------------------------------------------------ several at once


def a_class(browser, **more):
    typed = {
        "title": "Bread for beginners",
        "day": "2027-05-01",
        "hours": "1½",
        "helpers-0-name": "Bela N",
        "helpers-0-before": "30 mins",
        "learners-0-name": "Sam T",
        "learners-1-name": "Nadia",
    } | more
    browser.press("Work it out", **typed)


def test_a_class_is_worked_out_looked_at_and_posted(session, walk, browser, pot):
    browser.sign_in(walk.ama).open("/hours/together")
    a_class(browser, pot=str(pot.id))
    assert "Bela N +2 hours" in browser.words
    assert "Sam T −1½" in browser.words
    assert session.query(Transfer).count() == 0
    browser.press("Post it")
    assert "Posted: Bread for beginners." in browser.words
    members = (walk.bela, walk.sam, walk.nadia)
    assert [balance(session, builders.account_of(session, one)) for one in members] == [
        120, -90, -90,
    ]  # fmt: skip
    assert balance(session, pot) == 60
    browser.press("Take it all back")
    assert "This was taken back." in browser.words
    assert [balance(session, builders.account_of(session, one)) for one in members] == [0, 0, 0]


def test_what_was_not_shown_is_not_posted(session, walk, browser, pot):
    browser.sign_in(walk.ama).open("/hours/together")
    a_class(browser, pot=str(pot.id))
    browser.press("Post it", hours="2")
    assert session.query(Batch).count() == 0
    assert "Bela N +2½ hours" in browser.words
    browser.press("Post it")
    assert session.query(Batch).count() == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"helpers-0-name": "Nobody Such"}, "We know no neighbour of that name."),
        ({"helpers-0-name": ""}, "Say who took part"),
        ({"rule": "committee"}, "leave that side empty"),
        ({"hours": "25"}, "more than a day for one person"),
        ({"day": "2027-05-03"}, "Choose a day from the last two months"),
        ({"title": ""}, "Give it a name"),
        ({"learners-1-name": "Bela N"}, "on the list twice"),
        ({"helpers-0-there": "half a day"}, "like"),
        ({"rule": "raffle"}, "Say what it was"),
        ({"pot": "999999"}, "Choose a pot"),
    ],
)
def test_an_occasion_in_doubt_is_asked_about(walk, browser, pot, typed, sentence):
    browser.sign_in(walk.ama).open("/hours/together")
    a_class(browser, **{"pot": str(pot.id)} | typed)
    assert browser.statuses[-1] == 422
    assert sentence in browser.words
    assert not browser.has_button("Post it")


def test_a_line_of_no_number_of_ours_is_no_line(walk, browser, pot):
    browser.sign_in(walk.ama).open("/hours/together")
    a_class(browser, **{"pot": str(pot.id), "helpers-\u00b2-name": "x"})
    assert browser.statuses == [200]


def test_nobody_below_nought_reads_a_number_of_a_past_day(session, walk, browser, cause):
    give(session, walk.bela, cause, 120)
    browser.sign_in(walk.bela).open("/me/statement?on=2027-05-02")
    assert "you’d had 2 hours more of help than you’d given." in browser.words
    browser.open("/me/statement/print?since=2027-05-01&until=2027-05-02")
    assert "2 hours more had" in browser.words


def test_a_gift_to_an_account_that_is_looked_into_keeps_what_was_typed(
    session, walk, browser, cause
):
    cause.read_only_since = NOW
    session.commit()
    browser.sign_in(walk.bela).open(f"/causes/{cause.id}")
    browser.press("Give them", **{"give-hours": "1", "give-words": "Well done"})
    assert browser.statuses == [409]
    assert 'value="Well done"' in browser.page


def test_one_more_person_fits(walk, browser):
    browser.sign_in(walk.ama).open("/hours/together")
    browser.press("Add a person", title="Bread")
    assert 'name="helpers-3-name"' in browser.page
    assert 'value="Bread"' in browser.page


def test_an_organiser_uses_the_pots_of_their_groups_alone(walk, browser):
    browser.sign_in(walk.nadia).open("/hours/together")
    assert walk.group.name in browser.words
    assert f">{walk.community.name}</option>" not in browser.page


def test_a_resident_finds_no_such_page(walk, browser):
    browser.sign_in(walk.bela).open("/hours/together")
    assert browser.statuses[-1] == 404
