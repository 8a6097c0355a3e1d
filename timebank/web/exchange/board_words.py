"""What the board calls things: each category of help, and the message that asks a neighbour."""

from __future__ import annotations

from timebank.models import Category
from timebank.web.words import _

CATEGORIES = {
    Category.HOME: _("Help at home"),
    Category.GARDEN: _("Gardening"),
    Category.LIFTS: _("Lifts"),
    Category.SHOPPING: _("Shopping"),
    Category.ERRANDS: _("Errands"),
    Category.COMPANY: _("Company"),
    Category.COOKING: _("Cooking & baking"),
    Category.COMPUTERS: _("Computers & phones"),
    Category.PAPERWORK: _("Forms & letters"),
    Category.REPAIRS: _("Repairs"),
    Category.LEARNING: _("Learning"),
    Category.CRAFTS_MUSIC: _("Crafts & music"),
    Category.WALKS_TRIPS: _("Walks & trips"),
    Category.PETS: _("Pets"),
    Category.GROUP: _("Helping a group"),
    Category.OTHER: _("Something else"),
}
