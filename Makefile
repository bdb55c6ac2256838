# The two commands that do everything: `make demo` and `make test`. Each sets up its own environment first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO := demo-output

.PHONY: help demo test lint check wheel clean

help:
	@echo "make demo    train two small networks, break them, run every solver, print the leaderboard"
	@echo "make test    run the tests"
	@echo "make lint    check style and types"
	@echo "make wheel   build sdist and wheel, and try the wheel in a clean environment"
	@echo "make clean   remove the environment and everything that was generated"

# Remade only when the requirements change: a second call installs nothing.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "netjigsaw needs Python 3.11 or newer (PYTHON=...)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[plot,dev]'
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/netjigsaw generate reassembly --preset tiny --seed 1 --out $(DEMO)/tiny
	@$(BIN)/netjigsaw generate reassembly --preset small --seed 1 --out $(DEMO)/small
	@$(BIN)/netjigsaw run $(DEMO)/tiny $(DEMO)/small --results $(DEMO)/results --timeout 15s --jobs 2
	@$(BIN)/netjigsaw show $(DEMO)/tiny --out $(DEMO)/tiny.png
	@$(BIN)/netjigsaw show $(DEMO)/results --puzzle $(DEMO)/tiny --puzzle $(DEMO)/small --out $(DEMO)/results.png
	@$(BIN)/netjigsaw leaderboard --results $(DEMO)/results --format plain
	@echo
	@echo "puzzles  $(DEMO)/tiny  $(DEMO)/small    answers  $(DEMO)/answers"
	@echo "results  $(DEMO)/results               pictures $(DEMO)/tiny.png  $(DEMO)/results.png"

test: $(INSTALLED)
	$(BIN)/python -m pytest

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

check: lint test

wheel: $(INSTALLED)
	tests/wheel/try_wheel $(BIN)/python

clean:
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks
