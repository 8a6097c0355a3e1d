"""Every app of a run has the same few hundred addresses: they are put in order once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from werkzeug.routing import Map
from werkzeug.routing import RuleFactory


class _Addresses(Map):
    """Addresses that are there already need not be added a second time."""

    def __init__(self) -> None:
        super().__init__()
        self._known: set[tuple[object, ...]] = set()

    def add(self, rulefactory: RuleFactory) -> None:
        for rule in rulefactory.get_rules(self):
            known = (rule.rule, rule.endpoint, *sorted(rule.methods or ()))
            if known not in self._known:
                self._known.add(known)
                super().add(rule)


class KeptMap:
    """The addresses of the app, for one app after another; a test that adds some keeps them."""

    def __init__(self) -> None:
        self._addresses = _Addresses()
        self._count = 0

    @contextmanager
    def used(self) -> Iterator[None]:
        """Build the app with them."""
        if self._count != len(self._addresses._rules):
            self._addresses, self._count = _Addresses(), 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Flask, "url_map_class", self._map)
            yield
        self._count = len(self._addresses._rules)

    def _map(self, *, host_matching: bool) -> Map:
        assert not host_matching
        return self._addresses
