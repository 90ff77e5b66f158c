# GNU make. See README.md; `make DEVELOPER=1` for strict warnings as errors.

VERSION = 0.1.0
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=

CC ?= cc
CFLAGS ?= -O2 -g
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
PKG_CONFIG ?= pkg-config
B = build
Q = $(if $(V),,@)

SYSTEM := $(shell uname -s)
LIBRARIES = jansson yaml-0.1 zlib $(if $(filter Linux,$(SYSTEM)),libmd)
FLAGS = -std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DHOMELAB_VERSION='"$(VERSION)"' -Iinclude -pthread \
	$(shell $(PKG_CONFIG) --cflags $(LIBRARIES))
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
LIBRARY_OBJECTS = $(LIBRARY_SOURCES:%.c=$(B)/%.o)
OBSERVER_OBJECTS = $(B)/src/observer/main.o
TEST_OBJECTS = $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/*.c))
DEMO_OBJECTS = $(B)/contrib/demo/overview.o

all: $(B)/homelab-observer

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC      $<'
	$(Q)$(CC) $(FLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(B)/libhomelab.a: $(LIBRARY_OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/homelab-observer: $(OBSERVER_OBJECTS) $(B)/libhomelab.a
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/unit-tests: $(TEST_OBJECTS) $(B)/libhomelab.a
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(shell $(PKG_CONFIG) --libs check)

-include $(LIBRARY_OBJECTS:.o=.d) $(OBSERVER_OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) \
	$(DEMO_OBJECTS:.o=.d)

# --- the demo: a realistic homelab, folded -------------------------------------

$(B)/overview: $(B)/contrib/demo/overview.o $(B)/libhomelab.a
	@echo '  LINK    $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

demo: $(B)/homelab-observer $(B)/overview
	@rm -rf demo && mkdir demo
	@cp -R fixtures/homelab/events fixtures/homelab/inventory fixtures/homelab/hosts \
		fixtures/homelab/state demo/
	$(B)/homelab-observer --root demo --settle 0 --now "$$(cat fixtures/homelab/now)"
	@$(B)/overview demo/world
	@echo && echo "The world is in demo/world; look at demo/world/incidents.json."

# --- checks --------------------------------------------------------------------

HISTORIES ?= $(if $(SANITIZE),60,200)
SEED ?= 1

check: $(B)/homelab-observer $(B)/unit-tests
	$(B)/unit-tests
	$(PYTHON) -B -m unittest discover -q -s tests/oracle
	$(PYTHON) -B -m unittest discover -q -s tests/schemas
	OBSERVER=$(B)/homelab-observer $(PYTHON) -B -m unittest discover -q -s tests/program
	$(PYTHON) -B tests/fixtures/rules.py
	$(PYTHON) -B tests/fixtures/run.py --observer $(B)/homelab-observer
	$(PYTHON) -B tests/property/history.py --observer $(B)/homelab-observer \
		--count $(HISTORIES) --seed $(SEED)

C_FILES = $(wildcard src/*/*.[ch] include/homelab/*.h tests/unit/*.[ch] contrib/demo/*.c)

lint: FLAGS += -Wall -Wextra
lint:
	clang-format --dry-run -Werror $(C_FILES)
	clang-tidy --quiet --warnings-as-errors='*' $(wildcard src/*/*.c) -- $(FLAGS) 2>/dev/null
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --force \
		--enable=warning,performance,portability \
		'-Djson_array_foreach(a,i,v)=while((i=f(a))&&(v=g(a)))' \
		'-Djson_object_foreach(o,k,v)=while((k=f(o))&&(v=g(o)))' \
		'-Djson_object_foreach_safe(o,n,k,v)=while((k=f(o))&&(v=g(o)))' -Iinclude src
	cd man && mandoc -T lint *.5 *.8
	shellcheck contrib/bootstrap.sh .ci/run

# --- installing ----------------------------------------------------------------

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8
	install -m 755 $(B)/homelab-observer $(DESTDIR)$(BINDIR)/
	install -m 644 man/*.5 $(DESTDIR)$(MANDIR)/man5/
	install -m 644 man/*.8 $(DESTDIR)$(MANDIR)/man8/
	install -d $(DESTDIR)$(UNITDIR)
	sed 's,/usr/bin/,$(BINDIR)/,' contrib/systemd/homelab-observer.service \
		>$(DESTDIR)$(UNITDIR)/homelab-observer.service
	install -m 644 contrib/systemd/homelab-observer.timer $(DESTDIR)$(UNITDIR)/
	chmod 644 $(DESTDIR)$(UNITDIR)/homelab-observer.service

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/homelab-observer
	rm -f $(patsubst man/%,$(DESTDIR)$(MANDIR)/man5/%,$(wildcard man/*.5))
	rm -f $(patsubst man/%,$(DESTDIR)$(MANDIR)/man8/%,$(wildcard man/*.8))
	rm -f $(DESTDIR)$(UNITDIR)/homelab-observer.service
	rm -f $(DESTDIR)$(UNITDIR)/homelab-observer.timer

clean:
	rm -rf build demo

.PHONY: all demo check lint install uninstall clean
.DELETE_ON_ERROR:
