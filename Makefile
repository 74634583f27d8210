# OpenLFR. `make demo` and `make test` each work as the very first command on a fresh clone.
# Needs git, make and python3 >= 3.11 with venv; everything else is installed below this folder.

# The first Python of 3.11 to 3.14 on the PATH; `make PYTHON=/path/to/python3.12 ...` overrides it.
# Without one, python3 itself is asked, so that scripts/setup.py can say what is wrong.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
    "$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null && echo "$$p" && exit; \
    done; echo python3)
VENV ?= $(or $(UV_PROJECT_ENVIRONMENT),.venv)
BIN := $(VENV)/bin
SETUP := $(PYTHON) scripts/setup.py
ARGS ?=
SEEDS ?= 3
# Processes of tests would each compile our modules, and the tests', at the same time.
COMPILE := $(BIN)/python -m compileall -q -j 2 lfr_core streams flows apps tests/support && \
           $(BIN)/python -m tests.support.compile_tests
# Hundreds of processes start in the tests: where this is set (it is in many containers), each compiles what it imports.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test test-fast test-pages test-long faults mutants fuzz check fmt bench clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install everything this machine lacks, below this folder; quick the second time
	@$(SETUP) --for setup

demo: ## Watch a live deployment on a rendered street (ARGS="--headless --json out.json")
	@$(SETUP) --for demo$(if $(findstring --headless,$(ARGS)),-headless)
	@$(BIN)/lfr demo $(ARGS)

up: ## Start the platform: broker, gallery, workers, the operator's page; Ctrl-C stops it
	@$(SETUP) --for up
	@$(BIN)/lfr up $(ARGS)

down: ## Stop it from another terminal
	@if [ -x $(BIN)/lfr ]; then $(BIN)/lfr down $(ARGS); else echo "nothing is installed here, so nothing runs"; fi

# Three, for two processors: a fourth has servers of its own to start, which costs more than waiting does (docs/testing.md).
test: ## Run all tests but the long ones (ARGS="-k camera -x"); what the machine lacks is skipped with a reason
	@$(SETUP) --for test
	@$(COMPILE)
	@$(BIN)/pytest --ignore=tests/repository -m "not slow" -n 3 --dist loadfile --no-loadscope-reorder --durations=20 $(ARGS)

test-fast: ## Run the unit tests alone: no service is started, no model loaded
	@$(SETUP) --for test
	@$(COMPILE)
	@$(BIN)/pytest tests/unit -m "not slow and not models and not kafka and not postgresql and not browser" -n 2 --dist worksteal --durations=20 $(ARGS)

test-pages: ## Run every test of the pages in a real browser, the long ones too
	@$(SETUP) --for test
	@$(BIN)/pytest tests/browser -n 3 --dist loadfile --no-loadscope-reorder --durations=20 $(ARGS)

test-long: ## Run the longer suite: kills, restarts, outages, many times over
	@$(SETUP) --for test
	@$(COMPILE)
	@$(BIN)/pytest -m slow -n 2 --dist loadfile --no-loadscope-reorder --durations=20 $(ARGS)

faults: ## Try every family of faults with each of SEEDS=3 seeds; prints what was accounted for, lost and doubled
	@$(SETUP) --for test
	@LFR_FAULT_SEEDS=$(SEEDS) LFR_REQUIRE=kafka,models,postgresql,tpm \
	$(BIN)/pytest -m fault -n 2 --dist loadfile --no-loadscope-reorder --timeout 900 $(ARGS)

mutants: ## Change gate, lifecycle, accounting, vault and rates one place at a time: do their unit tests notice?
	@$(SETUP) --for mutants
	@$(BIN)/python scripts/mutants.py $(ARGS)

fuzz: ## Give each parser of what comes from outside a million inputs (ARGS="photograph --inputs 10000")
	@$(SETUP) --for fuzz
	@$(BIN)/python -m tests.fuzz.run $(ARGS)

check: ## Lint, format, layers, lock file, types, environment and repository guards; names all faults at once
	@$(SETUP) --for check
	@status=0; run() { echo "-- $$*"; "$$@" || status=1; }; \
	run $(BIN)/ruff check --quiet .; \
	run $(BIN)/ruff format --check --quiet .; \
	run $(BIN)/lint-imports; \
	run .tools/uv/bin/uv lock --check --quiet; \
	run $(BIN)/mypy; \
	run env MYPYPATH=scripts:. $(BIN)/mypy scripts; \
	run $(BIN)/pytest -q tests/repository; \
	if [ $$status = 0 ]; then echo "make check: all is well"; else echo "make check: see above"; fi; exit $$status

fmt: ## Mend what can be mended by itself: lint, format, the record's schema, tables and the map in the documents
	@$(SETUP) --for check
	@$(BIN)/python scripts/doc_tables.py
	@$(BIN)/python scripts/context_map.py
	@$(BIN)/python scripts/record_schema.py
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: ## Each goal of speed and recall, what this machine measures, and why where it isn't reached (ARGS="--only search")
	@$(SETUP) --for test
	@$(BIN)/python -m bench.table $(ARGS)

clean: ## Remove what can be made again; never var/lfr, which may hold records
	rm -rf .venv .tools mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
