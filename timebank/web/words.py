"""Words that are looked up only when they are shown: labels and sentences of forms."""

from __future__ import annotations

from typing import cast

from flask_babel import lazy_gettext


def _(text: str) -> str:
    """Mark a form's words for translation; they turn into the reader's language on the page."""
    return cast("str", lazy_gettext(text))
