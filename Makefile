# One command each, on any machine with Python 3.11 or later, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test check bench growth soak fuzz mutants audit docs messages lock clean

$(READY): requirements/dev.txt pyproject.toml hatch_build.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY)  ## the main job on the shipped samples
	PATH="$(CURDIR)/$(BIN):$$PATH" sh demo/run.sh

test: $(READY)  ## every test
	$(BIN)/python -m pytest -q -n auto

check: $(READY)  ## what can be seen without running
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## speed and memory, as ratios against a floor in the same run
	$(BIN)/python bench/run.py

growth: $(READY)  ## the import and the reports over 10 thousand to 5 million trips; a quarter of an hour, and 6 GB of disk
	$(BIN)/python bench/growth.py --picture docs/pictures/growth.svg

soak: $(READY)  ## the random years against the rulebook, and the crashes, for half an hour
	KLIMATVAXLING_HISTORIES=$${KLIMATVAXLING_HISTORIES:-100} KLIMATVAXLING_STEPS=$${KLIMATVAXLING_STEPS:-80} \
	KLIMATVAXLING_CRASH_POINTS=$${KLIMATVAXLING_CRASH_POINTS:-20} \
	  $(BIN)/python -m pytest -q -n auto tests/test_scheme_years.py tests/test_scheme_model.py tests/test_crash.py

fuzz: $(READY)  ## whatever can be typed, for FUZZ_SECONDS; what is found is kept in tests/corpus. FUZZ_OPTIONS=--atheris where atheris is installed
	$(BIN)/python tests/fuzz.py --seconds $${FUZZ_SECONDS:-300} --seed $${FUZZ_SEED:-1} $(FUZZ_OPTIONS)

mutants:  ## whether the tests notice every small change to a rule (docs/mutants.md); fetches mutmut for itself. MUTANTS="lots/ exact.py" for some
	$(PYTHON) -m venv .venv-mutants
	.venv-mutants/bin/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	.venv-mutants/bin/python -m pip install --quiet mutmut==3.8.1
	.venv-mutants/bin/python tests/mutants.py $(MUTANTS)

audit: $(READY)  ## known vulnerabilities of the pinned dependencies; needs the network, and fetches pip-audit for itself
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet pip-audit
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/run.txt
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/dev.txt

docs: $(READY)  ## write anew what the program says of itself: the reference, the shown outputs, the picture in README.md
	$(BIN)/python docs/make_reference.py
	KLIMATVAXLING_GOLDEN=write $(BIN)/python -m pytest -q tests/test_pages.py tests/test_picture.py

messages: $(READY)  ## bring the Swedish catalogue up to date with the messages in the code
	$(BIN)/pybabel -q extract -F babel.cfg --no-default-keywords -k N_ -k translate -k translate_plural:1,2 --no-location --sort-output --no-wrap \
	  -o .messages.pot src/klimatvaxling
	$(BIN)/pybabel -q update --no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \
	  -i .messages.pot -l sv -d src/klimatvaxling/language -D klimatvaxling
	rm -f .messages.pot

lock:  ## pin the newest versions anew (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-annotate --upgrade -o requirements/run.txt
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-header --no-annotate --upgrade -o requirements/dev.txt

clean:
	rm -rf $(VENV) .venv-audit .venv-mutants mutants .demo .bench dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
