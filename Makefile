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

LIBRARY_SOURCES = $(filter-out src/%/main.c,$(wildcard src/*/*.c))
LIBRARY_OBJECTS = $(LIBRARY_SOURCES:%.c=$(B)/%.o)
OBSERVER_OBJECTS = $(B)/src/observer/main.o
TEST_OBJECTS = $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/*.c))

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

-include $(LIBRARY_OBJECTS:.o=.d) $(OBSERVER_OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d)

clean:
	rm -rf build demo

.PHONY: all clean
