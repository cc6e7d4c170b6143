# Headcount. Every target sets up what it needs, from nothing; see CONTRIBUTING.md.
#   make run           start the window (without a display: count the demo clip and print the table)
#   make check         the quick checks before a commit: lint, types, layers, documentation, fast tests; no TensorFlow
#   make test          everything: the same checks, every test, TensorFlow for the training tests, coverage
#   make fuzz          every parser under atheris for a minute each (Linux; SECONDS=10 for less), new examples for the property tests
#   make docs          the documentation as a site, under out/site
#   make bench         the measurements of benchmarks/
#   make package       the frozen program and its installers, under dist/
#   make test-package  installs the .deb into a clean Debian root and runs it there
#   make test-container  builds the container of `headcount serve` and uses it, without a container runtime
#   make screenshots   the pictures of the README and the manual, from the real program
SHELL := /bin/sh
VENV ?= .venv
PACKAGE_VENV ?= .venv-package
PY := $(VENV)/bin/python
SOURCE ?=
PYTEST_ARGS ?=
# Empty where PYTEST_ARGS names a part of the tests: the floor in pyproject.toml is for all of them.
COVERAGE ?= $(if $(PYTEST_ARGS),,--cov)
# The tests run in this many processes; a part of them in one, so that what it prints can be seen.
JOBS ?= $(if $(PYTEST_ARGS),0,$(shell getconf _NPROCESSORS_ONLN))
# Warnings of TensorFlow's own start-up, about the CPU it found, are no news here.
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: help run check test fuzz lint docs hooks bench package frozen test-package test-frozen test-container screenshots demo lock clean distclean

help:
	@sed -n '2,12p' Makefile

run:
	@tools/run.sh "$(VENV)" $(SOURCE)

check: lint
	$(PY) -m pytest -q -m "not slow and not train and not servers" $(PYTEST_ARGS)

test:
	@tools/setup.sh system window servers browser
	@tools/setup.sh train "$(VENV)"
	@$(MAKE) --no-print-directory lint
	HEADCOUNT_REQUIRE_TRAIN=$${HEADCOUNT_REQUIRE_TRAIN-1} $(PY) -m pytest -n $(JOBS) --maxprocesses 4 --dist worksteal $(COVERAGE) $(PYTEST_ARGS)

SECONDS ?= 60

fuzz:
	@tools/setup.sh test "$(VENV)"
	@$(PY) -c "import atheris" 2>/dev/null || $(PY) -m pip install --quiet --require-hashes -r requirements/fuzz.txt
	$(PY) -m tests.fuzz.run --seconds $(SECONDS)
	$(PY) -m pytest -q -m hypothesis --hypothesis-profile=explore

lint:
	@tools/setup.sh system window
	@tools/setup.sh test "$(VENV)"
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m tools.draw_architecture --check
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet --strict

docs:
	@tools/setup.sh test "$(VENV)"
	$(PY) -m tools.draw_architecture
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet --strict
	@echo "headcount: open out/site/index.html"

# Runs the formatter and the other quick checks at every commit of this checkout.
hooks:
	@tools/setup.sh test "$(VENV)"
	$(VENV)/bin/pre-commit install

bench:
	@tools/setup.sh system window
	@tools/setup.sh train "$(VENV)"
	@tools/bench.sh "$(PY)"

frozen:
	@tools/setup.sh system window package
	@tools/setup.sh package "$(PACKAGE_VENV)"
	@packaging/build.sh frozen "$(PACKAGE_VENV)"

package:
	@tools/setup.sh system window package
	@tools/setup.sh package "$(PACKAGE_VENV)"
	@packaging/build.sh all "$(PACKAGE_VENV)"

test-frozen:
	@packaging/test_frozen.sh dist/headcount

test-package:
	@tools/setup.sh system package
	@packaging/test_package.sh

test-container:
	@tools/setup.sh system container
	@packaging/test_container.sh

screenshots:
	@tools/setup.sh system window servers
	@tools/setup.sh run "$(VENV)"
	@tools/screenshots.sh "$(PY)"

demo:
	@tools/setup.sh run "$(VENV)"
	$(PY) tools/demo/make_demo.py

lock:
	@tools/lock_requirements.sh

clean:
	rm -rf build dist out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -path './.venv*' -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV) $(PACKAGE_VENV)
