# A fresh machine needs Python 3.11 to 3.13 and make; the rest is installed below .venv, once, from the lock.

PYTHON ?=
VENV ?= .venv
COMPANY ?= data/sample/company.toml
AS_OF ?= 2026-10-31
WORKERS ?= 2
BIN := $(VENV)/bin
# twice quiet: errors only, because warnings name the addresses a machine is set up with
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install report test notebooks example lint format lab bench sample lock clean

help: ## show this list
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "PYTHON=/path/to/python3 chooses another Python (3.11 to 3.13); COMPANY= and AS_OF= another report."

install: $(VENV)/.installed ## make .venv with the locked packages (the other targets do it when needed)

report: install ## the monthly report of the sample ledger -> reports/2026-10-31 (COMPANY=, AS_OF= for another)
	$(BIN)/paycurve report "$(COMPANY)" --as-of "$(AS_OF)"

test: install ## all tests: code, doctests, then the notebooks against their committed outputs (WORKERS= for more cores)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile tests src
	rm -rf reports/draft
	$(BIN)/python -m pytest --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg notebooks/*.ipynb

notebooks: install ## run the notebooks again on the sample ledger and keep their outputs
	rm -rf reports/draft
	$(BIN)/jupyter nbconvert --log-level ERROR --to notebook --inplace --execute \
	    --ClearMetadataPreprocessor.enabled=True --ClearMetadataPreprocessor.preserve_cell_metadata_mask=tags \
	    notebooks/*.ipynb notebooks/explore/*.ipynb

example: report ## keep the sample's report in reports/example and its page 1 as the README's picture (needs pdftoppm)
	mkdir -p reports/example
	cp "reports/$(AS_OF)/credit-risk-report.pdf" reports/example/
	pdftoppm -r 100 -f 1 -l 1 -singlefile -png reports/example/credit-risk-report.pdf docs/images/page-1

lint: install ## ruff (rules and format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install ## rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lab: install ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

bench: install ## time every benchmark below benchmarks/
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit; done

sample: install ## make the shipped sample ledger again, byte for byte, from its seed
	$(BIN)/paycurve simulate data/sample --invoices 24000 --seed 1

lock: install ## pin all dependencies anew in requirements.lock, for all platforms, with hashes
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --all-extras --python-version 3.11 \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean: ## remove caches and build results; reports and .venv stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info
	find src tests notebooks benchmarks \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

# Whether an interpreter is one of 3.11 to 3.13 is asked of itself: a name on the path may be a stub that does not run.
$(VENV)/.made:
	@fits() { "$$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1; }; \
	if fits $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1; then touch $@; exit; fi; \
	for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
	    if fits "$$python"; then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "paycurve needs Python 3.11, 3.12 or 3.13; $(or $(PYTHON),python3) is" \
	        "$$($(or $(PYTHON),python3) --version 2>/dev/null || echo missing). Name one: make PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	fi; \
	"$$found" -m venv --clear $(VENV) && touch $@

$(VENV)/.locked: requirements.lock $(VENV)/.made
	@echo "Installing the locked packages into $(VENV); this takes a few minutes, once."
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.locked
	@$(PIP) install --no-build-isolation --no-deps -e .
	@touch $@
