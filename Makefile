# Two commands for a newcomer: `make run` and `make test`. Everything else is for those who work on it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help run test install install-test debian lint bench bench-intake check pictures faults secure clean

help:            ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install     ## set up and start everything: database, broker, intake, engine, web, replay
	@exec $(BIN)/brain up

test: debian install-test   ## set up and run the whole suite, on TimescaleDB too where it is there
	@scripts/test.sh $(ARGS)

install: $(VENV)/.installed
install-test: $(VENV)/.installed-test

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "需要 Python 3.11 或更新版本（$$($(PYTHON) --version)）；可用 make run PYTHON=python3.12 指定"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "建立虚拟环境失败；Debian/Ubuntu 请先安装 python3-venv"; exit 1; }

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "安装依赖（首次约需几分钟，取决于网速）……"
	@$(BIN)/pip install --quiet --progress-bar on -e . || { echo "安装失败：请检查到 PyPI（或内网镜像）的网络，再运行一次"; exit 1; }
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/.installed
	@$(BIN)/pip install --quiet --progress-bar on -e '.[test]'
	@touch $@

debian:
	@scripts/debian-packages.sh chromium fonts-noto-cjk mosquitto

lint: install-test   ## ruff, pyright and eslint (the first two are in `make test`, too)
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@scripts/eslint.sh

bench: debian install-test   ## measure: grid, intake, latency, memory; writes bench/
	@$(BIN)/python -m tests.bench

bench-intake: debian install-test   ## measure intake with one seeded trace, 1 and 2 workers; writes bench/intake.md
	@$(BIN)/python -m tests.bench.bench_trace

faults: debian install-test   ## prove the delivery promise: kills, outages, poison, damage; prints a certificate
	@$(BIN)/python -m tests.faults

secure: debian install-test   ## who may see and do what, and the API called with whatever fits or breaks its description, at length
	@BRAIN_MATRIX=whole BRAIN_SCHEMA_EXAMPLES=$${BRAIN_SCHEMA_EXAMPLES:-200} $(BIN)/python -m pytest tests/authority $(ARGS)

check: install   ## the operator's checks against the running demo
	@$(BIN)/brain check

pictures: debian install-test   ## pictures of the three readers from the running demo, into docs/pictures
	@$(BIN)/brain pictures

clean:           ## remove the virtual environment (data in var/ stay)
	@rm -rf $(VENV)
