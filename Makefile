# make demo | run | doctor | cache-stats | test | check | bench | eval | train | prompts | exports | screenshots | lock
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEV_READY := $(VENV)/.dev-ready
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo run doctor cache-stats test check lint types layers bench eval eval-compare eval-judge train check-figures prompts exports settings benchmark screenshots lock clean

help:
	@echo "make demo    a real requisition through the whole workflow, printed"
	@echo "make run     serve on http://localhost:5000; PORT=5001 make run: on another port"
	@echo "make doctor  examine settings, database and key; cache-stats: count the questions of the cache"
	@echo "make test    run all tests"
	@echo "make check   lint, format, layers, types, tests"
	@echo "make bench   measure, as ratios within one run"
	@echo "make eval    run the sample requisitions and measure what comes back"
	@echo "make eval-compare A=<run> B=<run>    two runs side by side; eval-judge: by Claude, paid"
	@echo "make train   learn the weights of the checks from the labelled sentences; check-figures: only measure them"
	@echo "make screenshots    pictures of all pages, into docs/screens/"
	@echo "make prompts write docs/prompts.md; exports: docs/exports.md; settings: docs/settings.md; benchmark: the tables of docs/benchmark.md"

$(READY): requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the service needs ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(DEV_READY): $(READY) requirements-dev.txt
	@echo "Installing what its development needs ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

demo: $(READY)
	@$(BIN)/python -m scripts.demo $(SAMPLE)

run: $(READY)
	@exec $(BIN)/python app.py

doctor: $(READY)
	@exec $(BIN)/flask --app app doctor

cache-stats: $(READY)
	@exec $(BIN)/flask --app app cache stats

# Most tests wait for a server or a clock, so more at a time than there are usually cores.
test: $(DEV_READY)
	$(BIN)/python -m pytest -n 4 --dist worksteal

check: lint layers types test

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

layers: $(DEV_READY)
	PYTHONPATH=. $(BIN)/lint-imports --no-cache

types: $(DEV_READY)
	$(BIN)/mypy

bench: $(DEV_READY)
	$(BIN)/python -m benchmarks

# RUN: its name. ONLY: requisitions, by the names of their files. AT_A_TIME: how many are under way together.
eval: $(READY)
	@$(BIN)/python -m evals run $(if $(RUN),--name "$(RUN)") $(if $(AT_A_TIME),--at-a-time $(AT_A_TIME)) $(ONLY)

eval-compare: $(READY)
	@$(BIN)/python -m evals compare "$(A)" "$(B)"

eval-judge: $(READY)
	@$(BIN)/python -m evals judge $(if $(AT_A_TIME),--at-a-time $(AT_A_TIME)) "$(A)" "$(B)"

# How well texts of unknown authors are judged is written into docs/checks.md.
train: $(DEV_READY)
	@$(BIN)/python -m scripts.train_checks

check-figures: $(DEV_READY)
	@$(BIN)/python -m scripts.train_checks --figures

prompts: $(READY)
	$(BIN)/python -m evals.render_prompts

# Measured from the starter library and from what is kept in evals/material/.
benchmark: $(READY)
	@$(BIN)/python -m evals.benchmark

exports: $(READY)
	$(BIN)/python -m scripts.render_exports

settings: $(READY)
	$(BIN)/python -m scripts.render_settings

# In Chromium, with pages of a service of its own.
screenshots: $(DEV_READY)
	$(BIN)/python -m scripts.screenshots

# Pins with the hashes of all files of a release, for every architecture; each lock is within the limits of the one before.
# Local folders of packages are ignored: hashes of files that only one machine has are of no use to others.
lock: $(DEV_READY)
	for name in requirements requirements-tracing requirements-pdf requirements-dev; do \
	  env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE=/dev/null \
	  $(BIN)/pip-compile --quiet --no-strip-extras --no-emit-index-url --no-emit-find-links --no-header \
	    --generate-hashes --allow-unsafe --annotation-style=line --output-file $$name.txt $$name.in || exit 1; \
	done

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache htmlcov .coverage
