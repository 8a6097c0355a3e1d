"""What is typed on the board: an offer or ask, for whom it is, and a message to a neighbour."""

from __future__ import annotations

from flask_babel import gettext
from wtforms import BooleanField
from wtforms import RadioField
from wtforms import SelectField
from wtforms import StringField
from wtforms import TextAreaField

from timebank.domain.exchange.posting import Draft
from timebank.models import Category
from timebank.models import Post
from timebank.models import PostKind
from timebank.web.events.fields import OneOf
from timebank.web.events.fields import Readable
from timebank.web.exchange.board_words import CATEGORIES
from timebank.web.typed import KeyedForm
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import choices_of
from timebank.web.typed import line
from timebank.web.typed import paragraph
from timebank.web.typed import read_number
from timebank.web.typed import short
from timebank.web.typed import text_of
from timebank.web.words import _

CHOICES = [(category.value, label) for category, label in CATEGORIES.items()]


def a_message(sentence: str, most: int = 1000) -> TextAreaField:
    """Ask for a few lines to a neighbour."""
    return TextAreaField(
        _("What would you like to say?"),
        filters=[paragraph],
        validators=[Readable(), Said(sentence), short(most)],
    )


class PostForm(KeyedForm):
    """An offer or ask; `whom` and `who` are for coordinators."""

    whom = StringField(_("Who is it for?"), filters=[line], validators=[Readable(), short(80)])
    who = RadioField(_("Who is it?"), validate_choice=False, choices=[])
    title = StringField(
        _("In a few words"),
        filters=[line],
        validators=[Readable(), Said(_("Say what it is, in a few words")), short(80)],
    )
    category = SelectField(
        _("What kind of thing is it?"),
        choices=choices_of([("", _("Choose one")), *CHOICES]),
        validate_choice=False,
    )
    words = TextAreaField(
        _("Tell us a bit more"), filters=[paragraph], validators=[Readable(), short(1000)]
    )
    area = StringField(
        _("Whereabouts?"),
        filters=[line],
        validators=[Readable(), Said(_("Name the part of the place, like Crayford")), short(40)],
    )
    when_words = StringField(
        _("When would suit?"), filters=[line], validators=[Readable(), short(120)]
    )

    def validate_category(self, field: SelectField) -> None:
        """One of ours must be chosen."""
        OneOf(_("Choose what kind of thing it is"))(self, field)
        Said(_("Choose what kind of thing it is"))(self, field)

    @property
    def member_id(self) -> int | None:
        """For whom it is, when that was chosen."""
        return read_number(self.who.data)

    def offer_names(self, found: list[tuple[int, str]]) -> None:
        """Offer those whom the name may mean."""
        self.who.choices = [(str(number), name) for number, name in found]

    def draft(self, kind: PostKind) -> Draft:
        """Give what a well filled form says."""
        return Draft(
            kind=kind,
            category=Category(self.category.data),
            title=text_of(self.title),
            words=text_of(self.words),
            area=text_of(self.area),
            when_words=text_of(self.when_words),
        )

    def show(self, post: Post) -> None:
        """Fill in what an offer or ask says by now."""
        self.title.data = post.title
        self.category.data = post.category.value
        self.words.data = post.words
        self.area.data = post.area
        self.when_words.data = post.when_words


class AnswerForm(KeyedForm):
    """A message to whoever posted it; perhaps they would rather be rung."""

    words = a_message(_("Write a line or two, so that they know what you mean"))
    ring = BooleanField(_("A coordinator rings me about it"))


class SayForm(KeyedForm):
    """A message to a neighbour."""

    words = a_message(_("Write a line or two, so that they know what you mean"))


class ReportForm(PageForm):
    """What isn't right about a conversation."""

    wrong = TextAreaField(
        _("What isn’t right?"),
        filters=[paragraph],
        validators=[Readable(), Said(_("Say what isn’t right, in a few words")), short(500)],
    )


class RungForm(KeyedForm):
    """What somebody said on the telephone; nothing is fine too."""

    words = TextAreaField(
        _("What did they say?"), filters=[paragraph], validators=[Readable(), short(1000)]
    )


def greeting_for(name: str, title: str) -> str:
    """Word the message that asks a neighbour, for whoever asks to change."""
    return gettext("Hello %(name)s, could you help with this? %(title)s", name=name, title=title)
