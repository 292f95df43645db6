# Everything is built from pyproject.toml and requirements.lock, into .venv and .run; nothing outside this folder is written.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(firstword $(shell command -v python3.11 python3))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
# The lock file is complete, so nothing is resolved. Wheels only: no build step fetches what no hash covers. Bytecode is
# made by the first import, for what is imported; making all of it here takes a third of the time to the first decision.
LOCKED := install --require-hashes --only-binary :all: --no-deps --no-compile
# Options for the command behind a target, as in: make demo ARGS="--chaos", make test ARGS="-k refunds"
ARGS ?=
# Two processes share the files of the tests: what talks to a broker mostly waits. One of them: make test ARGS="-n 0"
SHARED := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo test test-faults check kafka bench bench-peers bench-latency bench-scale docs lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.complete ## make .venv with everything that tests and checks need

demo: $(VENV)/.demo ## a shop's day on the embedded broker: no Kafka, no Docker
	$(BIN)/refundry demo $(ARGS)

test: setup ## all tests; the real tiers say what they lack
	$(BIN)/pytest $(SHARED) $(ARGS)

test-faults: setup ## the long proof: a storm of faults by a seed that it prints (ARGS="--seed 7 --minutes 30 --workers 3")
	$(BIN)/pytest -m long
	$(BIN)/python -m tests.faults $(ARGS)

check: setup ## format, lint, types, layers, the rules of the house and its documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/house

kafka: $(VENV)/.demo ## start a real Apache Kafka on this machine (needs Java 17 and Maven), until Ctrl-C
	$(BIN)/python deploy/kafka/broker.py $(ARGS)

bench: setup ## measure speed and memory; figures of one run, to be compared with each other
	$(BIN)/python -m tests.bench $(ARGS)

bench-peers: setup ## compare this runtime with its peers, which are fetched for it (needs a JDK and Maven)
	$(BIN)/python -m tests.bench.peers $(ARGS)

bench-scale: setup ## cost, memory and restart from a thousand open cases to a million (ARGS="--cases 100000" is shorter)
	$(BIN)/python -m tests.bench.scale $(ARGS)

docs: setup ## write the generated tables of the documents again, from the code
	$(BIN)/python -m tests.house.documents --write

bench-latency: setup ## measure how long a request waits for its decision, by setting
	$(BIN)/python -m tests.bench.latency $(ARGS)

lock: setup ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/pip-compile --quiet --upgrade --all-extras --all-build-deps --generate-hashes --allow-unsafe --strip-extras \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
		--output-file=requirements.lock pyproject.toml

clean: ## remove what was made: .venv, .run, caches
	rm -rf $(VENV) .run build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 is missing. Debian, Ubuntu: apt-get install python3.11-venv" >&2; exit 3; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11. Name another one: make PYTHON=/path/to/python3.11" >&2; exit 3; }
	$(PYTHON) -m venv $(VENV)

# The stamps keep the second run quick. The demo installs its own part of the lock file only.
$(VENV)/.demo: requirements.lock pyproject.toml deploy/locked.py | $(BIN)/python
	@echo "installing into $(VENV) what the demo needs"
	@$(BIN)/python deploy/locked.py demo > $(VENV)/demo.lock
	@$(PIP) $(LOCKED) --requirement $(VENV)/demo.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.complete: $(VENV)/.demo
	@echo "installing into $(VENV) what tests and checks need"
	@$(PIP) $(LOCKED) --requirement requirements.lock
	@touch $@
