# `make demo` shows onebasket with a real chain's year; `make test` is everything that a change must pass.
# Needs Python 3.11 or newer, make, pip and git; works as root and as an ordinary user, in this folder alone.

PYTHON ?= python3
PYTEST_ARGS ?=
WORKERS ?= 4

bin := .venv/bin
uv := $(bin)/uv
lock := $(uv) pip compile --system-certs --quiet --upgrade --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11
django := DJANGO_SETTINGS_MODULE=tests.settings PYTHONPATH=. $(bin)/python -m django

.DEFAULT_GOAL := help
# Where the environment switches it off, each of the suite's many processes would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo test check suites soak format lock clean

help:
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: .make/demo ## a real chain's year in a hub on your machine
	$(bin)/onebasket demo

# Every part runs, so that one look tells all that is wrong; any failure fails the whole.
test: .make/dev ## checks, then the suite on SQLite and on PostgreSQL 18
	@.ci/chromium
	@.ci/node
	@failed=; \
	$(MAKE) --no-print-directory check >.make/checks 2>&1 & checks=$$!; trap 'kill $$checks 2>/dev/null' EXIT; \
	echo "== The suite on SQLite; the checks beside it"; \
	ONEBASKET_TEST_DB=sqlite $(bin)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not soak" $(PYTEST_ARGS) || failed="$$failed sqlite"; \
	wait $$checks || failed="$$failed checks"; cat .make/checks; \
	echo "== The suite on PostgreSQL 18, but for what is the same on both"; \
	ONEBASKET_TEST_PURE=no ONEBASKET_TEST_DB=postgres $(bin)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not soak" $(PYTEST_ARGS) || failed="$$failed postgres"; \
	if [ -n "$$failed" ]; then echo "FAILED:$$failed"; exit 1; fi; \
	echo "All passed: checks, the suite on SQLite, the suite on PostgreSQL 18."

check: .make/dev ## style, types, imports, migrations
	@failed=; \
	echo "== ruff"; $(bin)/ruff check . || failed="$$failed ruff"; \
	$(bin)/ruff format --check --quiet . || failed="$$failed format"; \
	echo "== mypy"; $(bin)/mypy || failed="$$failed mypy"; \
	echo "== import-linter"; $(bin)/lint-imports || failed="$$failed imports"; \
	echo "== migrations"; $(django) makemigrations --check --dry-run || failed="$$failed migrations"; \
	if [ -n "$$failed" ]; then echo "Checks failed:$$failed"; exit 1; fi

soak: .make/dev ## the long runs, on both databases
	ONEBASKET_TEST_DB=sqlite $(bin)/python -m pytest -m soak --timeout 0 $(PYTEST_ARGS)
	ONEBASKET_TEST_DB=postgres $(bin)/python -m pytest -m soak --timeout 0 $(PYTEST_ARGS)

format: .make/dev ## put the source into its form
	$(bin)/ruff check --fix-only --quiet .
	$(bin)/ruff format .

lock: .make/tools ## take newer versions within requirements/*.in
	cd requirements && for set in base demo dev; do ../$(lock) $$set.in --output-file $$set.txt; done
	cd requirements && ../$(lock) --constraints dev.txt tools.in --output-file tools.txt

clean: ## remove what make and the tools made; var/ stays
	rm -rf .venv .make .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment, then the installer in it, from a lock with hashes. Some systems split ensurepip off from
# venv; there the system's own pip fills the environment.
.make/tools: requirements/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "onebasket needs Python 3.11 or newer; say which with: make PYTHON=python3.11 ...")'
	@mkdir -p .make
	@test -x $(bin)/python || $(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; $(PYTHON) -m venv --without-pip .venv; }
	@if $(bin)/python -m pip --version >/dev/null 2>&1; then \
		$(bin)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<; \
	else \
		$(PYTHON) -m pip --python $(bin)/python install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<; \
	fi
	@touch $@

.make/dev: .make/tools requirements/dev.txt pyproject.toml
	@.ci/install sync requirements/dev.txt
	@touch .make/demo $@

# What development needs contains what the demo needs: install adds, and never takes away.
.make/demo: .make/tools requirements/demo.txt pyproject.toml
	@.ci/install install requirements/demo.txt
	@touch $@
