"""By which way a notice goes: one way each, and a reason for every kind."""

from __future__ import annotations

import dataclasses

import pytest

from tests.domain.test_mail_choosing import NOBODY
from tests.domain.test_mail_choosing import chosen
from tests.domain.test_mail_choosing import hows
from timebank.domain.notices.families import CHOOSABLE
from timebank.domain.notices.families import FAMILY_OF
from timebank.domain.notices.families import Family
from timebank.domain.notices.ways import ROUTES
from timebank.domain.notices.ways import way_for
from timebank.models import How
from timebank.models import NoticeKind
from timebank.models import Way

BEFORE_SIGNING_IN = {NoticeKind.SIGN_IN, NoticeKind.CONFIRM_CLAIM, NoticeKind.INVITED}
BY_PHONE = chosen(hows=dict.fromkeys(CHOOSABLE, How.PHONE))


def test_every_kind_has_its_route_and_a_reason():
    """A new kind? Say in `ways` whose choice counts for it, or why it ever goes by one way."""
    assert set(ROUTES) == set(NoticeKind)
    assert all(route.why for route in ROUTES.values())
    assert all(route.by in {*CHOOSABLE, *Way} for route in ROUTES.values())


@pytest.mark.parametrize("kind", sorted(kind for kind, family in FAMILY_OF.items()
                                        if family is not Family.WEEK))  # fmt: skip
def test_what_is_chosen_for_a_family_counts_for_its_kinds(kind):
    assert ROUTES[kind].by is FAMILY_OF[kind]


@pytest.mark.parametrize("kind", sorted(NoticeKind))
def test_whoever_chose_nothing_is_told_by_mail(kind):
    elsewhere = {NoticeKind.PHONE_TRIED: Way.PHONE, NoticeKind.TEXT_CODE: Way.TEXT}
    assert way_for(kind, NOBODY) is elsewhere.get(kind, Way.MAIL)


@pytest.mark.parametrize("kind", sorted({*BEFORE_SIGNING_IN, NoticeKind.WEEKLY}))
def test_some_always_go_by_mail(kind):
    assert way_for(kind, BY_PHONE) is Way.MAIL


def test_what_is_needed_follows_the_choice_for_turns():
    kind = NoticeKind.EVENT_CANCELLED
    assert way_for(kind, chosen(hows=hows(turns="phone"))) is Way.PHONE
    assert way_for(kind, chosen(hows=hows(turns="text"))) is Way.TEXT
    for other in ("mail", "weekly", "none"):
        assert way_for(kind, chosen(hows=hows(turns=other, asking="phone"))) is Way.MAIL


def test_whoever_is_no_member_here_is_told_by_mail():
    stranger = dataclasses.replace(BY_PHONE, membership_id=None)
    assert way_for(NoticeKind.EVENT_CANCELLED, stranger) is Way.MAIL
