from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import runpy
import uuid
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from timebank.core.errors import NotFound
from timebank.domain import communities
from timebank.domain import ledger
from timebank.domain.ledger import banks
from timebank.domain.ledger import chain
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import BatchKind
from timebank.models import ClaimState
from timebank.models import Community
from timebank.models import LimitChange
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Standing
from timebank.models import Transfer
from timebank.models import TransferKind

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "verify_ledger.py"))
NOW = dt.datetime(2027, 5, 10, 12, 30, 0, 42, tzinfo=dt.UTC)
DAY = dt.date(2027, 5, 3)


def account(session, kind):
    return session.scalars(
        sa.select(Account).where(Account.kind == kind).order_by(Account.id)
    ).first()


def move(session, walk, sides, minutes, kind, **more):
    debit, credit = sides
    values = {"happened_on": DAY, "created_by": walk.ama.id, "now": NOW} | more
    return ledger.record(
        session,
        key=uuid.uuid4(),
        community_id=walk.community.id,
        debit_id=debit.id,
        credit_id=credit.id,
        minutes=minutes,
        kind=kind,
        **values,
    )


@pytest.fixture
def walk(session):
    """Bexley, whose books know every kind of entry, a correction, words, limits and an erasure."""
    walk = builders.a_walk(session)
    claim = builders.a_claim(session, walk.marshal, walk.bela, state=ClaimState.CONFIRMED)
    [credit] = ledger.credit_claims(session, claim_ids=[claim.id], by=walk.nadia.id, now=NOW)
    bela, sam, nadia = (
        builders.account_of(session, who) for who in (walk.bela, walk.sam, walk.nadia)
    )
    pot = account(session, AccountKind.POT)
    pot.about = "Biscuits"
    cause = Account(
        community_id=walk.community.id, kind=AccountKind.CAUSE, name="=Food bank", floor=0
    )
    session.add(cause)
    session.flush()
    move(session, walk, (account(session, AccountKind.OPENING), sam), 5000, TransferKind.OPENING)
    move(
        session, walk, (sam, cause), 300, TransferKind.GIFT, created_by=walk.sam.id, memo="+Soup ½"
    )
    gift = move(session, walk, (bela, sam), 30, TransferKind.GIFT, created_by=walk.bela.id)
    earn = session.scalars(sa.select(Transfer).where(Transfer.claim_id == claim.id)).one()
    ledger.correct(
        session, transfer=earn, minutes=60, by=walk.ama.id, key=uuid.uuid4(), memo="Late", now=NOW
    )
    ledger.reverse(session, transfer=gift, by=walk.ama.id, key=uuid.uuid4(), now=NOW)
    ledger.post_batch(
        session,
        key=uuid.uuid4(),
        community_id=walk.community.id,
        kind=BatchKind.CLASS,
        title="Bread",
        happened_on=DAY,
        legs=[
            ledger.Leg(debit_id=sam.id, credit_id=nadia.id, minutes=45, memo="=1+1"),
            ledger.Leg(debit_id=sam.id, credit_id=pot.id, minutes=10),
        ],
        by=walk.ama.id,
        now=NOW,
    )
    limits = ledger.Limits(floor=-900, soft_floor=-300, ceiling=6000)
    ledger.set_limits(
        session, account=bela, limits=limits, reason="Asked", by=walk.ama.id, now=NOW
    )
    session.add(Account(
        community_id=walk.community.id, kind=AccountKind.CAUSE, name="Old cause", floor=0,
        closed_at=NOW,
    ))  # fmt: skip
    erase(session, builders.a_member(session, walk.community, "Eve Gone"))
    walk.nadia.paused_at, walk.nadia.paused_until = NOW, NOW + dt.timedelta(days=30)
    walk.sam.may_be_asked, walk.sam.approved_at = False, None
    ledger.reconcile(session, now=NOW)
    session.commit()
    assert credit.minutes
    return walk


def erase(session, member):
    """What is left of somebody who asked to be erased: a number."""
    member.standing, member.left_at = Standing.LEFT, NOW
    session.flush()
    session.execute(sa.delete(Profile).where(Profile.person_id == member.person_id))
    session.execute(
        sa.text("UPDATE person SET erased_at = now() WHERE id = :id"), {"id": member.person_id}
    )


def exported(engine, community_id, path):
    with Session(engine) as fresh, path.open("wb") as file:
        return banks.export_bank(fresh, community_id=community_id, to=file, now=NOW)


def new_community(owner, slug="welling"):
    with Session(owner) as session, session.begin():
        return builders.a_community(session, slug, host=f"{slug}.example").id


def brought(owner, path, community_id):
    with Session(owner) as session, session.begin(), path.open("rb") as file:
        into = session.get(Community, community_id)
        return banks.import_bank(session, community=into, file=file, now=NOW)


def lines(path, name):
    with zipfile.ZipFile(path) as bank:
        return [json.loads(line) for line in bank.read(f"{name}.jsonl").splitlines()]


def cells(path, name):
    with zipfile.ZipFile(path) as bank:
        text = bank.read(f"{name}.csv").decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def manifest(path):
    with zipfile.ZipFile(path) as bank:
        return json.loads(bank.read("manifest.json"))


def verified(path, head=None):
    """What the second opinion says -> faults and notes."""
    told = TOOL["verify"](path, head)[2]
    return told.faults, told.notes


def statements(session, community_id):
    """Every account's lines with running balances, and its limits, by whose it is."""
    return session.execute(
        sa.text("""
          SELECT a.kind, coalesce(p.full_name, a.name, '') AS holder, a.balance, a.floor,
                 a.soft_floor, a.ceiling, a.about, a.closed_at, g.slug,
                 array_agg((t.happened_on, t.created_at, t.signed, t.running, t.is_reversal,
                            memo.words)::text ORDER BY t.id) FILTER (WHERE t.id IS NOT NULL)
            FROM account a
            LEFT JOIN membership m ON m.id = a.membership_id
            LEFT JOIN profile p ON p.person_id = m.person_id
            LEFT JOIN community_group g ON g.id = a.group_id
            LEFT JOIN LATERAL (
              SELECT *, sum(signed) OVER (ORDER BY happened_on, id) AS running
                FROM (SELECT *, CASE credit_id WHEN a.id THEN minutes ELSE -minutes END AS signed
                        FROM transfer WHERE a.id IN (credit_id, debit_id)) x) t ON true
            LEFT JOIN memo ON memo.transfer_id = t.id
           WHERE a.community_id = :community
           GROUP BY a.id, p.full_name, g.slug ORDER BY a.kind, holder, a.balance"""),
        {"community": community_id},
    ).all()


def test_an_export_is_verified_by_the_second_opinion(session, engine, walk, tmp_path):
    done = exported(engine, walk.community.id, tmp_path / "bank.zip")
    assert verified(tmp_path / "bank.zip", done.head) == ({}, {})
    assert (done.file_name, done.entries) == ("bexley-bank-2027-05-10.zip", 9)
    every = sa.select(Transfer).order_by(Transfer.id)
    assert done.head == chain.head_of(session.scalars(every))


def test_a_seal_that_the_books_published_is_found_in_a_later_export(
    session, engine, walk, tmp_path
):
    ledger.seal(session, boundary=ledger.find_boundary(session), now=NOW)
    ledger.publish_heads(session, now=NOW)
    [published] = ledger.published_heads(session, community_id=walk.community.id)
    session.commit()
    exported(engine, walk.community.id, tmp_path / "then.zip")
    assert manifest(tmp_path / "then.zip")["ledger"]["head"] == published.head
    sam, pot = builders.account_of(session, walk.sam), account(session, AccountKind.POT)
    move(session, walk, (sam, pot), 15, TransferKind.GIFT, created_by=walk.sam.id)
    session.commit()

    exported(engine, walk.community.id, tmp_path / "later.zip")
    _, found, told = TOOL["verify"](tmp_path / "later.zip", published.head)
    assert (told.faults, found.count, found.published_after) == ({}, 10, published.entries)


def test_the_manifest_says_what_there_is(session, engine, walk, tmp_path):
    done = exported(engine, walk.community.id, tmp_path / "bank.zip")
    said = manifest(tmp_path / "bank.zip")
    rows = {name: entry["rows"] for name, entry in said.pop("files").items()}
    assert rows == {
        f"{name}.{ending}": count
        for name, count in {
            "members": 5, "groups": 1, "organisers": 1, "accounts": 10, "batches": 1,
            "transfers": 9, "memos": 4,
        }.items()
        for ending in ("csv", "jsonl")
    }  # fmt: skip
    assert said == {
        "format": "good-turn-bank/1",
        "community": {
            "name": "Bexley", "slug": "bexley", "place": "Bexley", "timezone": "Europe/London",
        },
        "exported_at": "2027-05-10T12:30:00.000042+00:00",
        "ledger": {
            "entries": 9,
            "sum": 0,
            "head": done.head,
            "last_proof": {
                "ran_at": "2027-05-10T12:30:00.000042+00:00", "transfers": 9, "proved": True,
            },
        },
    }  # fmt: skip


def test_words_are_exact_in_json_lines_and_no_formula_in_csv(session, engine, walk, tmp_path):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    memos = lines(tmp_path / "bank.zip", "memos")
    assert {memo["words"] for memo in memos} == {"+Soup ½", "Late", "=1+1"}
    assert {row[1] for row in cells(tmp_path / "bank.zip", "memos")} == {
        "words", "'+Soup ½", "Late", "'=1+1",
    }  # fmt: skip
    negative = [row[9] for row in cells(tmp_path / "bank.zip", "accounts") if row[1] == "opening"]
    assert negative == ["-5000"]


def test_only_this_community_is_in_it(session, engine, walk, tmp_path):
    elsewhere = builders.an_elsewhere(session)
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    assert [row["name"] for row in lines(tmp_path / "bank.zip", "members")] == [
        "Ama Owusu", "Nadia Khan", "Bela Novak", "Sam Tran", None,
    ]  # fmt: skip
    exported(engine, elsewhere.community.id, tmp_path / "other.zip")
    assert [row["name"] for row in lines(tmp_path / "other.zip", "members")] == ["Chi Adeyemi"]
    assert verified(tmp_path / "other.zip", chain.GENESIS) == ({}, {})


def test_the_readme_tells_how_to_check_it(session, engine, walk, tmp_path):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    with zipfile.ZipFile(tmp_path / "bank.zip") as bank:
        words = bank.read("README.txt").decode()
    for part in ("The time bank of Bexley", "verify_ledger.py", "transfers: minutes moved once"):
        assert part in words
    assert max(map(len, words.splitlines())) <= 100


def test_a_community_that_is_not_there_has_no_bank(engine, tmp_path):
    with pytest.raises(NotFound):
        exported(engine, 999, tmp_path / "bank.zip")


def test_all_files_are_of_one_moment(session, engine, walk, tmp_path, monkeypatch):
    """Somebody gives hours while the export is half written: it is in all files or in none."""
    original = banks.exporting._write_table

    def slowly(bank, table, parts):
        if table.name == "batches":
            sam = builders.account_of(session, walk.sam)
            pot = account(session, AccountKind.POT)
            move(session, walk, (sam, pot), 15, TransferKind.GIFT, created_by=walk.sam.id)
            session.commit()
        return original(bank, table, parts)

    monkeypatch.setattr(banks.exporting, "_write_table", slowly)
    done = exported(engine, walk.community.id, tmp_path / "bank.zip")
    assert done.entries == 9
    assert session.query(Transfer).count() == 10
    assert verified(tmp_path / "bank.zip") == ({}, {})


def test_a_few_rows_are_held_at_a_time(session, engine, walk, tmp_path, monkeypatch):
    monkeypatch.setattr(banks.exporting, "AT_ONCE", 4)
    held = []
    original = banks.exporting._as_lines
    monkeypatch.setattr(
        banks.exporting,
        "_as_lines",
        lambda names, rows: held.append(len(rows)) or original(names, rows),
    )
    done = exported(engine, walk.community.id, tmp_path / "bank.zip")
    assert held == [4, 1, 1, 1, 4, 4, 2, 1, 4, 4, 1, 4]
    assert verified(tmp_path / "bank.zip", done.head) == ({}, {})


def test_an_export_comes_in_elsewhere_and_proves_its_sums_again(
    session, engine, owner, walk, tmp_path
):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    welling = new_community(owner)
    assert brought(owner, tmp_path / "bank.zip", welling) == banks.Brought(5, 1, 10, 9)

    assert statements(session, welling) == statements(session, walk.community.id)
    kinds = session.execute(
        sa.select(Transfer.kind, sa.func.count())
        .where(Transfer.community_id == welling)
        .group_by(Transfer.kind)
    )
    assert dict(map(tuple, kinds)) == {TransferKind.IMPORTED: 7, TransferKind.REVERSAL: 2}
    proofs = {proof.community_id: proof for proof in ledger.reconcile(session, now=NOW)}
    session.commit()
    assert proofs[welling].proved
    assert proofs[welling].transfers == 9

    done = exported(engine, welling, tmp_path / "again.zip")
    assert verified(tmp_path / "again.zip", done.head) == ({}, {})
    assert [balance_of(row) for row in lines(tmp_path / "again.zip", "accounts")] == [
        balance_of(row) for row in lines(tmp_path / "bank.zip", "accounts")
    ]


def balance_of(row):
    return row["kind"], row["name"], row["balance"], row["floor"], row["ceiling"], row["closed_at"]


def test_everybody_comes_in_as_what_they_were(session, engine, owner, walk, tmp_path):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    welling = new_community(owner)
    brought(owner, tmp_path / "bank.zip", welling)
    dates = ["created_at", "approved_at", "paused_at", "paused_until", "left_at"]
    names = ["standing", "may_be_asked", *dates]

    def members(community_id):
        every = sa.select(Membership).where(Membership.community_id == community_id)
        return [
            [getattr(member, name) for name in names]
            for member in session.scalars(every.order_by(Membership.id))
        ]

    assert members(welling) == members(walk.community.id)
    assert [row[0] for row in members(welling)] == [
        Standing.COORDINATOR, Standing.RESIDENT, Standing.RESIDENT, Standing.RESIDENT,
        Standing.LEFT,
    ]  # fmt: skip


def test_a_bank_travels_on_and_on(session, engine, owner, walk, tmp_path):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    welling, erith = new_community(owner), new_community(owner, "erith")
    brought(owner, tmp_path / "bank.zip", welling)
    exported(engine, welling, tmp_path / "again.zip")
    assert brought(owner, tmp_path / "again.zip", erith) == banks.Brought(5, 1, 10, 9)
    assert statements(session, erith) == statements(session, walk.community.id)


def test_people_who_are_known_here_are_the_same_people(session, engine, owner, walk, tmp_path):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    welling = new_community(owner)
    brought(owner, tmp_path / "bank.zip", welling)
    people = sa.select(Membership.person_id).order_by(Membership.person_id)
    here, there = (
        set(session.scalars(people.where(Membership.community_id == one)))
        for one in (walk.community.id, welling)
    )
    erased = set(session.scalars(people.where(Membership.standing == Standing.LEFT)))
    assert here - erased == there - erased
    assert len(erased) == 2  # whoever was erased cannot be known again


def test_a_coordinator_who_waits_for_the_bank_stays_one(session, engine, owner, walk, tmp_path):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    with Session(owner) as other, other.begin():
        welling = builders.a_community(other, "welling", host="welling.example")
        for email, name in (("bela@example.com", "Bela Novak"), ("zoe@example.com", "Zoe Ash")):
            communities.create_coordinator(other, community=welling, email=email, full_name=name)
        welling_id = welling.id
    brought(owner, tmp_path / "bank.zip", welling_id)
    standings = session.execute(
        sa.select(Profile.full_name, Membership.standing)
        .join(Membership, Membership.person_id == Profile.person_id)
        .where(Membership.community_id == welling_id)
        .order_by(Profile.full_name)
    )
    assert list(map(tuple, standings)) == [
        ("Ama Owusu", Standing.COORDINATOR),
        ("Bela Novak", Standing.COORDINATOR),
        ("Nadia Khan", Standing.RESIDENT),
        ("Sam Tran", Standing.RESIDENT),
        ("Zoe Ash", Standing.COORDINATOR),
    ]
    [change] = session.scalars(
        sa.select(LimitChange).where(LimitChange.community_id == welling_id)
    )
    assert (change.floor, change.soft_floor, change.ceiling) == (-900, -300, 6000)
    session.rollback()
    exported(engine, welling_id, tmp_path / "again.zip")
    assert verified(tmp_path / "again.zip") == ({}, {})


def test_a_community_that_was_used_takes_no_bank(session, engine, owner, walk, tmp_path):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    welling = new_community(owner)
    brought(owner, tmp_path / "bank.zip", welling)
    for used in (walk.community.id, welling):
        with pytest.raises(banks.NotEmpty):
            brought(owner, tmp_path / "bank.zip", used)


def test_neither_does_one_that_people_have_moved_into(engine, owner, walk, tmp_path):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    with Session(owner) as other, other.begin():
        welling = builders.a_community(other, "welling", host="welling.example")
        erith = builders.a_community(other, "erith", host="erith.example")
        builders.a_member(other, welling, "Zoe Ash")
        communities.create_group(other, community=erith, slug="walk", name="Walk", organisers=[])
        used = welling.id, erith.id
    for community_id in used:
        with pytest.raises(banks.NotEmpty):
            brought(owner, tmp_path / "bank.zip", community_id)


def resigned(path, change):
    """Change an export and sign it anew, as somebody with bad intentions would."""
    with zipfile.ZipFile(path) as old:
        files = {name: old.read(name) for name in old.namelist()}
    said = json.loads(files["manifest.json"])
    for name, edit in change.items():
        table = [json.loads(line) for line in files[f"{name}.jsonl"].splitlines()]
        edit(table)
        files[f"{name}.jsonl"] = "".join(json.dumps(row) + "\n" for row in table).encode()
        digest = hashlib.sha256(files[f"{name}.jsonl"]).hexdigest()
        said["files"][f"{name}.jsonl"] = {"rows": len(table), "sha256": digest}
        if name == "transfers":
            said["ledger"]["head"] = chain.head_of(SimpleNamespace(**row) for row in table)
    files["manifest.json"] = json.dumps(said).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, text in files.items():
            new.writestr(name, text)


def test_the_application_itself_may_not_bring_a_bank_in(engine, owner, walk, tmp_path):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    with pytest.raises(banks.NotTheOwner):
        brought(engine, tmp_path / "bank.zip", new_community(owner))


FORGERIES = [
    ("accounts", lambda rows: rows[2].update(balance=1), "balances in that file"),
    ("accounts", lambda rows: rows[2].update(floor=5), "account_floor"),
    ("accounts", lambda rows: rows[2].update(kind="bank"), "can’t be right"),
    ("transfers", lambda rows: rows[4].update(minutes=31), "reversal_mirrors_original"),
    ("transfers", lambda rows: rows[2].update(minutes=0), "minutes_range"),
    ("transfers", lambda rows: rows[1].update(minutes=299), "balances in that file"),
    ("transfers", lambda rows: rows[1].update(credit_id=rows[1]["debit_id"]), "two_accounts"),
    ("transfers", lambda rows: rows[1].update(debit_id=99), "debit_id"),
    ("transfers", lambda rows: rows[1].update(created_by=99), "created_by"),
    ("transfers", lambda rows: rows[1].update(batch_id=99), "share_belongs_to_a_batch"),
    ("transfers", lambda rows: rows[1].update(reverses_id=1), "reversal_names_its_original"),
    ("transfers", lambda rows: rows[4].update(reverses_id=99), "reversal_names_its_original"),
    ("transfers", lambda rows: rows[1].update(happened_on="2027-02-30"), "2027-02-30"),
    ("transfers", lambda rows: rows[1].update(id=2**63), "out of range"),
    ("transfers", lambda rows: rows[1].update(id="one"), "invalid input"),
    ("transfers", lambda rows: rows.pop(), "balances in that file"),
    ("transfers", lambda rows: rows.append(rows[-1]), "transfer_pkey"),
    ("memos", lambda rows: rows[0].update(transfer_id=99), "transfer_id"),
    ("memos", lambda rows: rows[0].update(words=""), "memo_words"),
    ("memos", lambda rows: rows[0].update(words="\0"), "NUL"),
    ("memos", lambda rows: rows[0].update(words="\ud800"), "surrogates"),
    ("memos", lambda rows: rows[0].update(words=["a"]), "memos.jsonl"),
    ("memos", lambda rows: rows[0].pop("words"), "memos.jsonl"),
    ("members", lambda rows: rows[2].update(email="sam@example.com"), "can’t be right"),
    ("members", lambda rows: rows[2].update(standing="king"), "membership_standing"),
    ("members", lambda rows: rows.pop(), "can’t be right"),
    ("organisers", lambda rows: rows[0].update(group_id=99), "group_id"),
    ("batches", lambda rows: rows[0].update(created_by=99), "created_by"),
]


def test_a_bank_that_was_forged_does_not_come_in(session, engine, owner, walk, tmp_path):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    honest = (tmp_path / "bank.zip").read_bytes()
    welling = new_community(owner)
    for table, edit, words in FORGERIES:
        (tmp_path / "bank.zip").write_bytes(honest)
        resigned(tmp_path / "bank.zip", {table: edit})
        with pytest.raises(banks.NotAsWritten) as refused:
            brought(owner, tmp_path / "bank.zip", welling)
        assert words in refused.value.sentence
    for record in (Transfer, Membership):
        assert not session.query(record).filter_by(community_id=welling).count()
    (tmp_path / "bank.zip").write_bytes(honest)
    assert brought(owner, tmp_path / "bank.zip", welling).entries == 9


def test_a_file_that_was_only_damaged_does_not_come_in(session, engine, owner, walk, tmp_path):
    path = tmp_path / "bank.zip"
    exported(engine, walk.community.id, path)
    with zipfile.ZipFile(path) as old:
        files = {name: old.read(name) for name in old.namelist()}
    files["transfers.jsonl"] = files["transfers.jsonl"].replace(b"5000", b"5001")
    with zipfile.ZipFile(path, "w") as new:
        for name, text in files.items():
            new.writestr(name, text)
    with pytest.raises(banks.NotAsWritten, match=r"transfers\.jsonl is not as it was written"):
        brought(owner, path, new_community(owner))


@pytest.mark.parametrize("text", [b"", b"PK", b"hello", b"\x00" * 100])
def test_what_is_no_bank_is_refused(owner, tmp_path, text):
    (tmp_path / "bank.zip").write_bytes(text)
    with pytest.raises(banks.NotABank):
        brought(owner, tmp_path / "bank.zip", new_community(owner))


@pytest.mark.parametrize(
    "said", [b"[]", b"{}", b"\xff", b'{"format": "good-turn-bank/2"}', b"[" * 100_000]
)
def test_a_zip_that_is_no_bank_is_refused(owner, tmp_path, said):
    with zipfile.ZipFile(tmp_path / "bank.zip", "w") as bank:
        bank.writestr("manifest.json", said)
    with pytest.raises(banks.NotABank):
        brought(owner, tmp_path / "bank.zip", new_community(owner))


def test_a_bank_that_nobody_coordinates_waits_for_a_coordinator(
    session, engine, owner, walk, tmp_path
):
    exported(engine, walk.community.id, tmp_path / "bank.zip")
    resigned(tmp_path / "bank.zip", {"members": lambda rows: rows[0].update(standing="resident")})
    with pytest.raises(banks.NobodyCoordinates):
        brought(owner, tmp_path / "bank.zip", new_community(owner))
