"""What the neighbours of the made-up borough ask and offer, and what two of them wrote."""

from __future__ import annotations

import datetime as dt
import random

from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.demo import words
from timebank.demo.people import NEWCOMERS
from timebank.demo.people import Borough
from timebank.demo.people import Neighbour
from timebank.domain.exchange import contacting
from timebank.domain.exchange import posting
from timebank.domain.exchange.posting import Draft
from timebank.models import Category
from timebank.models import Membership
from timebank.models import Post
from timebank.models import PostKind

# Who (empty: somebody), what kind, what, what they'd do together, where, and when.
ASKS = (
    ("Marjorie Hall", "lifts", "A lift to the eye clinic at Queen Mary’s",
     "I can’t drive until my other eye is done. There and back, with a good chat on the way.",
     "Bexleyheath", "Tuesday mornings"),
    ("Priya Shah", "garden", "Cutting back a hedge that got away from me",
     "You on one side, me on the other, and a proper tea after.", "Crayford", "weekends"),
    ("Pauline Dunne", "home", "Hanging curtains in the front room",
     "I hold, you climb. I’ve got the ladder.", "Welling", "any afternoon"),
    ("", "company", "Somebody to play cribbage with",
     "My partner moved away and I miss our Thursdays.", "Sidcup", "Thursday afternoons"),
    ("", "computers", "Getting my photos off an old phone",
     "Twenty years of pictures. I’d like to learn how, not only have it done.", "Erith",
     "evenings"),
    ("Dev Patel", "learning", "Practising my English for the Life in the UK test",
     "Half an hour over coffee, you ask the questions.", "Belvedere", "weekday evenings"),
    ("", "shopping", "Company round the market on Saturdays",
     "I manage the walk, but not the bags.", "Bexleyheath", "Saturday mornings"),
    ("Zoë Nowak", "pets", "Feeding our cat over the New Year",
     "She’s shy for a day and then your best friend.", "Thamesmead",
     "from 29 December for a week"),
    ("", "paperwork", "Filling in a form for the council",
     "It’s forty pages. Two heads are better than one.", "Slade Green", "any morning"),
    ("", "repairs", "A bathroom tap that won’t stop dripping",
     "I’ve watched the video. I’d rather not do it alone.", "Blackfen", "weekends"),
    ("", "walks_trips", "Walking again after a new hip",
     "Slowly, by the river, a bit further each week.", "North Cray", "mornings, when it’s dry"),
    ("Siân Price", "group", "Making tea at the repair café’s winter fair",
     "Two of us behind the urn. Nobody leaves without cake.", "Erith", "Saturday 12 to 3"),
)  # fmt: skip
OFFERS = (
    ("Grace Lim", "garden", "Hedges, weeding and pruning",
     "I bring the shears and you tell me about the plants.", "Crayford", "weekends"),
    ("Tom Baker", "lifts", "Lifts to appointments",
     "A small car with room for a walking frame. I wait, and drive you home.", "Bexleyheath",
     "weekday mornings"),
    ("Marjorie Hall", "crafts_music", "Hemming, mending and zips",
     "Bring it round and learn how while I do it.", "Bexleyheath", "any day but Tuesday"),
    ("Imran Malik", "repairs", "Small repairs: shelves, plugs, hinges",
     "You pass the screws, I know where they go.", "Erith", "evenings"),
    ("Jo Field", "computers", "Help with phones, tablets and photos",
     "We do it on your own phone, at your own speed.", "Sidcup", "Wednesdays"),
    ("Ruby Chen", "learning", "Mandarin for beginners",
     "Half an hour a week, with dumplings once a month.", "Welling", "Sunday afternoons"),
    ("Bola Adeyemi", "cooking", "Cooking jollof together",
     "You’ll go home with dinner and the recipe.", "Slade Green", "Friday evenings"),
    ("Wes Ellis", "pets", "Walking your dog along the Cray",
     "Mine’s old and likes company.", "Footscray", "mornings"),
    ("Lee O’Brien", "garden", "Digging over a bed, or a whole allotment",
     "Many hands: I’ll bring two more from the growers.", "Slade Green", "Saturdays"),
    ("", "shopping", "Fetching your shopping when I do mine",
     "Every Friday at the big one by the station.", "Abbey Wood", "Friday afternoons"),
    ("", "company", "A cup of tea and a game of draughts",
     "I lose gracefully.", "Sidcup", "weekday afternoons"),
    ("", "crafts_music", "Ukulele for the very first time",
     "Three chords and you’re a band. I lend you one.", "Sidcup", "Monday evenings"),
    ("", "paperwork", "Letters, forms and CVs",
     "I used to do it for a living. Let’s do yours side by side.", "Thamesmead", "evenings"),
    ("", "errands", "To the chemist, post office or library",
     "I pass all three every morning.", "Welling", "mornings"),
    ("", "home", "Carrying boxes and moving furniture",
     "Two of us, strong and careful.", "Belvedere", "weekends"),
    ("", "walks_trips", "Show you the bluebells at Lesnes Abbey",
     "I know where they come first, and where there’s a bench.", "Abbey Wood", "in spring"),
)  # fmt: skip
ANSWER = "I’d be glad to. I’ve got shears and a long Sunday. Shall I come at eleven?"
TO_MARJORIE = "I could take you. My car’s easy to get in and out of. What time is it?"


def write_board(session: Session, borough: Borough, *, seed: int, now: dt.datetime) -> None:
    """Put twelve asks and sixteen offers on the board, and let Grace and Tom answer an ask each.

    Drawn apart from all else, so that the rest of the borough's story stays as it is.
    """
    rng = random.Random(seed)  # noqa: S311 - made-up people, not secrets
    today = clock.local_date(now, borough.community.timezone)
    posts = {}
    for kind, lines in ((PostKind.ASK, ASKS), (PostKind.OFFER, OFFERS)):
        for line in lines:
            days = rng.randint(1, 19)
            who = _who(borough, line[0], rng)
            post = _put_up(session, who, kind, line, today - dt.timedelta(days=days))
            post.created_at = now - dt.timedelta(days=days)
            posts[post.title] = post
    session.flush()
    _answer(session, posts[ASKS[1][2]], borough.named("Grace Lim"), ANSWER, now)
    _answer(session, posts[ASKS[0][2]], borough.named("Tom Baker"), TO_MARJORIE, now)


def _who(borough: Borough, name: str, rng: random.Random) -> Neighbour:
    if name:
        return borough.named(name)
    known = {*words.NAMED, *NEWCOMERS}
    return rng.choice([one for one in borough.neighbours if one.name not in known])


def _put_up(
    session: Session,
    who: Neighbour,
    kind: PostKind,
    line: tuple[str, str, str, str, str, str],
    today: dt.date,
) -> Post:
    _name, category, title, about, area, when_words = line
    member = session.get_one(Membership, who.membership_id)
    return posting.put_up(
        session,
        draft=Draft(
            kind=kind,
            category=Category(category),
            title=title,
            words=about,
            area=area,
            when_words=when_words,
        ),
        member=member,
        by=member,
        intent=None,
        today=today,
    )


def _answer(session: Session, post: Post, by: Neighbour, said: str, now: dt.datetime) -> None:
    contacting.answer_post(
        session,
        post=post,
        by=session.get_one(Membership, by.membership_id),
        words=said,
        wants_a_ring=False,
        intent=None,
        now=now,
    )
