"""A town to attack: two communities with a bit of everything, and a number for every name.

Bexley   Ama coordinates, Nadia organises the walk, Bela and Sam are residents.
         walk          1 May: marshal (2 places), pack_up right after it (3), tail_walker (1)
         last_walk     24 April, done: last_marshal (5 places)
         called_off    8 May, cancelled: called_off_marshal
         next_walk     15 May: next_marshal, nobody on it; bare_walk 22 May, no slots
Ashford  Chi coordinates; Bela is a member there too (bela_there).
         tea           a slot on 1 May, at the hour of the walk
Beside the walk: tokens and camera, both within the marshal's time and together with it; sweep, two
hours later; the stall of the spring fair, five minutes after the marshal's time, at another place.
Bela knows first aid, stands for marshal, has her turn on offer to everybody; Nadia waits for the
tail walker's place; the walk calls for help, and Sam was asked; a spreadsheet was taken in.
Bela asks for help with her lawn; Sam writes to her about it (talk), is to be rung, and reports it;
Nadia offers a lift and has blocked Sam, who wrote to her about it earlier (cut_off); Ama wrote
down an ask of Sam's (quiet).
"""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from tests import builders
from timebank.domain import communities
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Appeal
from timebank.models import AppealAsk
from timebank.models import AppealReason
from timebank.models import Batch
from timebank.models import BatchKind
from timebank.models import Block
from timebank.models import Category
from timebank.models import ClaimState
from timebank.models import Conversation
from timebank.models import EventState
from timebank.models import Feed
from timebank.models import Handover
from timebank.models import LimitChange
from timebank.models import MemberQualification
from timebank.models import Memo
from timebank.models import Message
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import PairRule
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import Qualification
from timebank.models import QualificationKind
from timebank.models import Report
from timebank.models import Ring
from timebank.models import RolePair
from timebank.models import RotaImport
from timebank.models import SignIn
from timebank.models import SignInRequest
from timebank.models import StandingTurn
from timebank.models import Transfer
from timebank.models import TransferKind
from timebank.models import Venue
from timebank.models import Waiting
from timebank.models import WithdrawnBecause

NOON = dt.datetime(2027, 4, 26, 12, tzinfo=dt.UTC)


def build(session: Session) -> dict[str, int]:
    """Build the town and commit it -> the number of everything in it, by name."""
    walk = builders.a_walk(session)
    records = {
        "bexley": walk.community,
        "strollers": walk.group,
        "stroll": walk.series,
        "walk": walk.event,
        "marshal": walk.marshal,
        "tail_walker": walk.tail_walker,
        **{name: getattr(walk, name) for name in ("ama", "nadia", "bela", "sam")},
    }
    records |= _more_dates(session, walk)
    records |= _turns(session, walk, records)
    records |= _hours(session, walk, records)
    records |= _messages(session, walk, records["turn"])
    records |= _finding(session, walk, records)
    records |= _board(session, walk)
    records |= _elsewhere(session, walk)
    session.commit()
    people = {f"{name}_person": row.person_id for name, row in records.items() if _is_member(name)}
    kinds = {
        "marshal_role": walk.marshal.role_id,
        "tail_role": walk.tail_walker.role_id,
        "tokens_role": records["tokens"].role_id,
        "sweep_role": records["sweep"].role_id,
        "venue": walk.event.venue_id,
        "tea_role": records["tea"].role_id,
        "ashford_venue": records["ashford_fair"].venue_id,
    }
    return {name: row.id for name, row in records.items()} | people | kinds


def _is_member(name):
    return name in {"ama", "nadia", "bela", "sam", "chi", "bela_there"}


def _more_dates(session, walk):
    first = walk.event.occurs_on
    dates = {
        name: builders.an_event(session, walk.series, first + dt.timedelta(weeks=weeks))
        for name, weeks in {
            "last_walk": -1,
            "called_off": 1,
            "next_walk": 2,
            "bare_walk": 3,
        }.items()
    }
    marshal = walk.marshal.role
    pack_up = builders.a_role(
        session, walk.series, name="Pack up", places=3, starts_after_minutes=75, position=3
    )
    big = builders.a_role(session, walk.series, name="Many marshals", places=5, position=4)
    slots = {
        "pack_up": builders.a_slot(session, walk.event, pack_up),
        "last_marshal": builders.a_slot(session, dates["last_walk"], big),
        "called_off_marshal": builders.a_slot(session, dates["called_off"], marshal),
        "next_marshal": builders.a_slot(session, dates["next_walk"], marshal),
    }
    dates["called_off"].state = EventState.CANCELLED
    dates["called_off"].reason = "Flooded path"
    dates["called_off"].sequence = 1
    more = {
        name: builders.a_role(
            session, walk.series, name=name, places=5, starts_after_minutes=starts,
            duration_minutes=60, position=5,
        )
        for name, starts in {"tokens": 0, "camera": 0, "sweep": 200}.items()
    }  # fmt: skip
    slots |= {name: builders.a_slot(session, walk.event, role) for name, role in more.items()}
    fair = builders.a_series(
        session, group=walk.group, organiser=walk.nadia, title="Spring fair", slug="spring-fair"
    )
    spare = Venue(community_id=walk.community.id, name="Danson House")
    session.add(spare)
    session.flush()
    stall = builders.a_role(session, fair, name="Stall", starts_after_minutes=80)
    stall_slot = builders.a_slot(session, builders.an_event(session, fair), stall)
    others = {"fair": fair, "stall": stall, "stall_slot": stall_slot}
    return {**dates, **slots, **others, "spare_venue": spare, "big": big}


def _turns(session, walk, records):
    last = records["last_marshal"]
    attended = ClaimState.ATTENDED
    turns = {
        "turn": builders.a_claim(session, walk.marshal, walk.bela),
        "packing": builders.a_claim(session, records["pack_up"], walk.bela),
        "hold": builders.a_claim(
            session, walk.tail_walker, walk.sam, state=ClaimState.HELD, held_until=NOON
        ),
        "gone": builders.a_claim(session, walk.marshal, walk.nadia, place=2),
        "done": builders.a_claim(session, last, walk.bela, place=1, state=attended),
        "mistake": builders.a_claim(session, last, walk.sam, place=2, state=attended),
        "unpaid": builders.a_claim(session, last, walk.ama, place=3, state=attended),
        "absent": builders.a_claim(session, last, walk.nadia, place=4, state=ClaimState.MISSED),
    }
    turns["gone"].state = ClaimState.WITHDRAWN
    turns["gone"].withdrawn_at = NOON
    turns["gone"].withdrawn_because = WithdrawnBecause.PERSON
    session.flush()
    return turns


def _hours(session, walk, records):
    commons = builders.commons_of(session, walk.community)
    accounts = {
        f"{name}_account": builders.account_of(session, records[name])
        for name in ("ama", "nadia", "bela", "sam")
    }
    pot = session.query(Account).filter_by(kind=AccountKind.POT).one()
    bela, sam = accounts["bela_account"], accounts["sam_account"]

    def moved(debit, credit, minutes, kind, **more):
        row = Transfer(
            idempotency_key=uuid.uuid4(),
            community_id=walk.community.id,
            debit_id=debit.id,
            credit_id=credit.id,
            minutes=minutes,
            kind=kind,
            happened_on=NOON.date(),
            created_by=walk.nadia.id,
            **more,
        )
        session.add(row)
        session.flush()
        return row

    earn, reversal = TransferKind.EARN, TransferKind.REVERSAL
    earned = moved(commons, bela, 90, earn, claim_id=records["done"].id, revision=0)
    wrong = moved(commons, sam, 90, earn, claim_id=records["mistake"].id, revision=0)
    opening = session.query(Account).filter_by(kind=AccountKind.OPENING).one()
    cause = Account(
        community_id=walk.community.id, kind=AccountKind.CAUSE, name="Food bank", floor=0
    )
    facts = {"community_id": walk.community.id, "created_by": walk.nadia.id}
    batch = Batch(
        kind=BatchKind.CLASS,
        title="Bread",
        happened_on=NOON.date(),
        idempotency_key=uuid.uuid4(),
        **facts,
    )
    session.add_all([cause, batch])
    session.flush()
    limits = LimitChange(
        account_id=accounts["ama_account"].id, floor=-600, reason="The usual", **facts
    )
    gift = moved(bela, sam, 30, TransferKind.GIFT)
    session.add_all([limits, Memo(transfer_id=gift.id, words="Hemming curtains")])
    return {
        **accounts,
        "commons": commons,
        "opening": opening,
        "pot": pot,
        "cause": cause,
        "batch": batch,
        "limits": limits,
        "earned": earned,
        "wrong": wrong,
        "undone": moved(sam, commons, 90, reversal, reverses_id=wrong.id),
        "gift": gift,
    }


def _messages(session, walk, turn):
    person = walk.bela.person_id
    request = SignInRequest(
        community_id=walk.community.id, person_id=person, next_path="/", expires_at=NOON
    )
    session.add(request)
    session.flush()
    rows = {
        "request": request,
        "notice": Notice(
            community_id=walk.community.id,
            kind=NoticeKind.REMINDER_EVE,
            dedupe_key="once",
            person_id=person,
            claim_id=turn.id,
            starts_at=turn.starts_at,
            not_before=NOON,
            expires_at=turn.starts_at,
        ),
        "sign_in": SignIn(
            person_id=person, token_hash=b"browser", last_seen_at=NOON, expires_at=NOON
        ),
        "feed": Feed(
            membership_id=walk.bela.id, community_id=walk.community.id, token_hash=b"feed"
        ),
    }
    session.add_all(rows.values())
    session.flush()
    return rows


def _finding(session, walk, records):
    here = {"community_id": walk.community.id}
    series = {**here, "series_id": walk.series.id}
    bela, nadia = walk.bela.id, walk.nadia.id
    aid = Qualification(**here, name="First aid", kind=QualificationKind.TRAINING)
    appeal = Appeal(**series, event_id=walk.event.id, made_by=nadia)
    session.add_all([aid, appeal])
    session.flush()
    marshal = walk.marshal.role_id
    for other in ("tokens", "camera"):
        pair = {"first_role_id": marshal, "second_role_id": records[other].role_id}
        session.add(RolePair(**pair, series_id=walk.series.id, rule=PairRule.TOGETHER))
    rows = {
        "aid": aid,
        "appeal": appeal,
        "bela_aid": MemberQualification(
            **here, membership_id=bela, qualification_id=aid.id, valid_from=NOON, given_by=nadia
        ),
        "standing": StandingTurn(
            **series, role_id=marshal, membership_id=bela, from_on=NOON, made_by=bela
        ),
        "wait": Waiting(**here, slot_id=walk.tail_walker.id, membership_id=nadia),
        "handover": Handover(**here, claim_id=records["turn"].id),
        "ask": AppealAsk(
            **here, appeal_id=appeal.id, membership_id=walk.sam.id, slot_id=walk.marshal.id,
            wave=1, because=AppealReason.DID_THIS, asked_at=NOON,
        ),
        "sheet": RotaImport(**series, made_by=nadia, cells=[["Job"]]),
    }  # fmt: skip
    session.add_all(rows.values())
    session.flush()
    return rows


def _board(session, walk):
    here = {"community_id": walk.community.id}
    ama, bela, nadia, sam = (row.id for row in (walk.ama, walk.bela, walk.nadia, walk.sam))
    common = {**here, "area": "Crayford", "place": 1, "expires_on": NOON}
    lawn = Post(
        **common,
        kind=PostKind.ASK,
        category=Category.GARDEN,
        title="My lawn",
        membership_id=bela,
        created_by=bela,
    )
    lift = Post(
        **common, kind=PostKind.OFFER, category=Category.LIFTS, title="A lift to the shops",
        membership_id=nadia, created_by=nadia,
    )  # fmt: skip
    quiet = Post(
        **common, kind=PostKind.ASK, category=Category.PETS, title="Our cat in August",
        membership_id=sam, created_by=ama,
    )  # fmt: skip
    session.add_all([lawn, lift, quiet])
    session.flush()
    side = {**here, "other_id": sam, "begun_by_owner": False}
    talk = Conversation(**side, post_id=lawn.id, owner_id=bela)
    cut_off = Conversation(**side, post_id=lift.id, owner_id=nadia)
    session.add_all([talk, cut_off])
    session.flush()
    about = {**here, "conversation_id": talk.id}
    rows = {
        "letter": Message(**about, by_owner=False, written_by=sam, words="I can come."),
        "ring": Ring(**about, of_owner=False),
        "report": Report(**about, by_owner=False, words="Too many messages"),
        "block": Block(**here, by_id=nadia, against_id=sam),
    }
    session.add_all(rows.values())
    session.flush()
    return {"lawn": lawn, "lift": lift, "quiet": quiet, "talk": talk, "cut_off": cut_off, **rows}


def _elsewhere(session, walk):
    ashford = builders.a_community(session, "ashford", host="ashford.example")
    chi = builders.a_member(session, ashford, "Chi Adeyemi")
    there = communities.join(session, community_id=ashford.id, person_id=walk.bela.person_id)
    group = communities.create_group(
        session, community=ashford, slug="ashford-fair", name="Ashford fair", organisers=[chi]
    )
    series = builders.a_series(session, group=group, organiser=chi, slug="ashford-fair")
    event = builders.an_event(session, series)
    tea = builders.a_role(session, series, name="Tea", places=5, duration_minutes=60)
    return {
        "ashford": ashford,
        "chi": chi,
        "bela_there": there,
        "ashford_group": group,
        "ashford_series": series,
        "ashford_fair": event,
        "tea": builders.a_slot(session, event, tea),
        "ashford_commons": builders.commons_of(session, ashford),
        "chi_account": builders.account_of(session, chi),
    }
