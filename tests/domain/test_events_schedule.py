from __future__ import annotations

import datetime as dt

import pytest

from tests.drafts import a_draft
from timebank.domain import events
from timebank.models import Frequency

LONDON = "Europe/London"
TODAY = dt.date(2027, 4, 20)


def days(frequency, first_on, count):
    plan = a_draft(frequency=frequency, first_on=first_on)
    found = events.days_of(plan, until=first_on + dt.timedelta(days=400))
    return [day.isoformat() for day, _ in zip(found, range(count), strict=False)]


def sentence(**values):
    return events.schedule_sentence(a_draft(**values), timezone=LONDON, today=TODAY)


def test_a_monthly_rhythm_keeps_the_weekday_of_the_month():
    assert days(Frequency.MONTHLY, dt.date(2027, 11, 6), 4) == [
        "2027-11-06",
        "2027-12-04",
        "2028-01-01",
        "2028-02-05",
    ]


def test_a_fifth_saturday_means_the_last_of_each_month():
    assert days(Frequency.MONTHLY, dt.date(2027, 5, 29), 4) == [
        "2027-05-29",
        "2027-06-26",
        "2027-07-31",
        "2027-08-28",
    ]


def test_a_fortnightly_rhythm_crosses_the_year():
    assert days(Frequency.FORTNIGHTLY, dt.date(2027, 12, 18), 3) == [
        "2027-12-18",
        "2028-01-01",
        "2028-01-15",
    ]


def test_once_is_once():
    assert days(Frequency.ONCE, dt.date(2027, 5, 1), 9) == ["2027-05-01"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "Saturdays at 9am: 1, 8, 15, 22, 29 May and so on."),
        (
            {"first_on": dt.date(2027, 5, 22), "starts": dt.time(9, 30)},
            "Saturdays at 9:30am: 22, 29 May, 5, 12, 19 June and so on.",
        ),
        (
            {"frequency": Frequency.FORTNIGHTLY},
            "Every other Saturday at 9am: 1, 15, 29 May, 12, 26 June and so on.",
        ),
        (
            {"frequency": Frequency.MONTHLY, "starts": dt.time(12), "ends": dt.time(13)},
            (
                "First Saturday of each month at noon:"
                " 1 May, 5 June, 3 July, 7 August, 4 September and so on."
            ),
        ),
        (
            {"frequency": Frequency.MONTHLY, "first_on": dt.date(2027, 5, 29)},
            (
                "Last Saturday of each month at 9am:"
                " 29 May, 26 June, 31 July, 28 August, 25 September and so on."
            ),
        ),
        (
            {"frequency": Frequency.ONCE, "first_on": dt.date(2028, 1, 8)},
            "Saturday 8 January 2028 at 9am.",
        ),
        (
            {"first_on": dt.date(2027, 12, 18)},
            "Saturdays at 9am: 18, 25 December, 1, 8, 15 January 2028 and so on.",
        ),
    ],
)
def test_a_schedule_is_read_back_as_a_sentence(values, expected):
    assert sentence(**values) == expected


def test_the_sentence_names_the_nights_when_the_clocks_change():
    read = sentence(first_on=dt.date(2027, 5, 2), starts=dt.time(1, 30), ends=dt.time(2, 15))
    assert read == (
        "Sundays at 1:30am: 2, 9, 16, 23, 30 May and so on."
        " On 31 October 1:30am happens twice; we mean the first."
        " On 26 March 2028 the clocks go forward, so that day it’s 2:30am to 3:15am."
    )


def test_nine_in_the_morning_stays_nine_over_both_clock_changes():
    spans = [
        events.span_on(day, dt.time(9), dt.time(10, 30), LONDON)[0].isoformat()
        for day in (dt.date(2027, 3, 27), dt.date(2027, 3, 28), dt.date(2027, 10, 31))
    ]
    assert spans == [
        "2027-03-27T09:00:00+00:00",
        "2027-03-28T08:00:00+00:00",
        "2027-10-31T09:00:00+00:00",
    ]


def test_a_skipped_start_is_as_much_later_and_lasts_as_long():
    starts_at, ends_at = events.span_on(
        dt.date(2027, 3, 28), dt.time(1, 30), dt.time(2, 15), LONDON
    )
    assert starts_at == dt.datetime(2027, 3, 28, 1, 30, tzinfo=dt.UTC)
    assert ends_at - starts_at == dt.timedelta(minutes=45)


def test_a_start_that_happens_twice_is_the_first():
    starts_at, _ = events.span_on(dt.date(2027, 10, 31), dt.time(1, 30), dt.time(3), LONDON)
    assert starts_at == dt.datetime(2027, 10, 31, 0, 30, tzinfo=dt.UTC)


NOW = dt.datetime(2027, 1, 4, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"starts": dt.time(11), "ends": dt.time(9)}, "ends", "ends before it starts"),
        ({"starts": dt.time(9), "ends": dt.time(9)}, "ends", "ends before it starts"),
        (
            {"first_on": dt.date(2027, 3, 28), "starts": dt.time(1), "ends": dt.time(4)},
            "starts",
            "skip this time",
        ),
        (
            {"first_on": dt.date(2027, 3, 28), "starts": dt.time(0), "ends": dt.time(1, 59)},
            "ends",
            "skip this time",
        ),
        ({"first_on": dt.date(9999, 12, 31)}, "first", "two years"),
    ],
)
def test_a_draft_that_makes_no_sense_is_refused_beside_its_field(values, field, words):
    with pytest.raises(events.DraftRefused, match=words) as refusal:
        events.check_draft(a_draft(**values), timezone=LONDON, now=NOW)
    assert refusal.value.field == field


def test_a_rota_has_room_for_forty_jobs():
    role = events.RoleDraft(name="M", places=1, starts_after_minutes=0, duration_minutes=30)
    events.check_draft(a_draft(roles=(role,) * 40), timezone=LONDON, now=NOW)
    with pytest.raises(events.DraftRefused, match="40"):
        events.check_draft(a_draft(roles=(role,) * 41), timezone=LONDON, now=NOW)


def test_the_ready_made_rotas_are_all_there():
    assert [rota.key for rota in events.ready_made_rotas()] == [
        "walk",
        "junior-run",
        "litter-pick",
        "repair-cafe",
        "street-party",
        "food-bank",
        "community-garden",
    ]


@pytest.mark.parametrize("rota", events.ready_made_rotas(), ids=lambda rota: rota.key)
def test_a_ready_made_rota_can_be_kept_as_it_is(rota):
    assert rota.ends_time > rota.starts_time
    assert len(rota.description) <= 2000
    assert 0 < len(rota.first_timers) <= 300
    assert len({role.name for role in rota.roles}) == len(rota.roles) <= events.jobs.MOST_ROLES
    assert any(role.needed for role in rota.roles)
    for role in rota.roles:
        assert 0 < len(role.name) <= 60
        assert len(role.about) <= 500
        assert 0 <= role.needed <= role.places <= 500
        assert "’" not in role.name or "'" not in role.name
        begins = rota.starts_time.hour * 60 + rota.starts_time.minute + role.starts_after_minutes
        assert 0 <= begins < begins + role.duration_minutes < 24 * 60


def test_every_ready_made_rota_but_the_street_party_is_welcoming_to_newcomers():
    for rota in events.ready_made_rotas():
        assert any("No experience needed" in role.about for role in rota.roles)
