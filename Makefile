# Two commands are enough: `make demo` runs a real module through a fake IIS, `make test` proves that it is right.
# Everything they need is set up first; stamps in .build/ make a second run quick.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUILD := .build
UNIT := $(BIN)/python -m pytest -q -n auto tests/unit
REAL := $(BIN)/python -m pytest -q -n auto --dist loadfile
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

RUNTIME_PACKAGES := wine wine64 python3-venv
COMPILERS := g++-mingw-w64-x86-64 g++-mingw-w64-i686 clang-16 lld-16 llvm-16 bubblewrap

.PHONY: help setup demo test unit native inprocess bench fuzz check lint gen gen-check fixtures fixtures-check clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# --- set-up

$(BUILD)/packages: Makefile
	@mkdir -p $(BUILD)
	@{ [ -x /usr/lib/wine/wine64 ] || command -v wine64 >/dev/null; } && $(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	    $(SUDO) apt-get update -q && \
	    DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -yq --no-install-recommends $(RUNTIME_PACKAGES); }
	@touch $@

$(BUILD)/compilers: Makefile
	@mkdir -p $(BUILD)
	@for tool in x86_64-w64-mingw32-g++ i686-w64-mingw32-g++ clang++-16 lld-link-16 llvm-dlltool-16 bwrap; do \
	    command -v $$tool >/dev/null || { \
	        $(SUDO) apt-get update -q && \
	        DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -yq --no-install-recommends $(COMPILERS); break; }; \
	done
	@touch $@

$(BUILD)/venv: $(BUILD)/packages pyproject.toml
	@mkdir -p $(BUILD)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "pyiismod needs Python 3.11 or newer; name one: make PYTHON=python3.12 …" >&2; exit 2; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

$(BUILD)/runtime: $(BUILD)/venv pyiismod/runtime/pins.toml
	@$(BIN)/pyiismod runtime install
	@touch $@

setup: $(BUILD)/runtime  ## Debian packages, .venv, the package, the Windows runtime
	@$(BIN)/pyiismod runtime status >/dev/null || $(BIN)/pyiismod runtime install

# --- what it is for

demo: setup  ## run a real module.dll and show what happens
	@$(BIN)/pyiismod run fixtures/hello.dll GET 'http://localhost/hello?x=1' --trace

# --- proofs

test: setup $(BUILD)/compilers lint gen-check fixtures-check  ## everything that CI runs
	@$(UNIT)
	@$(REAL) tests/inprocess tests/native

unit: $(BUILD)/venv  ## no DLL, no worker; seconds
	@$(UNIT)

native: setup $(BUILD)/compilers  ## real DLLs in a real worker
	@$(REAL) tests/native

inprocess: setup  ## the host inside the runtime's Windows Python
	@$(REAL) tests/inprocess

bench: setup  ## speed and memory, as a table
	@$(BIN)/python -m tests.bench

fuzz: $(BUILD)/venv  ## inspect 20,000 broken files
	@$(BIN)/python -m tests.bench.fuzz

lint: $(BUILD)/venv  ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

gen: $(BUILD)/venv  ## write all generated files anew
	@$(BIN)/python -m pyiismod.host.gen

gen-check: $(BUILD)/venv  ## fail when a generated file is not what its source gives
	@$(BIN)/python -m pyiismod.host.gen --check

fixtures: $(BUILD)/compilers  ## compile native/modules and native/launcher into the committed binaries
	@$(PYTHON) native/build.py
	@$(PYTHON) native/launcher/build.py

fixtures-check: $(BUILD)/compilers  ## fail when a committed binary is not what its source gives
	@$(PYTHON) native/build.py --check
	@$(PYTHON) native/launcher/build.py --check

clean:  ## remove what make has set up here (the runtime stays: pyiismod runtime remove)
	rm -rf $(BUILD) $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
