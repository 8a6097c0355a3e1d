from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.statements import count_statements
from timebank.core.errors import NotFound
from timebank.domain import ledger
from timebank.domain.rota import checkin
from timebank.domain.rota import claiming
from timebank.domain.rota import occasions
from timebank.domain.rota import room
from timebank.domain.rota import walk_ups
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import Slot
from timebank.models import Transfer
from timebank.models import TransferKind

# The walk is on 1 May 2027 from 9 to 10:30 in London, which is an hour ahead of UTC.
DAY = dt.date(2027, 5, 1)
STARTS = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)
ENDS = dt.datetime(2027, 5, 1, 9, 30, tzinfo=dt.UTC)
EARLY = STARTS - dt.timedelta(minutes=12)
AFTER = ENDS + dt.timedelta(minutes=30)
SECOND = dt.timedelta(seconds=1)
WEEK = dt.timedelta(days=7)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def occasion(session, walk):
    return occasions.find_occasion(
        session, community_id=walk.community.id, slug=walk.series.slug, day=DAY
    )


def tick(session, occasion, claim, *, is_here=True, by, now=EARLY):
    checkin.tick(session, occasion=occasion, claim_id=claim.id, is_here=is_here, by=by.id, now=now)


def ticked(session, walk, occasion, slot, member, **details):
    claim = builders.a_claim(session, slot, member, **details)
    tick(session, occasion, claim, by=walk.nadia)
    return claim


def finish(session, occasion, by, now=AFTER):
    return checkin.finish(session, occasion=occasion, by=by.id, now=now)


def take_back(session, occasion, claim, by, **details):
    details = {"reason": "Wasn't here after all", "key": uuid.uuid4(), "now": AFTER} | details
    return checkin.take_back(session, occasion=occasion, claim_id=claim.id, by=by.id, **details)


def walk_up(session, occasion, slot, name, by, *, now=EARLY, **who):
    return walk_ups.add_walk_up(
        session, occasion=occasion, slot_id=slot.id, name=name, by=by.id, now=now, **who
    )


def reread(session, claim):
    session.expire_all()
    return session.get_one(Claim, claim if isinstance(claim, int) else claim.id)


def hours_of(session, member):
    return ledger.balance(session, membership_id=member.id)


# ------------------------------------------------------------------------------- who is expected


def test_who_is_expected_lists_the_rota_in_its_order(session, walk, occasion):
    builders.a_claim(session, walk.tail_walker, walk.sam)
    here = ticked(session, walk, occasion, walk.marshal, walk.bela)
    bela, sam = occasions.who_is_expected(session, event_id=walk.event.id, now=EARLY)
    assert bela == occasions.Expected(
        claim_id=here.id,
        membership_id=walk.bela.id,
        name="Bela N",
        job="Marshal",
        minutes=90,
        is_held=False,
        is_here=True,
        is_credited=False,
        is_missed=False,
        is_first_turn=True,
        note=None,
    )
    assert (sam.name, sam.job, sam.is_here) == ("Sam T", "Tail walker", False)


def test_who_is_expected_leaves_out_who_gave_their_place_back(session, walk):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    withdrawing.withdraw_claim(session, claim_id=claim.id, now=EARLY)
    assert occasions.who_is_expected(session, event_id=walk.event.id, now=EARLY) == []


def test_who_is_expected_leaves_out_holds_that_ran_out(session, walk):
    held = {"state": ClaimState.HELD, "held_until": EARLY}
    builders.a_claim(session, walk.marshal, walk.bela, **held)
    assert occasions.who_is_expected(session, event_id=walk.event.id, now=EARLY) == []
    [waiting] = occasions.who_is_expected(session, event_id=walk.event.id, now=EARLY - SECOND)
    assert waiting.is_held


def test_a_turn_is_the_first_until_an_earlier_one_was_done(session, walk, occasion):
    earlier = builders.an_event(session, walk.series, DAY - WEEK)
    old = builders.a_slot(session, earlier, walk.marshal.role)
    builders.a_claim(session, old, walk.bela, state=ClaimState.ATTENDED)
    builders.a_claim(session, walk.marshal, walk.bela)
    builders.a_claim(session, walk.tail_walker, walk.sam)
    people = occasions.who_is_expected(session, event_id=walk.event.id, now=EARLY)
    assert [(person.name, person.is_first_turn) for person in people] == [
        ("Bela N", False),
        ("Sam T", True),
    ]


def test_who_is_expected_is_one_statement(session, walk):
    builders.a_claim(session, walk.marshal, walk.bela)
    builders.a_claim(session, walk.tail_walker, walk.sam)
    with count_statements() as count:
        occasions.who_is_expected(session, event_id=walk.event.id, now=EARLY)
    assert count.total == 1


def test_a_date_of_another_community_is_not_found(session, walk):
    elsewhere = builders.an_elsewhere(session)
    with pytest.raises(NotFound):
        occasions.find_occasion(
            session, community_id=elsewhere.community.id, slug=walk.series.slug, day=DAY
        )


# --------------------------------------------------------------------------------------- ticking


def test_tick_says_who_saw_whom_and_posts_no_hours(session, walk, occasion):
    claim = ticked(session, walk, occasion, walk.marshal, walk.bela)
    claim = reread(session, claim)
    assert (claim.arrived_at, claim.arrived_by, claim.state) == (
        EARLY,
        walk.nadia.id,
        ClaimState.CONFIRMED,
    )
    assert session.query(Transfer).count() == 0


def test_tick_twice_keeps_the_first(session, walk, occasion):
    claim = ticked(session, walk, occasion, walk.marshal, walk.bela)
    tick(session, occasion, claim, by=walk.ama, now=EARLY + SECOND)
    assert reread(session, claim).arrived_by == walk.nadia.id


def test_untick_takes_it_off_and_twice_is_the_same(session, walk, occasion):
    claim = ticked(session, walk, occasion, walk.marshal, walk.bela)
    for _ in range(2):
        tick(session, occasion, claim, is_here=False, by=walk.ama)
    claim = reread(session, claim)
    assert (claim.arrived_at, claim.arrived_by) == (None, None)


def test_tick_is_as_good_as_the_yes_of_a_held_place(session, walk, occasion):
    held = {"state": ClaimState.HELD, "held_until": EARLY + SECOND}
    claim = ticked(session, walk, occasion, walk.marshal, walk.bela, **held)
    claim = reread(session, claim)
    assert (claim.state, claim.held_until) == (ClaimState.CONFIRMED, None)


def test_tick_of_a_place_that_was_given_back_is_refused(session, walk, occasion):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    withdrawing.withdraw_claim(session, claim_id=claim.id, now=EARLY)
    with pytest.raises(checkin.GaveItBack):
        tick(session, occasion, claim, by=walk.nadia)


def test_untick_of_credited_hours_is_refused(session, walk, occasion):
    claim = ticked(session, walk, occasion, walk.marshal, walk.bela)
    finish(session, occasion, walk.nadia)
    with pytest.raises(checkin.HoursAreIn):
        tick(session, occasion, claim, is_here=False, by=walk.nadia, now=AFTER)
    tick(session, occasion, claim, by=walk.nadia, now=AFTER)


def test_tick_of_another_date_is_not_found(session, walk, occasion):
    other = builders.an_event(session, walk.series, DAY + WEEK)
    claim = builders.a_claim(
        session, builders.a_slot(session, other, walk.marshal.role), walk.bela
    )
    with pytest.raises(NotFound):
        tick(session, occasion, claim, by=walk.nadia)
    with pytest.raises(NotFound):
        take_back(session, occasion, claim, walk.nadia)


@pytest.mark.parametrize(
    ("now", "refusal"),
    [
        (STARTS - dt.timedelta(hours=2) - SECOND, occasions.NotOpenYet),
        (STARTS - dt.timedelta(hours=2), None),
        (ENDS + WEEK - SECOND, None),
        (ENDS + WEEK, occasions.WeekIsOver),
    ],
)
def test_ticks_are_taken_from_two_hours_before_until_a_week_after(
    session, walk, occasion, now, refusal
):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    assert occasion.is_open(now) is (refusal is None)
    if refusal is None:
        tick(session, occasion, claim, by=walk.nadia, now=now)
        return
    with pytest.raises(refusal):
        tick(session, occasion, claim, by=walk.nadia, now=now)


def test_nothing_is_ticked_on_a_cancelled_date(session, walk):
    walk.event.state, walk.event.reason, walk.event.sequence = "cancelled", "Flooded path", 1
    session.flush()
    session.expire_all()
    occasion = occasions.find_occasion(
        session, community_id=walk.community.id, slug=walk.series.slug, day=DAY
    )
    with pytest.raises(claiming.EventCancelled):
        walk_up(session, occasion, walk.marshal, "Joan Field", walk.nadia)


# -------------------------------------------------------------------------------------- finishing


def test_finish_credits_who_is_ticked_and_nobody_else(session, walk, occasion):
    ticked(session, walk, occasion, walk.marshal, walk.bela)
    absent = builders.a_claim(session, walk.tail_walker, walk.sam)
    done = finish(session, occasion, walk.nadia)
    assert (done.minutes, done.waiting) == (90, 0)
    assert [hours_of(session, member) for member in (walk.bela, walk.sam)] == [90, 0]
    assert reread(session, absent).state is ClaimState.CONFIRMED
    assert session.get_one(Event, walk.event.id).finished_at == AFTER


def test_finish_owes_each_helper_with_an_address_their_thanks(session, walk, occasion):
    joan = builders.a_member(session, walk.community, "Joan Field", email=None)
    ticked(session, walk, occasion, walk.marshal, walk.bela)
    ticked(session, walk, occasion, walk.tail_walker, joan)
    finish(session, occasion, walk.nadia)
    notice = session.query(Notice).one()
    assert (notice.kind, notice.person_id, notice.not_before) == (
        NoticeKind.HOURS_CREDITED,
        walk.bela.person_id,
        AFTER,
    )


def test_finish_again_credits_late_ticks_only(session, walk, occasion):
    ticked(session, walk, occasion, walk.marshal, walk.bela)
    late = builders.a_claim(session, walk.tail_walker, walk.sam)
    finish(session, occasion, walk.nadia)
    tick(session, occasion, late, by=walk.nadia, now=AFTER + SECOND)
    again = finish(session, occasion, walk.ama, now=AFTER + WEEK / 2)
    assert [credit.claim_id for credit in again.credits] == [late.id]
    assert [hours_of(session, member) for member in (walk.bela, walk.sam)] == [90, 90]
    assert finish(session, occasion, walk.ama, now=AFTER + WEEK / 2).credits == ()
    assert session.query(Notice).count() == 2
    session.expire_all()
    assert session.get_one(Event, walk.event.id).finished_at == AFTER


def test_finish_with_nobody_ticked_is_just_the_end(session, walk, occasion):
    assert finish(session, occasion, walk.nadia).credits == ()
    session.expire_all()
    assert session.get_one(Event, walk.event.id).finished_at == AFTER


def test_finish_before_the_start_is_refused(session, occasion, walk):
    with pytest.raises(checkin.NotStarted):
        finish(session, occasion, walk.nadia, now=STARTS - SECOND)


def test_finish_after_a_week_is_refused(session, occasion, walk):
    with pytest.raises(occasions.WeekIsOver):
        finish(session, occasion, walk.nadia, now=ENDS + WEEK)


def test_an_organisers_own_tick_waits_for_somebody_elses_tap(session, walk, occasion):
    ticked(session, walk, occasion, walk.marshal, walk.nadia)
    assert finish(session, occasion, walk.nadia).waiting == 1
    assert hours_of(session, walk.nadia) == 0
    assert finish(session, occasion, walk.ama).waiting == 0
    assert hours_of(session, walk.nadia) == 90


def test_finish_asks_the_same_number_of_statements_for_two_and_for_twenty(session, walk):
    role = builders.a_role(session, walk.series, places=20, name="Picker")
    counts = []
    for week, crowd in ((1, 2), (2, 20)):
        event = builders.an_event(session, walk.series, DAY + week * WEEK)
        slot = builders.a_slot(session, event, role)
        for number in range(crowd):
            member = builders.a_member(session, walk.community, f"P{week}x{number} Q")
            claim = builders.a_claim(session, slot, member, place=number + 1)
            claim.arrived_at, claim.arrived_by = event.starts_at, walk.ama.id
        session.flush()
        occasion = occasions.find_occasion(
            session,
            community_id=walk.community.id,
            slug=walk.series.slug,
            day=event.occurs_on,
        )
        with count_statements() as count:
            assert len(finish(session, occasion, walk.nadia, now=event.ends_at).credits) == crowd
        counts.append(count.total)
    assert counts[0] == counts[1]


def test_two_who_tick_and_finish_at_the_same_time_neither_double_nor_lock_up(
    engine, session, walk, occasion
):
    role = builders.a_role(session, walk.series, places=20, name="Picker")
    slot = builders.a_slot(session, walk.event, role)
    claims = [
        builders.a_claim(
            session, slot, builders.a_member(session, walk.community, f"P{n} Q"), place=n
        )
        for n in range(1, 21)
    ]
    session.commit()
    gate, troubles = threading.Barrier(8), []

    def tap(number):
        gate.wait()
        try:
            for claim in claims[:: 1 if number % 2 else -1]:
                with Session(engine) as own, own.begin():
                    tick(own, occasion, claim, by=walk.ama, now=AFTER)
                with Session(engine) as own, own.begin():
                    finish(own, occasion, walk.nadia)
        except Exception as trouble:  # noqa: BLE001 - shown below
            troubles.append(trouble)

    rivals = [threading.Thread(target=tap, args=(number,)) for number in range(8)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert troubles == []
    assert session.query(Transfer).count() == 20
    assert session.query(Notice).count() == 20


# ----------------------------------------------------------------------------------- putting right


def test_take_back_reverses_the_hours_with_a_reason(session, walk, occasion):
    claim = ticked(session, walk, occasion, walk.marshal, walk.bela)
    finish(session, occasion, walk.nadia)
    mirror = take_back(session, occasion, claim, walk.nadia)
    assert mirror.kind is TransferKind.REVERSAL
    assert builders.memo_of(session, mirror) == "Wasn't here after all"
    assert hours_of(session, walk.bela) == 0
    claim = reread(session, claim)
    assert (claim.state, claim.arrived_at) == (ClaimState.MISSED, None)
    finish(session, occasion, walk.nadia)
    assert hours_of(session, walk.bela) == 0
    assert ledger.reconcile(session, now=AFTER)[0].proved


def test_take_back_twice_with_one_form_is_once(session, walk, occasion):
    claim, key = ticked(session, walk, occasion, walk.marshal, walk.bela), uuid.uuid4()
    finish(session, occasion, walk.nadia)
    first = take_back(session, occasion, claim, walk.nadia, key=key)
    assert take_back(session, occasion, claim, walk.nadia, key=key).id == first.id
    with pytest.raises(ledger.AlreadyReversed):
        take_back(session, occasion, claim, walk.ama)


@pytest.mark.parametrize("reason", ["", "x" * 201])
def test_take_back_without_a_readable_reason_is_refused(session, walk, occasion, reason):
    claim = ticked(session, walk, occasion, walk.marshal, walk.bela)
    finish(session, occasion, walk.nadia)
    with pytest.raises(checkin.SayWhy):
        take_back(session, occasion, claim, walk.nadia, reason=reason)


def test_a_turn_taken_back_by_mistake_is_ticked_and_credited_anew(session, walk, occasion):
    claim = ticked(session, walk, occasion, walk.marshal, walk.bela)
    finish(session, occasion, walk.nadia)
    take_back(session, occasion, claim, walk.nadia)
    tick(session, occasion, claim, by=walk.nadia, now=AFTER)
    [again] = finish(session, occasion, walk.ama).credits
    assert session.get_one(Transfer, again.transfer_id).kind is TransferKind.ADJUST
    assert hours_of(session, walk.bela) == 90
    assert ledger.reconcile(session, now=AFTER)[0].proved


def test_thanks_that_were_dropped_while_the_hours_were_back_are_owed_anew(session, walk, occasion):
    claim = ticked(session, walk, occasion, walk.marshal, walk.bela)
    finish(session, occasion, walk.nadia)
    take_back(session, occasion, claim, walk.nadia)
    thanks = session.query(Notice).one()
    thanks.state = NoticeState.CANCELLED  # as delivery leaves it
    session.flush()
    tick(session, occasion, claim, by=walk.nadia, now=AFTER)
    finish(session, occasion, walk.ama)
    session.refresh(thanks)
    assert (thanks.state, session.query(Notice).count()) == (NoticeState.PENDING, 1)


def test_a_turn_that_comes_back_finds_a_place_beside_who_took_it(session, walk, occasion):
    claim = ticked(session, walk, occasion, walk.tail_walker, walk.bela)
    finish(session, occasion, walk.nadia)
    take_back(session, occasion, claim, walk.nadia)
    walk_up(session, occasion, walk.tail_walker, "Sam", walk.nadia, membership_id=walk.sam.id)
    tick(session, occasion, claim, by=walk.nadia, now=AFTER)
    assert len(finish(session, occasion, walk.nadia).credits) == 2
    assert session.get_one(Slot, walk.tail_walker.id, populate_existing=True).places == 2


def test_two_turns_that_come_back_together_find_a_place_each(session, walk, occasion):
    turns = [
        ticked(session, walk, occasion, walk.marshal, member, place=place)
        for place, member in enumerate((walk.bela, walk.sam), start=1)
    ]
    finish(session, occasion, walk.nadia)
    for claim in turns:
        take_back(session, occasion, claim, walk.nadia)
    walk_up(session, occasion, walk.marshal, "Joan Field", walk.nadia)
    for claim in turns:
        tick(session, occasion, claim, by=walk.nadia, now=AFTER)
    assert len(finish(session, occasion, walk.nadia).credits) == 3
    assert {reread(session, claim).place for claim in turns} == {2, 3}
    assert session.get_one(Slot, walk.marshal.id).places == 3


def test_nobody_is_credited_in_two_places_at_once(session, walk, occasion):
    claim = ticked(session, walk, occasion, walk.marshal, walk.bela)
    finish(session, occasion, walk.nadia)
    take_back(session, occasion, claim, walk.nadia)
    walk_up(session, occasion, walk.tail_walker, "Bela", walk.nadia, membership_id=walk.bela.id)
    tick(session, occasion, claim, by=walk.nadia, now=AFTER)
    with pytest.raises(checkin.TwoPlacesAtOnce):
        finish(session, occasion, walk.nadia)


def test_turns_that_nobody_ticked_are_missed_after_a_week(session, walk, occasion):
    absent = builders.a_claim(session, walk.marshal, walk.bela)
    assert checkin.close_after_a_week(session, now=ENDS + WEEK - SECOND) == 0
    assert checkin.close_after_a_week(session, now=ENDS + WEEK) == 1
    assert checkin.close_after_a_week(session, now=ENDS + WEEK) == 0
    assert reread(session, absent).state is ClaimState.MISSED


def test_ticks_that_nobody_finished_are_credited_after_a_week(session, walk, occasion):
    here = ticked(session, walk, occasion, walk.marshal, walk.bela)
    assert checkin.close_after_a_week(session, now=ENDS + WEEK) == 1
    assert checkin.close_after_a_week(session, now=ENDS + WEEK) == 0
    assert reread(session, here).state is ClaimState.ATTENDED
    assert hours_of(session, walk.bela) == 90
    assert session.query(Transfer).one().created_by == walk.nadia.id
    assert session.query(Notice).one().kind is NoticeKind.HOURS_CREDITED
    assert ledger.reconcile(session, now=ENDS + WEEK)[0].proved


def test_who_ticked_only_themselves_earns_nothing_by_waiting(session, walk, occasion):
    own = ticked(session, walk, occasion, walk.marshal, walk.nadia)
    absent = builders.a_claim(session, walk.tail_walker, walk.sam)
    assert checkin.close_after_a_week(session, now=ENDS + WEEK) == 1
    assert reread(session, absent).state is ClaimState.MISSED
    assert reread(session, own).state is ClaimState.CONFIRMED
    assert hours_of(session, walk.nadia) == 0


# ---------------------------------------------------------------------------------------- walk-ups


def test_walk_up_who_is_new_gets_a_place_a_tick_and_an_account(session, walk, occasion):
    claim = reread(session, walk_up(session, occasion, walk.marshal, "Joan Field", walk.nadia))
    assert (claim.state, claim.place, claim.arrived_by) == (
        ClaimState.CONFIRMED,
        1,
        walk.nadia.id,
    )
    joan = session.get_one(Membership, claim.membership_id)
    assert (joan.person.profile.full_name, joan.person.profile.email) == ("Joan Field", None)
    finish(session, occasion, walk.nadia)
    assert hours_of(session, joan) == 90


def test_walk_up_whose_name_is_known_is_asked_about(session, walk, occasion):
    earlier = builders.an_event(session, walk.series, DAY - WEEK)
    old = builders.a_slot(session, earlier, walk.marshal.role)
    builders.a_claim(session, old, walk.bela, state=ClaimState.ATTENDED)
    for typed in ("bela", "Bela N", "BELA NOVAK", "Bela Nagy"):
        with pytest.raises(walk_ups.WhoIsIt) as asked:
            walk_up(session, occasion, walk.marshal, typed, walk.nadia)
        assert asked.value.namesakes == [
            walk_ups.Namesake(walk.bela.id, "Bela N", DAY - WEEK, "Danson Saturday Stroll")
        ]
    assert session.query(Claim).filter_by(event_id=walk.event.id).count() == 0


def test_walk_up_whom_we_know_takes_a_place(session, walk, occasion):
    claim = walk_up(
        session, occasion, walk.marshal, "Bela", walk.nadia, membership_id=walk.bela.id
    )
    assert reread(session, claim).membership_id == walk.bela.id


def test_walk_up_who_is_someone_new_of_the_same_name(session, walk, occasion):
    claim = walk_up(session, occasion, walk.marshal, "Bela Nagy", walk.nadia, is_new=True)
    assert reread(session, claim).membership_id != walk.bela.id


def test_walk_up_tapped_twice_is_one_person(session, walk, occasion):
    first = walk_up(session, occasion, walk.marshal, "Joan Field", walk.nadia, is_new=True)
    again = walk_up(
        session, occasion, walk.marshal, "Joan Field", walk.nadia, now=EARLY + SECOND, is_new=True
    )
    assert first == again


def test_walk_up_to_a_full_job_makes_it_grow(session, walk, occasion):
    builders.a_claim(session, walk.tail_walker, walk.sam)
    claim = walk_up(session, occasion, walk.tail_walker, "Joan Field", walk.nadia)
    assert reread(session, claim).place == 2
    assert session.get_one(Slot, walk.tail_walker.id).places == 2


def test_a_job_of_500_that_is_full_grows_no_more(session, walk):
    walk.marshal.places = 500
    session.flush()
    with pytest.raises(room.NoMoreRoom):
        room.free_place(session, slot_id=walk.marshal.id, now=EARLY, besides=range(1, 501))


def test_walk_up_to_a_job_with_a_free_place_takes_that(session, walk, occasion):
    builders.a_claim(session, walk.marshal, walk.sam)
    claim = walk_up(session, occasion, walk.marshal, "Joan Field", walk.nadia)
    assert reread(session, claim).place == 2
    assert session.get_one(Slot, walk.marshal.id).places == 2


def test_walk_up_takes_the_place_of_a_hold_that_ran_out(session, walk, occasion):
    held = {"state": ClaimState.HELD, "held_until": EARLY}
    builders.a_claim(session, walk.tail_walker, walk.sam, **held)
    claim = walk_up(session, occasion, walk.tail_walker, "Joan Field", walk.nadia)
    assert reread(session, claim).place == 1


def test_walk_up_who_is_on_the_list_for_that_job_is_ticked(session, walk, occasion):
    claim = builders.a_claim(session, walk.marshal, walk.bela)
    got = walk_up(session, occasion, walk.marshal, "Bela", walk.nadia, membership_id=walk.bela.id)
    assert got == claim.id
    assert reread(session, claim).arrived_at == EARLY


def test_walk_up_who_is_on_the_list_for_another_job_is_refused(session, walk, occasion):
    builders.a_claim(session, walk.marshal, walk.bela)
    with pytest.raises(walk_ups.OnTheListAlready):
        walk_up(
            session, occasion, walk.tail_walker, "Bela", walk.nadia, membership_id=walk.bela.id
        )


def test_walk_up_who_has_a_turn_elsewhere_is_refused(session, walk, occasion):
    series = builders.a_series(
        session, group=walk.group, organiser=walk.nadia, slug="tea", title="Tea", first_on=DAY
    )
    tea = builders.a_slot(
        session, builders.an_event(session, series), builders.a_role(session, series)
    )
    builders.a_claim(session, tea, walk.bela)
    with pytest.raises(walk_ups.BusyElsewhere):
        walk_up(session, occasion, walk.marshal, "Bela", walk.nadia, membership_id=walk.bela.id)


def test_walk_up_from_another_community_is_not_found(session, walk, occasion):
    chi = builders.an_elsewhere(session).chi
    assert walk_ups.who_could_it_be(session, community_id=walk.community.id, name="Chi") == []
    with pytest.raises(NotFound):
        walk_up(session, occasion, walk.marshal, "Chi", walk.nadia, membership_id=chi.id)


def test_walk_up_without_a_name_or_a_job_is_refused(session, walk, occasion):
    with pytest.raises(walk_ups.NameThem):
        walk_up(session, occasion, walk.marshal, "...", walk.nadia)
    other = builders.an_event(session, walk.series, DAY + WEEK)
    slot = builders.a_slot(session, other, walk.marshal.role)
    with pytest.raises(walk_ups.ChooseAJob):
        walk_up(session, occasion, slot, "Joan Field", walk.nadia)
