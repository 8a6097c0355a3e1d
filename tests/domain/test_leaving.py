"""Pausing and leaving: turns, hours, doors, and who hears of it."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import account_of
from tests.mails import mail
from tests.notices import lease_all
from tests.notices import owe
from timebank.core.errors import NotFound
from timebank.domain import acting
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import ledger
from timebank.domain.calendar import addresses
from timebank.domain.communities.pausing import is_pausing
from timebank.domain.joining import inviting
from timebank.domain.joining import leaving
from timebank.domain.joining import pausing
from timebank.domain.joining.leaving import Whereto
from timebank.domain.rota import candidates
from timebank.domain.rota import claiming
from timebank.domain.rota import cover
from timebank.domain.rota import handing_over
from timebank.domain.rota import standing
from timebank.domain.rota import waiting
from timebank.models import Account
from timebank.models import ActingFor
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Exchange
from timebank.models import GroupOrganiser
from timebank.models import Handover
from timebank.models import Invitation
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import Post
from timebank.models import SignIn
from timebank.models import Standing
from timebank.models import StandingTurn
from timebank.models import Transfer
from timebank.models import TransferKind
from timebank.models import Waiting

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def hours(session, walk, member, minutes):
    """Give somebody hours that were brought forward, or take some for help they had."""
    opening = ledger.opening_account(session, community_id=walk.community.id)
    account = account_of(session, member)
    debit, credit = (opening, account) if minutes > 0 else (account, opening)
    ledger.record(
        session,
        key=uuid.uuid4(),
        community_id=walk.community.id,
        debit_id=debit.id,
        credit_id=credit.id,
        minutes=abs(minutes),
        kind=TransferKind.OPENING,
        happened_on=NOW.date(),
        created_by=walk.ama.id,
        now=NOW,
    )


def leave(session, member, whereto=Whereto.COMMUNITY, pot_id=None, now=NOW):
    leaving.leave(
        session, member=member, whereto=whereto, pot_id=pot_id, key=uuid.uuid4(), now=now
    )
    session.expire_all()


def pot_of(session, walk):
    return session.scalars(sa.select(Account).where(Account.group_id == walk.group.id)).one()


def claim_states(session, member):
    return [
        state.value
        for state in session.scalars(
            sa.select(Claim.state).where(Claim.membership_id == member.id).order_by(Claim.id)
        )
    ]


class TestHours:
    def test_go_to_the_community_and_the_account_closes(self, session, walk):
        hours(session, walk, walk.bela, 270)
        before = builders.commons_of(session, walk.community).balance
        leave(session, walk.bela)
        account = account_of(session, walk.bela)
        assert (account.balance, account.closed_at) == (0, NOW)
        assert builders.commons_of(session, walk.community).balance == before + 270
        [closing] = session.scalars(
            sa.select(Transfer).where(Transfer.kind == TransferKind.CLOSING)
        )
        assert (closing.minutes, closing.created_by) == (270, walk.bela.id)
        assert "Your 4½ hours went to the community." in mail(session, NoticeKind.LEFT).text

    def test_go_to_a_pot_of_this_community_only(self, session, walk):
        hours(session, walk, walk.bela, 270)
        elsewhere = builders.an_elsewhere(session)
        foreign = builders.commons_of(session, elsewhere.community)
        for nonsense in (foreign.id, account_of(session, walk.sam).id, -1, None):
            with pytest.raises(NotFound):
                leaving.leave(
                    session,
                    member=walk.bela,
                    whereto=Whereto.POT,
                    pot_id=nonsense,
                    key=uuid.uuid4(),
                    now=NOW,
                )
        pot = pot_of(session, walk)
        leave(session, walk.bela, Whereto.POT, pot.id)
        assert pot_of(session, walk).balance == 270
        assert "went to Danson Strollers" in mail(session, NoticeKind.LEFT).text

    def test_are_kept_under_the_number_and_are_there_again_on_coming_back(self, session, walk):
        hours(session, walk, walk.bela, 270)
        leave(session, walk.bela, Whereto.KEEP)
        account = account_of(session, walk.bela)
        assert (account.balance, account.closed_at) == (270, None)
        assert "They’re here when you come back." in mail(session, NoticeKind.LEFT).text
        communities.join(session, community_id=walk.community.id, person_id=walk.bela.person_id)
        session.expire_all()
        assert (walk.bela.standing, walk.bela.left_at) == (Standing.RESIDENT, None)
        assert ledger.balance(session, membership_id=walk.bela.id) == 270

    def test_below_zero_the_community_takes_it_over(self, session, walk):
        hours(session, walk, walk.bela, -150)
        leave(session, walk.bela, Whereto.KEEP)
        account = account_of(session, walk.bela)
        assert (account.balance, account.closed_at) == (0, NOW)
        words = mail(session, NoticeKind.LEFT).text
        assert "by 2½ hours" in words
        assert "you owe nobody anything" in words

    def test_a_closed_account_opens_again_on_coming_back(self, session, walk):
        leave(session, walk.bela)
        assert account_of(session, walk.bela).closed_at == NOW
        communities.join(session, community_id=walk.community.id, person_id=walk.bela.person_id)
        session.expire_all()
        assert account_of(session, walk.bela).closed_at is None

    def test_all_accounts_still_come_to_nought(self, session, walk):
        hours(session, walk, walk.bela, 270)
        hours(session, walk, walk.sam, -60)
        leave(session, walk.bela, Whereto.POT, pot_of(session, walk).id)
        leave(session, walk.sam)
        assert session.scalar(sa.select(sa.func.sum(Account.balance))) == 0


class TestTurns:
    def test_to_come_are_given_back_and_organisers_hear_at_once(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        leave(session, walk.bela)
        assert claim_states(session, walk.bela) == ["withdrawn"]
        dropped = sa.select(Notice).where(Notice.kind == NoticeKind.DROPPED_OUT)
        told = session.scalars(dropped).one()
        assert (told.person_id, told.not_before) == (walk.nadia.person_id, NOW)

    def test_even_when_it_is_late_to_drop_out(self, session, walk):
        walk.series.drop_out_hours = 168
        session.flush()
        builders.a_claim(session, walk.marshal, walk.bela)
        leave(session, walk.bela, now=walk.event.starts_at - dt.timedelta(hours=2))
        assert claim_states(session, walk.bela) == ["withdrawn"]
        assert session.scalars(sa.select(Handover)).all() == []

    def test_that_were_done_stay_and_so_does_one_that_is_ticked(self, session, walk):
        done = builders.a_claim(session, walk.marshal, walk.bela)
        done.arrived_at, done.arrived_by = walk.event.starts_at, walk.nadia.id
        session.flush()
        leave(session, walk.bela, now=walk.event.starts_at + dt.timedelta(minutes=5))
        assert claim_states(session, walk.bela) == ["confirmed"]

    def test_go_to_whoever_waits(self, session, walk):
        builders.a_claim(session, walk.tail_walker, walk.bela)
        waiting.join_waiting(
            session, slot_id=walk.tail_walker.id, membership_id=walk.sam.id, now=NOW
        )
        leave(session, walk.bela)
        [offer] = session.scalars(sa.select(Claim).where(Claim.membership_id == walk.sam.id))
        assert (offer.state, offer.held_for.value) == (ClaimState.HELD, "offered")

    def test_lines_promises_and_offers_end(self, session, walk):
        builders.a_claim(session, walk.tail_walker, walk.nadia)
        waiting.join_waiting(
            session, slot_id=walk.tail_walker.id, membership_id=walk.bela.id, now=NOW
        )
        turn = builders.a_claim(session, walk.marshal, walk.sam)
        handing_over.offer_to(session, claim_id=turn.id, to_membership_id=walk.bela.id, now=NOW)
        standing.promise(
            session, slot_id=walk.marshal.id, membership_id=walk.bela.id, by=walk.bela.id,
            is_every_date=True, now=NOW,
        )  # fmt: skip
        ahead = leaving.look_ahead(session, member=walk.bela, now=NOW)
        assert (ahead.lines, ahead.promises) == (1, 1)
        leave(session, walk.bela)
        assert session.scalars(sa.select(Waiting)).one().state.value == "left"
        assert session.scalars(sa.select(StandingTurn)).one().ended_at == NOW
        assert session.scalars(sa.select(Handover)).one().state.value == "declined"

    def test_nobody_acts_for_them_or_is_helped_by_them_any_more(self, session, walk):
        for helper, helped in ((walk.bela, walk.sam), (walk.nadia, walk.bela)):
            acting.let_act(
                session, helper=helper, member=helped, starts_on=NOW.date(),
                last_day=NOW.date() + dt.timedelta(days=90), how_agreed="Rang", by=walk.ama,
                today=NOW.date(), now=NOW,
            )  # fmt: skip
        leave(session, walk.bela)
        ended = session.execute(sa.select(ActingFor.ended_at, ActingFor.ended_by)).all()
        assert ended == [(NOW, walk.bela.id)] * 2

    def test_what_is_agreed_is_called_off_and_what_they_offer_comes_down(self, session, walk):
        offer = Post(
            community_id=walk.community.id, kind="offer", category="home", title="Mending",
            membership_id=walk.bela.id, created_by=walk.bela.id, area="Erith", place=1,
            expires_on=NOW.date() + dt.timedelta(days=30),
        )  # fmt: skip
        agreed = Exchange(
            community_id=walk.community.id, helper_id=walk.bela.id, helped_id=walk.sam.id,
            payer_id=account_of(session, walk.sam).id, what="Mending", minutes=60,
            state="agreed", created_by=walk.sam.id,
        )  # fmt: skip
        session.add_all([offer, agreed])
        session.flush()
        ahead = leaving.look_ahead(session, member=walk.bela, now=NOW)
        assert (ahead.posts, ahead.agreed) == (1, 1)
        leave(session, walk.bela)
        assert (offer.state.value, agreed.state.value) == ("withdrawn", "cancelled")
        told = sa.select(Notice.kind).where(Notice.person_id == walk.sam.person_id)
        assert session.scalars(told).all() == [NoticeKind.EXCHANGE_CANCELLED]

    def test_nobody_takes_one_who_has_left(self, session, walk):
        leave(session, walk.bela)
        with pytest.raises(sa.exc.IntegrityError, match="have left"):
            builders.a_claim(session, walk.marshal, walk.bela)


class TestDoors:
    def test_are_all_closed(self, session, walk):
        walk.community.members_invite = True
        token = identity.open_sign_in(session, person_id=walk.bela.person_id, now=NOW)
        addresses.make_address(
            session, membership_id=walk.bela.id, community_id=walk.community.id, now=NOW
        )
        inviting.invite(session, by=walk.bela, full_name="Gus", email="g@example.com", now=NOW)
        leave(session, walk.bela)
        assert token
        assert session.scalars(sa.select(SignIn.ended_at)).one() == NOW
        assert addresses.address_of(session, membership_id=walk.bela.id) is None
        assert session.scalars(sa.select(Invitation.revoked_at)).one() == NOW
        assert (walk.bela.standing, walk.bela.left_at, walk.bela.approved_at) == (
            Standing.LEFT, NOW, None,
        )  # fmt: skip

    def test_nothing_but_goodbye_is_still_told(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        leave(session, walk.bela)
        pending = sa.select(Notice.kind).where(
            Notice.person_id == walk.bela.person_id, Notice.state == NoticeState.PENDING
        )
        assert session.scalars(pending).all() == [NoticeKind.LEFT]

    def test_what_a_worker_has_leased_is_not_told_either(self, session, walk):
        notice = owe(session, walk.bela, NoticeKind.HOURS_MOVED)
        lease_all(session)
        leave(session, walk.bela)
        session.refresh(notice)
        assert notice.state is NoticeState.CANCELLED

    def test_an_organiser_runs_nothing_any_more(self, session, walk):
        leave(session, walk.nadia)
        assert session.scalars(sa.select(GroupOrganiser)).all() == []

    def test_the_last_coordinator_stays(self, session, walk):
        assert leaving.look_ahead(session, member=walk.ama, now=NOW).is_last_coordinator
        with pytest.raises(leaving.LastCoordinator):
            leave(session, walk.ama)
        walk.bela.standing = Standing.COORDINATOR
        session.flush()
        leave(session, walk.ama)
        assert walk.ama.standing is Standing.LEFT

    def test_leaving_twice_is_leaving_once(self, session, walk):
        hours(session, walk, walk.bela, 60)
        leave(session, walk.bela)
        leave(session, walk.bela)
        told = sa.select(Notice).where(Notice.kind == NoticeKind.LEFT)
        assert len(session.scalars(told).all()) == 1

    def test_what_was_kept_can_be_given_away_later(self, session, walk):
        hours(session, walk, walk.bela, 60)
        leave(session, walk.bela, Whereto.KEEP)
        leave(session, walk.bela, Whereto.COMMUNITY)
        account = account_of(session, walk.bela)
        assert (account.balance, account.closed_at) == (0, NOW)


class TestPausing:
    UNTIL = dt.date(2027, 5, 3)

    @pytest.fixture
    def done(self, session, walk):
        """Bela did the marshal's job a week before, so that she is who would be asked."""
        before = builders.an_event(session, walk.series, dt.date(2027, 4, 17))
        slot = builders.a_slot(session, before, walk.marshal.role)
        builders.a_claim(session, slot, walk.bela, state=ClaimState.ATTENDED)
        return walk

    def asked(self, session, walk, now=NOW):
        found = candidates.whom_to_ask(
            session, event_id=walk.event.id, slot_id=walk.marshal.id, now=now
        )
        covers = cover.who_could_cover(session, slot=walk.marshal, now=now)
        return (
            walk.bela.id in {one.membership_id for one in found},
            walk.bela.id in {one.membership_id for one in covers},
        )

    def test_nobody_asks_until_the_day(self, session, done):
        assert self.asked(session, done) == (True, True)
        pausing.pause(session, member=done.bela, until=dt.date(2027, 4, 25), now=NOW)
        assert self.asked(session, done) == (False, False)
        midnight = dt.datetime(2027, 4, 24, 23, tzinfo=dt.UTC)  # in London the 25th begins
        before = midnight - dt.timedelta(seconds=1)
        assert (is_pausing(done.bela, now=before), is_pausing(done.bela, now=midnight)) == (
            True, False,
        )  # fmt: skip
        assert self.asked(session, done, midnight + dt.timedelta(hours=10)) == (True, True)

    def test_without_a_day_it_lasts_until_they_are_back(self, session, done):
        pausing.pause(session, member=done.bela, until=None, now=NOW)
        late = NOW + dt.timedelta(days=10)
        assert self.asked(session, done, late) == (False, False)
        pausing.come_back(session, member=done.bela)
        pausing.come_back(session, member=done.bela)
        assert self.asked(session, done, late) == (True, True)

    @pytest.mark.parametrize("days", [0, -1, 367, 100_000])
    def test_a_day_that_makes_no_sense_is_refused(self, session, walk, days):
        with pytest.raises(pausing.NotThatDay):
            pausing.pause(
                session, member=walk.bela, until=NOW.date() + dt.timedelta(days=days), now=NOW
            )

    def test_turns_taken_stay_and_those_within_are_asked_about(self, session, walk):
        claim = builders.a_claim(session, walk.marshal, walk.bela)
        pausing.pause(session, member=walk.bela, until=dt.date(2027, 4, 30), now=NOW)
        assert pausing.turns_meanwhile(session, member=walk.bela, now=NOW) == []
        pausing.pause(session, member=walk.bela, until=self.UNTIL, now=NOW)
        [turn] = pausing.turns_meanwhile(session, member=walk.bela, now=NOW)
        assert (turn.claim_id, claim.state) == (claim.id, ClaimState.CONFIRMED)

    def test_a_standing_turn_gives_no_dates_meanwhile(self, session, walk):
        later = builders.an_event(session, walk.series, dt.date(2027, 5, 8))
        builders.a_slot(session, later, walk.marshal.role)
        standing.promise(
            session, slot_id=walk.marshal.id, membership_id=walk.bela.id, by=walk.bela.id,
            is_every_date=True, now=NOW,
        )  # fmt: skip
        wanted = [one.event_id for one in standing.missing(session, now=NOW)]
        pausing.pause(session, member=walk.bela, until=self.UNTIL, now=NOW)
        left = [one.event_id for one in standing.missing(session, now=NOW)]
        pausing.pause(session, member=walk.bela, until=None, now=NOW)
        assert (wanted, left) == ([walk.event.id, later.id], [later.id])
        assert standing.missing(session, now=NOW) == []


def test_who_has_left_finds_no_place_however_many_are_free(session, walk):
    leave(session, walk.bela)
    with pytest.raises(NotFound):
        claiming.claim_slot(session, slot_id=walk.marshal.id, membership_id=walk.bela.id, now=NOW)


def test_a_tap_in_the_moment_of_leaving_leaves_no_turn_behind(session, engine, walk):
    """However close together: the turn is given back, or it is never taken."""
    later = builders.an_event(session, walk.series, dt.date(2027, 5, 8))
    slot = builders.a_slot(session, later, walk.marshal.role)
    rounds = [
        builders.a_member(session, walk.community, f"Member {n}", f"m{n}@x.org") for n in range(12)
    ]
    session.commit()

    def tap(member):
        with Session(engine) as own:
            try:
                claiming.claim_slot(own, slot_id=slot.id, membership_id=member.id, now=NOW)
                own.commit()
            except (NotFound, claiming.SlotFull):
                own.rollback()

    def go(member):
        with Session(engine) as own:
            leaving.leave(
                own, member=own.get_one(Membership, member.id), whereto=Whereto.COMMUNITY,
                key=uuid.uuid4(), now=NOW,
            )  # fmt: skip
            own.commit()

    with ThreadPoolExecutor(2) as pool:
        for member in rounds:
            for done in [pool.submit(tap, member), pool.submit(go, member)]:
                done.result()
    left_behind = sa.select(Claim.id).join(Membership, Membership.id == Claim.membership_id)
    left_behind = left_behind.where(Membership.standing == Standing.LEFT, Claim.live)
    assert session.scalars(left_behind).all() == []
    mine = sa.select(Membership).where(Membership.id.in_([one.id for one in rounds]))
    mine = mine.execution_options(populate_existing=True)
    assert {one.standing for one in session.scalars(mine)} == {Standing.LEFT}
