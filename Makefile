# Every target starts from nothing: it makes .venv and installs what it needs, and says so.
# A second run starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ONLY ?=
ROOM ?= scheduling
SAMPLE ?= 100

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow mutation check docs bench setup clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: $(READY) ## the main job end to end: a recorded real engine, then the lab
	@$(BIN)/python examples/demo.py

test: check ## check, then the whole fast suite
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup

test-slow: $(READY) ## foreign clients, kill enumerations, soaks, version matrices
	@$(BIN)/python -m pytest -q -m slow

mutation: $(READY) ## mutation testing of a room: ROOM=scheduling SAMPLE=100
	@$(BIN)/python tests/mutation/run.py $(ROOM) --sample $(SAMPLE)

check: $(READY) ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: $(READY) ## write the generated pages anew
	@$(BIN)/python docs/generate.py

bench: $(READY) ## run the benchmarks; ONLY=name runs one of them
	@$(BIN)/python -m benchmarks $(ONLY)

setup: $(READY) ## only install

$(READY): setup.cfg pyproject.toml
	@sh .ci/system-packages
	@echo "setup: making $(VENV) and installing rhevmig with its extras (two to four minutes, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)

clean: ## remove what the targets made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
