# Every target works from a fresh clone on Debian 12 or later with a Swift 6.3 toolchain; `make` alone lists them.

SWIFT ?= swift
PYTHON ?= python3
PREFIX ?= /usr/local
DESTDIR ?=
# A system's configuration lives in /etc; a private installation keeps its own.
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)

# The same flags everywhere: another set would build everything once more. The loader looks for libraries in the
# system's places alone, and binds all functions at the start, so that it can make their table read-only.
SWIFT_FLAGS := -c release --disable-local-rpath -Xlinker -z -Xlinker now
export SWIFT SWIFT_FLAGS

REQUIREMENTS := Acceptance/requirements.txt
SHELL_SCRIPTS := .ci/run Fuzz/run $(wildcard .ci/*.sh bench/*/*.sh etc/slurm/*.sh Acceptance/slurm-rig/*.sh) demo/build demo/run etc/hook/profile.d/customs.sh \
    etc/hook/containers/ch-run-customs
# What a centre takes from to switch the hook on.
DEPLOYED = $(shell find etc/hook etc/slurm -type f)
SPANK := .build/spank/spank_customs.so
HOOK_FILES = $(shell cd sitecustomize && find . -type f ! -name '*.pyc' ! -path '*/__pycache__/*' ! -name '.*')

.DEFAULT_GOAL := help
.PHONY: help packages build unit demo test test-all lint check-linkage sbom fuzz bench install spank

help: ## print this list
	@echo "usage: make TARGET"
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
	    while IFS='	' read -r target text; do printf '    %-14s %s\n' "$$target" "$$text"; done

demo: ## run Python programs under the hook against a daemon of their own, and show what it saw (CUSTOMS_BIN=DIR: with these binaries)
	@[ -n "$$CUSTOMS_BIN" ] || MAKE="$(MAKE)" demo/build
	@PYTHON=$(PYTHON) demo/run

test: build .venv-test/installed ## run every test; the last line adds up all suites
	@.ci/packages.sh test
	@.ci/test.sh

test-all: ## the same with all seeds, and with all combinations of what hardly has to do with each other
	@CUSTOMS_TEST_ALL=1 $(MAKE) --no-print-directory test

build: packages ## release binaries at .build/release/customsd and .build/release/customs
	@.ci/commit.sh Sources/CVersion
	@echo "Building: the first time takes about eight minutes on two cores"
	@# The longest chain of modules begins; what does not depend on it fills the other cores later.
	@$(SWIFT) build $(SWIFT_FLAGS) --target Hummingbird
	@$(SWIFT) build $(SWIFT_FLAGS)

unit: packages ## run the unit tests of the Swift modules alone (FILTER=MergeTests: those of this name)
	@.ci/commit.sh Sources/CVersion
	@$(SWIFT) build $(SWIFT_FLAGS) --product customsPackageTests
	@$(SWIFT) test $(SWIFT_FLAGS) --skip-build $(if $(FILTER),--filter $(FILTER))

spank: $(SPANK) ## build the SPANK plugin, an alternative to the TaskProlog (needs libslurm-dev)

$(SPANK): etc/slurm/spank_customs.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE -O2 -fPIC -shared -Wall -Wextra -Werror -o $@ $<

packages: # the system packages that building needs, where they are missing
	@.ci/packages.sh build

.venv-test/installed: $(REQUIREMENTS)
	@.ci/packages.sh build
	@echo "Making the tests' virtual environment"
	@$(PYTHON) -m venv --clear .venv-test
	@.venv-test/bin/python -m pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	@touch $@

lint: .venv-test/installed ## formatting and static checks of Swift, C, Python and shell
	$(SWIFT) format lint --strict -r Sources Tests Package.swift
	for file in Sources/C*/*.c; do $(CC) -std=gnu17 -fsyntax-only -Wall -Wextra -Werror -I"$${file%/*}/include" "$$file" || exit; done
	.venv-test/bin/ruff check .
	.venv-test/bin/python .ci/prose.py
	.venv-test/bin/python .ci/layout.py
	.venv-test/bin/python .ci/promises.py
	.ci/subjects.sh
	.venv-test/bin/ruff format --check .
	.venv-test/bin/mypy --strict
	.venv-test/bin/shellcheck $(SHELL_SCRIPTS)

check-linkage: ## refuse programs that contain the full Foundation, need a Swift runtime, or are linked carelessly
	@.ci/linkage.sh --self-test
	@.ci/linkage.sh .build/release/customsd
	@.ci/linkage.sh --hardened .build/release/customsd .build/release/customs

SBOM := .build/customs.cdx.json

sbom: build ## write the software bill of materials of the programs (CycloneDX), .build/customs.cdx.json
	@$(PYTHON) .ci/sbom.py .build/release > $(SBOM).new
	@mv $(SBOM).new $(SBOM)
	@echo $(SBOM)

FUZZ_SECONDS ?= 60

fuzz: packages ## give random input to the parser, the framing of streams and the journal, FUZZ_SECONDS=60 each
	@Fuzz/run $(FUZZ_SECONDS)

# Each benchmark runs, whatever the ones before it have found.
bench: build ## run the benchmarks beside their peers, and print the ratios (BENCH=--quick for a short run)
	@failed=0; for run in bench/*/run; do \
	    echo "== $$run $(BENCH)"; "$$run" $(BENCH) || failed=$$?; \
	done; exit $$failed

install: ## install under PREFIX (default /usr/local), into DESTDIR if one is given; build first
	@test -x .build/release/customsd || { echo "install: run 'make build' first" >&2; exit 1; }
	@# Without symbols and debug information, which are two thirds of them.
	install -D -s -m 755 .build/release/customsd $(DESTDIR)$(PREFIX)/bin/customsd
	install -D -s -m 755 .build/release/customs $(DESTDIR)$(PREFIX)/bin/customs
	@for file in $(HOOK_FILES); do \
	    install -D -m $$([ -x "sitecustomize/$$file" ] && echo 755 || echo 644) "sitecustomize/$$file" "$(DESTDIR)$(PREFIX)/share/customs/sitecustomize/$$file" || exit; \
	done
	@mkdir -p $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed -e 's|@bindir@|$(PREFIX)/bin|g' -e 's|@sysconfdir@|$(SYSCONFDIR)|g' etc/systemd/customsd.service \
	    > $(DESTDIR)$(PREFIX)/lib/systemd/system/customsd.service
	sed -e 's|@bindir@|$(PREFIX)/bin|g' -e 's|@sysconfdir@|$(SYSCONFDIR)|g' etc/systemd/customs-keep.service \
	    > $(DESTDIR)$(PREFIX)/lib/systemd/system/customs-keep.service
	sed -e 's|@bindir@|$(PREFIX)/bin|g' -e 's|@sysconfdir@|$(SYSCONFDIR)|g' etc/systemd/customs-web.service \
	    > $(DESTDIR)$(PREFIX)/lib/systemd/system/customs-web.service
	install -D -m 644 etc/systemd/customs-keep.timer $(DESTDIR)$(PREFIX)/lib/systemd/system/customs-keep.timer
	install -D -m 644 etc/systemd/customsd.socket $(DESTDIR)$(PREFIX)/lib/systemd/system/customsd.socket
	install -D -m 644 etc/sysusers.d/customs.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/customs.conf
	install -D -m 644 etc/tmpfiles.d/customs.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/customs.conf
	@# A site's own configuration stays; the new default lies beside it.
	@target=$(DESTDIR)$(SYSCONFDIR)/customs/customsd.toml; \
	if [ -e "$$target" ] && ! cmp -s etc/customsd.toml "$$target"; then target="$$target.new"; fi; \
	echo "install etc/customsd.toml $$target"; install -D -m 644 etc/customsd.toml "$$target"
	@for relay in rsyslog/30-customs.conf syslog-ng/customs.conf; do \
	    install -D -m 644 "etc/$$relay" "$(DESTDIR)$(PREFIX)/share/customs/$$relay" || exit; \
	done
	install -D -m 644 etc/prometheus/customs.rules.yml $(DESTDIR)$(PREFIX)/share/customs/prometheus/customs.rules.yml
	@for file in $(DEPLOYED); do \
	    install -D -m $$([ -x "$$file" ] && echo 755 || echo 644) "$$file" \
	        "$(DESTDIR)$(PREFIX)/share/customs/deploy/$${file#etc/}" || exit; \
	done
	@if [ -e $(SPANK) ]; then install -D -m 755 $(SPANK) $(DESTDIR)$(PREFIX)/lib/slurm/spank_customs.so; fi
	install -D -m 644 etc/postgres/roles.sql $(DESTDIR)$(PREFIX)/share/customs/postgres/roles.sql
	@# Man pages and completions are made of what --help is made of.
	$(PYTHON) docs/man/generate.py .build/release/customs 1 $(DESTDIR)$(PREFIX)/share/man/man1
	$(PYTHON) docs/man/generate.py .build/release/customsd 8 $(DESTDIR)$(PREFIX)/share/man/man8
	@for place in bash:bash-completion/completions/customs zsh:zsh/site-functions/_customs \
	    fish:fish/vendor_completions.d/customs.fish; do \
	    file="$(DESTDIR)$(PREFIX)/share/$${place#*:}"; \
	    echo "completion $$file"; mkdir -p "$${file%/*}"; \
	    .build/release/customs --generate-completion-script "$${place%%:*}" > "$$file" || exit; \
	done
