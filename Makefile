# `make` lists the targets. Each is a thin name for a script or a command that works by itself.
.DEFAULT_GOAL := help
TORTURE ?= --runs 3 --seconds 200
.PHONY: help run test fresh torture old-clients generators clips tars file-names check format types serve audit coverage bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## install what is needed, serve at http://127.0.0.1:8000 with its own MongoDB and a sample of jobs
	scripts/run

test: ## install what is needed, run every gate and all tests
	scripts/test

fresh: ## both README commands in clones, with an empty home: oldest and newest pip and Python, odd machines; FRESH=--all
	scripts/fresh $(FRESH)

torture: ## ten minutes of load and faults on three replicas and two instances; TORTURE="--seeds 1,2,3 --seconds 200"
	scripts/install all
	.venv/bin/python -m tests.torture $(TORTURE)

clips: ## encode clips of every shape with every codec and into every container, ten minutes
	CLIPS=all .venv/bin/python -m pytest tests/system/transcoding/test_shapes.py

tars: ## read TARS=500 tars of every program that writes them, changed, appended and cut, beside GNU tar
	scripts/debian golang-go
	TARS=$(or $(TARS),500) .venv/bin/python -m pytest tests/system/tars

old-clients: ## twenty days of the clients of the earlier systems, killed at every step; OLD_CLIENTS_RUNS=20
	scripts/install all
	OLD_CLIENTS_RUNS=$${OLD_CLIENTS_RUNS:-20} .venv/bin/python -m pytest tests/system/old_clients

generators: ## make clients of the description with openapi-python-client and openapi-generator (Java), and call with them
	scripts/install all
	.venv/bin/python -m tests.generators

file-names: ## copy trees with 2,000 names of every script and form, odd bytes, links and pipes, a few minutes
	FILE_NAMES=2000 .venv/bin/python -m pytest tests/system/transfers/test_names.py

check: ## the gates without the tests: lint, format, types, import contracts
	scripts/check

format: ## mend what ruff can mend, and format
	scripts/install all
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

serve: ## serve without the sample; MONGODB_URL names a database, else a private one is started
	scripts/install run
	.venv/bin/job-service serve

audit: ## ask about known vulnerabilities of the installed packages
	scripts/audit

coverage: ## all tests, with the lines and branches they miss
	scripts/install all
	.venv/bin/python -m pytest -n 2 --dist loadgroup --cov --cov-report term --cov-report html

bench: ## measure the service beside its limits and its peers, half an hour on an idle machine; see docs/performance.md
	scripts/install all
	.venv/bin/python -m benchmarks --peers

lock: ## renew poetry.lock after a change of the dependencies in pyproject.toml
	scripts/lock

clean: ## remove the environment and all caches; the data in .job-service/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
