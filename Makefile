# Seven words. `setup` builds .venv; everything else depends on it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Locks are installed as they are: hashes checked, nothing resolved.
INSTALL := install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench fmt lock drift

help:
	@echo "make run     start a private CA, enrol a sample device, and keep serving"
	@echo "make test    every test that the installed programs allow"
	@echo "make check   lint, types, layers, generated shapes and tables"
	@echo "make bench   what certificates, CRLs, OCSP answers and devices cost"
	@echo "make fmt     format the code"
	@echo "make setup   build .venv with the command .venv/bin/privyseal"
	@echo "make lock    resolve the dependencies again;  make drift   compare with the newest AWS model"

setup: $(VENV)/.ready

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Privy Seal needs Python 3.11 or newer; set PYTHON=") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip $(INSTALL) -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

# The aws command brings a botocore of its own, so it lives in an environment of its own.
.venv-aws/.ready: requirements/awscli.txt
	@test -x .venv-aws/bin/python || $(PYTHON) -m venv .venv-aws
	@.venv-aws/bin/pip $(INSTALL) -r requirements/awscli.txt
	@touch $@

run: setup
	@$(BIN)/python examples/first_run.py

test: setup .venv-aws/.ready
	@$(BIN)/pytest -n auto $(TESTS)

check: setup
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tools/generate_shapes.py --check
	@$(BIN)/python tools/check_tree.py
	@$(BIN)/python tools/compatibility.py --check

bench: setup
	@$(BIN)/python -m bench.issue
	@$(BIN)/python -m bench.parts
	@$(BIN)/python -m bench.crl
	@$(BIN)/python -m bench.ocsp
	@$(BIN)/python -m bench.enrolment

fmt: setup
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

UV := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --universal \
	--python-version 3.11 --no-annotate --no-header
lock:
	$(UV) pyproject.toml --extra aws --extra mqtt --extra nats --extra git --extra otel -o requirements/run.txt
	$(UV) pyproject.toml --extra aws --extra mqtt --extra nats --extra git --extra otel requirements/dev.in -o requirements/dev.txt
	$(UV) requirements/awscli.in -o requirements/awscli.txt

drift: setup
	@scratch=$$(mktemp -d) && $(PYTHON) -m venv $$scratch && \
	$$scratch/bin/pip install --quiet --disable-pip-version-check botocore msgspec && \
	PYTHONPATH=src $$scratch/bin/python tools/generate_shapes.py --check; status=$$?; rm -rf $$scratch; exit $$status
