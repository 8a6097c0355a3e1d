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
Sam acts for Bela from April to September, and looked on 1 May; Nadia may for Ama, and didn't yet.
Of last_walk there is a paper sheet: line 1 is Bela's turn, which was done, line 2 says nothing.
Ama has invited Gus; Ivy applies and names Gus, who hasn't answered; neither is a member.
tail walker's place; the walk calls for help, and Sam was asked; a spreadsheet was taken in. Of two
member lists one was taken in (Bela is its second line); coordinators noted something about her.
Bela asks for help with her lawn; Sam writes to her about it (talk), is to be rung, and reports it;
Nadia offers a lift and has blocked Sam, who wrote to her about it earlier (cut_off); Ama wrote
down an ask of Sam's (quiet). Sam is to help Bela (favour) and the strollers (for_a_group), and
has helped Bela, who has thanked him (hemming, hemmed) and said so (said).
Bela hears from the strollers (fan); Nadia wrote to everybody on the walk (news), and Bela answered
(reply).
"""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from tests import builders
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain.ledger.proving import FAULTS
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Acted
from timebank.models import ActedWhat
from timebank.models import ActingFor
from timebank.models import Appeal
from timebank.models import AppealAsk
from timebank.models import AppealReason
from timebank.models import Application
from timebank.models import Audience
from timebank.models import BalanceDifference
from timebank.models import BalanceRepair
from timebank.models import Batch
from timebank.models import BatchKind
from timebank.models import Block
from timebank.models import Category
from timebank.models import ClaimState
from timebank.models import Conversation
from timebank.models import EventState
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import ExchangeStep
from timebank.models import Feed
from timebank.models import Follower
from timebank.models import GroupMessage
from timebank.models import Handover
from timebank.models import Invitation
from timebank.models import LedgerHead
from timebank.models import LedgerMark
from timebank.models import LimitChange
from timebank.models import LineFate
from timebank.models import LineOutcome
from timebank.models import MemberList
from timebank.models import MemberListLine
from timebank.models import MemberNote
from timebank.models import MemberQualification
from timebank.models import Memo
from timebank.models import Message
from timebank.models import MessageAnswer
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import PairRule
from timebank.models import PaperSheet
from timebank.models import PaperSheetDraft
from timebank.models import PaperSheetLine
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import ProofKind
from timebank.models import Qualification
from timebank.models import QualificationKind
from timebank.models import Reconciliation
from timebank.models import Reference
from timebank.models import Report
from timebank.models import Ring
from timebank.models import RolePair
from timebank.models import RotaImport
from timebank.models import SignIn
from timebank.models import SignInRequest
from timebank.models import StandingTurn
from timebank.models import StepKind
from timebank.models import Transfer
from timebank.models import TransferKind
from timebank.models import Venue
from timebank.models import Waiting
from timebank.models import WithdrawnBecause

NOON = dt.datetime(2027, 4, 26, 12, tzinfo=dt.UTC)
INVITED_UNTIL = dt.datetime(2090, 1, 1, tzinfo=dt.UTC)


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
    records |= _books(session, walk, records)
    records |= _messages(session, walk, records["turn"])
    records |= _finding(session, walk, records)
    records |= _acting(session, walk)
    records |= _member_lists(session, walk, records["gift"])
    records |= _board(session, walk)
    records |= _exchanges(session, walk, records)
    records |= _written(session, walk)
    records |= _elsewhere(session, walk)
    records |= _joining(session, walk)
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


def _books(session, walk, records):
    here = {"community_id": walk.community.id}
    pot = records["pot"]
    pot.read_only_since = NOON
    faults = dict.fromkeys(FAULTS, 0)
    proof = Reconciliation(**here, kind=ProofKind.WHOLE, ran_at=NOON, transfers=4, **faults)
    session.add(proof)
    session.flush()
    rows = {
        "proof": proof,
        "difference": BalanceDifference(
            **here, reconciliation_id=proof.id, account_id=records["bela_account"].id,
            stored=5, summed=0, since_transfer_id=0,
        ),
        "repair": BalanceRepair(
            **here, account_id=pot.id, stored=0, summed=0, reason="A slip", by="Ama",
        ),
    }  # fmt: skip
    head = "0" * 64
    session.add_all([
        *rows.values(),
        LedgerMark(**here, upto_id=9, entries=8, head=head, marked_at=NOON),
        LedgerHead(**here, day=NOON.date(), entries=9, head=head),
    ])  # fmt: skip
    session.flush()
    session.expire(pot)
    return rows


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
    return rows | {"paper": _paper(session, walk, records)}


def _paper(session, walk, records):
    """A sheet of paper, typed up by Nadia, who has begun to type it up again."""
    here = {"community_id": walk.community.id}
    sheet = PaperSheet(
        **here, series_id=walk.series.id, event_id=records["last_walk"].id, number="DS-0412",
        lines=[], printed_at=NOON, printed_by=walk.nadia.id,
    )  # fmt: skip
    session.add(sheet)
    session.flush()
    entered = {"entered_by": walk.nadia.id, "entered_at": NOON}
    line = {**here, **entered, "sheet_id": sheet.id}
    done = records["done"]
    session.add_all(
        [
            PaperSheetLine(
                **line, number=1, written="Bela N, 9", membership_id=done.membership_id,
                claim_id=done.id, outcome=LineOutcome.COUNTED,
            ),
            PaperSheetLine(**line, number=2, outcome=LineOutcome.LEFT_OUT),
            PaperSheetDraft(
                **here, sheet_id=sheet.id, typed_by=walk.nadia.id, rows=[], facts={},
                typed_at=NOON,
            ),
        ]
    )  # fmt: skip
    session.flush()
    return sheet


def _acting(session, walk):
    here = {"community_id": walk.community.id}
    days = {"starts_on": dt.date(2027, 4, 1), "ends_on": dt.date(2027, 10, 1)}
    agreed = {"how_agreed": "Rang them", "made_by": walk.ama.id}
    acting, idle = (
        ActingFor(**here, **days, **agreed, helper_id=helper.id, member_id=member.id)
        for helper, member in ((walk.sam, walk.bela), (walk.nadia, walk.ama))
    )
    session.add_all([acting, idle])
    session.flush()
    deed = Acted(
        **here, acting_id=acting.id, helper_id=walk.sam.id, member_id=walk.bela.id,
        what=ActedWhat.LOOKED, acted_on=dt.date(2027, 5, 1), acted_at=NOON,
    )  # fmt: skip
    help_from_nadia = Exchange(
        **here, helper_id=walk.nadia.id, helped_id=walk.bela.id, what="Her eyes tested",
        payer_id=builders.account_of(session, walk.bela).id, minutes=45,
        state=ExchangeState.AGREED, created_by=walk.bela.id,
    )  # fmt: skip
    session.add_all([deed, help_from_nadia])
    session.flush()
    thanks = Acted(
        **here, acting_id=acting.id, helper_id=walk.sam.id, member_id=walk.bela.id,
        what=ActedWhat.THANKED, exchange_id=help_from_nadia.id, acted_on=dt.date(2027, 5, 1),
        acted_at=NOON,
    )  # fmt: skip
    session.add(thanks)
    session.flush()
    return {
        "acting": acting, "idle_acting": idle, "deed": deed, "nadias_help": help_from_nadia,
    }  # fmt: skip


def _joining(session, walk):
    here = {"community_id": walk.community.id}
    gus = identity.find_or_create_person(session, full_name="Gus Ray", email="gus@example.com")
    ivy = identity.find_or_create_person(session, full_name="Ivy Low", email="ivy@example.com")
    application = Application(**here, person_id=ivy.id, called="Ivy Low")
    session.add(application)
    session.flush()
    rows = {
        "invitation": Invitation(
            **here, person_id=gus.id, called="Gus", invited_by=walk.ama.id,
            expires_at=INVITED_UNTIL,
        ),
        "reference": Reference(
            **here, application_id=application.id, applicant_id=ivy.id, person_id=gus.id,
            called="Gus",
        ),
    }  # fmt: skip
    session.add_all(rows.values())
    session.flush()
    return {**rows, "application": application, "gus": gus, "ivy": ivy}


def _member_lists(session, walk, transfer):
    list_ = {"community_id": walk.community.id, "made_by": walk.ama.id, "digest": bytes(32)}
    rows = {
        "member_list": MemberList(**list_, made_at=NOON, cells=[["Name"], ["Bela Novak"]]),
        "taken_list": MemberList(**list_, made_at=NOON, written_at=NOON),
    }
    session.add_all(rows.values())
    session.flush()
    of_bela = {"community_id": walk.community.id, "membership_id": walk.bela.id}
    line = MemberListLine(
        **of_bela, list_id=rows["taken_list"].id, number=2, fate=LineFate.KNOWN,
        transfer_id=transfer.id,
    )  # fmt: skip
    note = MemberNote(**of_bela, words="Ring before 6pm", written_by=walk.ama.id)
    session.add_all([line, note])
    session.flush()
    return {**rows, "note": note}


def _written(session, walk):
    here = {"community_id": walk.community.id}
    fan = Follower(**here, series_id=walk.series.id, membership_id=walk.bela.id)
    news = GroupMessage(
        **here, group_id=walk.group.id, series_id=walk.series.id, event_id=walk.event.id,
        whom=Audience.DATE, subject="Another place", words="We meet at the café.",
        written_by=walk.nadia.id, intent=uuid.UUID(int=7), people=2, not_by_mail=0,
    )  # fmt: skip
    session.add_all([fan, news])
    session.flush()
    reply = MessageAnswer(
        **here, group_message_id=news.id, membership_id=walk.bela.id, written_by=walk.bela.id,
        words="Good.", intent=uuid.UUID(int=8),
    )  # fmt: skip
    session.add(reply)
    session.flush()
    return {"fan": fan, "news": news, "reply": reply}


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


def _exchanges(session, walk, records):
    here = {"community_id": walk.community.id}
    favour = Exchange(
        **here, helper_id=walk.sam.id, helped_id=walk.bela.id, minutes=60, what="The hedge",
        payer_id=records["bela_account"].id, state=ExchangeState.AGREED, created_by=walk.bela.id,
    )  # fmt: skip
    for_a_group = Exchange(
        **here, helper_id=walk.sam.id, minutes=60, what="The leaflets",
        payer_id=records["pot"].id, state=ExchangeState.AGREED, created_by=walk.nadia.id,
    )  # fmt: skip
    hemming = Exchange(
        **here, helper_id=walk.sam.id, helped_id=walk.bela.id, minutes=30, what="Curtains",
        payer_id=records["bela_account"].id, state=ExchangeState.THANKED, created_by=walk.bela.id,
        happened_on=NOON.date(), thanked_at=NOON,
    )  # fmt: skip
    session.add_all([favour, for_a_group, hemming])
    session.flush()
    thanks = Transfer(
        **here, idempotency_key=uuid.uuid4(), debit_id=records["bela_account"].id,
        credit_id=records["sam_account"].id, minutes=30, kind=TransferKind.THANKS,
        exchange_id=hemming.id, revision=0, happened_on=NOON.date(), created_by=walk.bela.id,
    )  # fmt: skip
    said = ExchangeStep(
        **here, exchange_id=hemming.id, step=StepKind.THANKED, by_id=walk.bela.id, minutes=30,
        words="They hang beautifully", key=uuid.uuid4(),
    )  # fmt: skip
    session.add_all([thanks, said])
    session.flush()
    return {
        "favour": favour,
        "for_a_group": for_a_group,
        "hemming": hemming,
        "said": said,
        "hemmed": thanks,
    }


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
