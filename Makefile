# make          install what is pinned into .venv, build the study, say where its results are
# make test     install the same way and run all tests
# make plan     say what the study STUDY will cost on known hardware (HARDWARE=a100), figure by figure
# make lock     choose new versions for requirements.lock from pyproject.toml
# make docs     copy figures and scorecard of the study into docs/ and renew the README's table

STUDY ?= digits
HARDWARE ?= a100
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.DEFAULT_GOAL := study
.PHONY: study test plan lock docs

study: $(INSTALLED)
	@$(BIN)/snakemake --config study=$(STUDY)

test: $(INSTALLED)
	@$(BIN)/python -m pytest

plan: $(INSTALLED)
	@$(BIN)/python -m advex.estimate $(STUDY) $(HARDWARE)

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; found " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	@echo "Installing $$(grep -c == requirements.lock) pinned packages into $(VENV), once; this takes a few minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lock:
	@rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip install -qq torch==2.13.0 torchvision==0.28.0
	@$(VENV)-lock/bin/python -m pip install -qq '.[workflow,test]'
	@{ sed -n '/^#/p' requirements.lock; $(VENV)-lock/bin/python -m pip freeze --all | grep -v -e "^pip==" -e '^advex' -e '^nvidia-' -e '^cuda-' -e '^triton' | sed 's/+cpu$$//'; } > requirements.new
	@mv requirements.new requirements.lock && rm -rf $(VENV)-lock
	@echo "requirements.lock is new; renew envs/ too (a test compares them)."

docs: study
	@$(BIN)/python docs/update.py $(STUDY)
