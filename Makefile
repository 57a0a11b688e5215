# `make` alone lists what there is. Python 3.11 or newer is all that must be there before.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# where to take PyTorch from; empty: where pip takes everything
TORCH_INDEX_URL ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
CODE := corpus embeddings scripts service tests

.DEFAULT_GOAL := help
.PHONY: help install run test quick load lint fix

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/installed ## make .venv and install what Mythmatch runs on

run: $(VENV)/installed ## install if need be, and serve on http://127.0.0.1:8000
	@exec $(BIN)/python -m scripts.serve

test: $(VENV)/installed-dev lint ## install the tools if need be, and pass the checks and the tests
	$(BIN)/python -m pytest

quick: $(VENV)/installed-dev ## the tests that need no weights, servers or databases, in under a minute
	$(BIN)/python -m pytest -m "not model and not slow"

load: $(VENV)/installed-dev ## measure a server of its own under load, in some minutes; LOAD=--toy without the weights
	@$(BIN)/python -m scripts.bench_load $(LOAD)

lint: $(VENV)/installed-dev ## ruff and strict types
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(CODE)

fix: $(VENV)/installed-dev ## let ruff mend what it can
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "no venv; on Debian: apt install python3-venv" >&2; rm -rf $(VENV); exit 2; }
	@touch $@

$(VENV)/installed: requirements.txt $(VENV)/made
	@echo "installing into $(VENV) (some minutes the first time)" >&2
	$(if $(TORCH_INDEX_URL),$(PIP) --index-url $(TORCH_INDEX_URL) $$(grep -o '^torch==[^ ]*' requirements.txt))
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(PIP) -r requirements-dev.txt
	@touch $@
