# The test programs: unit tests, and peers for other SSH programs

# Each file in these folders is a test program, with the exceptions below. The helpers in tests/support and the parts of the
# simulator are linked to all of them.
TEST_FOLDERS = callbacks whole crypto transport auth connection $(patsubst tests/%/,%,$(wildcard tests/apps/*/)) support/self
NOT_TESTS = $(wildcard tests/callbacks/*_*.c) $(addprefix tests/callbacks/,fault.c run.c) tests/crypto/ct_check.c tests/transport/phase_page.c tests/apps/options/pages.c tests/apps/observe/rows.c tests/whole/memory_libc.c
TESTS = $(patsubst tests/%.c,%,$(filter-out $(NOT_TESTS),$(wildcard $(TEST_FOLDERS:%=tests/%/*.c))))
TEST_HELPER_SRC = $(filter-out tests/simulate/simulate.c,$(wildcard tests/support/*.c tests/simulate/*.c))
INTEROP = $(shell grep -ls unittest.main tests/interop/*.py)
# These also run optimised under valgrind: whole sessions, and what reads bytes from outside. All cases share a process then,
# so tests that keep state between cases are left out.
VALGRIND_TESTS = $(addprefix transport/,wire hostkey kexinit kexinit_guess kex) auth/method_interactive \
                 $(addprefix connection/,connection channel_open channel_data channel_close channel_callbacks channel_blocked) \
                 apps/files/key_format \
                 whole/handshake whole/pair

# These run only without the sanitizers, which make their own system calls, prevent memory from being locked, and would make
# a million packets take too long.
PLAIN_TESTS = $(addprefix apps/confine/,calls confine files kernel reach user) apps/runtime/locked_memory whole/allocation
# In these the library and the programs allocate memory from the test.
SCARCE_TESTS = whole/memory_server whole/memory_files whole/memory_stream whole/memory_forward

# After each test of these, no heap block and no descriptor may be left (support/leftovers.c).
LEFTOVER_TESTS = $(filter apps/%,$(TESTS)) $(SCARCE_TESTS) whole/descriptors whole/writes

# What also runs under ThreadSanitizer: tests/interop/test_threads.py with these servers, and tests of what uses threads
THREAD_PROGRAMS = nacre-echo nacre-serve $(addprefix tests/apps/,runtime/offload connect/client connect/connect connect/host_key files/password_file observe/spool observe/keylog observe/capture)

# What the pictures in the READMEs are drawn from
PICTURE_PROGRAMS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/pictures/*.c))

unit-programs: $(PICTURE_PROGRAMS) $(TESTS:%=$(BUILD)/tests/%) $(BUILD)/tests/apps/options/pages

# Tests are linked with the objects of every layer, whose symbols are visible, and with the helpers. One of these,
# tests/support/wiped.c, has a wipe() of its own.
# Those of nacre-spec are left out: its names are not made to be beside the product's (apps/spec/spec.mk).
$(BUILD)/tests/internal.a: $(call objects,$(LIB_SRC) $(SHARED_SRC) $(filter-out apps/spec/%,$(PROGRAM_SRC)) $(TEST_HELPER_SRC)) $(BUILD)/sources
	@mkdir -p $(@D)
	@echo "  AR    $@"
	$(Q)rm -f $@
	$(Q)$(OBJCOPY) --weaken-symbol=wipe $(BUILD)/obj/crypto/bytes.o $(BUILD)/tests/bytes.o
	$(Q)$(AR) rcs $@ $(BUILD)/tests/bytes.o $(filter-out %/crypto/bytes.o,$(filter %.o,$^))

# Several hundred programs are linked with the sanitizers. gold, where it is installed, takes a quarter of the time.
TEST_LDFLAGS = $(ALL_LDFLAGS) $(if $(SAN),$(FAST_LINKER)) -Wl,--wrap=_mark_point $(WRAPPED:%=-Wl,--wrap=%)
FAST_LINKER := $(if $(shell command -v ld.gold),-fuse-ld=gold)

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/tests/internal.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(TEST_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(CHECK_LIBS) $(LIB_LIBS) -lm

$(BUILD)/tests/scarce.a: $(BUILD)/tests/internal.a
	$(Q)$(OBJCOPY) $(foreach f,malloc calloc realloc strdup,--redefine-sym $(f)=scarce_$(f)) $< $@

# The helpers have memory, so this archive comes before the other.
$(BUILD)/tests/helpers.a: $(call objects,$(TEST_HELPER_SRC)) $(BUILD)/sources
	@mkdir -p $(@D)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(SCARCE_TESTS:%=$(BUILD)/tests/%): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/obj/tests/whole/memory_libc.o $(BUILD)/tests/helpers.a $(BUILD)/tests/scarce.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(TEST_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(CHECK_LIBS) $(LIB_LIBS) -lm

# Every public function from inside every callback: the hooks and actions are made from the public headers.
define callback_test
$(BUILD)/generated/callbacks_$(1).c: tests/callbacks/generate $(PUBLIC)
	@mkdir -p $$(@D)
	@echo "  MAKE  $$@"
	$$(Q)tests/callbacks/generate $(1) $(PUBLIC) >$$@
$(BUILD)/generated/callbacks_$(1).o: $(BUILD)/generated/callbacks_$(1).c tests/callbacks/callbacks.h $(BUILD)/flags
	@echo "  CC    $$<"
	$$(Q)$$(CC) $$(ALL_CFLAGS) -D_GNU_SOURCE -pthread $$(CHECK_CFLAGS) -I. -c -o $$@ $$<
$(BUILD)/tests/callbacks/$(1): $(BUILD)/generated/callbacks_$(1).o $(call objects,$(wildcard tests/callbacks/run.c tests/callbacks/fault.c tests/callbacks/$(1)_*.c))
endef
$(foreach t,memory sockets,$(eval $(call callback_test,$(t))))

# These need only the crypto layer.
CRYPTO_PROGRAMS = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/bench/bench_crypto.c tests/bench/floor.c tests/crypto/ct_check.c))
$(CRYPTO_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(call objects,$(wildcard crypto/*.c))
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS) -lm

# Peers for other SSH programs: tests/interop/NAME.c with NAME_*.c uses the library as any user does.
INTEROP_PROGRAMS = $(patsubst tests/%.c,$(BUILD)/tests/%,$(filter-out $(wildcard tests/interop/*_*.c),$(wildcard tests/interop/*.c)))
interop-programs: $(INTEROP_PROGRAMS)
define interop_program
$(1): $(call objects,$(wildcard $(patsubst $(BUILD)/%,%,$(1)).c $(patsubst $(BUILD)/%,%,$(1))_*.c)) $(BUILD)/libnacre.a
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	$$(Q)$$(CC) -pie $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIB_LIBS)
endef
$(foreach p,$(INTEROP_PROGRAMS),$(eval $(call interop_program,$(p))))

.PHONY: unit-programs interop-programs
