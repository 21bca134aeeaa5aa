# `make demo` and `make test` are all there is to set up; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
CORES ?= all
export PATH := $(CURDIR)/$(BIN):$(PATH)
# a line where a stage begins, instead of five for each job
SNAKEMAKE := PYTHONPATH="$(CURDIR)/profiles/logger" snakemake --logger stages

# of demo-real: megabytes that it may download, and --sources FILE for addresses of your own
MB ?= 200
SOURCES ?=

# pytest-xdist workers
JOBS ?= 2

.PHONY: help setup setup-dev demo demo-real demo-short test lint format systems dag docs clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## Install what the workflow runs on into .venv (other targets do it when needed)

setup-dev: $(VENV)/.ready-dev ## The same with linters, tests and the libraries that tests compare with

$(VENV)/.ready: requirements.txt requirements-check.txt pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "error: $(PYTHON) not found; install Python 3.11 or newer, or name it: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version) is too old; Python 3.11 or newer is needed: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null || { echo "error: Python's venv module is missing; install it (on Debian: apt install python3-venv)."; exit 1; }
	@echo "Setting up $(VENV) from requirements.txt; this happens once and takes some minutes."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements.txt 2> >(grep -vE '^ *(WARNING|DEPRECATION)' >&2)
	@if ! command -v g++ > /dev/null; then echo "No C++ compiler found, so sed_scores_eval is left out and PSDS will not be checked against it (on Debian: apt install g++ python3-dev)."; elif ! $(PIP) -r requirements-check.txt 2> >(grep -vE '^ *(WARNING|DEPRECATION)' >&2); then echo "sed_scores_eval could not be installed (the lines above say why), so PSDS will not be checked against it; Python's headers may be missing (on Debian: apt install python3-dev)."; fi
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.txt
	@command -v g++ > /dev/null || { echo "error: no C++ compiler found; of the tests' libraries sed_scores_eval needs one (on Debian: apt install g++ python3-dev). The workflow itself does not: make demo."; exit 1; }
	@$(PIP) -r requirements-dev.txt 2> >(grep -vE '^ *(WARNING|DEPRECATION)' >&2)
	@touch $@

demo: setup ## The whole workflow on the embedded data set: no GPU; a network only for YAMNet's weights (15 MB)
	@echo "The weights of YAMNet:"
	@files="configs/mini.yaml"; \
	$(SNAKEMAKE) --cores 1 --configfile $$files -- data/mini/embeddings/yamnet/weights.json \
	  || { files="$$files configs/without_yamnet.yaml"; echo "They cannot be had, so yamnet_aligned is left out."; }; \
	echo "The demo:"; \
	$(SNAKEMAKE) --cores $(CORES) --configfile $$files
	@cat results/mini/tables/tables.txt && echo "Report: results/mini/report.html"

demo-real: setup ## The workflow on real recordings (part of RealDESED), if they are at most MB=200 megabytes
	@root=data/demo_real; python workflow_scripts/download_archive.py --remote realdesed_validation --at-most $(MB) \
	  --root $$root/source --downloads $$root/download --done $$root/download/validation.json $(SOURCES) \
	  || { echo "The demo on real recordings needs that archive: make demo-real MB=… allows more."; exit 1; }; \
	python workflow_scripts/divide.py --table $$root/source/validation/metadata.csv \
	  --folder $$root/source/divided train=60 validation=20 test=20
	@$(SNAKEMAKE) --cores $(CORES) --configfile configs/demo_real.yaml
	@cat results/demo_real/tables/tables.txt && echo "Report: results/demo_real/report.html"

demo-short: setup ## A few clips and a few steps through every rule: seconds, not scores
	@$(SNAKEMAKE) --cores $(CORES) --configfile configs/mini.yaml configs/smoke.yaml
	@cat results/smoke/tables/tables.txt

test: setup-dev lint ## Static checks and all tests but those that need a GPU
	@pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not gpu"

lint: setup-dev ## Formatting, types, layers, workflow
	@ruff check . && ruff format --check .
	@mypy
	@said=$$(lint-imports --no-cache 2>&1) || { echo "$$said"; exit 1; }
	@snakefmt --check Snakefile rules
	@snakemake --lint > /dev/null
	@snakemake --lint --configfile configs/mini.yaml > /dev/null

format: setup-dev ## Rewrite the code in the house format
	@ruff check --fix . ; ruff format . ; snakefmt Snakefile rules

docs: setup-dev ## The documentation as a site to browse without a network, in build/site
	@NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet && echo "Documentation: build/site/index.html"

systems: setup ## What the workflow can make
	@snakemake --cores 1 --quiet all -- systems

clean: ## Remove what the demos made and fetched; the environment and DESED results stay
	@rm -rf {data,results,checkpoints,logs}/{mini,smoke,demo_real}
