# make help lists the targets. Everything runs in .venv, which `make setup` alone makes.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JRE := openjdk-17-jre-headless

CONFIG ?= configs/town.yaml
DATA ?=
AS_OF ?=
LAKE ?=
SET ?=
TESTS ?= tests
TIMES ?= 20

.PHONY: help setup jre demo test fuzz lint format clean

help:  ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	echo "  demo takes CONFIG=FILE DATA=FOLDER AS_OF=YYYY-MM-DD LAKE=FOLDER_OR_URI"
	echo "    and SET='section.key=value ...': settings of this run, separated by spaces"

setup: jre $(STAMP)  ## Make .venv with the pinned versions, and see to Java 17 or newer

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo "graphrec needs Python 3.11: make setup PYTHON=/path/to/python3.11" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	echo "installing into $(VENV) (some minutes the first time)"
	# In the environment, so that isolated builds (pyspark, graphrec itself) are pinned too.
	export PIP_CONSTRAINT='$(CURDIR)/constraints.txt' PIP_BUILD_CONSTRAINT='$(CURDIR)/constraints.txt'
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

jre:
	@java_major() { java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1; }
	if [ "$$(java_major || true)" -ge 17 ] 2>/dev/null; then exit 0; fi
	if [ "$$(id -u)" = 0 ]; then root=""; \
	elif sudo -n true 2>/dev/null; then root="sudo"; \
	else root="none"; fi
	if [ "$$root" = none ] || ! command -v apt-get >/dev/null; then
		echo "Spark needs a Java runtime, 17 or newer, on PATH. On Debian:" >&2
		echo "  sudo apt-get install $(JRE)" >&2
		exit 2
	fi
	echo "installing $(JRE)"
	$$root apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $$root apt-get install -qq -y --no-install-recommends $(JRE) >/dev/null
	if ! [ "$$(java_major || true)" -ge 17 ] 2>/dev/null; then
		echo "java on PATH is still older than 17; put $(JRE) first on PATH" >&2
		exit 2
	fi

demo: setup  ## Run one day of a pipeline through Airflow and show what it made
	@$(BIN)/python -m graphrec.local.run_once --config '$(CONFIG)' --data '$(DATA)' --as-of '$(AS_OF)' --lake '$(LAKE)' $(foreach pair,$(SET),--set '$(pair)')

test: setup lint  ## Lint, then run every test
	@# tests/conftest.py groups the tests and orders the groups.
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

fuzz: setup  ## Run the fuzzers longer than `make test` does: TIMES=20
	@GRAPHREC_FUZZ_TIMES='$(TIMES)' $(BIN)/python -m pytest -m fuzz $(TESTS)

lint: setup  ## Check style, types and the layering
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## Write the files as the formatter wants them
	@$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Remove everything that can be made again (not the lake)
	@rm -rf $(VENV) .airflow build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis spark-warehouse
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
