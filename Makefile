# `make verify`, `make test` and `make paper`. Each sets up .venv by itself and needs only Python 3.11+, venv and make.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DENSITY ?= skewed

.PHONY: verify paper test test-torch lint types check clean

verify: $(VENV)/.core
	$(RUN) -m numerics.verify --density '$(DENSITY)' --out results/verify

# PAPER='--published FILE.csv --labels FILE:COLUMN' adds published runs and real labels.
paper: $(VENV)/.core
	$(RUN) -m numerics.paper $(PAPER)

test: $(VENV)/.dev
	$(RUN) -m pytest

# PyTorch has an environment of its own: it is large, and no command needs it.
test-torch: $(VENV)-torch/.done
	PYTHONPATH=. $(VENV)-torch/bin/python -m pytest -o addopts=-q tests_torch

lint: $(VENV)/.dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(VENV)/.dev
	$(RUN) -m mypy

check: lint types test test-torch

$(RUN):
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(RUN)
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(RUN)
	$(PIP) --editable '.[dev,data,cluster,sklearn]'
	@touch $@ $(VENV)/.core

$(VENV)-torch/.done: constraints-torch.txt
	$(PYTHON) -m venv $(VENV)-torch
	$(VENV)-torch/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< torch jax scipy pytest
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-torch results
