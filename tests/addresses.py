"""Every app of a run has the same few hundred addresses: they are put in order once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from werkzeug.routing import Map
from werkzeug.routing import RuleFactory

from timebank import app as composition
from timebank.core.settings import Settings


class _Addresses(Map):
    """Addresses that are there already need not be added a second time."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[tuple[object, ...]] = set()

    def add(self, rulefactory: RuleFactory) -> None:
        for rule in rulefactory.get_rules(self):
            known = (rule.rule, rule.endpoint, *sorted(rule.methods or ()))
            if known not in self.known:
                self.known.add(known)
                super().add(rule)


@contextmanager
def kept_addresses(settings: Settings) -> Iterator[None]:
    """Let all apps share the addresses of one; those that a test adds are its own."""
    kept = _Addresses()
    usual: set[tuple[object, ...]] = set()

    class App(Flask):
        @staticmethod
        def url_map_class(*, host_matching: bool) -> Map:
            nonlocal kept
            assert not host_matching
            if usual and not kept.known <= usual:
                kept = _Addresses()
            return kept

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(composition, "Flask", App)
        composition.create_app(settings)
        usual |= kept.known
        yield
