# make install  one environment, .venv, with everything
# make demo     install, then the main job on a shipped recording
# make test     install, fetch a real Asterisk, phones and Chromium, then lint, types and all tests
# make pictures screenshots of panel and console in build/pictures, and those of the README
# make soak     thirty minutes of calls that come and go (RID_SOAK_MINUTES=5 for less)
PYTHON ?= $(shell for v in 3.11 3.12 3.13; do command -v python$$v; done 2>/dev/null | head -n 1)
STAMP := .venv/.installed

.PHONY: install demo test lint types unit integration live browser live-tools pictures soak bench clean
install: $(STAMP)

$(STAMP): pyproject.toml scripts/make-venv.sh
	sh scripts/make-venv.sh "$(PYTHON)"
	.venv/bin/python -m pip install --quiet --progress-bar off -e '.[model,freeswitch,server,nats,client,train,dev]'
	@touch $(STAMP)

demo: install
	.venv/bin/rid-telephony demo

test: install live-tools lint types
	.venv/bin/python -m pytest -rs

live-tools:
	bash scripts/live-tools.sh .live

lint: install
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: install
	.venv/bin/mypy

unit integration: install
	.venv/bin/python -m pytest tests/$@

live browser: install live-tools
	.venv/bin/python -m pytest -rs tests/$@

pictures: install live-tools
	.venv/bin/python scripts/console_pictures.py build/pictures
	.venv/bin/python scripts/console_pictures.py --readme

soak: install live-tools
	RID_SOAK_MINUTES=$${RID_SOAK_MINUTES:-30} .venv/bin/python -m pytest -s tests/live/test_live_soak.py

bench: install
	.venv/bin/python -m pytest -s tests/bench

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
