# What you can do here. `make` alone lists it.

PYTHON ?= python3
PORT ?= 8000
INSTANCE ?= instance
BIN = .venv/bin

export PORT INSTANCE

.PHONY: help run test check bench calendar-check lock ready ready-dev

help:
	@echo "make run     start Good Turn with servers of its own: http://localhost:$(PORT)"
	@echo "make test    everything that must hold: check, then all tests"
	@echo "make check   style, types, import contracts, templates, sizes"
	@echo "make bench   the figures of docs/measurements.md"
	@echo "make calendar-check CALENDAR_CHECK=<folder>   every feed by seven parsers (docs/calendars.md)"
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

calendar-check: ready-dev
	@test -f "$(CALENDAR_CHECK)/calendar_check.py" || \
		{ echo "Say where calendar-check is: make calendar-check CALENDAR_CHECK=<folder>"; exit 2; }
	CALENDAR_CHECK="$(CALENDAR_CHECK)" CALENDAR_CHECK_IN_FULL=1 $(BIN)/pytest $(PYTEST) \
		tests/contracts/test_calendar_check.py tests/contracts/test_feeds_against_seven_parsers.py

bench: ready-dev
	$(BIN)/python -m bench

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
