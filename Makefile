# make help lists what can be done; every target makes .venv first if it is not there.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A Python is found, never fetched.
export UV_PYTHON_DOWNLOADS := never
# Trust what the machine trusts: offices often stand behind a proxy with a certificate of its own.
export UV_SYSTEM_CERTS := 1
export UV_LINK_MODE := copy
export UV_NO_PROGRESS := 1

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_VERSION := >=0.9,<1

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ── the environment ──────────────────────────────────────────────────────────

$(BIN)/python:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec $$python -m venv $(VENV); \
	  fi; \
	done; \
	echo "xiaoan needs Python 3.11 or newer with its venv module: install it, then run make again." >&2; exit 1

$(UV): | $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv$(UV_VERSION)'

# The stamps make a second `make` quick: they are as old as the last installation.
$(VENV)/.runtime: requirements.lock requirements-dev.lock pyproject.toml | $(UV)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --build-constraints requirements-dev.lock --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

# ── running ──────────────────────────────────────────────────────────────────

.PHONY: run
run: $(VENV)/.runtime ## the bot if BOT_TOKEN is set (here or in .env), else a pretend city
	@if [ -n "$${BOT_TOKEN:-}" ] || grep -qsE "^[[:space:]]*(export[[:space:]]+)?BOT_TOKEN=[\"']?[^\"'[:space:]#]" .env; then \
	  $(BIN)/python -m bot db upgrade && exec $(BIN)/python -m bot run; \
	else \
	  exec $(BIN)/python -m bot demo; \
	fi

# ── working on it ────────────────────────────────────────────────────────────

.PHONY: test
test: $(VENV)/.dev ## every test, on SQLite and on a real PostgreSQL (args="-k word" narrows it)
	@$(BIN)/python -m pytest -n 3 --dist loadgroup $(args)

.PHONY: check
check: $(VENV)/.dev ## lint, format, types, import contracts, spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell

.PHONY: fmt
fmt: $(VENV)/.dev ## format, and mend what can be mended by rule
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

.PHONY: cover
cover: $(VENV)/.dev ## the tests with branch coverage; the rules that decide must have 95 %
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-report= $(args)
	@$(BIN)/coverage report
	@$(BIN)/coverage report --fail-under=95 --include='bot/*/rules.py,bot/roster/audience.py,bot/roster/access.py,bot/roster/importing*'

.PHONY: bench
bench: $(VENV)/.dev ## benchmarks: they print ratios and never fail on time
	@$(BIN)/python -m pytest tests/bench -o python_files='bench_*.py' --quiet --capture=no $(args)

.PHONY: chaos
chaos: $(VENV)/.dev ## processes killed for minutes on end, and what was lost by it (args="--seed 3 --kills 600 --on sqlite")
	@$(BIN)/python -m tests.chaos $(args)

.PHONY: screenshots
screenshots: $(VENV)/.dev ## the pictures in docs/screenshots, taken anew (needs chromium; LibreOffice for the sheets)
	@$(BIN)/python -m tests.page.screenshots

.PHONY: migration
migration: $(VENV)/.dev ## the models' changes as a migration: make migration m="add a column"
	@test -n "$(m)" || { echo 'say what changes: make migration m="add a column"' >&2; exit 2; }
	@$(BIN)/python -m bot.db.migrate "$(m)"

.PHONY: lock
lock: $(UV) ## resolve the dependencies anew into requirements.lock and requirements-dev.lock
	@$(UV) pip compile pyproject.toml $(LOCK) -o requirements.lock
	@$(UV) pip compile pyproject.toml --group dev -c requirements.lock $(LOCK) -o requirements-dev.lock

# No header, no annotations, no index: a lock names packages and hashes, never the registry it came from.
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
