# The whole vocabulary of the project. `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RUNTIME := $(VENV)/.runtime
# Without compiling every file first: it would take longer than the download.
PIP = $(BIN)/pip install --quiet --no-compile --disable-pip-version-check
PIP_LOG := $(VENV)/pip.log
RIG = $(PYTHON) asterisk/rig
# What is compiled is kept, whatever the shell says: a start would take three times as long.
export PYTHONDONTWRITEBYTECODE :=
# Test processes side by side; each starts rigs of its own, and a machine holds about eight.
JOBS ?= 2
MINUTES ?= 10
CALLS ?= 10
KILLS ?= 100
KEEP ?= --keep

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-stop test unit check lint types floors fmt docs rules bench transcription fidelity load deliveries soak chaos run rig-up rig-down clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@.ci/python $(PYTHON)
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing what the service needs from PyPI into $(VENV) (about 150 MB)"
	@$(PIP) --editable '.[demo]' 2>$(PIP_LOG) || { cat $(PIP_LOG); exit 1; }
	@touch $@

$(STAMP): $(RUNTIME)
	@echo "Installing what tests and checks need from PyPI into $(VENV) (about 800 MB)"
	@$(PIP) --editable '.[dev]' 2>$(PIP_LOG) || { cat $(PIP_LOG); exit 1; }
	@touch $@

setup: $(STAMP)  ## the virtual environment in .venv

demo: $(RUNTIME)  ## real calls, every request, a table of the recordings (DEMO_KEEP=1 leaves it running)
	@$(BIN)/python -m tests.demo

demo-stop:  ## end what DEMO_KEEP=1 left running
	@$(PYTHON) -m tests.demo.kept

run: $(RUNTIME)  ## the service with config/try.yaml beside a rig; Ctrl-C ends the service
	@$(RIG) up --pick-ports
	@echo
	@echo "Place a call from another terminal:  asterisk/rig call 100 --as dtmf --wait"
	@echo "Recordings and the database are in var/run. The rig stays: make rig-down ends it."
	@echo
	@eval "$$($(RIG) env)" && export RECORDBRIDGE_AUTH_TOKEN="$${RECORDBRIDGE_AUTH_TOKEN:-for-trying-out-only}" \
	&& exec $(BIN)/recordbridge serve -c config/try.yaml

rig-up:  ## a real Asterisk and a carrier that calls it, on free ports (see asterisk/README.md)
	@$(RIG) up --pick-ports

rig-down:  ## end them
	@$(RIG) down

check: lint types floors  ## lint, types, floors

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

floors: $(STAMP)
	$(BIN)/lint-imports --config setup.cfg

fmt: $(STAMP)  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: $(STAMP)  ## every test, those on a real Asterisk included (installs one if missing)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

unit: $(STAMP)  ## the tests that need no Asterisk
	$(BIN)/python -m pytest -n $(JOBS) -m 'not asterisk'

fidelity: $(STAMP)  ## recordings against the wire (real calls, a tap on the loopback; as root); 1 when a limit is broken (FIDELITY: options)
	@$(BIN)/python -m tests.fidelity $(FIDELITY)

docs: $(STAMP)  ## docs/configuration.md from the settings
	$(BIN)/python -m recordbridge.settings > docs/configuration.md

bench: $(STAMP)  ## CPU per recorded call against a bare loop, on a real Asterisk (BENCH: options)
	$(BIN)/python -m tests.bench.bench $(BENCH)

transcription: $(STAMP)  ## word errors over real calls, an hour's speed, calls beside transcriptions (TRANSCRIPTION: options)
	$(BIN)/python -m tests.bench.transcription $(TRANSCRIPTION)

load: $(STAMP)  ## 200 recorded calls on a real Asterisk, each checked (LOAD: options)
	$(BIN)/python -m tests.bench.load $(LOAD)

deliveries: $(STAMP)  ## the outbox: a backlog of 100,000, endpoints that never answer, the price of durability (DELIVERIES: options)
	$(BIN)/python -m tests.bench.deliveries $(DELIVERIES)

soak: $(STAMP)  ## calls of every kind for MINUTES (10), CALLS (10) of each at once; 1 on any loss or leak
	$(BIN)/python -m tests.bench.soak --minutes $(MINUTES) --calls $(CALLS)

chaos: $(STAMP)  ## calls go on while everything is killed, the service KILLS (100) times; 1 when anything is lost (as root; CHAOS: options)
	@$(BIN)/python -m tests.chaos --kills $(KILLS) $(KEEP) $(CHAOS)

rules: $(STAMP)  ## the rules that no test names
	$(BIN)/python tests/rules.py

clean:  ## end the rigs and the demo of this folder, remove what was made here except var/run
	@$(PYTHON) -m tests.demo.kept
	@for state in var/rig*; do \
		[ -d "$$state" ] || continue; rm -rf "$$state"; RIG_STATE="$$state" $(RIG) down; done
	rm -rf $(VENV) var/demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rmdir var 2>/dev/null || true
