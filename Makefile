# Everything a contributor or CI does, one job a command. `make help` lists them.
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .tools/bin/uv
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
# once for all processes, for where Python may not write what it compiled: half of a start is that
export UV_COMPILE_BYTECODE := 1

# behind a company's proxy only the system's certificates are right, on a bare system only uv's
fetch = $(UV) --no-progress $(1) || $(UV) --system-certs $(1)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-quick lint format lock clean
.PHONY: bench-peers bench-quality bench-page bench-origins bench-scale bench-smoke bench-lock
.PHONY: bench-serving bench-feast bench-features bench-features-lock bench-desk bench-forecast

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

setup: .venv/ready ## Make .venv with everything the lock names

# pip's --target needs neither the venv module nor leave to touch the system's packages
$(UV):
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools uv==$(UV_VERSION)

.venv/ready: requirements.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(call fetch,pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock)
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Simulate a company, train, print this week's list and the forecast
	$(BIN)/dealcast demo

# two workers on few cores: the threads of BLAS would spin while the other worker waits
test test-quick: export OPENBLAS_NUM_THREADS := 1

test: setup lint ## Lint and run every test
	$(BIN)/pytest -n 2 --dist loadfile

test-quick: setup ## Run the tests that take seconds
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

lint: setup ## Style, types and the order of the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(UV) ## Resolve the dependencies anew; read the diff before you commit it
	$(UV) pip compile --quiet --universal --generate-hashes --no-annotate --upgrade \
		--python-version 3.11 --group dev --extra spark --extra dask pyproject.toml \
		--output-file requirements.lock

bench-peers: .venv-peers/ready ## Make .venv-peers with the peers of the quality race

.venv-peers/ready: benchmarks/quality/peers/requirements.lock | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-peers
	$(call fetch,pip sync --quiet --require-hashes --python .venv-peers/bin/python $<)
	@touch $@

# such as ONLY="--dataset simulated --contender autogluon --clock 300"
bench-quality: setup bench-peers ## Run the race (hours; goes on where it stopped; ONLY=…), write its page
	$(BIN)/python -m benchmarks.quality run $(ONLY)
	$(BIN)/python -m benchmarks.quality page

bench-page: setup ## Judge the race's results anew and write its page
	$(BIN)/python -m benchmarks.quality page

bench-origins: setup ## Backtest the loan log and a simulated company at rolling origins, write the page
	$(BIN)/python -m benchmarks.quality origins $(ONLY)

bench-scale: setup ## Train on a million snapshots and score ten thousand deals, on the clock
	$(BIN)/python -m benchmarks.quality scale

bench-desk: setup ## Measure what the list captures where the true effect is known, the allocation, and pages; write the page
	$(BIN)/python -m benchmarks.desk captured
	$(BIN)/python -m benchmarks.desk allocation
	$(BIN)/python -m benchmarks.desk pages

bench-forecast: setup ## Look back at forecasts of a simulated company (minutes a seed; ONLY=…), write the page
	$(BIN)/python -m benchmarks.forecast run $(ONLY)

bench-smoke: setup bench-peers ## Try every contender on a small task with a short clock (minutes)
	rm -rf benchmarks/quality/work/smoke
	$(BIN)/python -m benchmarks.quality run --dataset smoke --clock 20 --work benchmarks/quality/work/smoke
	$(BIN)/python -m benchmarks.quality page --work benchmarks/quality/work/smoke --out benchmarks/quality/work/smoke
	@! grep "No result" benchmarks/quality/work/smoke/RESULTS.md

bench-serving: setup ## Put the same load to Dealcast and to what else could serve the booster (minutes)
	$(BIN)/python -m benchmarks.serving $(ONLY)

bench-lock: $(UV) ## Resolve the peers anew; read the diff before you commit it
	$(UV) pip compile --quiet --universal --generate-hashes --no-annotate --upgrade \
		--python-version 3.11 benchmarks/quality/peers/requirements.in \
		--output-file benchmarks/quality/peers/requirements.lock

bench-feast: .venv-feast/ready ## Make .venv-feast with Feast, a peer of the features

.venv-feast/ready: benchmarks/features/peers/requirements.lock | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-feast
	$(call fetch,pip sync --quiet --require-hashes --python .venv-feast/bin/python $<)
	@touch $@

# such as ONLY="--contender polars --contender duckdb --deals 10000"
bench-features: setup bench-feast ## Time features from 10,000 to a million deals (an hour; ONLY=…), write its page
	$(BIN)/python -m benchmarks.features run $(ONLY)
	$(BIN)/python -m benchmarks.features page

bench-features-lock: $(UV) ## Resolve Feast anew; read the diff before you commit it
	$(UV) pip compile --quiet --universal --generate-hashes --no-annotate --upgrade \
		--python-version 3.11 benchmarks/features/peers/requirements.in \
		--output-file benchmarks/features/peers/requirements.lock

clean: ## Remove what setup and the tests made
	rm -rf .venv .venv-peers .venv-feast .tools .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
