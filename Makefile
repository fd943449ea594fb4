# `make test` and `make demo` need Python >= 3.11, make and a package index; nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install test docs demo lint lock clean
install: .venv/.installed

# uv installs the locked set in seconds; where it is to be had from nowhere, pip does the same.
.venv/.installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	if $(BIN)/python -m pip install -q uv 2>/dev/null; then \
	  $(BIN)/uv pip install -q --python $(BIN)/python -r requirements.lock && \
	  $(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e . ; \
	else \
	  $(BIN)/python -m pip install -q -r requirements.lock && \
	  $(BIN)/python -m pip install -q --no-deps -e . ; \
	fi
	touch $@

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyrefly check
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

docs: install
	$(BIN)/mkdocs serve

demo: install
	$(BIN)/python -m experiments.demo --workdir runs/demo

lint: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/pyrefly check

# The lock names versions only, no addresses, for every supported Python.
lock: install
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --no-header --no-annotate \
	  --python-version 3.11 -o requirements.lock

clean:
	rm -rf .venv build dist *.egg-info runs tests/.jax_cache
