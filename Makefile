# make install  one environment, .venv, with everything
# make demo     install, then the main job on a shipped recording
# make test     install, then lint, types and all tests
PYTHON ?= $(shell for v in 3.11 3.12 3.13; do command -v python$$v; done 2>/dev/null | head -n 1)
STAMP := .venv/.installed

.PHONY: install demo test lint types unit integration live bench clean
install: $(STAMP)

$(STAMP): pyproject.toml scripts/make-venv.sh
	sh scripts/make-venv.sh "$(PYTHON)"
	.venv/bin/python -m pip install --quiet --progress-bar off -e '.[model,train,dev]'
	@touch $(STAMP)

demo: install
	.venv/bin/rid-telephony demo

test: install lint types
	.venv/bin/python -m pytest

lint: install
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: install
	.venv/bin/mypy

unit integration live: install
	.venv/bin/python -m pytest tests/$@

bench: install
	.venv/bin/python -m pytest -s tests/bench

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
