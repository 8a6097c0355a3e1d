"""A phone is set up by a tap in it, told of nothing it was not asked for, and ended by a tap."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests import phones
from tests.notices import owe
from tests.push_sink import Browser
from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.phones import base64url
from timebank.domain import channels
from timebank.domain import identity
from timebank.domain.channels import Said
from timebank.domain.joining import erasing
from timebank.domain.joining import taking_along
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import PushSubscription


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def browser(name="one"):
    return Browser(endpoint=f"https://localhost/send/{name}")


def listed(session, member):
    session.expire_all()
    theirs = channels.phones_of(session, membership_id=member.id)
    return [(phone.place, phone.label) for phone in theirs]


class TestSettingUp:
    def test_a_phone_is_kept_as_the_browser_gave_it(self, session, walk):
        one = browser()
        number = phones.set_up(session, walk.bela, one)
        kept = session.get_one(PushSubscription, number)
        assert (kept.membership_id, kept.community_id) == (walk.bela.id, walk.community.id)
        assert (kept.endpoint, kept.p256dh, kept.auth) == (one.endpoint, one.p256dh, one.auth)
        assert (kept.label, kept.failures, kept.last_ok_at) == ("Chrome on Android", 0, None)

    def test_the_same_browser_again_is_no_second_phone(self, session, walk):
        first = phones.set_up(session, walk.bela, browser(), "Chrome on Android")
        assert phones.set_up(session, walk.bela, browser(), "Chrome on a new Android") == first
        assert listed(session, walk.bela) == [(1, "Chrome on a new Android")]

    def test_a_browser_is_whose_is_signed_in_there_now(self, session, walk):
        """Sam borrows Bela's phone and taps: Bela's notices are not shown to Sam."""
        phones.set_up(session, walk.sam, browser("own"))
        phones.set_up(session, walk.bela, browser("shared"))
        phones.set_up(session, walk.sam, browser("shared"))
        assert listed(session, walk.bela) == []
        assert [place for place, _label in listed(session, walk.sam)] == [1, 2]

    def test_ten_are_enough_and_one_that_is_stopped_makes_room(self, session, walk):
        numbers = [phones.set_up(session, walk.bela, browser(f"b{n}")) for n in range(10)]
        with pytest.raises(channels.TooManyPhones):
            phones.set_up(session, walk.bela, browser("eleventh"))
        assert phones.set_up(session, walk.bela, browser("b3")) == numbers[3]
        channels.stop(session, member=walk.bela, number=numbers[3])
        phones.set_up(session, walk.bela, browser("eleventh"))
        assert [place for place, _label in listed(session, walk.bela)] == list(range(1, 11))
        phones.set_up(session, walk.sam, browser("sams"))  # ten each

    def test_taps_at_one_moment_take_a_place_each(self, engine, session, walk):
        session.commit()
        gate = threading.Barrier(12)
        refused = []

        def tap(number):
            with Session(engine) as mine:
                gate.wait()
                try:
                    phones.set_up(mine, walk.bela, browser(f"b{number}"))
                    mine.commit()
                except channels.TooManyPhones as refusal:
                    refused.append(refusal)

        threads = [threading.Thread(target=tap, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        session.rollback()
        assert [place for place, _label in listed(session, walk.bela)] == list(range(1, 11))
        assert len(refused) == 2

    @pytest.mark.parametrize(
        "changes",
        [
            {"p256dh": ""},
            {"p256dh": "not base64 at all!"},
            {"p256dh": base64url(b"\x04" + b"\x01" * 64)},
            {"p256dh": base64url(b"\x02" + b"\x01" * 32)},
            {"p256dh": "é" * 87},
            {"p256dh": "A" * 100_000},
            {"auth": ""},
            {"auth": base64url(b"\x01" * 15)},
            {"auth": base64url(b"\x01" * 32)},
            {"auth": "\0"},
        ],
    )
    def test_what_no_browser_gives_is_refused(self, session, walk, changes):
        with pytest.raises(channels.NotAPhone):
            _set_up(session, walk.bela, phones.typed(browser(), **changes))

    @pytest.mark.parametrize(
        "endpoint",
        [
            "",
            "https://",
            "http://localhost/send/a",
            "https://10.0.0.1/send/a",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/send/a",
            "https://localhost.evil.example/send/a",
            "https://ama:tea@localhost/send/a",
            "https://localhost\\@evil.example/send/a",
            "https://localhost/a b",
            "https://localhost/\r\nHost: evil.example",
            "https://localhost/é",
            "https://localhost:port/a",
            "javascript:alert(1)",
            "https://localhost/" + "x" * 10_240,
        ],
    )
    def test_only_known_push_services_are_taken(self, session, walk, endpoint):
        with pytest.raises(channels.UnknownService):
            _set_up(session, walk.bela, phones.typed(browser(), endpoint=endpoint))
        assert listed(session, walk.bela) == []

    def test_keys_with_padding_are_the_same_keys(self, session, walk):
        one = browser()
        padded = phones.typed(one, auth=base64url(one.auth) + "==")
        _set_up(session, walk.bela, padded)
        [kept] = channels.phones_of(session, membership_id=walk.bela.id)
        assert kept.auth == one.auth

    def test_nothing_secret_is_shown_of_what_a_browser_gave(self):
        one = browser("verysecret")
        shown = repr(phones.typed(one))
        assert "verysecret" not in shown
        assert base64url(one.auth) not in shown


class TestStopping:
    def test_a_phone_of_ones_own(self, session, walk):
        number = phones.set_up(session, walk.bela, browser())
        assert channels.stop(session, member=walk.bela, number=number) == "Chrome on Android"
        assert listed(session, walk.bela) == []
        with pytest.raises(NotFound):
            channels.stop(session, member=walk.bela, number=number)

    def test_never_another_persons(self, session, walk):
        number = phones.set_up(session, walk.bela, browser())
        for act in (channels.stop, _try):
            with pytest.raises(NotFound):
                act(session, member=walk.sam, number=number)
        assert listed(session, walk.bela) != []

    def test_signing_out_everywhere_ends_every_phone_of_theirs(self, session, walk):
        ashford = builders.an_elsewhere(session).community
        there = builders.communities.join(
            session, community_id=ashford.id, person_id=walk.bela.person_id
        )
        phones.set_up(session, walk.bela, browser("here"))
        phones.set_up(session, there, browser("there"))
        phones.set_up(session, walk.sam, browser("sams"))
        identity.end_all_sign_ins(session, person_id=walk.bela.person_id, now=clock.now())
        assert listed(session, walk.bela) == listed(session, there) == []
        assert len(listed(session, walk.sam)) == 1

    def test_erasing_somebody_leaves_none(self, session, walk):
        phones.set_up(session, walk.bela, browser())
        erasing.forget(session, person_id=walk.bela.person_id)
        assert listed(session, walk.bela) == []


class TestTrying:
    def test_it_is_a_notice_like_every_other_for_that_phone_alone(self, session, walk):
        phones.set_up(session, walk.bela, browser("other"))
        number = phones.set_up(session, walk.bela, browser("this"))
        _try(session, member=walk.bela, number=number)
        _try(session, member=walk.bela, number=number)  # twice within a minute is once
        [notice] = session.scalars(sa.select(Notice)).all()
        assert (notice.kind, notice.person_id) == (NoticeKind.PHONE_TRIED, walk.bela.person_id)
        assert "localhost" not in str(notice.facts)
        [phone] = channels.told_on(session, notice_id=notice.id)
        assert (phone.number, phone.endpoint) == (number, "https://localhost/send/this")


class TestTelling:
    def test_a_notice_goes_to_all_phones_of_its_person_in_its_community(self, session, walk):
        ashford = builders.an_elsewhere(session).community
        there = builders.communities.join(
            session, community_id=ashford.id, person_id=walk.bela.person_id
        )
        for member, name in ((walk.bela, "a"), (walk.bela, "b"), (there, "c"), (walk.sam, "d")):
            phones.set_up(session, member, browser(name))
        notice = owe(session, walk.bela, NoticeKind.HOURS_MOVED)
        told = channels.told_on(session, notice_id=notice.id)
        assert [phone.endpoint[-1] for phone in told] == ["a", "b"]

    def test_what_push_services_said_is_kept_and_who_is_gone_is_forgotten(self, session, walk):
        took, refused, gone = (phones.set_up(session, walk.bela, browser(name)) for name in "abc")
        said = [
            Said(number=took, took=True, code="201", is_gone=False),
            Said(number=refused, took=False, code="413", is_gone=False),
            Said(number=gone, took=False, code="410", is_gone=True),
        ]
        channels.note(session, said=said)
        channels.note(session, said=said)
        session.expire_all()
        kept = {one.id: one for one in channels.phones_of(session, membership_id=walk.bela.id)}
        assert set(kept) == {took, refused}
        assert kept[took].last_ok_at is not None
        assert (kept[took].failures, kept[took].failed_as) == (0, None)
        assert (kept[refused].failures, kept[refused].failed_as) == (2, "413")
        channels.note(session, said=[Said(number=refused, took=True, code="201", is_gone=False)])
        session.expire_all()
        assert (kept[refused].failures, kept[refused].failed_as) == (0, None)

    def test_the_name_of_every_error_fits(self, session, walk):
        number = phones.set_up(session, walk.bela, browser())
        for code in ("SSLCertVerificationError", "RemoteDisconnected", "not a push service", ""):
            channels.note(
                session, said=[Said(number=number, took=False, code=code or "404", is_gone=False)]
            )


def test_what_they_take_along_names_the_phone_and_no_secret(session, walk):
    one = browser("verysecret")
    phones.set_up(session, walk.bela, one, "Firefox on Linux")
    everything = taking_along.everything_about(
        session, person_id=walk.bela.person_id, now=clock.now()
    )
    [phone] = everything.tables["phones_we_tell_you_on"]
    assert set(phone) == {"phone", "since", "last_ok_at"}
    assert phone["phone"] == "Firefox on Linux"
    written = str(everything.tables)
    assert "verysecret" not in written
    assert one.auth.hex() not in written


def _set_up(session, member, subscription):
    return channels.set_up(
        session,
        member=member,
        subscription=subscription,
        label="A browser",
        services=phones.SERVICES,
        now=clock.now(),
    )


def _try(session, *, member, number):
    channels.try_out(session, member=member, number=number, now=clock.now())
