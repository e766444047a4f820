# make            install what is pinned into .venv, build the study, say where its results are
# make pull       install the same way and fetch the published artifacts; nothing is computed
# make test       install the same way and run all tests
# make plan       say what the study STUDY will cost on known hardware (HARDWARE=a100), figure by figure
# make vouch      keep the artifacts of STUDY after a change of code that changes no bit of the study test
# make publish    version a finished study's artifacts with DVC and push them to their remote
# make push       push what is versioned to your own remote (docs/storage.md)
# make provenance ARTIFACT=results/digits/figures/ilyas/relabelled.svg   print how it came about
# make docs       copy figures and scorecard of the study into docs/ and renew the README's table
# make lock       choose new versions for requirements.lock and requirements-test.lock

STUDY ?= digits
HARDWARE ?= a100
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
TESTABLE := $(VENV)/testable
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

.DEFAULT_GOAL := study
.PHONY: study pull test test-study test-rest plan vouch publish push provenance docs lock

study: $(INSTALLED)
	@$(BIN)/snakemake --config study=$(STUDY)

pull: $(INSTALLED)
	@# Once more on failure: DVC can stumble once over what an interrupted pull left in its cache.
	@$(BIN)/dvc pull || $(BIN)/dvc pull || { $(BIN)/python -m advex.manifests; false; }
	@$(BIN)/python -m advex.manifests

# Side by side: what shares a finished study, and the rest.
test: $(TESTABLE)
	@$(MAKE) --no-print-directory --keep-going --jobs=2 test-study test-rest

test-study: $(TESTABLE)
	@$(BIN)/python -m pytest tests/storage tests/workflow

test-rest: $(TESTABLE)
	@$(BIN)/python -m pytest --ignore=tests/storage --ignore=tests/workflow

plan: $(INSTALLED)
	@$(BIN)/python -m advex.estimate $(STUDY) $(HARDWARE)

# Of what the tests need: coverage.
vouch: $(TESTABLE)
	@$(BIN)/python -m advex.vouching $(STUDY)

publish: $(INSTALLED)
	@$(BIN)/python -m advex.publishing $(STUDY)

push: $(INSTALLED)
	@$(BIN)/dvc push

provenance: $(INSTALLED)
	@$(BIN)/python -m advex.lineage $(ARTIFACT)

docs: study
	@$(BIN)/python docs/update.py $(STUDY)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; found " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	@echo "Installing $$(grep -c == requirements.lock) pinned packages into $(VENV), once; this takes a few minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(TESTABLE): $(INSTALLED) requirements-test.lock
	@echo "Installing $$(grep -c == requirements-test.lock) more packages for the tests."
	@$(PIP) -r requirements.lock -r requirements-test.lock
	@touch $@

# The second file holds what the tests need beyond the first; both keep their opening comments.
lock:
	@rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip install -qq torch==2.13.0 torchvision==0.28.0
	@$(VENV)-lock/bin/python -m pip install -qq '.[workflow]' setuptools
	@$(FROZEN) > $(VENV)-lock/base
	@$(VENV)-lock/bin/python -m pip install -qq '.[workflow,test]'
	@$(FROZEN) | grep -vxF -f $(VENV)-lock/base > $(VENV)-lock/test
	@for name in base:requirements.lock test:requirements-test.lock; do \
	    { sed -n '/^#/p' $${name#*:}; cat $(VENV)-lock/$${name%:*}; } > requirements.new && mv requirements.new $${name#*:}; done
	@rm -rf $(VENV)-lock
	@echo "The lock files are new; renew envs/ too (a test compares them)."

FROZEN = $(VENV)-lock/bin/python -m pip freeze --all | grep -v -e "^pip==" -e '^advex' -e '^nvidia-' -e '^cuda-' -e '^triton' | sed 's/+cpu$$//'
