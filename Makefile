# The whole vocabulary of the project. `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help setup demo test unit check lint types floors fmt docs rules bench run rig-up rig-down clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(STAMP)  ## the virtual environment in .venv

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
	$(BIN)/python -m pytest

unit: $(STAMP)  ## the tests that need no Asterisk
	$(BIN)/python -m pytest -m 'not asterisk'

docs: $(STAMP)  ## docs/configuration.md from the settings
	$(BIN)/python -m recordbridge.settings > docs/configuration.md

rules: $(STAMP)  ## the rules that no test names
	$(BIN)/python tests/rules.py

clean:  ## remove what was made here (never recordings outside var/)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
