# `make verify`, `make test` and `make paper`. Each sets up .venv by itself and needs only Python 3.11+, venv and make.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DENSITY ?= skewed

.PHONY: verify paper test lint types check clean

verify: $(VENV)/.core
	$(RUN) -m numerics.verify --density '$(DENSITY)' --out results/verify

# PAPER='--published FILE.csv --labels FILE:COLUMN' adds published runs and real labels.
paper: $(VENV)/.core
	$(RUN) -m numerics.paper $(PAPER)

test: $(VENV)/.dev
	$(RUN) -m pytest

lint: $(VENV)/.dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(VENV)/.dev
	$(RUN) -m mypy

check: lint types test

$(RUN):
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(RUN)
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(RUN)
	$(PIP) --editable '.[dev,data,cluster,sklearn]'
	@touch $@ $(VENV)/.core

clean:
	rm -rf $(VENV) results
