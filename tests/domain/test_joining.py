"""Inviting, applying, references and the coordinator's yes or no."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import sqlalchemy as sa

from tests import builders
from tests.mails import mail
from timebank.core.errors import NotFound
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import ledger
from timebank.domain import suppression
from timebank.domain.exchange import posting
from timebank.domain.joining import applying
from timebank.domain.joining import deciding
from timebank.domain.joining import forgetting
from timebank.domain.joining import inviting
from timebank.domain.joining import referees
from timebank.domain.joining.applying import Applicant
from timebank.domain.joining.applying import Named
from timebank.models import Account
from timebank.models import Application
from timebank.models import ApplicationState
from timebank.models import Category
from timebank.models import Invitation
from timebank.models import Joining
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import PostKind
from timebank.models import Profile
from timebank.models import Reference
from timebank.models import ReferenceAnswer
from timebank.models import Standing

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
IVY = Applicant(called="Ivy Low", email="ivy@example.com", phone="020 7946 0000", words="I bake.")
FIRST = Named("Gus Ray", "gus@example.com", "first_email")
SECOND = Named("Bela", "bela@example.com", "second_email")


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def by_application(session, walk):
    applying.set_joining(
        session,
        community=walk.community,
        joining=Joining.APPLICATION,
        references_wanted=2,
        members_invite=False,
    )
    return walk


def apply(session, walk, applicant=IVY, named=(), now=NOW):
    applying.apply(session, community=walk.community, applicant=applicant, named=named, now=now)
    session.expire_all()


def person_of(session, email):
    return session.scalars(sa.select(Profile.person_id).where(Profile.email == email)).one()


def membership_of(session, email):
    return session.scalars(
        sa.select(Membership)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(Profile.email == email)
    ).one_or_none()


def kinds_to(session, email):
    to = sa.select(Notice.kind).where(Notice.person_id == person_of(session, email))
    return [kind.value for kind in session.scalars(to.order_by(Notice.id))]


def application_of(session, email="ivy@example.com"):
    own = sa.select(Application).where(Application.person_id == person_of(session, email))
    return session.scalars(own.order_by(Application.id.desc())).first()


class TestModes:
    def test_where_it_is_open_whoever_takes_a_turn_is_a_member_at_once(self, session, walk):
        assert walk.bela.approved_at is not None

    def test_where_it_is_not_a_turn_makes_a_guest_of_the_rota(self, session, by_application):
        guest = builders.a_member(session, by_application.community, "Gil Orr")
        assert (guest.approved_at, guest.standing.value) == (None, "resident")
        assert not communities.is_member(
            session, community_id=guest.community_id, person_id=guest.person_id
        )
        builders.a_claim(session, by_application.marshal, guest)  # which works all the same
        assert by_application.bela.approved_at is not None  # who was in stays in

    def test_a_coordinator_is_a_member_in_every_mode(self, session, by_application):
        made = communities.create_coordinator(
            session, community=by_application.community, email="z@example.com", full_name="Zed"
        )
        session.refresh(made)
        assert made.approved_at is not None


class TestInviting:
    def invite(self, session, by, email="gus@example.com", now=NOW):
        inviting.invite(session, by=by, full_name="Gus Ray", email=email, now=now)
        session.expire_all()

    def newest(self, session):
        return session.scalars(sa.select(Invitation).order_by(Invitation.id.desc())).first()

    def accept(self, session, walk, invitation, now=NOW):
        return inviting.accept(
            session, community_id=walk.community.id, invitation_id=invitation.id, now=now
        )

    def test_says_who_invites_and_lets_in_once(self, session, walk):
        self.invite(session, walk.ama)
        words = mail(session, NoticeKind.INVITED)
        assert words.subject == "Ama O invites you to Bexley"
        assert "You’re invited, Gus" in words.text
        invitation = self.newest(session)
        member = self.accept(session, walk, invitation)
        assert membership_of(session, "gus@example.com") is member
        assert member.approved_at is not None
        with pytest.raises(inviting.InvitationRanOut):
            self.accept(session, walk, invitation)
        assert mail(session, NoticeKind.INVITED) is None  # the letter no longer holds

    def test_is_good_for_thirty_days(self, session, walk):
        self.invite(session, walk.ama)
        with pytest.raises(inviting.InvitationRanOut):
            self.accept(session, walk, self.newest(session), NOW + dt.timedelta(days=30))
        just = NOW + dt.timedelta(days=30) - dt.timedelta(seconds=1)
        assert self.accept(session, walk, self.newest(session), just)

    def test_taken_back_lets_nobody_in(self, session, walk):
        self.invite(session, walk.ama)
        first = self.newest(session)
        inviting.revoke(session, by=walk.ama, invitation_id=first.id, now=NOW)
        with pytest.raises(inviting.InvitationRanOut):
            self.accept(session, walk, first)
        assert mail(session, NoticeKind.INVITED) is None

    def test_inviting_again_ends_the_earlier_link(self, session, walk):
        self.invite(session, walk.ama)
        first = self.newest(session)
        self.invite(session, walk.ama)
        second = self.newest(session)
        with pytest.raises(inviting.InvitationRanOut):
            self.accept(session, walk, first)
        assert self.accept(session, walk, second)

    def test_a_member_gets_no_letter_and_the_inviter_no_hint(self, session, walk):
        self.invite(session, walk.ama, "bela@example.com")
        assert kinds_to(session, "bela@example.com") == []
        [seen] = inviting.open_invitations(session, member=walk.ama, now=NOW)
        assert seen.name == "Gus Ray"  # as it was typed, though we know another for the address

    def test_a_guest_of_the_rota_becomes_a_member(self, session, by_application):
        guest = builders.a_member(session, by_application.community, "Gil Orr")
        self.invite(session, by_application.ama, "gil@example.com")
        assert self.accept(session, by_application, self.newest(session)).id == guest.id
        assert guest.approved_at == NOW

    def test_only_coordinators_invite_unless_members_may(self, session, walk):
        with pytest.raises(NotFound):
            self.invite(session, walk.bela)
        walk.community.members_invite = True
        session.flush()
        self.invite(session, walk.bela)
        walk.bela.approved_at = None  # a guest of the rota may not
        session.flush()
        with pytest.raises(NotFound):
            self.invite(session, walk.bela)

    def test_twenty_open_ones_are_enough(self, session, walk):
        walk.community.members_invite = True
        session.flush()
        for number in range(20):
            self.invite(session, walk.bela, f"g{number}@example.com")
        with pytest.raises(inviting.EnoughInvitations):
            self.invite(session, walk.bela, "one-more@example.com")
        self.invite(session, walk.bela, "later@example.com", NOW + dt.timedelta(days=31))

    def test_others_see_and_take_back_their_own_only(self, session, walk):
        walk.community.members_invite = True
        session.flush()
        self.invite(session, walk.bela)
        [seen] = inviting.open_invitations(session, member=walk.ama, now=NOW)
        assert (seen.name, seen.by) == ("Gus Ray", "Bela N")
        assert inviting.open_invitations(session, member=walk.sam, now=NOW) == []
        elsewhere = builders.an_elsewhere(session)
        for stranger in (walk.sam, elsewhere.chi):
            with pytest.raises(NotFound):
                inviting.revoke(session, by=stranger, invitation_id=seen.id, now=NOW)
        with pytest.raises(inviting.InvitationRanOut):
            inviting.accept(
                session, community_id=elsewhere.community.id, invitation_id=seen.id, now=NOW
            )


class TestApplying:
    def test_where_it_is_open_they_are_in_and_get_a_letter(self, session, walk):
        apply(session, walk)
        member = membership_of(session, "ivy@example.com")
        assert member.approved_at is not None
        assert kinds_to(session, "ivy@example.com") == ["application_accepted"]
        assert application_of(session).decided_by is None
        assert mail(session, NoticeKind.APPLICATION_ACCEPTED).subject == "Welcome to Bexley"

    def test_coordinators_hear_of_it_and_those_named_are_asked(self, session, by_application):
        apply(session, by_application, named=[FIRST, SECOND])
        assert membership_of(session, "ivy@example.com") is None
        assert kinds_to(session, "ama@example.com") == ["application_in"]
        assert mail(session, NoticeKind.APPLICATION_IN).subject == "Ivy L would like to join"
        assert "I bake." in mail(session, NoticeKind.APPLICATION_IN).text
        for email in ("gus@example.com", "bela@example.com"):
            assert kinds_to(session, email) == ["reference_wanted"]
        words = mail(session, NoticeKind.REFERENCE_WANTED)
        assert words.subject == "Do you know Ivy L?"
        assert "I bake." not in words.text

    def test_a_second_one_while_the_first_waits_changes_nothing(self, session, by_application):
        apply(session, by_application, named=[FIRST])
        apply(session, by_application, Applicant(called="Eve", email=IVY.email), [SECOND])
        assert len(session.scalars(sa.select(Application)).all()) == 1
        assert kinds_to(session, "bela@example.com") == []

    def test_a_member_gets_a_way_in_and_nobody_else_hears(self, session, by_application):
        apply(session, by_application, Applicant(called="Eve", email="bela@example.com"))
        assert kinds_to(session, "bela@example.com") == ["sign_in"]
        assert kinds_to(session, "ama@example.com") == []
        for _ in range(6):  # and not by the dozen
            apply(session, by_application, Applicant(called="Eve", email="bela@example.com"))
        assert kinds_to(session, "bela@example.com") == ["sign_in"] * 5

    def test_by_invitation_only_takes_none(self, session, walk):
        walk.community.joining = Joining.INVITATION
        with pytest.raises(applying.ByInvitation):
            apply(session, walk)

    def test_nobody_names_themselves_or_one_person_twice(self, session, by_application):
        own = Named("Me", IVY.email, "second_email")
        with pytest.raises(applying.NamesThemselves) as refused:
            apply(session, by_application, named=[FIRST, own])
        assert refused.value.field == "second_email"
        with pytest.raises(applying.NamedTwice):
            apply(session, by_application, named=[FIRST, FIRST])

    def test_nobody_is_asked_about_more_than_three_at_a_time(self, session, by_application):
        for number in range(5):
            one = Applicant(called="Ann", email=f"ann{number}@example.com")
            apply(session, by_application, one, [FIRST])
        assert kinds_to(session, "gus@example.com") == ["reference_wanted"] * 3
        assert len(session.scalars(sa.select(Reference)).all()) == 5

    def test_what_is_no_name_is_not_repeated_to_strangers(self, session, by_application):
        rude = Applicant(called="http://win.example now", email=IVY.email)
        apply(session, by_application, rude, [FIRST])
        words = mail(session, NoticeKind.REFERENCE_WANTED)
        assert words.subject == "Do you know Somebody?"
        assert "win.example" not in words.text + words.html


class TestReferences:
    @pytest.fixture
    def asked(self, session, by_application):
        apply(session, by_application, named=[FIRST])
        return session.scalars(sa.select(Reference.id)).one()

    def answer(self, session, walk, asked, said=ReferenceAnswer.YES, words="Kind."):
        referees.answer(
            session,
            community_id=walk.community.id,
            reference_id=asked,
            said=said,
            words=words,
            now=NOW,
        )

    def test_an_answer_counts_once_and_coordinators_see_it(self, session, by_application, asked):
        self.answer(session, by_application, asked)
        [seen] = deciding.waiting(session, community_id=by_application.community.id, today=TODAY)
        [said] = seen.references
        assert (seen.answered, said.called, said.answer, said.words) == (
            1, "Gus Ray", ReferenceAnswer.YES, "Kind.",
        )  # fmt: skip
        with pytest.raises(referees.AnsweredAlready):
            self.answer(session, by_application, asked, ReferenceAnswer.NO)
        assert mail(session, NoticeKind.REFERENCE_WANTED) is None

    def test_too_late_is_told_apart(self, session, by_application, asked):
        deciding.accept(
            session, application_id=application_of(session).id, by=by_application.ama, now=NOW
        )
        question = referees.read_question(
            session, community_id=by_application.community.id, reference_id=asked
        )
        assert (question.is_answered, question.is_decided) == (False, True)
        with pytest.raises(referees.DecidedByNow):
            self.answer(session, by_application, asked)

    def test_elsewhere_there_is_no_such_question(self, session, by_application, asked):
        elsewhere = builders.an_elsewhere(session)
        with pytest.raises(NotFound):
            referees.read_question(
                session, community_id=elsewhere.community.id, reference_id=asked
            )
        with pytest.raises(NotFound):
            self.answer(session, elsewhere, asked)


class TestDeciding:
    def accept(self, session, walk, by=None, now=NOW):
        return deciding.accept(
            session, application_id=application_of(session).id, by=by or walk.ama, now=now
        )

    def decline(self, session, walk, reason="Not from here", by=None):
        deciding.decline(
            session,
            application_id=application_of(session).id,
            by=by or walk.ama,
            reason=reason,
            now=NOW,
        )

    def test_waits_are_counted_in_the_communitys_days(self, session, by_application):
        late = dt.datetime(2027, 4, 14, 23, 30, tzinfo=dt.UTC)  # the 15th in London
        apply(session, by_application, now=late)
        community_id = by_application.community.id
        [seen] = deciding.waiting(session, community_id=community_id, today=TODAY)
        assert (seen.days, seen.called, seen.phone, seen.turns) == (
            5, "Ivy Low", "020 7946 0000", 0,
        )  # fmt: skip

    def test_yes_makes_a_member_once_and_writes_to_them(self, session, by_application):
        apply(session, by_application)
        first = self.accept(session, by_application)
        assert self.accept(session, by_application).id == first.id
        assert first.approved_at == NOW
        assert kinds_to(session, "ivy@example.com") == ["application_accepted"]
        with pytest.raises(deciding.DecidedMeanwhile):
            self.decline(session, by_application)

    def test_no_keeps_its_reason_to_the_coordinators(self, session, by_application):
        apply(session, by_application)
        with pytest.raises(deciding.SayWhy):
            self.decline(session, by_application, "")
        self.decline(session, by_application)
        self.decline(session, by_application)
        words = mail(session, NoticeKind.APPLICATION_DECLINED)
        assert "Not from here" not in words.text + words.html + words.subject
        [seen] = deciding.decided(session, community_id=by_application.community.id)
        assert (seen.state, seen.reason, seen.by) == (
            ApplicationState.DECLINED, "Not from here", "Ama O",
        )  # fmt: skip
        with pytest.raises(deciding.DecidedMeanwhile):
            self.accept(session, by_application)
        apply(session, by_application)  # another try is possible
        assert application_of(session).state is ApplicationState.WAITING

    def test_a_coordinator_of_elsewhere_decides_nothing(self, session, by_application):
        apply(session, by_application)
        chi = builders.an_elsewhere(session).chi
        for decide in (self.accept, self.decline):
            with pytest.raises(NotFound):
                decide(session, by_application, by=chi)

    def test_a_name_that_is_confirmed_stays_though_somebody_typed_another(
        self, session, by_application
    ):
        ivy = identity.find_or_create_person(session, full_name="Ivy", email=IVY.email)
        identity.confirm_email(session, person_id=ivy.id, now=NOW)
        apply(session, by_application)
        self.accept(session, by_application)
        session.expire_all()
        profile = session.get(Profile, ivy.id)
        assert (profile.full_name, profile.phone) == ("Ivy", None)

    def read(self, session, walk):
        [seen] = deciding.waiting(session, community_id=walk.community.id, today=TODAY)
        [said] = seen.references
        return seen.known_as, said.phone

    def test_what_is_on_record_is_read_where_they_are_in_this_community_only(
        self, session, by_application
    ):
        """An address typed in an application tells no coordinator about people of elsewhere."""
        there = builders.an_elsewhere(session).community
        people = [builders.a_member(session, there, name) for name in ("Ivy Quill", "Gus Penn")]
        for one in people:
            session.get_one(Profile, one.person_id).phone = "020 7946 0111"
        session.flush()
        apply(session, by_application, named=[FIRST])
        assert self.read(session, by_application) == (None, None)
        here = by_application.community
        guests = [builders.a_member(session, here, name) for name in ("Ivy Quill", "Gus Penn")]
        assert self.read(session, by_application) == ("Ivy Quill", "020 7946 0111")
        for guest in guests:
            guest.standing, guest.left_at = Standing.LEFT, NOW
        session.flush()
        assert self.read(session, by_application) == (None, None)

    def test_a_name_that_a_stranger_typed_gives_way_to_ones_own(self, session, by_application):
        other = Applicant(called="Ann", email="ann@example.com")
        apply(session, by_application, other, [Named("Baker Street", IVY.email, "first_email")])
        apply(session, by_application)
        self.accept(session, by_application)
        session.expire_all()
        profile = session.get(Profile, person_of(session, IVY.email))
        assert (profile.full_name, profile.phone) == ("Ivy Low", "020 7946 0000")

    def test_an_application_that_nobody_read_renames_nobody(self, session, walk):
        """Where it is open to all, whoever knows an address could rename its owner."""
        ivy = identity.find_or_create_person(session, full_name="Ivy Quill", email=IVY.email)
        apply(session, walk)
        assert application_of(session).state is ApplicationState.ACCEPTED
        profile = session.get(Profile, ivy.id)
        assert (profile.full_name, profile.phone) == ("Ivy Quill", None)

    def test_a_yes_here_renames_nobody_elsewhere(self, session, by_application):
        there = builders.an_elsewhere(session).community
        ivy = builders.a_member(session, there, "Ivy Quill")
        apply(session, by_application)
        self.accept(session, by_application)
        session.expire_all()
        profile = session.get(Profile, ivy.person_id)
        assert (profile.full_name, profile.phone) == ("Ivy Quill", None)

    def test_somebody_who_left_comes_back_with_a_yes(self, session, by_application):
        apply(session, by_application)
        member = self.accept(session, by_application)
        session.execute(
            sa.text("UPDATE membership SET standing = 'left', left_at = now() WHERE id = :id"),
            {"id": member.id},
        )
        apply(session, by_application)
        again = self.accept(session, by_application)
        assert (again.id, again.standing.value, again.left_at) == (member.id, "resident", None)


class TestForgetting:
    LATER = NOW + dt.timedelta(days=200)

    def people(self, session):
        return set(session.scalars(sa.select(Profile.email)))

    def forget(self, session, now):
        # people are written down at the database's own time
        session.execute(sa.text("UPDATE person SET created_at = :now"), {"now": NOW})
        return forgetting.forget_strangers(session, now=now)

    def test_whoever_was_invited_and_never_came(self, session, walk):
        inviting.invite(session, by=walk.ama, full_name="Gus", email="gus@example.com", now=NOW)
        assert self.forget(session, NOW + dt.timedelta(days=59)) == 0
        assert self.forget(session, NOW + dt.timedelta(days=61)) == 1
        assert "gus@example.com" not in self.people(session)
        assert session.scalars(sa.select(Invitation)).all() == []

    def test_whoever_was_invited_at_an_address_that_takes_no_mail(self, session, walk):
        inviting.invite(session, by=walk.ama, full_name="Gus", email="gus@example.com", now=NOW)
        suppression.note_refusal(
            session,
            person_id=person_of(session, "gus@example.com"),
            address="gus@example.com",
            status="550 5.1.1",
            now=NOW,
        )
        assert self.forget(session, NOW + dt.timedelta(days=61)) == 1
        assert "gus@example.com" not in self.people(session)

    def test_whoever_was_named_and_the_words_they_wrote(self, session, by_application):
        apply(session, by_application, named=[FIRST])
        assert self.forget(session, self.LATER) == 0  # it waits still
        deciding.accept(
            session, application_id=application_of(session).id, by=by_application.ama, now=NOW
        )
        assert self.forget(session, NOW + dt.timedelta(days=29)) == 0
        assert self.forget(session, NOW + dt.timedelta(days=31)) == 1
        assert session.scalars(sa.select(Reference)).all() == []
        assert self.people(session) >= {"ivy@example.com", "bela@example.com"}

    def test_whoever_was_turned_down_half_a_year_ago(self, session, by_application):
        apply(session, by_application)
        deciding.decline(
            session,
            application_id=application_of(session).id,
            by=by_application.ama,
            reason="x",
            now=NOW,
        )
        assert self.forget(session, NOW + dt.timedelta(days=179)) == 0
        assert self.forget(session, NOW + dt.timedelta(days=181)) == 1
        assert "ivy@example.com" not in self.people(session)

    def test_nobody_who_is_a_member_or_was_one(self, session, walk):
        walk.bela.standing, walk.bela.left_at = Standing.LEFT, NOW
        session.flush()
        assert self.forget(session, self.LATER) == 0


def test_a_guest_neither_asks_nor_gives_until_a_coordinator_says_yes(session, by_application):
    walk = by_application
    guest = builders.a_member(session, walk.community, "Gil Orr")
    pot = session.scalars(sa.select(Account.id).where(Account.group_id == walk.group.id)).one()

    def give():
        ledger.give(
            session, giver=guest, to_account_id=pot, minutes=30, key=uuid.uuid4(), memo=None,
            today=TODAY, now=NOW,
        )  # fmt: skip

    def ask():
        draft = posting.Draft(
            kind=PostKind.ASK, category=Category.HOME, title="A shelf to mend", words="",
            area="Erith", when_words="",
        )  # fmt: skip
        posting.put_up(session, draft=draft, member=guest, by=guest, intent=None, today=TODAY)

    for not_yet in (give, ask):
        with pytest.raises(communities.GuestOfTheRota):
            not_yet()
    communities.approve(
        session, community_id=walk.community.id, person_id=guest.person_id, now=NOW
    )
    give()
    ask()
    assert ledger.balance(session, membership_id=guest.id) == -30
