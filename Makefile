# tiles: set up, try, check. Everything lies in .venv and ./demo; nothing outside this folder is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup demo test lint check bench clean

help: ## Show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP) ## Make .venv and install everything

$(STAMP): pyproject.toml constraints.txt
	@sh .ci/setup "$(PYTHON)" "$(VENV)"
	@touch $(STAMP)

demo: $(STAMP) ## Sample photos to a measured, exported model in ./demo; then predict one photo
	@sh .ci/demo "$(CURDIR)/$(BIN)"

test: $(STAMP) ## All tests: unit, integration, end to end; three files at a time, as many wait for others; the slowest first
	"$(BIN)/python" -m pytest -n 3 --dist loadfile --no-loadscope-reorder tests

lint: $(STAMP) ## ruff, mypy, import-linter
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"

check: lint ## lint and unit tests
	"$(BIN)/python" -m pytest tests/unit

bench: $(STAMP) ## Speed, as ratios measured side by side
	"$(BIN)/tiles" bench

clean: ## Remove .venv, ./demo and caches
	rm -rf "$(VENV)" demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
