# SPDX-License-Identifier: Apache-2.0
# The commands of the project. Each is a thin call; the work is in CMake, scripts/ and e2e/.
.PHONY: all run demo test e2e soak fuzz down bench check
.DEFAULT_GOAL := all

all:
	@scripts/deps build
	@scripts/build release

run: all
	build/radarx-agent serve

demo:
	@e2e/demo

test:
	@scripts/test

e2e:
	@e2e/run

soak:
	@e2e/soak

fuzz:
	@scripts/fuzz

down:
	@e2e/down

bench:
	@bench/run

check:
	@scripts/check
