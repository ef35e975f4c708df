# Benchmarks

# The benchmarks' own programs use the library as any user does, or not at all.
BENCH_PROGRAMS = $(patsubst tests/%.c,$(BUILD)/tests/%,tests/bench/load.c)
$(BENCH_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/libnacre.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

# These see the internals.
$(BUILD)/tests/bench/parts $(BUILD)/tests/bench/acts: $(BUILD)/tests/bench/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/tests/internal.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

bench-crypto: $(BUILD)/tests/bench/bench_crypto  ## compare libsodium and libcrypto, primitive by primitive
	$<

BENCH_BINARIES = $(BUILD)/nacre-echo $(BUILD)/tests/bench/load $(BUILD)/tests/bench/floor

bench: $(BENCH_BINARIES)                ## measure nacre, other servers and the machine's floor, for tests/bench/README.md
	NACRE_BUILD=$(BUILD) tests/bench/run.py --write tests/bench/README.md

bench-quick: $(BENCH_BINARIES)          ## the same in under two minutes, only printed
	NACRE_BUILD=$(BUILD) tests/bench/run.py --rounds 1 --mib 256

bench-compare: $(BENCH_BINARIES)        ## compare this build with another, slice by slice (OTHER=folder of that build)
	NACRE_BUILD=$(BUILD) tests/bench/compare.py $(OTHER)

bench-acts: $(BUILD)/nacre-echo $(BUILD)/tests/bench/acts  ## what each act before a login costs server and client, for SECURITY.md
	NACRE_BUILD=$(BUILD) tests/bench/acts.py --write SECURITY.md

bench-trace: $(BUILD)/nacre-echo $(BUILD)/nacre-load  ## CPU time of a transfer with --trace, compared with none
	NACRE_BUILD=$(BUILD) tests/bench/trace.py

bench-pipe: $(BUILD)/nacre-echo $(BUILD)/nacre-load  ## 1 Gbit/s over 100 ms, compared with plain TCP (root; a kernel with netem)
	NACRE_BUILD=$(BUILD) tests/bench/pipe.py

bench-memory: $(BENCH_BINARIES) $(BUILD)/tests/bench/parts  ## memory of an idle session, and 20,000 of them on one worker
	$(BUILD)/tests/bench/parts
	NACRE_BUILD=$(BUILD) tests/bench/memory.py

bench-guest: $(BENCH_BINARIES) $(BUILD)/nacre-load  ## bench-pipe and the 20,000 sessions in Debian's User-Mode Linux, which has netem and enough descriptors
	@tests/tools/install_missing "benchmarks under a kernel of their own" user-mode-linux
	NACRE_BUILD=$(BUILD) tests/bench/guest.py tests/bench/pipe.py
	NACRE_BUILD=$(BUILD) tests/bench/guest.py tests/bench/memory.py --sessions 0

.PHONY: bench bench-trace bench-quick bench-compare bench-acts bench-pipe bench-memory bench-guest bench-crypto
