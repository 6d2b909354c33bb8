# Two commands set everything up: `make demo` and `make test`.  Each makes .venv when there is none.
#
#   make PYTHON=python3.12 demo    builds the environment from another Python (3.11 or newer)

PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test lint browser train evaluate honesty bench readme pictures walk clean

help:
	@echo "make demo       install what the app needs, start it, print its address"
	@echo "make test       install what the tests need, check style and types, run all tests"
	@echo "make lint       style and types only"
	@echo "make train      train the forecaster anew; better weights replace weights/forecast"
	@echo "make evaluate   measure weights/forecast on the benchmark sets"
	@echo "make honesty    measure the calibration of the bands and the worth of the gradient"
	@echo "make bench      time the page: start, weight, answers, memory, 50 visitors at once"
	@echo "make readme     bring the results and the tree in README.md up to date"
	@echo "make pictures   draw the figures in docs/ and take the screenshots"
	@echo "make walk       take the first walk of docs/walkthrough.md anew, from a fresh clone"
	@echo "make clean      remove the environment and the caches"

demo: .venv/app
	$(BIN)/python -u app.py

# A file of tests stays on one core: what it sets up for all of them is made once.
test: lint browser
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: .venv/tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

train: .venv/training
	$(BIN)/python -m training.fit forecast

evaluate: .venv/training
	$(BIN)/python -m training.evaluate weights/forecast --baselines

honesty: .venv/training
	$(BIN)/python -m training.honesty weights/forecast

bench: .venv/tests browser
	$(BIN)/python docs/page_time.py
	$(BIN)/python docs/bench.py
	$(BIN)/python -m training.speed weights/forecast

readme: .venv/app
	$(BIN)/python docs/readme.py

pictures: .venv/tests browser
	$(BIN)/python docs/figures.py
	$(BIN)/python docs/pictures.py

walk: .venv/tests browser
	$(BIN)/python docs/walkthrough.py

# The tests drive a real browser: one that is installed, or Debian's, or the one Playwright brings.
browser: .venv/tests
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	     && apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q chromium; } \
	|| $(BIN)/playwright install chromium \
	|| { echo "No browser: install Chromium (on Debian: apt-get install chromium), then run make test again."; exit 1; }

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv \
	|| { rm -rf .venv; echo "No venv module (on Debian: apt-get install python3-venv)."; exit 1; }

# Stamps: an environment is brought up to date when the file that lists its packages changes.
.venv/app: requirements.txt | .venv/pyvenv.cfg
	@echo "Installing what the app needs into .venv, about 1.5 GB; this takes a few minutes …"
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/training: training/requirements.txt training/series-requirements.txt requirements.txt | .venv/pyvenv.cfg
	$(BIN)/python -m pip install -q --disable-pip-version-check -r training/requirements.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -r training/series-requirements.txt
	@touch $@

.venv/tests: tests/requirements.txt training/requirements.txt requirements.txt | .venv/pyvenv.cfg
	$(BIN)/python -m pip install -q --disable-pip-version-check -r tests/requirements.txt
	@touch $@
