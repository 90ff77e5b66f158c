# GNU make. See README.md; `make DEVELOPER=1` for strict warnings as errors.

VERSION = 0.1.0
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
SCHEMADIR ?= $(PREFIX)/share/homelab-observer/schemas
HOOKDIR ?= $(PREFIX)/share/homelab-observer/hooks
DASHBOARDDIR ?= $(PREFIX)/share/homelab-observer/dashboard
DOCDIR ?= $(PREFIX)/share/doc/homelab-observer
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
DESTDIR ?=

CC ?= cc
CFLAGS ?= -O2 -g
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
PKG_CONFIG ?= pkg-config
B = build
Q = $(if $(V),,@)

SYSTEM := $(shell uname -s)
LIBRARIES = jansson yaml-0.1 zlib $(if $(filter Linux,$(SYSTEM)),libmd)
AGENT_LIBRARIES = libcurl libprotobuf-c # of homelab-agent alone
# The BSDs hide what no standard has where one is asked for.
VISIBLE = $(if $(filter FreeBSD,$(SYSTEM)),-D__BSD_VISIBLE=1)$(if $(filter OpenBSD,$(SYSTEM)),-D_BSD_SOURCE)
FLAGS = -std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE $(VISIBLE) -D_FILE_OFFSET_BITS=64 \
	-DHOMELAB_VERSION='"$(VERSION)"' -Iinclude -pthread \
	-I$(B)/src/runtime $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) $(AGENT_LIBRARIES))
AGENT_LIBS = $(shell $(PKG_CONFIG) --libs $(AGENT_LIBRARIES))
LIBS = $(shell $(PKG_CONFIG) --libs $(LIBRARIES)) -pthread

ifdef DEVELOPER
FLAGS += -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wformat=2
endif
ifdef SANITIZE
B = build/sanitize
FLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LIBS += -fsanitize=address,undefined
endif

LIBRARY_SOURCES = $(filter-out %/main.c,$(wildcard src/*/*.c))
MESSAGES = $(B)/src/runtime/cri.pb-c # .c and .h, of the .proto
LIBRARY_OBJECTS = $(LIBRARY_SOURCES:%.c=$(B)/%.o) $(MESSAGES:=.o)
# A program is a folder of src with a main.c: homelab-NAME of src/NAME.
PROGRAMS = homelab-observer homelab-event homelab-status homelab-notify homelab-agent
PROGRAM_OBJECTS = $(PROGRAMS:homelab-%=$(B)/src/%/main.o)
TEST_OBJECTS = $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/*.c))
DISK_OBJECTS = $(patsubst %.c,$(B)/%.o,$(wildcard tests/disk/*.c))

# Of all programs, each by its own --help: contrib/completion/.
COMPLETIONS = $(PROGRAMS:%=$(B)/completion/bash/%) $(PROGRAMS:%=$(B)/completion/zsh/_%) \
	$(PROGRAMS:%=$(B)/completion/fish/%.fish)

all: $(PROGRAMS:%=$(B)/%) $(COMPLETIONS)

$(B)/completion/bash/%: contrib/completion/program.bash
	@mkdir -p $(@D) && sed 's/PROGRAM/$*/g' $< >$@

$(B)/completion/zsh/_%: contrib/completion/program.zsh
	@mkdir -p $(@D) && sed 's/PROGRAM/$*/g' $< >$@

$(B)/completion/fish/%.fish: contrib/completion/program.fish
	@mkdir -p $(@D) && sed 's/PROGRAM/$*/g' $< >$@

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC      $<'
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# Made of a .proto, and no part of what is checked or warned about.

$(B)/%.pb-c.c $(B)/%.pb-c.h: %.proto
	@mkdir -p $(@D)
	@echo '  PROTOC  $<'
	$(Q)protoc-c --proto_path=$(<D) --c_out=$(@D) $<

$(B)/%.pb-c.o: $(B)/%.pb-c.c
	$(Q)$(CC) $(filter-out -W%,$(FLAGS)) $(CFLAGS) $(CPPFLAGS) -w -c -o $@ $<

$(filter $(B)/src/runtime/%,$(LIBRARY_SOURCES:%.c=$(B)/%.o)): | $(MESSAGES:=.h)
.SECONDARY: $(MESSAGES:=.c) $(MESSAGES:=.h)

$(B)/libhomelab.a: $(LIBRARY_OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(PROGRAMS:%=$(B)/%): $(B)/homelab-%: $(B)/src/%/main.o $(B)/libhomelab.a
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/homelab-agent: LIBS += $(AGENT_LIBS)

$(B)/unit-tests: $(TEST_OBJECTS) $(B)/libhomelab.a
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(AGENT_LIBS) $(shell $(PKG_CONFIG) --libs check)

$(B)/disk-tests: $(DISK_OBJECTS) $(B)/libhomelab.a
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(AGENT_LIBS) $(shell $(PKG_CONFIG) --libs check)

$(B)/backend-driver: $(B)/tests/backend/driver.o $(B)/libhomelab.a
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(AGENT_LIBS)

$(B)/stepper: $(B)/tests/property/stepper.o $(B)/libhomelab.a
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

-include $(LIBRARY_OBJECTS:.o=.d) $(PROGRAM_OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) \
	$(DISK_OBJECTS:.o=.d)

# --- the demo: a realistic homelab, folded -------------------------------------

demo: $(B)/homelab-observer $(B)/homelab-status
	@rm -rf demo && mkdir demo
	@cp -R fixtures/homelab/events fixtures/homelab/inventory fixtures/homelab/hosts \
		fixtures/homelab/state demo/
	$(B)/homelab-observer --root demo --settle 0 --now "$$(cat fixtures/homelab/now)"
	@$(B)/homelab-status --root demo --now "$$(cat fixtures/homelab/now)"
	@echo && echo "The world is in demo/world; look at demo/world/incidents.json."

# The same with its week ending now and going on, seen by the dashboard.

DASHBOARD_PORT ?= 8080

dashboard: $(B)/homelab-observer
	$(PYTHON) -B contrib/demo/live.py --observer $(B)/homelab-observer --root $(B)/live \
		contrib/dashboard/serve.py --world $(B)/live/world --port $(DASHBOARD_PORT)

# --- checks --------------------------------------------------------------------

HISTORIES ?= $(if $(SANITIZE),60,200)
SEED ?= 1
CUTS ?= $(if $(SANITIZE),0,1)
FAILURES ?= $(if $(SANITIZE),4,1)
KILLS ?= $(if $(SANITIZE),2,1)

# In parts that don't mind each other: make -j2 -O check.

check: check-unit check-disk check-hostile check-fixtures check-histories

# The sanitizers say nothing about Python, and tests of whole programs with their
# patience take too long under them: SANITIZE=1 check-program, where there is time.
check: $(if $(SANITIZE),,check-models check-program check-backend)

# A process each, so a search for leaks in each would take most of the time; the
# other parts search.
check-unit: $(B)/unit-tests
	$(if $(SANITIZE),ASAN_OPTIONS=detect_leaks=0) $(B)/unit-tests

check-disk: $(B)/disk-tests
	CUTS=$(CUTS) FAILURES=$(FAILURES) KILLS=$(KILLS) $(B)/disk-tests

check-models:
	$(PYTHON) -B -m unittest discover -q -s tests/oracle
	$(PYTHON) -B -m unittest discover -q -s tests/schemas
	$(PYTHON) -B tests/fixtures/rules.py

check-program: all
	OBSERVER=$(B)/homelab-observer $(PYTHON) -B -m unittest discover -q -s tests/program

# Events and facts to HTTP servers of the tests' own; rsync to a control host.
check-backend: $(B)/backend-driver
	DRIVER=$(B)/backend-driver $(PYTHON) -B -m unittest discover -q -s tests/backend

check-hostile: all
	OBSERVER=$(B)/homelab-observer $(PYTHON) -B -m unittest discover -q -s tests/hostile

check-fixtures: all
	$(PYTHON) -B tests/fixtures/run.py --observer $(B)/homelab-observer

check-histories: all $(B)/stepper
	$(PYTHON) -B tests/property/history.py --observer $(B)/homelab-observer \
		--count $(HISTORIES) --seed $(SEED)
	$(PYTHON) -B tests/property/history.py --observer $(B)/homelab-observer \
		--count 1 --seed 7122 # a line waits for its file's return

# The package in a Debian of its own, under the real systemd. Where no container
# can be booted it says SKIP and why; with REQUIRE_HOST=1 that is a failure.

check-host: deb
	REQUIRE_HOST=$(REQUIRE_HOST) $(PYTHON) -B tests/host/run.py

# The unit tests that are tagged "threads", under ThreadSanitizer. Where the
# compiler has none it says SKIP.

THREAD = build/thread
THREAD_FLAGS = -O1 -g -fsanitize=thread

check-threads:
	@mkdir -p $(THREAD)
	+$(Q)if echo 'int main(void) { return 0; }' | \
		$(CC) $(THREAD_FLAGS) -x c -o $(THREAD)/none - 2>/dev/null && $(THREAD)/none; then \
		$(MAKE) B=$(THREAD) CFLAGS='$(THREAD_FLAGS)' $(THREAD)/unit-tests && \
		CK_FORK=no CK_INCLUDE_TAGS=threads $(THREAD)/unit-tests; \
	else echo 'SKIP check-threads: $(CC) has no ThreadSanitizer here'; fi

# AddressSanitizer, in every object then, goes with no other.
check: $(if $(SANITIZE),,check-threads)

# What needs others' programs: Prometheus, Alertmanager, servers on loopback.

check-live: all
	OBSERVER=$(B)/homelab-observer $(PYTHON) -B -m unittest discover -q -s tests/live

# homelab-agent with real container runtimes, started by the tests themselves. With
# REQUIRE_AGENT=1 a test that can't run is a failure; TESTS=NAME... are some of them.

check-agent: all $(B)/cri-make
	AGENT=$(B)/homelab-agent OBSERVER=$(B)/homelab-observer REQUIRE_AGENT=$(REQUIRE_AGENT) \
		$(PYTHON) -B tests/agent/run.py $(TESTS)

# Makes sandboxes and containers, as the kubelet does.
$(B)/cri-make: $(B)/tests/agent/cri-make.o $(B)/tests/agent/cri-make.pb-c.o $(B)/libhomelab.a
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(AGENT_LIBS)

$(B)/tests/agent/cri-make.o: FLAGS += -I$(B)/tests/agent
$(B)/tests/agent/cri-make.o: | $(B)/tests/agent/cri-make.pb-c.h
-include $(B)/tests/agent/cri-make.d

# The dashboard in a real browser, Debian's chromium; SCREENSHOTS is where pictures go,
# those of the README with SCREENSHOTS=contrib/dashboard/screenshots.

SCREENSHOTS ?= $(B)/screenshots

check-web: all
	cd tests/web && npm ci --ignore-scripts --no-audit --no-fund
	OBSERVER=$(B)/homelab-observer SCREENSHOTS=$(SCREENSHOTS) \
		node --test --test-concurrency=1 tests/web/*.test.js

C_FILES = $(wildcard src/*/*.[ch] include/homelab/*.h tests/*/*.[ch])

lint: FLAGS += -Wall -Wextra
lint: $(MESSAGES:=.h)
	clang-format --dry-run -Werror $(C_FILES)
	printf '%s\n' $(wildcard src/*/*.c) | xargs -n 8 -P "$$(getconf _NPROCESSORS_ONLN)" sh -c \
		'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- $(subst ','"'"',$(FLAGS)) 2>/dev/null' sh
	cppcheck -j "$$(getconf _NPROCESSORS_ONLN)" --quiet --std=c11 --error-exitcode=1 --inline-suppr --force \
		--enable=warning,performance,portability \
		'-Djson_array_foreach(a,i,v)=while((i=f(a))&&(v=g(a)))' \
		'-Djson_object_foreach(o,k,v)=while((k=f(o))&&(v=g(o)))' \
		'-Djson_object_foreach_safe(o,n,k,v)=while((k=f(o))&&(v=g(o)))' -Iinclude src
	! (cd man && mandoc -T lint *.[158] 2>/dev/null) | grep -v 'referenced manual not found'
	shellcheck contrib/bootstrap.sh .ci/run contrib/completion/program.bash \
		contrib/debian/*.prerm contrib/debian/*.postrm $(HOOKS)

# --- fuzzing: tests/fuzz, a target a file ----------------------------------------

FUZZ_TARGETS = event jsonl topology services checkpoint journal tree cri docker
FUZZ_SHARED = $(patsubst %,$(B)/tests/fuzz/%.o,check scratch trees)
FUZZ_OBJECTS = $(FUZZ_SHARED) $(FUZZ_TARGETS:%=$(B)/tests/fuzz/%.o) $(B)/tests/fuzz/driver.o
FUZZ_MAIN = $(B)/tests/fuzz/driver.o # or, with an engine, its own
FUZZ_SECONDS ?= 40
FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all

$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(FUZZ_SHARED) $(FUZZ_MAIN) $(B)/libhomelab.a
	@mkdir -p $(@D)
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(AGENT_LIBS) $(FUZZ_LIBS)

.SECONDARY: $(FUZZ_OBJECTS)
-include $(FUZZ_OBJECTS:.o=.d)

fuzz-targets: $(FUZZ_TARGETS:%=$(B)/fuzz/%)

# Every file of the corpora once, without an engine: what was found stays found.
check-corpora: fuzz-targets
	@TMPDIR=$$(mktemp -d) && export TMPDIR && trap 'rm -rf "$$TMPDIR"' EXIT && \
	for target in $(FUZZ_TARGETS); do \
		$(B)/fuzz/$$target tests/fuzz/corpus/$$target 2>$(B)/fuzz/$$target.log || \
		{ tail -n 40 $(B)/fuzz/$$target.log; exit 1; }; done

check: check-corpora

# Two engines, each target FUZZ_SECONDS long under both, two at a time: with 40 s
# five minutes, besides building three times.
check-fuzz:
	+$(Q)$(MAKE) B=build/fuzz/libfuzzer CC=clang FUZZ_MAIN= FUZZ_LIBS=-fsanitize=fuzzer \
		CFLAGS='$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link' fuzz-targets
	+$(Q)AFL_QUIET=1 $(MAKE) B=build/fuzz/afl CC=afl-clang-fast FUZZ_MAIN= \
		FUZZ_LIBS=-fsanitize=fuzzer CFLAGS='$(FUZZ_FLAGS)' fuzz-targets
	+$(Q)$(MAKE) B=build/fuzz/plain CC=clang CFLAGS='$(FUZZ_FLAGS)' fuzz-targets
	$(PYTHON) -B tests/fuzz/run.py --build build/fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# --- installing ----------------------------------------------------------------

MAN_SECTIONS = 1 5 8
UNITS = $(wildcard contrib/systemd/*)
EXAMPLES = cron compose prometheus sync
PAGE = $(patsubst contrib/dashboard/page/%,%, \
	$(wildcard contrib/dashboard/page/*.* contrib/dashboard/page/*/*))
HOOKS = $(filter-out %.jq,$(wildcard contrib/hooks/*))

install: all
	install -d $(DESTDIR)$(BINDIR) $(MAN_SECTIONS:%=$(DESTDIR)$(MANDIR)/man%) \
		$(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(TMPFILESDIR) $(DESTDIR)$(SCHEMADIR) \
		$(DESTDIR)$(HOOKDIR) $(DESTDIR)$(DASHBOARDDIR)/icons $(DESTDIR)$(DASHBOARDDIR)/view \
		$(DESTDIR)$(DOCDIR)/examples/dashboard
	install -m 755 $(PROGRAMS:%=$(B)/%) $(DESTDIR)$(BINDIR)/
	for section in $(MAN_SECTIONS); do \
		install -m 644 man/*.$$section $(DESTDIR)$(MANDIR)/man$$section/ || exit 1; done
	install -m 644 $(PROGRAMS:%=$(B)/completion/bash/%) $(DESTDIR)$(BASHDIR)/
	install -m 644 $(PROGRAMS:%=$(B)/completion/zsh/_%) $(DESTDIR)$(ZSHDIR)/
	install -m 644 $(PROGRAMS:%=$(B)/completion/fish/%.fish) $(DESTDIR)$(FISHDIR)/
	for unit in $(notdir $(UNITS)); do \
		sed 's,/usr/bin/,$(BINDIR)/,' contrib/systemd/$$unit >$(DESTDIR)$(UNITDIR)/$$unit && \
		chmod 644 $(DESTDIR)$(UNITDIR)/$$unit || exit 1; done
	install -m 644 contrib/sysusers.d/homelab.conf $(DESTDIR)$(SYSUSERSDIR)/
	install -m 644 contrib/tmpfiles.d/homelab.conf $(DESTDIR)$(TMPFILESDIR)/
	install -m 644 schemas/*.json $(DESTDIR)$(SCHEMADIR)/
	install -m 755 $(HOOKS) $(DESTDIR)$(HOOKDIR)/
	install -m 644 contrib/hooks/*.jq $(DESTDIR)$(HOOKDIR)/
	for file in $(PAGE); do \
		install -m 644 contrib/dashboard/page/$$file $(DESTDIR)$(DASHBOARDDIR)/$$file || exit 1; done
	install -m 644 contrib/dashboard/nginx.conf contrib/dashboard/Caddyfile \
		$(DESTDIR)$(DOCDIR)/examples/dashboard/
	install -m 644 README.md LICENSE $(DESTDIR)$(DOCDIR)/
	cp -R $(EXAMPLES:%=contrib/%) $(DESTDIR)$(DOCDIR)/examples/

uninstall:
	rm -f $(PROGRAMS:%=$(DESTDIR)$(BINDIR)/%)
	rm -f $(foreach section,$(MAN_SECTIONS), \
		$(patsubst man/%,$(DESTDIR)$(MANDIR)/man$(section)/%,$(wildcard man/*.$(section))))
	rm -f $(PROGRAMS:%=$(DESTDIR)$(BASHDIR)/%) $(PROGRAMS:%=$(DESTDIR)$(ZSHDIR)/_%) \
		$(PROGRAMS:%=$(DESTDIR)$(FISHDIR)/%.fish)
	rm -f $(patsubst contrib/systemd/%,$(DESTDIR)$(UNITDIR)/%,$(UNITS))
	rm -f $(DESTDIR)$(SYSUSERSDIR)/homelab.conf $(DESTDIR)$(TMPFILESDIR)/homelab.conf
	rm -rf $(DESTDIR)$(SCHEMADIR) $(DESTDIR)$(HOOKDIR) $(DESTDIR)$(DASHBOARDDIR) \
		$(DESTDIR)$(DOCDIR)
	-rmdir $(dir $(DESTDIR)$(SCHEMADIR))

# The Debian package, built from a copy of the sources.

DEB_SOURCES = Makefile LICENSE README.md contrib fixtures include man schemas src tests
DEB_DIR = build/deb/homelab-observer-$(VERSION)

deb:
	rm -rf $(DEB_DIR) build/homelab-observer_*
	mkdir -p $(DEB_DIR)
	tar -cf - --exclude=__pycache__ --exclude=node_modules $(DEB_SOURCES) | tar -xf - -C $(DEB_DIR)
	cp -R contrib/debian $(DEB_DIR)/debian
	cd $(DEB_DIR) && test "$$(dpkg-parsechangelog -S Version)" = $(VERSION)
	cd $(DEB_DIR) && dpkg-buildpackage --no-sign --build=binary
	lintian --fail-on error,warning,info,pedantic build/deb/homelab-observer_$(VERSION)_*.changes
	mv build/deb/homelab-observer_$(VERSION)_*.deb build/

clean:
	rm -rf build demo

.PHONY: check-backend check-unit check-disk check-models check-program check-hostile check-fixtures check-histories
.PHONY: all demo dashboard check check-corpora check-fuzz check-host check-live check-threads
.PHONY: check-agent check-web fuzz-targets lint install uninstall deb clean
.DELETE_ON_ERROR:

# --- the bench: figures at scale, no part of check -----------------------------

BENCH_FILES ?= 100000 1000000
BENCH_ROUNDS ?= 5
BENCH_OBJECTS = $(B)/tests/bench/tree.o $(B)/tests/bench/loop.o

$(B)/bench-tree $(B)/bench-loop: $(B)/bench-%: $(B)/tests/bench/%.o $(B)/libhomelab.a
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

-include $(BENCH_OBJECTS:.o=.d)

# A disk whose flushes take their time, where there is FUSE.
SLOW_DISK = $(shell $(PKG_CONFIG) --exists fuse3 2>/dev/null && echo $(B)/slowdisk)

$(B)/slowdisk: tests/bench/slowdisk.c
	@echo '  CC      $@'
	$(Q)$(CC) $(CFLAGS) $(FLAGS) $(shell $(PKG_CONFIG) --cflags fuse3) -o $@ $< \
		$(LDFLAGS) $(shell $(PKG_CONFIG) --libs fuse3)

bench: $(B)/homelab-observer $(B)/bench-tree $(B)/bench-loop $(SLOW_DISK)
	$(PYTHON) -B tests/bench/bench.py --build $(B) --files $(BENCH_FILES) \
		--rounds $(BENCH_ROUNDS)
	+$(Q)$(MAKE) bench-agent

# Where no container runtimes can be started it says SKIP.
bench-agent: all
	AGENT=$(B)/homelab-agent $(PYTHON) -B tests/bench/agent.py --build $(B)

.PHONY: bench bench-agent
# --- mutants: do the tests notice what is changed? -----------------------------

# MUTANTS=FILE... of some files only, MUTANTS_SAMPLE=N of N places by chance (SEED), JOBS=N.
MUTANTS_BUILD = build/mutants
JOBS ?= 1

mutants: $(MESSAGES:=.h)
	$(Q)$(MAKE) B=$(MUTANTS_BUILD)/plain CFLAGS=-O1 $(MUTANTS_BUILD)/plain/homelab-observer \
		$(MUTANTS_BUILD)/plain/unit-tests \
		$(if $(wildcard tests/disk/*.c),$(MUTANTS_BUILD)/plain/disk-tests)
	$(PYTHON) -B -m unittest discover -q -s tests/mutants
	$(PYTHON) -B tests/mutants/mutants.py --build $(MUTANTS_BUILD) \
		--flags "$(subst ",\",$(FLAGS))" \
		--libraries '$(LIBS) $(AGENT_LIBS) $(shell $(PKG_CONFIG) --libs check)' --jobs $(JOBS) \
		$(if $(MUTANTS_SAMPLE),--sample $(MUTANTS_SAMPLE) --seed $(SEED)) $(MUTANTS)

.PHONY: mutants
