"""Phones of members, at the push service of the tests."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from tests.push_sink import Browser
from timebank.core import clock
from timebank.core import phones
from timebank.core.phones import Services
from timebank.core.settings import Settings
from timebank.domain import channels
from timebank.domain.channels import Subscription
from timebank.models import Membership

KEY = phones.new_private_key()
SERVICES = Services(hosts=("localhost",), is_local_allowed=True)


def told_here(settings: Settings) -> Settings:
    """Settings of an installation that tells people on their phones, by our push service."""
    return replace(
        settings,
        push_key=KEY,
        push_contact="mailto:ama@goodturn.example",
        push_hosts="localhost",
        fetches_locally=True,
    )


def typed(browser: Browser, **changes: str) -> Subscription:
    """What a page gets of a browser."""
    keys = {"p256dh": phones.base64url(browser.p256dh), "auth": phones.base64url(browser.auth)}
    return Subscription(**{"endpoint": browser.endpoint, **keys, **changes})


def set_up(
    session: Session, member: Membership, browser: Browser, label: str = "Chrome on Android"
) -> int:
    """Tell a member in this browser from now on -> the number of the phone."""
    return channels.set_up(
        session,
        member=member,
        subscription=typed(browser),
        label=label,
        services=SERVICES,
        now=clock.now(),
    )
