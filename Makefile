.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install -qq --no-input
LOCKED := $(INSTALL) --require-hashes --only-binary :all:
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile -q --universal \
	--python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate
# What benchmarks compare with, and what of it Trimtab does not need itself.
PEERS := agentpy mesa polars py_vollib QuantLib radcad \
	dill fn.py lets_be_rational multiprocess pathos piecewise_rational polars-runtime-32 pox ppft \
	SALib simplejson vollib
NOW := $(PYTHON) -c 'import time; print(time.time())'

.PHONY: help setup extras demo test check soak oracle mutants peers bench docs format lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.made:
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.run: .venv/.made requirements/run.txt pyproject.toml
	@$(LOCKED) -r requirements/run.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.txt
	@$(LOCKED) -r requirements/dev.txt
	@touch $@

setup: .venv/.run ## Make .venv with what running needs
	@:

extras: .venv/.dev ## Add what serve, tune and import need, and the tests
	@:

demo: ## Set up, then run the bundled example; both are timed
	@begun=$$($(NOW)) \
	&& $(MAKE) -s setup \
	&& ready=$$($(NOW)) \
	&& $(BIN)/trimtab demo \
	&& $(PYTHON) -c "print(f'set-up {$$ready - $$begun:.1f} s, run {$$($(NOW)) - $$ready:.1f} s')" >&2

test: .venv/.dev ## Run the tests
	@$(BIN)/python -m pytest -n 2 -q

check: .venv/.dev ## Lint, format, types, imports, dependencies, house rules, documents
	$(BIN)/ruff check -q .
	$(BIN)/ruff format -q --check .
	$(BIN)/mypy --strict --no-error-summary
	@log=$$($(BIN)/lint-imports 2>&1) || { echo "$$log"; exit 1; }
	@log=$$($(BIN)/deptry --no-ansi src 2>&1) || { echo "$$log"; exit 1; }
	$(BIN)/python -m pytest -q tests/house

soak: .venv/.dev ## Run the long seeded simulations
	@$(BIN)/python -m pytest -q -m soak

.venv/.oracle: .venv/.dev requirements/oracle.txt
	@log=$$($(LOCKED) -r requirements/oracle.txt 2>&1) || { \
		echo "oracle: pyrevm, eth-abi, web3 cannot be had: $$(grep -m 1 ERROR <<< "$$log")" >&2; exit 1; }
	@touch $@

oracle: .venv/.oracle ## Run the twins against real bytecode, which it takes from the registries
	@$(BIN)/python -m tests.oracle.packages
	@$(BIN)/python -m pytest -q -m oracle tests/oracle

mutants: .venv/.dev ## Break the twins in small ways; their tests have to notice
	@$(BIN)/python -m tests.mutation

.cache/peers/.made: .venv/.made requirements/peers.txt requirements/peers_newer.txt
	@rm -rf .cache/peers
	@$(LOCKED) --no-deps --target .cache/peers -r requirements/peers.txt
	@# Says that it needs Python 3.13; its wheel is pure and runs on this one.
	@$(LOCKED) --no-deps --target .cache/peers --ignore-requires-python \
		-r requirements/peers_newer.txt
	@touch $@

peers: .cache/peers/.made ## Bring what the benchmarks compare with, apart from .venv
	@:

bench: .venv/.dev ## Run the benchmarks, beside the peers if they are there
	@$(BIN)/python -m benchmarks

docs: .venv/.run ## Write the generated reference
	@$(BIN)/python docs/generate_commands.py

format: .venv/.dev ## Format the source, mend what lint can mend
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .

lock: ## Compile requirements/ afresh (needs uv)
	@$(COMPILE) pyproject.toml --group build -o requirements/run.txt
	@$(COMPILE) pyproject.toml --all-extras --group dev -c requirements/run.txt \
		-o requirements/dev.txt
	@$(COMPILE) pyproject.toml --extra service --group build -c requirements/dev.txt \
		-o requirements/service.txt
	@printf 'eth-abi>=6,<7\npyrevm==0.3.7\nweb3>=8,<9\n' \
		| $(COMPILE) - -c requirements/dev.txt -o requirements/oracle.txt
	@printf '%s\n' $(PEERS) | $(COMPILE) --no-deps - -o requirements/peers.txt
	@printf 'balabs-risk-kernel==1.0.2\n' \
		| $(subst 3.11,3.13,$(COMPILE)) --no-deps - -o requirements/peers_newer.txt

clean: ## Remove what make and the tools made
	@rm -rf .venv .oracle_cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@rm -rf build dist
	@find src tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
