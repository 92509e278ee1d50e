# Two commands are enough: `make demo` and `make test`. Each prepares .venv on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
OPERATE := $(VENV)/.operate

.PHONY: demo test check bench format image sbom audit clean

demo: $(STAMP)
	@$(BIN)/sigwatch demo

test: $(STAMP)
	$(BIN)/pytest --numprocesses 3 --dist load --maxschedchunk 1 --cov --cov-report=
	@$(BIN)/coverage report --fail-under=95 --include='$(PURE)' --skip-covered

# Rooms whose decisions are pure; they are held to 95 % of lines and branches.
PURE := sigwatch/model/*,sigwatch/plan/*,sigwatch/match/*,sigwatch/incident/*,sigwatch/knowledge/*,sigwatch/polling/*,sigwatch/redact/*,sigwatch/config/*,sigwatch/search.py,sigwatch/dialect.py,sigwatch/rarity.py,sigwatch/matching.py,sigwatch/pipeline.py,sigwatch/pattern.py,sigwatch/compose.py,sigwatch/telling.py,sigwatch/routing.py,sigwatch/chronicle.py,sigwatch/commands.py,sigwatch/chat/actions.py,sigwatch/outbox/*,sigwatch/findings.py,sigwatch/report/*,sigwatch/past/slices.py,sigwatch/past/begun.py,sigwatch/past/ranges.py,sigwatch/past/estimate.py,sigwatch/scan/folding.py,sigwatch/scan/timestamps.py,sigwatch/scan/plain.py,sigwatch/scan/records.py,sigwatch/scan/envelopes.py,sigwatch/scan/formats.py,sigwatch/scan/pages.py,sigwatch/publish/key.py,sigwatch/publish/traits.py,sigwatch/publish/words/*,sigwatch/publish/slack/blocks.py,sigwatch/publish/slack/buttons.py,sigwatch/publish/slack/card.py,sigwatch/publish/slack/digest.py,sigwatch/publish/slack/limits.py,sigwatch/publish/slack/markup.py,sigwatch/publish/slack/outcome.py,sigwatch/publish/slack/thread.py

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sigwatch check signatures
	$(BIN)/pytest tests/contract/test_architecture.py tests/contract/test_docs.py

# Minutes each; what they gave is kept in docs/benchmarks.md.
bench: $(STAMP)
	$(BIN)/python -m tests.bench.bench_reload
	$(BIN)/python -m tests.bench.bench_planning
	$(BIN)/python -m tests.bench.bench_latency
	$(BIN)/python -m tests.bench.bench_chaos
	$(BIN)/python -m tests.bench.bench_steady
	$(BIN)/python -m tests.bench.bench_exactly_once
	$(BIN)/python -m tests.bench.bench_storm
	$(BIN)/python -m tests.bench.bench_crowd
	$(BIN)/python -m tests.bench.bench_outage
	$(BIN)/python -m tests.bench.bench_redaction
	$(BIN)/python -m tests.bench.bench_matching
	$(BIN)/python -m tests.bench.bench_scan
	$(BIN)/python -m tests.bench.bench_backfill
	$(BIN)/python -m tests.bench.bench_state_cost
	$(BIN)/python -m tests.bench.bench_start
	$(BIN)/python -m tests.bench.bench_capacity
	$(BIN)/python -m tests.bench.bench_replicas
	$(BIN)/python -m tests.bench.bench_soak

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Built by what there is, or by BUILDER. PIP_CONF names settings of pip that the build uses and the image does not keep.
IMAGE ?= sigwatch:$(VERSION)
BUILDER ?= $(shell command -v buildah || command -v podman || command -v docker)
BUILD_ARGS ?=
PIP_CONF ?=
comma := ,
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' sigwatch/__init__.py)
REVISION = $(shell git describe --always --dirty --abbrev=40 2>/dev/null || echo unknown)

image:
	@test -n "$(BUILDER)" || { echo "no buildah, podman or docker here: install one, or name it with BUILDER="; exit 1; }
	$(BUILDER) build --tag $(IMAGE) --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) \
	  $(if $(PIP_CONF),--secret id=pip.conf$(comma)src=$(PIP_CONF)) $(BUILD_ARGS) .

# What runs, and nothing that only builds or tests it.
RUNTIME := build/runtime
RUNS := $(RUNTIME)/requirements.txt

sbom: $(OPERATE) $(RUNS)
	@mkdir -p dist
	@sed 's/^dynamic = \["version"\]/version = "$(VERSION)"/' pyproject.toml > $(RUNTIME)/pyproject.toml
	@$(BIN)/cyclonedx-py environment --pyproject $(RUNTIME)/pyproject.toml --output-reproducible \
	  --output-file dist/sbom.json $(RUNTIME)/bin/python
	@echo "dist/sbom.json: what sigwatch $(VERSION) consists of, as CycloneDX"

# Ends with 0 where nothing is known against them; .ci/audit.py says how it ends otherwise.
audit: $(OPERATE) $(RUNS)
	@$(BIN)/python .ci/audit.py $(RUNS) $(AUDIT_ARGS)

$(RUNS): $(STAMP) pyproject.toml constraints.txt
	@rm -rf $(RUNTIME)
	@$(PYTHON) -m venv --without-pip $(RUNTIME)
	@$(BIN)/pip --python $(RUNTIME)/bin/python install --quiet --disable-pip-version-check --constraint constraints.txt .
	@$(BIN)/pip --python $(RUNTIME)/bin/python freeze --disable-pip-version-check --exclude sigwatch > $@

clean:
	rm -rf $(VENV) dist build .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "sigwatch needs Python 3.11 or newer; name one with: make PYTHON=python3.12 demo"; exit 1; }
	@echo "preparing $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(OPERATE): $(STAMP)
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[operate]'
	@touch $@
