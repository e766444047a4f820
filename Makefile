# make            install what is pinned into .venv, build the study, say where its results are
# make pull       install the same way and fetch the published artifacts; nothing is computed, what you made stays (unless FORCE=1)
# make page       write the page of STUDY, results/STUDY/index.html, and that of all studies side by side, results/index.html
# make page-alone put the page of STUDY and its drawings into one file, build/STUDY.html, to be sent or kept
# make snakemake-report   put Snakemake's own report of STUDY, with figures, scorecard and how jobs hang together, into build/
# make test       install the same way and run all tests
# make test-quick run what takes no second each: for whoever is changing something (PROCESSES=4 on four cores)
# make test-processors   run the tests of what computes, and the study `test`, as on processors that know fewer instructions
# make plan       say what the study STUDY will cost on known hardware (HARDWARE=a100), figure by figure
# make new-study   write the file of a new study, STUDY=pets, for your own images, DATA=data/pets.zip (docs/data.md; BASE=digits)
# make compare    tell how the verdicts of your run differ from the published ones (OF="first second": of two scorecards or their folders)
# make publish    version a finished study's artifacts with DVC and push them to their remote
#                 SOURCE="ilyas nakkiran" with `make` or `make publish`: of these sources alone, so that a study is made in stages
# make export-run ARCHIVE=run.tar.gz   pack tables, histories, figures and records of STUDY, where it was run
# make import-run ARCHIVE=run.tar.gz   take such an archive of another machine into the study here, after checking it
# make vouch      keep what is published of STUDY after a change of code that changes no bit of the study `test`
# make push       push what is versioned to your own remote (docs/storage.md)
# make why ARTIFACT=results/digits/figures/ilyas/relabelled.svg          say why it would be made again, or that it would not
# make provenance ARTIFACT=results/digits/figures/ilyas/relabelled.svg   print how it came about
# make docs       copy figures and scorecard of the study into docs/ and renew the README's tables, criteria.md, power.md and reliability.md
# make site       build docs/ and the library's reference as a small site, build/site/index.html
# make lock       choose new versions for requirements.lock and requirements-test.lock

STUDY ?= digits
HARDWARE ?= a100
PROCESSES ?= 2
PYTHON ?= python3
TORCH_BUILD ?= auto
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
TESTABLE := $(VENV)/testable
# Programs start here, so that the user's own settings change nothing (src/advex/common/machine/launch.py).
RUN := $(BIN)/python -I -m advex.common.machine.launch
export TORCH_BUILD
unexport SNAKEMAKE_PROFILE

.DEFAULT_GOAL := study
.PHONY: study new-study page page-alone snakemake-report pull test test-quick test-cluster test-rest test-processors plan compare publish export-run import-run vouch push why provenance docs site lock

study: $(INSTALLED)
	@$(RUN) --alone snakemake --config study=$(STUDY) $(if $(SOURCE),source="$(SOURCE)")

new-study: $(INSTALLED)
	@$(RUN) advex.prepare.own_study "$(STUDY)" "$(DATA)" "$(or $(BASE),digits)"

page: $(INSTALLED)
	@$(RUN) --alone snakemake results/$(STUDY)/index.html
	@$(RUN) advex.judge.pages.studies

page-alone: page
	@$(RUN) advex.judge.pages.study.alone $(STUDY)

snakemake-report: $(INSTALLED)
	@mkdir -p build
	@$(RUN) --alone snakemake --report build/$(STUDY)-report.zip --config study=$(STUDY)

pull: $(INSTALLED)
	@$(RUN) advex.records.pulling $(if $(FORCE),--force) || { $(RUN) advex.records.manifests; false; }
	@$(RUN) advex.records.manifests
	@$(RUN) advex.judge.pages.studies

# Side by side: the tests with a private SLURM, which mostly wait, and all others on both cores.
test: $(TESTABLE)
	@$(MAKE) --no-print-directory --keep-going --jobs=2 test-cluster test-rest

test-cluster: $(TESTABLE)
	@$(RUN) pytest tests/cluster

# Those of one file run in one process; what takes longest comes first.
SHARED_OUT = --numprocesses=$(PROCESSES) --dist=loadfile --no-loadscope-reorder
test-rest: $(TESTABLE)
	@$(RUN) pytest $(SHARED_OUT) tests/workflow tests/storage tests/browser tests/unit

test-quick: $(TESTABLE)
	@$(RUN) pytest $(SHARED_OUT) --quiet -m "not slow" tests/unit

# What computes, as on processors that know fewer instructions; tests skip what this one does not know itself.
# One test names every instruction set by itself, so it says nothing new here.
COMPUTING := $(addprefix tests/unit/,networks attack train construct) \
    --deselect=tests/unit/networks/test_gradients.py::test_gradients_of_all_architectures
KNOWN := AVX2 SSE41
.PHONY: $(addprefix test-as-with-,$(KNOWN))
test-processors: $(TESTABLE)
	@$(MAKE) --no-print-directory --keep-going --jobs=2 $(addprefix test-as-with-,$(KNOWN))

$(addprefix test-as-with-,$(KNOWN)): test-as-with-%: $(TESTABLE)
	@echo "As on a processor with $*:"
	@ONEDNN_MAX_CPU_ISA=$* $(RUN) pytest --quiet $(COMPUTING)
	@$(RUN) pytest --quiet tests/processors -k $*

plan: $(INSTALLED)
	@$(RUN) advex.config.estimate $(STUDY) $(HARDWARE)

compare: $(INSTALLED)
	@$(RUN) advex.judge.comparison $(or $(OF),$(STUDY)) || test $$? -eq 1  # 1: they differ, which is no failure

publish: $(INSTALLED)
	@$(RUN) advex.records.publishing $(STUDY) $(SOURCE)

export-run: $(INSTALLED)
	@$(RUN) advex.records.carrying pack $(STUDY) "$(ARCHIVE)"

import-run: $(INSTALLED)
	@$(RUN) advex.records.carrying take "$(ARCHIVE)"

# With what the tests need, since coverage is part of that.
vouch: $(TESTABLE)
	@$(RUN) advex.records.vouching $(STUDY)

push: $(INSTALLED)
	@$(RUN) dvc push

provenance: $(INSTALLED)
	@$(RUN) advex.records.lineage $(ARTIFACT)

why: $(INSTALLED)
	@$(RUN) advex.records.why $(ARTIFACT)

docs: study
	@$(BIN)/python -I docs/update.py $(STUDY)

# A warning is an error there.
site: $(TESTABLE)
	@$(BIN)/python -I docs/site/build.py build/site
	@echo "The site: build/site/index.html"

# TORCH_BUILD=cpu or cuda says which build of torch to install; auto looks for an NVIDIA GPU.
$(INSTALLED): requirements.lock pyproject.toml
	@"$(PYTHON)" -E -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; found " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	@"$(PYTHON)" -I envs/install.py

$(TESTABLE): $(INSTALLED) requirements-test.lock
	@"$(PYTHON)" -I envs/install.py --tests

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
