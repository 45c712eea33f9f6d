# make demo    the whole way on the rendered demo catalogue: train, report, score new products
# make test    all tests
# make lint    style, types, layers
# make check   lint and test
#
# A fresh machine needs Python 3.11 or newer and nothing else. Everything is installed into .venv, and again only when
# pyproject.toml or constraints.txt changed.

PYTHON ?= python3
CONSTRAINTS ?= constraints.txt
PYTEST_ARGS ?=

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS)
NO_TORCH := echo "The install failed. If pip found no torch: see 'Install' in README.md." >&2; exit 1

.PHONY: help demo test lint check
.DELETE_ON_ERROR:

help:
	@sed -n '/^# make/s/^# //p' Makefile

demo: .venv/installed
	$(BIN)/smartprod run all
	$(BIN)/smartprod score runs/demo-catalogue/new.csv --model runs/demo/model -o runs/demo/scored.csv
	@echo
	@echo "report   runs/demo/report.html   (open it in a browser)"
	@echo "answers  runs/demo/scored.csv"
	@echo "model    runs/demo/model"

test: .venv/installed-dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "smartprod needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml $(CONSTRAINTS) | .venv/bin/python
	@echo "installing into .venv (a few minutes the first time)"
	@$(INSTALL) -e . || { $(NO_TORCH); }
	@$(BIN)/python -m pip check
	@touch $@

.venv/installed-dev: pyproject.toml $(CONSTRAINTS) | .venv/bin/python
	@echo "installing into .venv, with what the tests need (a few minutes the first time)"
	@$(INSTALL) -e '.[dev]' || { $(NO_TORCH); }
	@$(BIN)/python -m pip check
	@touch .venv/installed $@
