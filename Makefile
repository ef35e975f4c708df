# nacre is built by GNU make with gcc or clang (CC=clang-14). "make help" lists the targets; V=1 shows the commands.

SONAME = libnacre.so.0
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
VERSION = $(shell sed -n 's/^\#define NACRE_VERSION "\(.*\)"/\1/p' transport/api.h)

ifeq ($(origin CC),default)
CC = gcc
endif
PKG_CONFIG ?= pkg-config
OBJCOPY ?= objcopy
READELF ?= readelf
CLANG_VERSION ?= $(if $(filter 13%,$(file </etc/debian_version)),19,14)
CLANG ?= clang-$(CLANG_VERSION)
CLANG_FORMAT ?= clang-format-$(CLANG_VERSION)
CLANG_TIDY ?= clang-tidy-$(CLANG_VERSION)
Q = $(if $(V),,@)

# SAN=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer, SAN=thread with ThreadSanitizer, FUZZ=1 for libFuzzer,
# each into its own folder. DWARF 4, because valgrind 3.19 cannot read the version 5 that clang writes.
ifeq ($(SAN),thread)
BUILD ?= build/tsan
CFLAGS ?= -O1 -gdwarf-4 -fno-omit-frame-pointer
SANITIZE = -fsanitize=thread
else ifdef SAN
BUILD ?= build/asan
CFLAGS ?= -O1 -gdwarf-4 -fno-omit-frame-pointer
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
else ifdef FUZZ
BUILD ?= build/fuzz
CFLAGS ?= -O1 -gdwarf-4 -fno-omit-frame-pointer
SANITIZE = -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
else ifdef COVERAGE
BUILD ?= build/coverage
CFLAGS ?= -O0 -gdwarf-4
SANITIZE = --coverage -fprofile-update=atomic
else
BUILD ?= build
CFLAGS ?= -O2 -gdwarf-4 -D_FORTIFY_SOURCE=2
endif

# A warning of a newer compiler stops nobody from building; make check and .ci/run fail on it.
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
           -Wmissing-prototypes -Wvla $(if $(WERROR),-Werror)
ALL_CFLAGS = -std=c11 $(WARNINGS) -fPIC -fvisibility=hidden -fstack-protector-strong \
             -ffunction-sections $(SANITIZE) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed -Wl,--gc-sections \
              $(SANITIZE) $(LDFLAGS)

# pkg-config runs once, at first use: when make reads this, it may not be installed yet.
pkg_config = $(if $(filter undefined,$(origin $(1))),$(eval $(1) := $(shell $(PKG_CONFIG) $(2))))$($(1))
LIB_CFLAGS = $(call pkg_config,lib_cflags,--cflags libsodium libcrypto)
LIB_LIBS = $(call pkg_config,lib_libs,--libs libsodium libcrypto) -pthread
CHECK_CFLAGS = $(call pkg_config,check_cflags,--cflags check)
CHECK_LIBS = $(call pkg_config,check_libs,--libs check)

# Sources ---------------------------------------------------------------------------------

CORE_SRC = $(wildcard crypto/*.c transport/*.c auth/*.c connection/*.c)

# Rooms of apps/: those in the library, and those that programs share. apps/NAME/main.c is the program nacre-NAME.
LIB_ROOMS = session runtime files forward server connect
SHARED_ROOMS = options daemon confine terminal identity observe
PROGRAMS = $(patsubst apps/%/main.c,%,$(wildcard apps/*/main.c))

room_src = $(foreach r,$(1),$(wildcard apps/$(r)/*.c))
LIB_SRC = $(filter-out %_core.c,$(CORE_SRC) $(call room_src,$(LIB_ROOMS)))
# These single files are in the library too, but hidden there.
SHARED_SRC = $(call room_src,$(SHARED_ROOMS)) $(wildcard apps/session/errbuf.c transport/wire.c crypto/hash.c crypto/bytes.c \
             $(addprefix apps/files/,private_group.c trusted_file.c trusted_folder.c))
PROGRAM_SRC = $(filter-out %/main.c,$(call room_src,$(PROGRAMS)))

BUILD_PACKAGES = libc6-dev pkg-config libsodium-dev libssl-dev
CHECK_PACKAGES = binutils groff-base check cmake meson valgrind python3 python3-paramiko python3-asyncssh python3-cryptography python3-cffi libsqlite3-dev git expect tmux \
                 sshpass iproute2 tinysshd python3-twisted procps netbase vim openssh-client openssh-server putty-tools dropbear-bin ssh-audit \
                 openssl xauth \
                 tshark libssh-dev erlang-ssh libuv1-dev g++ zlib1g-dev libzstd-dev $(CLANG_FORMAT) \
                 haproxy nginx libnginx-mod-stream \
                 rsyslog systemd \
                 python3-yaml \
                 prometheus \
                 sshfs ansible-core \
                 man-db mandoc \
                 netcat-openbsd \
                 libssh2-1-dev ruby-net-ssh ruby-ed25519 ruby-bcrypt-pbkdf \
                 chromium fonts-dejavu-core nodejs $(if $(shell command -v npm),,npm)
DEB_PACKAGES = build-essential debhelper dpkg-dev lintian
DEV_PACKAGES = strace $(CLANG) libclang-rt-$(CLANG_VERSION)-dev $(CLANG_TIDY) \
               cppcheck shellcheck

# Build ----------------------------------------------------------------------------------------

# The other rules, each part in the folder that it is about
PARTS = apps/library.mk apps/apps.mk apps/packaging/packaging.mk apps/spec/spec.mk apps/trace/trace.mk tests/tests.mk tests/wrapped.mk tests/browser/browser.mk tests/interop/node/node.mk tests/check.mk tests/platforms.mk tests/fuzz/fuzz.mk tests/bench/bench.mk tests/course/course.mk tests/tools/lint.mk

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
ALL_OBJECTS = $(call objects,$(sort $(LIB_SRC) $(SANS_IO_SRC)) $(SHARED_SRC) $(PROGRAM_SRC) $(PROGRAMS:%=apps/%/main.c))
# Two jobs, unless the caller specified a number
jobs = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j2) --no-print-directory

all: lib programs man                       ## the library and the programs, in build/

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(BUILD)/libraries
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(PART_CFLAGS) -I. -MMD -MP -c -o $@ $<

# The core is plain C11; only crypto/ sees the two libraries, only apps/ and tests/ see the system.
# LARGE: files over 2 GiB and times after 2038, on 32-bit machines too
LARGE = -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
$(BUILD)/obj/crypto/%.o: PART_CFLAGS = $(LIB_CFLAGS)
$(BUILD)/obj/apps/%.o: PART_CFLAGS = -D_GNU_SOURCE $(LARGE) -pthread
$(BUILD)/obj/tests/%.o: PART_CFLAGS = -D_GNU_SOURCE $(LARGE) -pthread $(LIB_CFLAGS) $(CHECK_CFLAGS)

# These are rewritten only when they differ. Other flags or another compiler then cause a new compilation, and an added or
# removed file a new link.
$(BUILD)/flags: wanted = $(CC) $(ALL_CFLAGS) $(LARGE) $(ALL_LDFLAGS)
$(BUILD)/sources: wanted = $(LIB_SRC) $(SHARED_SRC) $(PROGRAM_SRC) $(TEST_HELPER_SRC)
# Objects whose source is gone: make pure and make layers read the whole folder.
remove_stale = find $(BUILD)/obj -name '*.o' 2>/dev/null | while read -r o; do s=$${o\#$(BUILD)/obj/}; \
	[ -e "$${s%.o}.c" ] || rm -f "$$o" "$${o%.o}.d"; done
$(BUILD)/flags $(BUILD)/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(wanted)' | cmp -s - $@ || { $(remove_stale); echo '$(wanted)' >$@; }

$(BUILD)/libraries:
	@mkdir -p $(@D)
	@$(PKG_CONFIG) --exists libsodium 'libcrypto >= 3.0' 2>/dev/null || { \
		echo "nacre needs pkg-config, libsodium and OpenSSL 3's libcrypto: 'make setup' installs them"; \
		exit 1; } >&2
	@touch $@

include $(PARTS)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# Run ------------------------------------------------------------------------------------------

setup:                                  ## install what building needs (Debian packages)
	@tests/tools/install_missing "building nacre" $(BUILD_PACKAGES)

deps: setup                             ## install what building, testing and developing need
	@tests/tools/install_missing "testing and developing nacre" $(CHECK_PACKAGES) $(DEV_PACKAGES)

run: setup                              ## start nacre-echo on port 2022 and print how to log in (ARGS="...")
	@$(MAKE) $(jobs) programs
	@tests/tools/run_echo $(BUILD)/nacre-echo $(ARGS)

clean:                                  ## remove build/
	rm -rf $(BUILD)

help:                                   ## print this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile $(PARTS) | expand -t 16

FORCE:
.PHONY: FORCE all setup deps run clean help
