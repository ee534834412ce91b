# `make verify`, `make test`, `make paper`, `make docs`. Each sets up .venv by itself and needs only Python 3.11+, venv and make.
PYTHON ?= python3
VENV := .venv
LOWEST := .venv-lowest
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DENSITY ?= skewed

.PHONY: verify paper picture docs test test-torch test-lowest lint types check clean

verify: $(VENV)/.core
	$(RUN) -m numerics.verify --density '$(DENSITY)' --out results/verify

# PAPER='--published FILE.csv --labels FILE:COLUMN' adds published runs and real labels.
paper: $(VENV)/.core
	$(RUN) -m numerics.paper $(PAPER)

# The strip of the README, with its numbers from a report.
picture: $(VENV)/.core
	$(RUN) -m numerics.verify --density skewed --only offset price --classes 2 4 8 16 --no-fit --out results/picture
	$(RUN) -m figures results/picture --only four_frames --quiet
	cp results/picture/four_frames.png docs/

test: $(VENV)/.dev
	$(RUN) -m pytest

# Guides and reference in results/docs; a link that does not resolve is an error.
docs: $(VENV)/.docs
	PYTHONPATH=. $(RUN) -m mkdocs build --strict

# PyTorch has an environment of its own: it is large, and no command needs it.
test-torch: $(VENV)-torch/.done
	PYTHONPATH=. $(VENV)-torch/bin/python -m pytest -o addopts=-q tests_torch

# The lowest versions that pyproject.toml admits, in an environment of their own: numbers, certificates, and the compilation cache cold and warm.
test-lowest: $(LOWEST)/.dev
	$(LOWEST)/bin/python -m pytest tests/test_warm_cache.py tests/test_certified.py tests/test_closed_form.py tests/test_densities.py tests/test_price.py tests/test_structure.py

$(LOWEST)/.dev: pyproject.toml constraints-lowest.txt
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints-lowest.txt --editable '.[dev,data,cluster]'
	@touch $@

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

$(VENV)/.docs: pyproject.toml constraints.txt | $(RUN)
	$(PIP) --editable '.[docs]'
	@touch $@ $(VENV)/.core

$(VENV)-torch/.done: constraints-torch.txt
	$(PYTHON) -m venv $(VENV)-torch
	$(VENV)-torch/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< torch jax scipy pytest
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-torch $(LOWEST) results
