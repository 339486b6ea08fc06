# `make demo` and `make test` need only Python >= 3.11 (with venv), make and git.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check lint unit integration screenshots benchmarks clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("veza-tui needs Python 3.11 or newer; run make PYTHON=python3.x") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo,s3,test]'
	$(BIN)/python -m compileall -q veza_tui
	touch $@

demo: $(STAMP)
	@exec $(BIN)/veza-tui demo $(ARGS)

test: check unit integration

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: $(STAMP)
	$(BIN)/pytest tests/unit -n 2

integration: $(STAMP)
	$(BIN)/pytest tests/integration -n 2 --dist loadscope

screenshots: $(STAMP)
	$(BIN)/python -m tests.tools.screenshots screenshots

benchmarks: $(STAMP)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV)
