# make help lists the targets. Everything runs in .venv, which `make setup` alone makes.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
MAKEFLAGS += --no-print-directory
# Of the twenty processes of a day, or of those of the tests, the first alone compiles our modules.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JRE := openjdk-17-jre-headless
# What neither a day nor a test of ours imports; the libraries' own tests least of all.
UNCOMPILED := /(tests?|testing|pip|setuptools|mypyc?|cfnlint|graphql|_inductor)/
LOCK := --extra dev --generate-hashes --no-emit-index-url --no-annotate \
	--python-version 3.11 --python-platform linux --custom-compile-command 'make lock'

CONFIG ?= configs/town.yaml
DATA ?=
AS_OF ?=
LAKE ?=
SET ?=
TESTS ?= tests
TIMES ?= 20
UPGRADE ?=

.PHONY: help setup lock java demo docs screenshots test test-quick fuzz lint format clean

help:  ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	echo "  demo takes CONFIG=FILE DATA=FOLDER AS_OF=YYYY-MM-DD LAKE=FOLDER_OR_URI"
	echo "    and SET='section.key=value ...': settings of this run, separated by spaces"

setup: $(STAMP)  ## Make .venv with the pinned versions

# A file is installed only if it has a sha256 of constraints.txt, and what is built from source
# (pyspark, graphrec itself) is built with what is pinned there. torch comes by pip, which knows
# this machine's own places of wheels; its CPU build where there is one.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo "graphrec needs Python 3.11: make setup PYTHON=/path/to/python3.11" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	echo "installing into $(VENV) (a minute the first time)"
	pin() { awk -v name="$$1" 'index($$0, name "==") == 1 {on = 1} on; !/\\$$/ {on = 0}' constraints.txt; }
	pip() { $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps \
		--require-hashes --requirement "$$1"; }
	uv() { $(BIN)/uv pip install --quiet --no-config --python $(BIN)/python \
		--build-constraints constraints.txt --require-build-hashes "$$@"; }
	pin uv > $(VENV)/uv.txt
	pip $(VENV)/uv.txt
	pin torch > $(VENV)/torch.txt
	sed 's/^torch==[0-9.]*/&+cpu/' $(VENV)/torch.txt > $(VENV)/torch-cpu.txt
	torch=$$(sed -n 's/^torch==\([0-9.]*\).*/\1/p' $(VENV)/torch.txt)
	case "$$($(BIN)/python -c 'import importlib.metadata as m; print(m.version("torch"))' 2> /dev/null)" in
	"$$torch" | "$$torch"+*) ;;  # installed already, whichever build
	*) pip $(VENV)/torch-cpu.txt 2> $(VENV)/torch-cpu.log || {
		echo "found no CPU build of torch $$torch ($(VENV)/torch-cpu.log): taking the other, large one" >&2
		pip $(VENV)/torch.txt
	} ;;
	esac
	# Stored in its archive, not deflated: the archive is unpacked at once.
	awk '/^torch==/ {off = 1} !off; !/\\$$/ {off = 0}' constraints.txt > $(VENV)/others.txt
	uv --no-deps --require-hashes --requirement $(VENV)/others.txt \
		--config-settings-package pyspark:--build-option=--compression=stored
	# With dependencies: adds nothing but the CUDA libraries of a torch that is not a CPU build.
	uv --constraints constraints.txt --editable '.[dev]'
	# A day is some twenty processes. Each compiles its imports anew where Python may write no
	# bytecode (PYTHONDONTWRITEBYTECODE, as in many images), and the first of them does anywhere.
	$(BIN)/python -m compileall -qq -j 0 -x '$(UNCOMPILED)' $(VENV)/lib/python3.11/site-packages || true
	touch $@

lock: $(STAMP)  ## Write constraints.txt anew, as pyproject.toml has it: UPGRADE='--upgrade'
	@$(BIN)/uv pip compile --quiet $(LOCK) $(UPGRADE) --output-file constraints.txt pyproject.toml

define get_java
if $(BIN)/python -m graphrec.local.java; then exit 0; fi
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
if ! $(BIN)/python -m graphrec.local.java; then
	echo "java on PATH is still older than 17; put $(JRE) first on PATH" >&2
	exit 2
fi
endef

java: setup  ## See to Java 17 or newer, which Spark needs; installed where root or sudo allows
	@$(get_java)

# Where Spark is asked for and there is no Java and none to be had, the day runs on DuckDB.
demo: setup  ## Run one day of a pipeline through Airflow and show what it made
	@day=($(BIN)/python -m graphrec.local.run_once --config '$(CONFIG)' --data '$(DATA)' --as-of '$(AS_OF)' --lake '$(LAKE)' $(foreach pair,$(SET),--set '$(pair)'))
	if "$${day[@]}" --needs-java; then ($(get_java)) || true; fi
	"$${day[@]}"

docs: demo screenshots  ## Run the demo, and make the documents' tables, samples and pictures anew
	@$(BIN)/python -m docs.make.configuration
	$(BIN)/python -m docs.make.samples --lake '$(or $(LAKE),lake)'

screenshots: setup  ## Take the documents' pictures of the demo's day (needs Chromium)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m docs.make.pictures --lake '$(or $(LAKE),lake)'

define run_lint
$(BIN)/ruff check .
$(BIN)/ruff format --check .
$(BIN)/mypy
$(BIN)/lint-imports
endef

# tests/conftest.py groups the tests and orders the groups. Three workers keep two cores busy:
# one often waits for a JVM or for Airflow.
test: setup java  ## Run every test, and lint beside them
	@( $(run_lint) ) & lint=$$!
	failed=0
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(TESTS) || failed=$$?
	wait $$lint || { echo "make lint failed: what it found stands before the tests" >&2; exit 2; }
	exit $$failed

# To import Airflow alone takes each of the workers seconds: what does is not even collected.
test-quick: setup  ## Run the tests without Spark, Airflow, pipelines, programs and fuzzers
	@$(BIN)/python -m pytest -n 2 -m 'not (spark or airflow or pipeline or process or fuzz)' \
		--ignore tests/dags --ignore tests/local/test_executor.py $(TESTS)

fuzz: setup  ## Run the fuzzers longer than `make test` does: TIMES=20
	@GRAPHREC_FUZZ_TIMES='$(TIMES)' $(BIN)/python -m pytest -m fuzz $(TESTS)

lint: setup  ## Check style, types and the layering
	@$(run_lint)

format: setup  ## Write the files as the formatter wants them
	@$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Remove everything that can be made again (not the lake)
	@rm -rf $(VENV) .airflow build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis spark-warehouse
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
