# Every target sets up what it needs: a fresh machine has Python 3.11+ and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
READY := $(VENV)/.ready
SITE := $(VENV)/site/.ready
INSTALL := install --quiet --disable-pip-version-check
PIP = $(BIN)/pip $(INSTALL)

.PHONY: help setup demo test lint types check generate permissions docs site bench soak bare release lock clean
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# What the product needs, the embedded AWS included.
$(RUNS): requirements.lock requirements-build.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 to 3.13 is needed, this is %d.%d: make PYTHON=python3.12" % sys.version_info[:2] if not (3, 11) <= sys.version_info[:2] < (3, 14) else 0)'
	@echo "setting up $(VENV) (once, a minute or two): the packages that deployer needs ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements-build.lock -r requirements.lock
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $(RUNS)

# What its tests and checks need besides.
$(READY): requirements-dev.lock $(RUNS)
	@echo "and those that its tests need ..." >&2
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $(READY)

# What makes the pages a site, in an environment of its own: the AWS CLI above holds docutils at an old version.
$(SITE): .ci/site.lock $(RUNS)
	@$(PYTHON) -m venv $(VENV)/site
	@$(VENV)/site/bin/pip $(INSTALL) --require-hashes -r .ci/site.lock
	@touch $(SITE)

setup: $(READY) ## make .venv: deployer from this tree, and what its tests need

demo: $(RUNS) ## the whole story on the embedded AWS
	@$(BIN)/deployer demo

test: $(READY) $(SITE) ## all tests, real counterparts included
	@.ci/real-sshd
	@.ci/real-mysql
	@.ci/real-shells
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(READY) ## ruff, and the template against its own rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## mypy --strict
	@$(BIN)/mypy

generate: $(RUNS) ## emit templates/ again
	@$(BIN)/deployer generate --template all

permissions: $(READY) ## read again what CloudFormation and this program call (deployer permissions)
	@$(BIN)/python -m tests.permissions.schemas --write
	@$(BIN)/python -m tests.permissions.calls --write

docs: $(READY) ## write the generated reference pages again
	@$(BIN)/python -m tests.docs.reference --write

site: $(READY) $(SITE) ## write the pages as a site, to build/site
	@$(BIN)/python -m tests.docs.site.build build/site

check: lint types ## everything CI checks, before the tests
	@$(BIN)/deployer generate --template all --check
	@$(BIN)/deployer lint templates/*.yaml
	@$(BIN)/python -m tests.docs.reference --check
	@$(BIN)/python -m tests.permissions.schemas --check
	@$(BIN)/python -m tests.permissions.calls --check

bench: $(READY) ## measure against peers, write docs/explanation/performance.md
	@$(BIN)/python -m tests.bench

soak: $(READY) ## the long channel runs
	@$(BIN)/python -m pytest -m soak

bare: ## start a wheel by uvx and pipx, with nothing else there: make bare WHEEL=dist/….whl
	@.ci/bare $(WHEEL)

release: $(READY) ## check, build and publish this version: make release ARGS='--plan --bucket NAME --key KEY'
	@.ci/release $(ARGS)

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate
lock: $(READY) ## resolve the lock files again
	@$(PIP) --require-hashes -r .ci/uv.lock
	@$(COMPILE) pyproject.toml --extra dev -o requirements-dev.lock
	@$(COMPILE) pyproject.toml --extra sandbox --constraint requirements-dev.lock -o requirements.lock
	@$(COMPILE) .ci/build.in --constraint requirements-dev.lock -o requirements-build.lock
	@$(COMPILE) tests/bench/peers.in -o tests/bench/peers.lock
	@$(BIN)/python -m tests.bench.peers
	@$(COMPILE) .ci/site.in -o .ci/site.lock
	@echo uv | $(COMPILE) - -o .ci/uv.lock
	@echo pipx | $(COMPILE) - -o .ci/pipx.lock

clean: ## remove the environment
	@rm -rf $(VENV) build tests/*/node_modules
