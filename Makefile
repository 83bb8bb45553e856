# Everything a developer runs. ARGS goes to the program: make demo ARGS="--json --seed 7"
SWIFT ?= swift
ARGS ?=
# What `swift build` prints is progress, not output: it goes to standard error, so that standard output is the program's alone.
BUILD_DEBUG = $(SWIFT) build
# Without macros, since compiling swift-syntax for release takes longer than everything else; in a folder of its own, since it is another set of traits.
BUILD_BENCH = $(SWIFT) build -c release --disable-default-traits --scratch-path .build-bench

.PHONY: help build demo test lint bench docs-check system-packages test-packages clean
.DEFAULT_GOAL := help

help: ## This list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 20

build: system-packages ## Build everything, for debugging
	@$(BUILD_DEBUG) 1>&2

demo: system-packages ## 1,000 charges and 3,376 airports through kill -9 (ARGS=--json, ARGS="--seed 7")
	@$(BUILD_DEBUG) --product cookbook 1>&2
	@"$$($(BUILD_DEBUG) --show-bin-path)/cookbook" demo $(ARGS)

test: test-packages ## All tests (ARGS="--filter NAME" for some)
	@$(BUILD_DEBUG) --build-tests 1>&2
	@scripts/run-tests $(ARGS)

lint: ## Format and house rules, strictly
	@$(SWIFT) format lint -r --strict --parallel Sources Tests Examples Benchmarks Package.swift
	@scripts/check-rules
	@scripts/check-docs
	@echo "lint: clean"

bench: system-packages ## Throughput and latency beside the bare engines (ARGS=--json, ARGS="--only push-1 --engine redis")
	@$(BUILD_BENCH) --product relier-bench 1>&2
	@"$$($(BUILD_BENCH) --show-bin-path)/relier-bench" $(ARGS)

docs-check: ## Whether the code that documents quote is the code that compiles
	@scripts/check-docs

system-packages:
	@scripts/system-packages

test-packages:
	@scripts/system-packages --tests

clean: ## Remove what was built
	@$(SWIFT) package clean
