# `make run` and `make test` are all that a fresh machine needs; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
IDENTITY_PROVIDER := tests/integration/identity/oidc_provider
PACKAGES := api evaluation ingest model qa retrieval security storage
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help run test check unit e2e fuzz mutants bench lock clean web setup system-packages identity-provider

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run api/static/index.html ## Set everything up (once) and serve the product
	@$(BIN)/sourcebook serve

test: setup check unit e2e ## All that CI runs: checks, then every test

check: $(VENV)/.test web/node_modules/.package-lock.json ## Lint, types, import order, the web page's own checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --severity-level high $(PACKAGES)
	cd web && npm run --silent check

unit: $(VENV)/.test api/static/index.html identity-provider ## Every Python test but those in a browser
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests --ignore tests/e2e

e2e: $(VENV)/.test api/static/index.html identity-provider ## The whole product, driven through a real browser
	$(BIN)/python -m pytest tests/e2e

fuzz: $(VENV)/.test ## Breed hostile inputs for the API and our own formats (FUZZ_SECONDS, default an hour)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),100) \
	  $(BIN)/python -m pytest -q tests/integration/matrix/test_document_is_true.py
	FUZZ_WORLDS=$(or $(FUZZ_WORLDS),10000) \
	  $(BIN)/python -m pytest -q tests/property/test_permissions_oracle.py
	mkdir -p build/fuzz && cd build/fuzz && PYTHONPATH=$(CURDIR) $(CURDIR)/$(BIN)/python \
	  $(CURDIR)/tests/fuzz/own_formats.py corpus -max_total_time=$(or $(FUZZ_SECONDS),3600)

mutants: $(VENV)/.test api/static/index.html identity-provider ## Break our own source in many places and see each noticed (WORDS=deny: some)
	$(BIN)/python -m tests.mutants.run $(WORDS)

bench: $(VENV)/.test ## List the benchmarks and what each needs
	@$(BIN)/python benchmarks/list.py

setup: system-packages $(VENV)/.test api/static/index.html
	@$(BIN)/sourcebook models fetch

# Debian's names of what the tests start: a browser with Chinese letters, servers of databases, mail
# and repositories. The tests configure Glewlwyd themselves, and its package's own way needs a database
# server, so it fails where there is none.
system-packages:
	@missing=(); \
	command -v chromium >/dev/null || missing+=(chromium fonts-noto-cjk); \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql); \
	[ -x /usr/sbin/dovecot ] || missing+=(dovecot-imapd); \
	command -v git >/dev/null || missing+=(git); \
	command -v glewlwyd >/dev/null || missing+=(glewlwyd dbconfig-no-thanks); \
	if (($${#missing[@]})); then \
	  sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  echo "glewlwyd glewlwyd/config_type select No configuration" | $$sudo debconf-set-selections; \
	  $$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -q -y --no-install-recommends "$${missing[@]}"; \
	fi

identity-provider: $(IDENTITY_PROVIDER)/node_modules/.package-lock.json

web: api/static/index.html ## Build the web page

lock: $(VENV)/.test ## Pin every dependency again, with hashes
	$(BIN)/python requirements/lock.py

clean: ## Remove what was built; keeps data
	rm -rf $(VENV) web/node_modules $(IDENTITY_PROVIDER)/node_modules api/static build dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 run"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing Python packages (a few minutes, once)"
	$(PIP) install --quiet --require-hashes -r requirements/run.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements/test.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing Python packages for tests (a few minutes, once)"
	$(PIP) install --quiet --require-hashes -r requirements/test.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run

web/node_modules/.package-lock.json: web/package-lock.json
	@echo "Installing web packages"
	cd web && npm ci --silent --no-audit --no-fund
	@touch $@

$(IDENTITY_PROVIDER)/node_modules/.package-lock.json: $(IDENTITY_PROVIDER)/package-lock.json
	@echo "Installing the identity provider that tests sign in with"
	cd $(IDENTITY_PROVIDER) && npm ci --silent --no-audit --no-fund
	@touch $@

api/static/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	@echo "Building the web page"
	cd web && npm run --silent build
	@touch $@
