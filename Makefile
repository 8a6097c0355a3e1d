# What you can do here. `make` alone lists it.

PYTHON ?= python3
PORT ?= 8000
INSTANCE ?= instance
BIN = .venv/bin
PARSERS = tests/calendar_check/node_modules/.package-lock.json

export PORT INSTANCE

.PHONY: help run test check bench chaos parsers calendar-check lock ready ready-dev

help:
	@echo "make run     start Good Turn with servers of its own: http://localhost:$(PORT)"
	@echo "make test    everything that must hold: check, then all tests"
	@echo "make check   style, types, import contracts, templates, sizes"
	@echo "make bench   the figures of docs/measurements.md"
	@echo "make parsers get the parsers in JavaScript that tests ask (needs npm and node 20)"
	@echo "make calendar-check   every feed in every zone by seven parsers (docs/calendars.md)"
	@echo "make chaos   break everything that mail depends on, a thousand times (docs/operations.md)"
	@echo "make lock    pin the libraries anew (needs uv)"
	@echo
	@echo "PORT=8000 and INSTANCE=./instance can be given: make run PORT=8080"

run: ready
	@exec $(BIN)/timebank up

test: check
	$(BIN)/pytest -n 2 --dist worksteal $(PYTEST)

check: ready-dev
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/python tools/check_sizes.py timebank tests tools bench migrations/env.py wsgi.py worker.py

parsers: $(PARSERS)

$(PARSERS): tests/calendar_check/package-lock.json
	npm ci --prefix tests/calendar_check --no-audit --no-fund --silent
	@touch $@

calendar-check: ready-dev parsers
	CALENDAR_CHECK_IN_FULL=1 $(BIN)/pytest $(PYTEST) \
		tests/contracts/test_calendar_check.py tests/contracts/test_feeds_against_seven_parsers.py

bench: ready-dev
	$(BIN)/python -m bench

chaos: ready-dev
	$(BIN)/python -m tests.chaos

lock:
	uv pip compile setup.cfg --extra build --output-file requirements.lock $(LOCK)
	uv pip compile setup.cfg --extra build --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock $(LOCK)

LOCK = --quiet --universal --generate-hashes --python-version 3.11 \
	--custom-compile-command "make lock" --no-emit-index-url

ready:
	@$(PYTHON) tools/bootstrap.py

ready-dev:
	@$(PYTHON) tools/bootstrap.py dev
