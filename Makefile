# One virtual environment, made from the project's own files; every other target uses it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test check bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --constraint constraints.txt torch
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

# DATA=FILE [EVERY=3h] [VARIABLE=t2m] takes a file of yours in place of the shipped series.
demo: setup
	$(BIN)/python -m temdeep.cli.demo $(if $(DATA),--data "$(DATA)") $(if $(EVERY),--every "$(EVERY)") $(if $(VARIABLE),--variable "$(VARIABLE)")

test: setup
	$(BIN)/python -m pytest -n 2

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m benchmarks.methods

clean:
	rm -rf $(VENV) build demo_output
