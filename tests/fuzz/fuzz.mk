# The fuzzers, built for libFuzzer (FUZZ=1) or to replay files

# tests/fuzz/fuzz_NAME.c is linked with libFuzzer's main or with one that replays files. fuzz_session.c includes
# apps/session/session.c, so for fuzzers that use it, it comes before the library.
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

# Fuzzers whose input is a sequence of messages mutate message by message.
MESSAGE_FUZZERS = $(patsubst tests/fuzz/%.c,%,$(shell grep -l 'return fuzz_messages' tests/fuzz/fuzz_*_*.c))
ifdef FUZZ
$(MESSAGE_FUZZERS:%=$(BUILD)/tests/fuzz/%): $(BUILD)/obj/tests/fuzz/mutate_messages.o
endif

fuzz-programs: $(FUZZ_PROGRAMS) $(if $(FUZZ),$(BUILD)/dictionary,$(BUILD)/seeds/all)

# libFuzzer's dictionary: words, and the names of algorithms from the library's tables
$(BUILD)/dictionary: tests/fuzz/words $(BUILD)/tests/fuzz/names
	$(Q){ cat $<; $(BUILD)/tests/fuzz/names; } >$@

# make check replays the corpora, and the seeds as this build writes them, of which some fuzzers have none: the seeds in the
# corpora become stale when the input of the exchange hash changes.
REPLAYS = $(foreach f,$(FUZZERS),"$(BUILD)/asan/tests/fuzz/$(f) tests/fuzz/corpus/$(f:fuzz_%=%) $(BUILD)/asan/seeds/$(f:fuzz_%=%)")
$(BUILD)/seeds/all: $(BUILD)/tests/fuzz/seeds
	@mkdir -p $(FUZZERS:fuzz_%=$(@D)/%)
	@echo "  SEEDS $(@D)"
	$(Q)mkdir -p $(FUZZERS:fuzz_%=$(@D)/%)
	$(Q)$< $(@D) >$@

$(BUILD)/tests/fuzz/seeds: $(call objects,$(wildcard tests/fuzz/seeds_*.c))

fuzz:                                   ## run each fuzzer for TIME=60 seconds (FUZZERS=fuzz_NAME: only that one)
	@$(MAKE) $(jobs) FUZZ=1 CC=$(CLANG) BUILD=$(BUILD)/fuzz fuzz-programs
	@tests/tools/fuzz $(BUILD)/fuzz $(or $(TIME),60) $(FUZZERS)

fuzz-seeds: $(BUILD)/tests/fuzz/seeds   ## write the seed corpora from real sessions
	$< tests/fuzz/corpus

fuzz-corpus:                            ## keep what make fuzz found, in as few files as reach the same code
	@$(MAKE) $(jobs) FUZZ=1 CC=$(CLANG) BUILD=$(BUILD)/fuzz fuzz-programs
	@tests/tools/fuzz_corpus $(BUILD)/fuzz $(FUZZERS)

.PHONY: fuzz fuzz-programs fuzz-seeds fuzz-corpus
