# The two commands that do everything: `make demo` and `make test`. Each sets up its own environment first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO := demo-output
CHROMIUM := $(or $(NETJIGSAW_CHROMIUM),$(shell command -v chromium || command -v chromium-browser || command -v google-chrome))
GATED := mini recovery-mini

.PHONY: help demo test lint docs check readme gate baseline wheel clean

help:
	@echo "make demo    make three puzzles, run solvers on them, print the leaderboard"
	@echo "make test    run the tests"
	@echo "make lint    check style and types"
	@echo "make docs    build the documents as a site, in build/site; a broken link fails"
	@echo "make readme  run every solver on the suite mini; put the table into README.md, and take its pictures"
	@echo "make gate    run the flagships on the mini suites and fail if they lost a puzzle that the baseline solved"
	@echo "make baseline  make these baselines anew, to be committed"
	@echo "make wheel   build sdist and wheel, and try the wheel in a clean environment"
	@echo "make clean   remove the environment and everything that was generated"

# Remade only when the requirements change: a second call installs nothing.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "netjigsaw needs Python 3.11 or newer (PYTHON=...)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[plot,dev,docs]'
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/netjigsaw generate reassembly --preset tiny --seed 1 --out $(DEMO)/tiny
	@$(BIN)/netjigsaw generate reassembly --preset small --seed 1 --out $(DEMO)/small
	@$(BIN)/netjigsaw generate recovery --preset relu --seed 1 --out $(DEMO)/hidden
	@$(BIN)/netjigsaw run $(DEMO)/hidden --solver flagship --results $(DEMO)/hidden-results --timeout 15s
	@$(BIN)/netjigsaw run $(DEMO)/tiny $(DEMO)/small --results $(DEMO)/results --timeout 15s --jobs 2
	@$(BIN)/netjigsaw show $(DEMO)/tiny --out $(DEMO)/tiny.png
	@$(BIN)/netjigsaw show $(DEMO)/results --puzzle $(DEMO)/tiny --puzzle $(DEMO)/small --out $(DEMO)/results.png
	@echo
	@echo "Next, for example:"
	@echo "  $(BIN)/netjigsaw solve $(DEMO)/tiny --solver flagship"
	@echo "  $(BIN)/netjigsaw leaderboard --results $(DEMO)/results --html $(DEMO)/board.html"
	@echo "  $(BIN)/netjigsaw new-solver my-solver"

# The tests of the page need a browser. Where there is none the others run, and a line says so; but with
# NETJIGSAW_REQUIRE_BROWSER set, as in continuous integration, its absence is a failure.
test: $(INSTALLED)
ifeq ($(or $(CHROMIUM),$(NETJIGSAW_REQUIRE_BROWSER)),)
	$(BIN)/python -m pytest -m "not browser"
	@echo "*** NOT TESTED: the leaderboard page in a browser. For that: apt-get install --no-install-recommends chromium" >&2
else
	$(BIN)/python -m pytest
endif

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# From scratch each time: Sphinx warns of a page when it reads it, so a second build of the same page would be silent.
docs: $(INSTALLED)
	@rm -rf build/site
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet --doctree-dir build/doctrees docs build/site
	@echo "site in build/site/index.html"

check: lint docs test

readme: $(INSTALLED)
	$(BIN)/python experiments/page/readme.py

gate: $(INSTALLED)
	@rm -rf build/gate
	@set -e; for suite in $(GATED); do \
	  $(BIN)/netjigsaw run $$suite --solver flagship --results build/gate/$$suite; \
	  $(BIN)/netjigsaw compare tests/baseline/$$suite build/gate/$$suite --strict; \
	done

# Rows only: raw answers are not needed to compare, and times of another machine could not be judged.
baseline: $(INSTALLED)
	@rm -rf build/baseline
	@set -e; for suite in $(GATED); do \
	  $(BIN)/netjigsaw run $$suite --solver flagship --results build/baseline/$$suite; \
	  rm -rf tests/baseline/$$suite; mkdir -p tests/baseline/$$suite; \
	  cp build/baseline/$$suite/rows-*.jsonl tests/baseline/$$suite/; \
	done

wheel: $(INSTALLED)
	tests/wheel/try_wheel $(BIN)/python

clean:
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks
