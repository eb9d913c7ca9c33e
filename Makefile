# `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup build pebble demo demo-down test lint deny bench

TARGET := x86_64-unknown-linux-gnu
RELEASE := target/$(TARGET)/release/charmwright
# Where the demo's project and model live.
DEMO ?= demo

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install or build what the tests and the demo need
	@integration/setup.sh

build: ## Build the release executable
	cargo build --release --locked
	@ls -l $(RELEASE)

pebble: ## Build the Pebble that the local model runs
	@integration/pebble.sh

demo: setup build ## The tutorial, from an empty directory to a visitors count
	@integration/demo.sh $(DEMO)

demo-down: ## End what `make demo` left running, and remove its directory
	@integration/demo-down.sh $(DEMO)

test: setup ## All tests
	cargo test --locked

lint: ## Formatting and clippy, warnings as errors
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

deny: ## Licences, sources and duplicates of the dependencies
	cargo deny --locked check bans licenses sources

bench: setup build ## Time what is promised; prints a table
	@integration/bench/run.sh
