# Two commands on a fresh machine with Python 3.11: `make demo` and `make test`.
PYTHON ?= python3.11
VENV ?= .venv
VIDEO ?= fixtures/swapped-one-face.mp4
OUT ?= demo-audit
JOBS ?= 2

.PHONY: demo test check setup clean schema

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@

demo: setup
	$(VENV)/bin/audit "$(VIDEO)" --out "$(OUT)"

test: setup
	$(VENV)/bin/python -m pytest -n $(JOBS) $(TESTS)

check: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

clean:
	rm -rf $(VENV) demo-audit

schema: setup
	$(VENV)/bin/python -m forensics.schema > schemas/record-1.schema.json
