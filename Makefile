.PHONY: demo page test chaos faults export-env test-export lint format docs

demo: ## Cluster sample photos, or those of IMAGES=directory
	@scripts/bootstrap
	.venv/bin/cairn demo $(if $(IMAGES),--images "$(IMAGES)")

page: ## Watch the same as a page in a browser, until Ctrl-C
	@scripts/bootstrap serve
	.venv/bin/cairn demo --serve $(if $(IMAGES),--images "$(IMAGES)")

test: ## Run all tests, against a real Kafka where it can be had; ARGS goes to pytest
	@scripts/bootstrap test
	@# Without Kafka its tests skip, unless CAIRN_REQUIRE_KAFKA=1 makes them fail.
	@[ ! -x scripts/bootstrap-kafka ] || scripts/bootstrap-kafka || [ -z "$$CAIRN_REQUIRE_KAFKA" ]
	@# As for the browser; CAIRN_REQUIRE_BROWSER=1 makes its tests fail where it is missing.
	@[ ! -x scripts/bootstrap-browser ] || scripts/bootstrap-browser || [ -z "$$CAIRN_REQUIRE_BROWSER" ]
	.venv/bin/python -m pytest $(ARGS)

chaos: ## Kill workers 200 times, stop the broker 10 times; CHAOS_KILLS, CHAOS_OUTAGES, CHAOS_SEED
	@scripts/bootstrap test
	@scripts/bootstrap-kafka
	RECOVERY_RUNS=20 RECOVERY_FRESH=1 .venv/bin/python -m pytest tests/recovery/test_folder_killed.py
	CHAOS_KILLS=$${CHAOS_KILLS:-200} CHAOS_OUTAGES=$${CHAOS_OUTAGES:-10} CAIRN_REQUIRE_KAFKA=1 \
		.venv/bin/python -m pytest -s tests/chaos

faults: ## The long form of the tests of rebalances, bad lines, poison, full disks and logging in
	@scripts/bootstrap test
	@scripts/bootstrap-kafka
	FAULTS_LONG=1 CAIRN_REQUIRE_KAFKA=1 .venv/bin/python -m pytest --durations=0 \
		$(addprefix tests/kafka/test_,$(addsuffix .py,bad_line changing_hands clock coming_and_going \
		delivery disk_full login rebalance_storm stopped zombie))

export-env: ## Make .venv-export, which turns PyTorch models into ONNX; about 6 GB
	@scripts/bootstrap export

test-export: ## Test `cairn models export` with PyTorch; ARGS goes to pytest
	@scripts/bootstrap export
	HF_HUB_OFFLINE=1 .venv-export/bin/python -m pytest tests/export -W ignore $(ARGS)

lint: ## Check style, formatting and types
	@scripts/bootstrap lint
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format: ## Put the code into shape
	@scripts/bootstrap lint
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

docs: ## Write docs/settings.md anew
	@scripts/bootstrap
	.venv/bin/python -c 'from cairn.describe import describe; from cairn.sections import Settings; print(describe(Settings), end="")' > docs/settings.md
