"""Delete who somebody was. The books keep numbers only, and nothing says whose they were.

Every statement here is set-based and takes the person's number; what each does with which column
stands in `words`. The same list is run again after a backup was put back: the statements do no
harm to somebody who is erased already.

Source: UK GDPR Art. 17; docs/decisions/0013.
"""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.domain.exchange import leaving as exchange
from timebank.domain.joining import leaving
from timebank.domain.joining.leaving import Whereto
from timebank.models import Membership
from timebank.models import Person
from timebank.models import Standing

# In the order that foreign keys want. `:mine` are the numbers of their memberships.
STATEMENTS = (
    # What they wrote about a turn, or was written about theirs, and the name they gave for it.
    """
UPDATE claim SET note = NULL, held_as = NULL,
       overruled_because = CASE WHEN overruled_because IS NOT NULL THEN '(deleted)' END
 WHERE person_id = :person_id AND num_nonnulls(note, held_as, overruled_because) > 0
""",
    "UPDATE claim SET overruled_because = '(deleted)' WHERE overruled_by = ANY (:mine)",
    # What they wrote to others as an organiser, also where it lies in a letter to somebody.
    """
UPDATE notice SET facts = facts || '{"message": "", "from": ""}'
 WHERE kind = 'call_for_help' AND CAST(facts ->> 'ask_id' AS bigint) IN (
       SELECT k.id FROM appeal_ask k JOIN appeal a ON a.id = k.appeal_id
        WHERE a.made_by = ANY (:mine))
""",
    "UPDATE appeal SET message = '' WHERE made_by = ANY (:mine)",
    """
UPDATE group_message SET subject = '', words = '', erased_at = now()
 WHERE written_by = ANY (:mine) AND erased_at IS NULL
""",
    "DELETE FROM message_answer WHERE membership_id = ANY (:mine) OR written_by = ANY (:mine)",
    "DELETE FROM follower WHERE membership_id = ANY (:mine)",
    "UPDATE event SET go_anyway_because = '(deleted)' WHERE go_anyway_by = ANY (:mine)",
    # A sheet that they brought, that gave them a turn, or in which their name or address stands.
    """
UPDATE rota_import i SET file_name = '', cells = '[]', choices = '{}'
 WHERE i.made_by = ANY (:mine)
    OR i.id IN (SELECT import_id FROM claim WHERE person_id = :person_id)
    OR i.community_id IN (SELECT community_id FROM membership WHERE person_id = :person_id)
       AND EXISTS (
         SELECT FROM profile p, lower(i.cells::text || i.choices::text || i.file_name) AS said
          WHERE p.person_id = :person_id
            AND (strpos(said, lower(p.full_name)) > 0 OR strpos(said, p.email) > 0))
""",
    # A calendar that waits to be taken in: theirs, and those in which their name stands.
    """
UPDATE calendar_import i
   SET source = '', found = CASE WHEN found IS NOT NULL THEN '{}'::jsonb END
 WHERE i.made_by = ANY (:mine)
    OR i.community_id IN (SELECT community_id FROM membership WHERE person_id = :person_id)
       AND EXISTS (
         SELECT FROM profile p, lower(concat(i.found, i.source)) AS said
          WHERE p.person_id = :person_id
            AND (strpos(said, lower(p.full_name)) > 0 OR strpos(said, p.email) > 0))
""",
    # The same on paper that was typed up: their lines, and those in which their name stands.
    """
UPDATE paper_sheet_line l
   SET written = NULL, because = CASE WHEN because IS NOT NULL THEN '(deleted)' END
 WHERE l.entered_by = ANY (:mine)
    OR (l.sheet_id, l.number) IN (   -- all names on their line: each part has the whole of it
       SELECT o.sheet_id, o.number FROM paper_sheet_line o LEFT JOIN claim c ON c.id = o.claim_id
        WHERE o.membership_id = ANY (:mine) OR c.person_id = :person_id)
    OR l.community_id IN (SELECT community_id FROM membership WHERE person_id = :person_id)
       AND EXISTS (SELECT FROM profile p WHERE p.person_id = :person_id
                      AND strpos(lower(l.written), lower(p.full_name)) > 0)
""",
    "DELETE FROM paper_sheet_draft WHERE typed_by = ANY (:mine)",
    """
UPDATE paper_sheet_draft d
   SET rows = (SELECT coalesce(jsonb_agg(line), '[]') FROM jsonb_array_elements(d.rows) AS line
                WHERE strpos(lower(line::text), lower(p.full_name)) = 0
                  AND lower(line ->> 'name') NOT IN (called.first, called.short))
  FROM profile p,
       LATERAL (SELECT lower(split_part(p.full_name, ' ', 1)) AS first,
                       lower(split_part(p.full_name, ' ', 1) || ' '
                             || left(split_part(p.full_name, ' ', -1), 1)) AS short) AS called
 WHERE p.person_id = :person_id AND strpos(lower(d.rows::text), called.first) > 0
   AND d.community_id IN (SELECT community_id FROM membership WHERE person_id = :person_id)
""",
    # What an exchange of theirs was about, and what either side said of it.
    """
UPDATE exchange SET what = '(deleted)'
 WHERE helper_id = ANY (:mine) OR helped_id = ANY (:mine) OR created_by = ANY (:mine)
""",
    """
UPDATE exchange_step s SET words = NULL FROM exchange x
 WHERE x.id = s.exchange_id AND s.words IS NOT NULL
   AND (s.by_id = ANY (:mine) OR x.helper_id = ANY (:mine) OR x.helped_id = ANY (:mine))
""",
    # A member list that waits to be taken in: theirs, and their line in those of others.
    """
UPDATE member_list SET file_name = '', cells = CASE WHEN cells IS NOT NULL THEN '[]'::jsonb END
 WHERE made_by = ANY (:mine)
""",
    """
UPDATE member_list l
   SET cells = (SELECT jsonb_agg(CASE WHEN strpos(lower(line::text), lower(p.full_name)) > 0
                                        OR strpos(lower(line::text), p.email) > 0
                                      THEN '[]' ELSE line END ORDER BY number)
                  FROM jsonb_array_elements(l.cells) WITH ORDINALITY AS lines (line, number))
  FROM profile p
 WHERE p.person_id = :person_id AND jsonb_array_length(l.cells) > 0
   AND l.community_id IN (SELECT community_id FROM membership WHERE person_id = :person_id)
""",
    "DELETE FROM member_note WHERE membership_id = ANY (:mine) OR written_by = ANY (:mine)",
    # Who acted for whom is kept as numbers; how it was agreed is not, and no card leads to them.
    """
UPDATE acting_for SET how_agreed = NULL
 WHERE how_agreed IS NOT NULL
   AND (helper_id = ANY (:mine) OR member_id = ANY (:mine) OR made_by = ANY (:mine))
""",
    "UPDATE membership SET card_code = new_card_code() WHERE id = ANY (:mine)",
    # What was said when hours moved, and when an account got other limits.
    """
DELETE FROM memo m USING transfer t, account a
 WHERE t.id = m.transfer_id AND a.id IN (t.debit_id, t.credit_id)
   AND a.membership_id = ANY (:mine)
""",
    """
DELETE FROM memo WHERE transfer_id IN (SELECT id FROM transfer WHERE created_by = ANY (:mine))
""",
    "SELECT take_out_reasons(CAST(:mine AS bigint[]))",
    "DELETE FROM notice WHERE person_id = :person_id",
    "DELETE FROM mail_choice WHERE membership_id = ANY (:mine)",
    "DELETE FROM push_subscription WHERE membership_id = ANY (:mine)",
    "DELETE FROM text_number WHERE membership_id = ANY (:mine)",
    "DELETE FROM text_code WHERE membership_id = ANY (:mine)",
    "DELETE FROM mail_suppression WHERE person_id = :person_id",
    "DELETE FROM busy_calendar WHERE membership_id = ANY (:mine)",
    "DELETE FROM feed WHERE membership_id = ANY (:mine)",
    "DELETE FROM sign_in WHERE person_id = :person_id",
    "DELETE FROM sign_in_request WHERE person_id = :person_id",
    "DELETE FROM member_qualification WHERE membership_id = ANY (:mine)",
    "DELETE FROM group_organiser WHERE membership_id = ANY (:mine)",
    "DELETE FROM reference WHERE person_id = :person_id",
    "DELETE FROM application WHERE person_id = :person_id",
    "DELETE FROM invitation WHERE person_id = :person_id OR invited_by = ANY (:mine)",
    "DELETE FROM profile WHERE person_id = :person_id",
)


def erase(
    session: Session,
    *,
    person_id: int,
    community_id: int,
    whereto: Whereto,
    pot_id: int | None = None,
    key: uuid.UUID,
    now: dt.datetime,
) -> None:
    """Delete somebody's name, address and words everywhere, after they have left everywhere.

    What is left on their account goes where they say, in this community; in others, and where
    they left before and kept it, to the community. Twice is the same as once.

    Args:
        session: The session.
        person_id: Who.
        community_id: Where they ask for it.
        whereto: Where the hours go; they cannot be kept.
        pot_id: Which pot, where they go to one.
        key: Of the intent; each account's transfer has one derived from it.
        now: When.

    Raises:
        LastCoordinator: Nobody would run a community any more.
        NotFound: No such person, or no such pot.
    """
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound
    if person.erased_at is not None:
        return
    for member in _memberships(session, person_id):
        is_here = member.community_id == community_id
        exchange.erase(session, membership_id=member.id, now=now)
        leaving.leave(
            session,
            member=member,
            whereto=whereto if is_here else Whereto.COMMUNITY,
            pot_id=pot_id if is_here else None,
            key=uuid.uuid5(key, str(member.id)),
            now=now,
        )
    forget(session, person_id=person_id)
    person.erased_at = now
    session.flush()


def erase_everywhere(session: Session, *, person_id: int, now: dt.datetime) -> None:
    """Erase somebody again, of whom an older backup still knows; hours go to the communities.

    Raises:
        NotFound: The backup is older than they are.
    """
    erase(
        session,
        person_id=person_id,
        community_id=0,
        whereto=Whereto.COMMUNITY,
        key=uuid.uuid4(),
        now=now,
    )


def forget(session: Session, *, person_id: int) -> None:
    """Delete every word that says who a person is: one pass of set-based statements."""
    theirs = sa.select(Membership.id).where(Membership.person_id == person_id)
    values = {"person_id": person_id, "mine": list(session.scalars(theirs))}
    for statement in STATEMENTS:
        session.execute(sa.text(statement), values)
    session.expire_all()


def _memberships(session: Session, person_id: int) -> list[Membership]:
    """Find where they are, and where they left before with hours kept; in one order for all."""
    found = sa.select(Membership).where(Membership.person_id == person_id)
    return list(session.scalars(found.order_by(Membership.id)))


def membership_in(session: Session, *, person_id: int, community_id: int) -> Membership | None:
    """Find somebody's place in a community, also when they have left it."""
    return session.scalar(
        sa.select(Membership).where(
            Membership.person_id == person_id, Membership.community_id == community_id
        )
    )


def is_elsewhere(session: Session, *, person_id: int, community_id: int) -> bool:
    """Tell whether they are a member of other communities too."""
    found = sa.exists().where(
        Membership.person_id == person_id,
        Membership.community_id != community_id,
        Membership.standing != Standing.LEFT,
    )
    return bool(session.scalar(sa.select(found)))
