# nacre: GNU make, gcc or clang (CC=clang-14). "make help" lists the targets; V=1 shows the commands.

SONAME = libnacre.so.0
PREFIX ?= /usr/local
VERSION = $(shell sed -n 's/^\#define NACRE_VERSION "\(.*\)"/\1/p' transport/api.h)

ifeq ($(origin CC),default)
CC = gcc
endif
PKG_CONFIG ?= pkg-config
OBJCOPY ?= objcopy
CLANG ?= clang-14
CLANG_FORMAT ?= clang-format-14
CLANG_TIDY ?= clang-tidy-14
Q = $(if $(V),,@)

# DWARF 4: valgrind 3.19 cannot read the 5 that clang writes.
# SAN=1: the same under AddressSanitizer and UndefinedBehaviorSanitizer, SAN=thread: under ThreadSanitizer, each in a
# folder of its own
ifeq ($(SAN),thread)
BUILD ?= build/tsan
CFLAGS ?= -O1 -gdwarf-4 -fno-omit-frame-pointer
SANITIZE = -fsanitize=thread
else ifdef SAN
BUILD ?= build/asan
CFLAGS ?= -O1 -gdwarf-4 -fno-omit-frame-pointer
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
else ifdef FUZZ
# The same for libFuzzer
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

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
           -Wmissing-prototypes -Wvla -Werror
ALL_CFLAGS = -std=c11 $(WARNINGS) -fPIC -fvisibility=hidden -fstack-protector-strong \
             -ffunction-sections $(SANITIZE) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed -Wl,--gc-sections \
              $(SANITIZE) $(LDFLAGS)

# Asked of pkg-config at first use, once: it may not be installed yet when make reads this.
pkg_config = $(if $(filter undefined,$(origin $(1))),$(eval $(1) := $(shell $(PKG_CONFIG) $(2))))$($(1))
LIB_CFLAGS = $(call pkg_config,lib_cflags,--cflags libsodium libcrypto)
LIB_LIBS = $(call pkg_config,lib_libs,--libs libsodium libcrypto) -pthread
CHECK_CFLAGS = $(call pkg_config,check_cflags,--cflags check)
CHECK_LIBS = $(call pkg_config,check_libs,--libs check)

# What is what ---------------------------------------------------------------------------------

CORE_SRC = $(wildcard crypto/*.c transport/*.c auth/*.c connection/*.c)

# The library's rooms of apps/, and those that programs share. apps/NAME/main.c is the program nacre-NAME.
LIB_ROOMS = session runtime files server connect
SHARED_ROOMS = daemon confine
PROGRAMS = $(patsubst apps/%/main.c,%,$(wildcard apps/*/main.c))

room_src = $(foreach r,$(1),$(wildcard apps/$(r)/*.c))
LIB_SRC = $(CORE_SRC) $(call room_src,$(LIB_ROOMS))
SHARED_SRC = $(call room_src,$(SHARED_ROOMS))
PROGRAM_SRC = $(filter-out %/main.c,$(call room_src,$(PROGRAMS)))

# Each file of these folders is a test program, but for a few; the helpers of tests/support and the simulator's parts
# belong to all of them.
TEST_FOLDERS = crypto transport auth connection $(patsubst tests/%/,%,$(wildcard tests/apps/*/)) whole support/self
NOT_TESTS = tests/crypto/ct_check.c tests/transport/phase_page.c
TESTS = $(patsubst tests/%.c,%,$(filter-out $(NOT_TESTS),$(wildcard $(TEST_FOLDERS:%=tests/%/*.c))))
TEST_HELPER_SRC = $(filter-out tests/simulate/simulate.c,$(wildcard tests/support/*.c tests/simulate/*.c))
INTEROP = $(shell grep -ls unittest.main tests/interop/*.py)
# These run once more, optimised and under valgrind: whole sessions, and what reads bytes from outside. Tests that keep
# state between cases are not among them, since all cases share a process there.
VALGRIND_TESTS = $(addprefix transport/,wire hostkey kexinit kex) auth/interactive connection/channel apps/files/key_format \
                 whole/handshake whole/pair

# These run without the sanitizers alone, which make system calls of their own, keep memory from being locked, and would
# make a million packets take long.
PLAIN_TESTS = apps/confine/confine apps/runtime/locked_memory whole/allocation
# In these the library and the programs take their memory from the test itself.
SCARCE_TESTS = whole/memory_apps

# What runs under ThreadSanitizer as well: tests/interop/test_threads.py with these servers, and what uses threads alone
THREAD_PROGRAMS = nacre-echo nacre-serve $(addprefix tests/apps/,runtime/offload connect/client files/password_file)

# What a program of somebody else's includes, as <nacre/NAME.h>
PUBLIC = $(wildcard transport/api.h transport/limit.h transport/observer.h auth/policy.h connection/channel.h connection/forward.h \
           $(patsubst %,apps/%.h,server/server session/session session/algorithm_list connect/client \
             $(addprefix runtime/,locked_memory offload stream watch) \
             $(addprefix files/,agent authorized_keys key_file known_hosts password_edit password_file)))

ALL_C = $(wildcard $(addsuffix /*.[ch],crypto transport auth connection apps/* tests/* tests/*/*))

BUILD_PACKAGES = libc6-dev pkg-config libsodium-dev libssl-dev
CHECK_PACKAGES = binutils groff-base check valgrind python3 python3-paramiko python3-asyncssh python3-cryptography expect tmux \
                 sshpass iproute2 procps vim openssh-client openssh-server putty-tools dropbear-bin ssh-audit \
                 libssh-dev g++
DEV_PACKAGES = tinysshd strace clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 \
               cppcheck shellcheck

# Build ----------------------------------------------------------------------------------------

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
# Two jobs, unless the caller said how many
jobs = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j2) --no-print-directory

all: lib programs man                       ## the library and the programs, in build/
lib: $(BUILD)/libnacre.a $(BUILD)/libnacre.so headers
man: $(patsubst apps/man/%,$(BUILD)/man/%,$(wildcard apps/man/*.[13]))
headers: $(foreach h,$(PUBLIC),$(BUILD)/include/nacre/$(notdir $(h)))
	@rm -f $(filter-out $^,$(wildcard $(BUILD)/include/nacre/*.h))
programs: $(PROGRAMS:%=$(BUILD)/nacre-%)
unit-programs: $(TESTS:%=$(BUILD)/tests/%)

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(BUILD)/libraries
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(PART_CFLAGS) -I. -MMD -MP -c -o $@ $<

# The core is plain C11; only crypto/ sees the two libraries, only apps/ and tests/ see the system.
$(BUILD)/obj/crypto/%.o: PART_CFLAGS = $(LIB_CFLAGS)
$(BUILD)/obj/apps/%.o: PART_CFLAGS = -D_GNU_SOURCE -pthread
$(BUILD)/obj/tests/%.o: PART_CFLAGS = -D_GNU_SOURCE -pthread $(LIB_CFLAGS) $(CHECK_CFLAGS)

# One object whose hidden symbols are local, so that only nacre_ names can meet a program's own
$(BUILD)/libnacre.a: $(call objects,$(LIB_SRC)) $(BUILD)/sources
	@echo "  AR    $@"
	$(Q)$(LD) -r -o $(BUILD)/nacre.o $(filter %.o,$^)
	$(Q)$(OBJCOPY) --localize-hidden $(BUILD)/nacre.o
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(BUILD)/nacre.o

$(BUILD)/$(SONAME): $(call objects,$(LIB_SRC)) $(BUILD)/sources
	@echo "  LINK  $@"
	$(Q)echo 'NACRE_0 { global: nacre_*; local: *; };' >$(BUILD)/nacre.map
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$(BUILD)/nacre.map \
		$(if $(SANITIZE),,-Wl,-z,defs) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB_LIBS)

$(BUILD)/libnacre.so: $(BUILD)/$(SONAME)
	$(Q)ln -sf $(SONAME) $@

# The public headers stand side by side: they include each other without a folder.
define header
$(BUILD)/include/nacre/$(notdir $(1)): $(1)
	@mkdir -p $$(@D)
	$$(Q)sed 's,^#include "[a-z/]*/,#include ",' $$< >$$@
endef
$(foreach h,$(PUBLIC),$(eval $(call header,$(h))))

# The manual pages, with the parts that several share
$(BUILD)/man/%: apps/man/% $(wildcard apps/man/*.mdoc)
	@mkdir -p $(@D)
	$(Q)awk '/^\.so / { while ((getline line <("apps/man/" $$2)) > 0) print line; close("apps/man/" $$2); next } 1' $< >$@

# Programs use the library as everyone does, by its nacre_ names, and what they take of the shared rooms.
$(BUILD)/shared.a: $(call objects,$(SHARED_SRC)) $(BUILD)/sources
	@echo "  AR    $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

define program
$(BUILD)/nacre-$(1): $(call objects,$(call room_src,$(1))) $(BUILD)/shared.a $(BUILD)/libnacre.a
	@echo "  LINK  $$@"
	$$(Q)$$(CC) -pie $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIB_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# Tests see every layer's objects, not localised, and the helpers beside the tests.
$(BUILD)/tests/internal.a: $(call objects,$(LIB_SRC) $(SHARED_SRC) $(PROGRAM_SRC) $(TEST_HELPER_SRC)) $(BUILD)/sources
	@mkdir -p $(@D)
	@echo "  AR    $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/tests/internal.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(CHECK_LIBS) $(LIB_LIBS) -lm

$(BUILD)/tests/scarce.a: $(BUILD)/tests/internal.a
	$(Q)$(OBJCOPY) $(foreach f,malloc calloc realloc strdup,--redefine-sym $(f)=scarce_$(f)) $< $@

$(SCARCE_TESTS:%=$(BUILD)/tests/%): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/tests/scarce.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(LIB_LIBS) -lm

# tests/fuzz/fuzz_NAME.c with libFuzzer's main (FUZZ=1), or with one that replays files. fuzz_session.c holds
# apps/session/session.c, and stands before the library for those that use it.
FUZZERS = $(patsubst tests/fuzz/%.c,%,$(filter-out %/fuzz_session.c,$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_PROGRAMS = $(FUZZERS:%=$(BUILD)/tests/fuzz/%)
$(BUILD)/tests/fuzz/session.a: $(call objects,tests/fuzz/fuzz_session.c)
	@mkdir -p $(@D)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(FUZZ_PROGRAMS): $(BUILD)/tests/fuzz/%: $(call objects,tests/fuzz/%.c) $(if $(FUZZ),,$(call objects,tests/fuzz/replay.c)) \
		$(BUILD)/tests/fuzz/session.a $(BUILD)/tests/internal.a
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) $(if $(FUZZ),-fsanitize=fuzzer) -o $@ $^ $(CHECK_LIBS) $(LIB_LIBS) -lm

# Those that take a run of messages are given runs of messages.
MESSAGE_FUZZERS = $(patsubst tests/fuzz/%.c,%,$(shell grep -l 'return fuzz_messages' tests/fuzz/fuzz_*_*.c))
ifdef FUZZ
$(MESSAGE_FUZZERS:%=$(BUILD)/tests/fuzz/%): $(BUILD)/obj/tests/fuzz/mutate_messages.o
endif

fuzz-programs: $(FUZZ_PROGRAMS) $(if $(FUZZ),,$(BUILD)/seeds/all)

# What make check replays: the corpora, and the seeds as this build writes them. Those in the corpora grow stale when
# what is hashed in a key exchange changes.
REPLAYS = $(foreach f,$(FUZZERS),"$(BUILD)/asan/tests/fuzz/$(f) tests/fuzz/corpus/$(f:fuzz_%=%) $(BUILD)/asan/seeds/$(f:fuzz_%=%)")
$(BUILD)/seeds/all: $(BUILD)/tests/fuzz/seeds
	@mkdir -p $(@D)
	@echo "  SEEDS $(@D)"
	$(Q)$< $(@D) >$@

$(BUILD)/tests/fuzz/seeds: $(BUILD)/obj/tests/fuzz/seeds_keys.o

# These need the crypto layer alone.
CRYPTO_PROGRAMS = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/bench/bench_crypto.c tests/bench/floor.c tests/crypto/ct_check.c))
$(CRYPTO_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(call objects,$(wildcard crypto/*.c))
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS) -lm

# The other end for other SSH programs: tests/interop/NAME.c, with NAME_*.c, uses the library as everyone does.
INTEROP_PROGRAMS = $(patsubst tests/%.c,$(BUILD)/tests/%,$(filter-out $(wildcard tests/interop/*_*.c),$(wildcard tests/interop/*.c)))
interop-programs: $(INTEROP_PROGRAMS)
define interop_program
$(1): $(call objects,$(wildcard $(patsubst $(BUILD)/%,%,$(1)).c $(patsubst $(BUILD)/%,%,$(1))_*.c)) $(BUILD)/libnacre.a
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	$$(Q)$$(CC) -pie $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIB_LIBS)
endef
$(foreach p,$(INTEROP_PROGRAMS),$(eval $(call interop_program,$(p))))

# The benchmarks' own programs use the library as everyone does, or not at all.
BENCH_PROGRAMS = $(patsubst tests/%.c,$(BUILD)/tests/%,tests/bench/load.c)
$(BENCH_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/libnacre.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

# This one looks inside.
$(BUILD)/tests/bench/parts: $(BUILD)/obj/tests/bench/parts.o $(BUILD)/tests/internal.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

# Written anew when they differ: other flags or another compiler mean compiling again, a file more or less linking.
$(BUILD)/flags: wanted = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)
$(BUILD)/sources: wanted = $(LIB_SRC) $(SHARED_SRC) $(PROGRAM_SRC) $(TEST_HELPER_SRC)
$(BUILD)/flags $(BUILD)/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(wanted)' | cmp -s - $@ || echo '$(wanted)' >$@

$(BUILD)/libraries:
	@mkdir -p $(@D)
	@$(PKG_CONFIG) --exists libsodium 'libcrypto >= 3.0' 2>/dev/null || { \
		echo "nacre needs pkg-config, libsodium and OpenSSL 3's libcrypto: 'make setup' installs them"; \
		exit 1; } >&2
	@touch $@

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

install: all                            ## into PREFIX (/usr/local), below DESTDIR if that is set
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin lib/pkgconfig include/nacre share/man/man1 share/man/man3 \
		share/doc/nacre/examples)
	install $(PROGRAMS:%=$(BUILD)/nacre-%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(BUILD)/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(BUILD)/man/*.3 $(DESTDIR)$(PREFIX)/share/man/man3
	install -m 644 apps/examples/*.c $(DESTDIR)$(PREFIX)/share/doc/nacre/examples
	install -m 644 $(BUILD)/include/nacre/*.h $(DESTDIR)$(PREFIX)/include/nacre
	install -m 644 $(BUILD)/libnacre.a $(BUILD)/$(SONAME) $(DESTDIR)$(PREFIX)/lib
	ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libnacre.so
	printf '%s\n' 'prefix=$(PREFIX)' 'Name: nacre' 'Description: SSH-2, both ends' 'Version: $(VERSION)' \
		'Cflags: -I$${prefix}/include' 'Libs: -L$${prefix}/lib -lnacre' 'Libs.private: -pthread' \
		'Requires.private: libsodium libcrypto' >$(DESTDIR)$(PREFIX)/lib/pkgconfig/nacre.pc

# Run ------------------------------------------------------------------------------------------

setup:                                  ## install what building needs (Debian packages)
	@tests/tools/install_missing "building nacre" $(BUILD_PACKAGES)

deps: setup                             ## install what building, testing and developing need
	@tests/tools/install_missing "testing and developing nacre" $(CHECK_PACKAGES) $(DEV_PACKAGES)

run: setup                              ## start nacre-echo on port 2022 and say how to log in (ARGS="...")
	@$(MAKE) $(jobs) programs
	@tests/tools/run_echo $(BUILD)/nacre-echo $(ARGS)

# Test -----------------------------------------------------------------------------------------

check: setup                            ## build everything and run all tests
	@tests/tools/install_missing "testing nacre" $(CHECK_PACKAGES)
	@$(MAKE) $(jobs) all interop-programs $(addprefix $(BUILD)/tests/,$(VALGRIND_TESTS) $(PLAIN_TESTS) simulate/simulate transport/phase_page crypto/ct_check)
	@$(MAKE) $(jobs) SAN=1 BUILD=$(BUILD)/asan programs unit-programs fuzz-programs $(BUILD)/asan/tests/simulate/simulate
	@$(MAKE) $(jobs) SAN=thread BUILD=$(BUILD)/tsan $(THREAD_PROGRAMS:%=$(BUILD)/tsan/%)
	@NACRE_BUILD=$(BUILD) tests/tools/run_tests --no-skips --timeout 600 \
		tests/tools/layers "tests/tools/pure $(BUILD)/obj" "tests/tools/symbols $(BUILD)" \
		tests/tools/readmes tests/tools/security tests/tools/readme_usage tests/tools/readme_example tests/tools/examples tests/tools/beside_libssh \
		tests/tools/install tests/tools/man_pages \
		tests/tools/phase_page tests/tools/test_rules tests/tools/test_run_tests tests/tools/test_run_echo \
		tests/tools/test_install_missing \
		$(REPLAYS) "valgrind -q --error-exitcode=1 $(BUILD)/tests/crypto/ct_check" \
		"$(BUILD)/tests/simulate/simulate 10000" "$(BUILD)/asan/tests/simulate/simulate -f 10001 500" \
		"$(BUILD)/tests/simulate/simulate -d 100" "$(BUILD)/asan/tests/simulate/simulate -d -f 101 10" \
		$(PLAIN_TESTS:%=$(BUILD)/tests/%) $(patsubst %,$(BUILD)/asan/tests/%,$(filter-out $(PLAIN_TESTS),$(TESTS))) \
		$(patsubst %,$(BUILD)/tsan/%,$(filter tests/%,$(THREAD_PROGRAMS))) \
		$(VALGRIND_TESTS:%=valgrind:$(BUILD)/tests/%) $(INTEROP)

interop: all interop-programs           ## every algorithm and command with every stock client, the long way
	@tests/tools/install_missing "testing nacre" $(CHECK_PACKAGES)
	@$(MAKE) $(jobs) SAN=1 BUILD=$(BUILD)/asan programs
	@NACRE_BUILD=$(BUILD) NACRE_LONG=1 tests/tools/run_tests --timeout 3600 $(INTEROP)
	@tests/tools/put_matrix $(BUILD)/interop-matrix.md tests/interop/README.md matrix
	@tests/tools/put_matrix $(BUILD)/interop-methods.md tests/interop/README.md methods

siege: interop-programs                  ## a server under attack for a minute, and a person who logs in all the same
	@$(MAKE) $(jobs) SAN=1 BUILD=$(BUILD)/asan programs
	@NACRE_BUILD=$(BUILD) NACRE_SIEGE=1 /usr/bin/python3 tests/interop/test_siege.py

unit: unit-programs                     ## the unit tests alone (SAN=1: under the sanitizers)
	@tests/tools/run_tests $(patsubst %,$(BUILD)/tests/%,$(if $(SAN),$(filter-out $(PLAIN_TESTS),$(TESTS)),$(TESTS)))

simulate: $(BUILD)/tests/simulate/simulate       ## whole connections by seed, SEEDS=10000 of them (SAN=1: under the sanitizers)
	$< $(or $(SEEDS),10000)

soak: $(BUILD)/tests/simulate/simulate           ## a million of them, and a thousand whole days
	$< 1000000
	$< -d 1000

fuzz:                                   ## each fuzzer for TIME=60 seconds (FUZZERS=fuzz_NAME: that one)
	@$(MAKE) $(jobs) FUZZ=1 CC=clang-14 BUILD=$(BUILD)/fuzz fuzz-programs
	@tests/tools/fuzz $(BUILD)/fuzz $(or $(TIME),60) $(FUZZERS)

fuzz-seeds: $(BUILD)/tests/fuzz/seeds   ## write the seed corpora anew, from real sessions
	$< tests/fuzz/corpus

fuzz-corpus:                            ## keep what make fuzz found on the way, as few files as reach all of it
	@$(MAKE) $(jobs) FUZZ=1 CC=clang-14 BUILD=$(BUILD)/fuzz fuzz-programs
	@tests/tools/fuzz_corpus $(BUILD)/fuzz $(FUZZERS)

coverage:                               ## lines and branches that the tests in memory reach (FOLDERS="auth connection": which not)
	@mkdir -p $(BUILD)/coverage && find $(BUILD)/coverage -name '*.gcda' -delete
	@$(MAKE) $(jobs) COVERAGE=1 BUILD=$(BUILD)/coverage unit-programs fuzz-programs $(BUILD)/coverage/tests/simulate/simulate
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@status=0; \
	tests/tools/run_tests --timeout 600 "$(BUILD)/coverage/tests/simulate/simulate 1000" "$(BUILD)/coverage/tests/simulate/simulate -d 10" $(TESTS:%=$(BUILD)/coverage/tests/%) \
		$(foreach f,$(FUZZERS),"$(BUILD)/coverage/tests/fuzz/$(f) tests/fuzz/corpus/$(f:fuzz_%=%) $(BUILD)/coverage/seeds/$(f:fuzz_%=%)") || status=$$?; \
	tests/tools/coverage $(BUILD)/coverage $(FOLDERS) || status=$$?; \
	exit $$status

phases: $(BUILD)/tests/transport/phase_page       ## write transport/PHASES.md anew, from the table
	$< >transport/PHASES.md

layers:                                 ## who includes whom
	@tests/tools/layers

pure: $(call objects,$(CORE_SRC))       ## the core does no I/O and has no writable globals
	@tests/tools/pure $(BUILD)/obj

symbols: lib                            ## only nacre_ names are visible
	@tests/tools/symbols $(BUILD)

bench-crypto: $(BUILD)/tests/bench/bench_crypto  ## libsodium and libcrypto, primitive by primitive
	$<

BENCH_BINARIES = $(BUILD)/nacre-echo $(BUILD)/tests/bench/load $(BUILD)/tests/bench/floor

bench: $(BENCH_BINARIES)                ## nacre, other servers and the machine's floor, into tests/bench/README.md
	NACRE_BUILD=$(BUILD) tests/bench/run.py --write tests/bench/README.md

bench-quick: $(BENCH_BINARIES)          ## the same in under two minutes, printed only
	NACRE_BUILD=$(BUILD) tests/bench/run.py --rounds 1 --mib 256

bench-pipe: $(BUILD)/nacre-echo $(BUILD)/nacre-load  ## 1 Gbit/s over 100 ms, beside TCP alone (root; a kernel with netem)
	NACRE_BUILD=$(BUILD) tests/bench/pipe.py

bench-memory: $(BENCH_BINARIES) $(BUILD)/tests/bench/parts  ## what an idle session weighs; 20,000 of them on one worker
	$(BUILD)/tests/bench/parts
	NACRE_BUILD=$(BUILD) tests/bench/memory.py

bench-guest: $(BENCH_BINARIES) $(BUILD)/nacre-load  ## the pipe and the 20,000 under Debian's User-Mode Linux, which has netem and descriptors
	@tests/tools/install_missing "benchmarks under a kernel of their own" user-mode-linux
	NACRE_BUILD=$(BUILD) tests/bench/guest.py tests/bench/pipe.py
	NACRE_BUILD=$(BUILD) tests/bench/guest.py tests/bench/memory.py --sessions 0

ct-check: $(BUILD)/tests/crypto/ct_check       ## no branch or address depends on a secret (valgrind; CC=clang-14 BUILD=build/clang too)
	valgrind -q --error-exitcode=1 $<

format:                                 ## clang-format on every source file
	$(CLANG_FORMAT) -i $(ALL_C)

lint: lint-format lint-clang lint-tidy lint-cppcheck lint-shell  ## no complaints from clang-format, clang, clang-tidy, cppcheck, shellcheck
lint-format:
	@$(CLANG_FORMAT) --dry-run -Werror $(ALL_C)
# The build's warnings, by the compiler that it does not use. What tests/tools compile, for users to read or against
# libssh, has warnings of its own.
clang_check = $(CLANG) -fsyntax-only -std=c11 -D_GNU_SOURCE -pthread -I. -I$(BUILD)/include $(LIB_CFLAGS) $(CHECK_CFLAGS)
lint-clang: theirs = apps/examples/%.c tests/libssh/%.c
lint-clang: $(BUILD)/libraries headers
	@printf '%s\n' $(filter-out $(theirs),$(filter %.c,$(ALL_C))) | xargs -P 2 -n 8 $(clang_check) $(WARNINGS)
	@$(clang_check) -Wall -Werror -Wno-deprecated-declarations $(filter $(theirs),$(ALL_C))
lint-tidy: $(BUILD)/libraries headers
	@printf '%s\n' $(filter %.c,$(ALL_C)) | xargs -P 2 -I {} $(CLANG_TIDY) --quiet {} -- \
		-std=c11 -D_GNU_SOURCE -I. -I$(BUILD)/include $(LIB_CFLAGS) $(CHECK_CFLAGS) 2>/dev/null
# Code in constant time shifts negative numbers: gcc and clang say what comes of it.
lint-cppcheck:
	@cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
		--suppress=shiftTooManyBitsSigned --suppress=shiftNegativeLHS \
		--enable=warning,performance,portability -I. -j2 $(filter %.c,$(ALL_C))
lint-shell:
	@shellcheck -x .ci/run $(shell grep -l 'env bash' tests/tools/*)

clean:                                  ## remove build/
	rm -rf $(BUILD)

help:                                   ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

FORCE:
.PHONY: FORCE all lib man headers programs unit-programs install setup deps run check interop siege unit simulate soak fuzz fuzz-programs interop-programs fuzz-seeds fuzz-corpus coverage phases layers pure symbols bench bench-quick bench-pipe bench-memory bench-guest bench-crypto ct-check \
        format lint lint-format lint-clang lint-tidy lint-cppcheck lint-shell clean help
