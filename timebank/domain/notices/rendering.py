"""Turn the templates of messages into clean subjects and texts."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment
from jinja2 import FileSystemLoader
from jinja2 import StrictUndefined
from jinja2 import pass_eval_context
from jinja2 import select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import Markup

from timebank.core import hours
from timebank.core import text
from timebank.core import when

PACKAGE = Path(__file__).resolve().parents[2]
LONGEST_SUBJECT = 150

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BLANK_LINES = re.compile(r"\n{3,}")


def one_line(written: str) -> str:
    """Make a subject: one line, nothing unprintable, not endless."""
    line = " ".join(_UNPRINTABLE.sub(" ", written).split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def tidy(written: str) -> str:
    """Make a text part: no more than one blank line anywhere, none at the ends."""
    lines = "\n".join(line.rstrip() for line in written.splitlines())
    return _BLANK_LINES.sub("\n\n", lines).strip() + "\n"


def in_a_sentence(name: str) -> str:
    """Write a job's name inside a sentence: "Tail walker" is "tail walker", "MC" stays."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


@pass_eval_context
def in_their_words(context: EvalContext, words: str, /, **variables: object) -> str:
    """Say our own words in the reader's language, with variables filled in.

    As Jinja's own extension does where nothing is translated, in a third of the time.
    """
    if context.autoescape:
        return Markup(words) % variables if variables else _as_it_is(words)  # noqa: S704 - our own
    return words % variables


@lru_cache(maxsize=1_000)
def _as_it_is(words: str) -> Markup:
    return Markup(words) % {}  # noqa: S704 - our own words


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Give what reads and fills in the templates, made once."""
    made = Environment(
        loader=FileSystemLoader(_templates_folder()),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,  # all of them: they are as many as there are files
    )
    made.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    made.globals["_"] = in_their_words
    made.filters.update(
        clock=when.clock,
        date=when.date,
        day=when.day,
        long_day=when.long_day,
        near_day=when.near_day,
        this_day=when.this_day,
        hours=hours.in_words,
        first_name=text.first_name,
        public_name=text.public_name,
        in_a_sentence=in_a_sentence,
    )
    return made


def _templates_folder() -> Path:
    beside = PACKAGE.parent / "templates"
    return beside if beside.is_dir() else PACKAGE / "_templates"
