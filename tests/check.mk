# make check, and its parts as separate targets

# The checks of the sources and of what is built, the quick ones first
CHECKS = "tests/tools/layers $(BUILD)/obj" "tests/tools/pure $(BUILD)/obj" "tests/tools/symbols $(BUILD)" tests/tools/abi tests/tools/old_program \
         "tests/tools/sections --check" "tests/tools/handlers --check" \
         $(addprefix tests/tools/,phase_page pictures message_fields case_lines readmes security log_events tested man_pages readme_usage) \
         $(addprefix tests/tools/,reference test_reference tutorial test_tutorial) \
         $(addprefix tests/tools/test_,rules message_fields tested abi pictures byte_by_byte run_tests run_echo install_missing) \
         $(addprefix tests/tools/,readme_example readme_builds core examples embed embedding beside_libssh install uninstall dist debian_files)
BROWSER_TESTS = tests/browser/test_page.mjs tests/browser/test_spec_page.mjs tests/browser/test_reference.mjs
SIMULATIONS = "$(BUILD)/tests/simulate/simulate 10000" "$(BUILD)/asan/tests/simulate/simulate -f 10001 500" \
              "$(BUILD)/tests/simulate/simulate -d 100" "$(BUILD)/asan/tests/simulate/simulate -d -f 101 10"

# Here, and in what the tests build, a warning is an error. The tests that wait for others come first, so that those that only
# compute fill the time to the end.
check: export WERROR = 1
check: setup                            ## build everything and run all tests
	@tests/tools/install_missing "testing nacre" $(CHECK_PACKAGES)
	@$(MAKE) $(jobs) lint-format
	@tests/tools/layers
	@$(MAKE) $(jobs) browser-packages node-packages
	@$(MAKE) $(jobs) all interop-programs $(addprefix $(BUILD)/tests/,$(VALGRIND_TESTS) $(PLAIN_TESTS) simulate/simulate \
		transport/phase_page apps/options/pages apps/observe/rows crypto/ct_check) $(PICTURE_PROGRAMS)
	@$(MAKE) $(jobs) SAN=1 BUILD=$(BUILD)/asan programs unit-programs fuzz-programs $(BUILD)/asan/tests/simulate/simulate
	@$(MAKE) $(jobs) SAN=thread BUILD=$(BUILD)/tsan $(THREAD_PROGRAMS:%=$(BUILD)/tsan/%)
	@NACRE_BUILD=$(BUILD) tests/tools/run_tests --no-skips --timeout 600 $(CHECKS) \
		$(COURSE_TESTS) $(BROWSER_TESTS) $(INTEROP) $(SIMULATIONS) \
		$(REPLAYS) "valgrind -q --error-exitcode=1 $(BUILD)/tests/crypto/ct_check" \
		$(VALGRIND_TESTS:%=valgrind:$(BUILD)/tests/%) $(patsubst %,$(BUILD)/tsan/%,$(filter tests/%,$(THREAD_PROGRAMS))) \
		$(patsubst %,$(BUILD)/asan/tests/%,$(filter-out $(PLAIN_TESTS),$(TESTS))) $(PLAIN_TESTS:%=$(BUILD)/tests/%)

interop: all interop-programs           ## the long interop tests: every algorithm and command with every stock client
	@tests/tools/install_missing "testing nacre" $(CHECK_PACKAGES)
	@$(MAKE) $(jobs) SAN=1 BUILD=$(BUILD)/asan programs
	@NACRE_BUILD=$(BUILD) NACRE_LONG=1 tests/tools/run_tests --timeout 3600 $(INTEROP)
	@tests/tools/put_matrix $(BUILD)/interop-matrix.md tests/interop/README.md matrix
	@tests/tools/put_matrix $(BUILD)/interop-methods.md tests/interop/README.md methods
	@tests/tools/put_matrix $(BUILD)/interop-forwarding.md tests/interop/README.md forwarding

siege: interop-programs                  ## a server under attack for five minutes, to which a user can still log in
	@$(MAKE) $(jobs) SAN=1 BUILD=$(BUILD)/asan programs
	@NACRE_BUILD=$(BUILD) NACRE_SIEGE=1 /usr/bin/python3 tests/interop/test_siege.py

operate: all                             ## upgrade servers 50 times, and kill and drain others behind haproxy (needs root), under load
	@NACRE_BUILD=$(BUILD) NACRE_OPERATE=1 /usr/bin/python3 tests/interop/test_upgrade.py Upgrade
	@NACRE_BUILD=$(BUILD) NACRE_OPERATE=1 /usr/bin/python3 tests/interop/test_scale.py

unit: unit-programs                     ## only the unit tests (SAN=1: with the sanitizers)
	@tests/tools/run_tests $(patsubst %,$(BUILD)/tests/%,$(if $(SAN),$(filter-out $(PLAIN_TESTS),$(TESTS)),$(TESTS)))

simulate: $(BUILD)/tests/simulate/simulate       ## simulated connections from SEEDS=10000 seeds (SAN=1: with the sanitizers)
	$< $(or $(SEEDS),10000)

soak: $(BUILD)/tests/simulate/simulate           ## a million seeds, and a thousand simulated days
	$< 1000000
	$< -d 1000

coverage:                               ## lines and branches that the tests in memory reach (FOLDERS="auth connection" lists what they do not)
	@mkdir -p $(BUILD)/coverage && find $(BUILD)/coverage -name '*.gcda' -delete
	@$(MAKE) $(jobs) COVERAGE=1 BUILD=$(BUILD)/coverage unit-programs fuzz-programs $(BUILD)/coverage/tests/simulate/simulate
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@status=0; \
	tests/tools/run_tests --timeout 600 "$(BUILD)/coverage/tests/simulate/simulate 1000" "$(BUILD)/coverage/tests/simulate/simulate -d 10" $(TESTS:%=$(BUILD)/coverage/tests/%) \
		$(foreach f,$(FUZZERS),"$(BUILD)/coverage/tests/fuzz/$(f) tests/fuzz/corpus/$(f:fuzz_%=%) $(BUILD)/coverage/seeds/$(f:fuzz_%=%)") || status=$$?; \
	tests/tools/coverage $(BUILD)/coverage $(FOLDERS) || status=$$?; \
	exit $$status

mutate-wipes:                           ## take out each wipe in turn, and make it a byte too long: do the nearest tests notice? (FILES="crypto/hmac.c"; 10 minutes)
	tests/tools/mutate_wipes $(FILES)

phases: $(BUILD)/tests/transport/phase_page       ## write transport/PHASES.md from the table
	$< >transport/PHASES.md

pages: $(PICTURE_PROGRAMS)               ## draw the pictures of the READMEs from the tables and from sessions in memory
	@NACRE_BUILD=$(BUILD) tests/pictures/draw

sections:                               ## the index from RFC sections to code: write SECTIONS.md in each layer, and print it
	@tests/tools/sections --write
	@tests/tools/handlers --write
	@tests/tools/sections

options: $(BUILD)/tests/apps/options/pages      ## write the options in manual pages, README.md and SECURITY.md from the table
	@tests/tools/option_pages put

layers:                                 ## check what each folder includes, and that no files form a dependency cycle
	@tests/tools/layers
	@$(MAKE) -s $(jobs) $(ALL_OBJECTS)
	@tests/tools/layers $(BUILD)/obj

pure: $(call objects,$(CORE_SRC))       ## check that the core does no I/O and has no writable globals
	@tests/tools/pure $(BUILD)/obj

symbols: lib                            ## check that only nacre_ names are visible
	@tests/tools/symbols $(BUILD)

ct-check: $(BUILD)/tests/crypto/ct_check       ## check that no branch or address depends on a secret (valgrind; also with CC=clang-14 BUILD=build/clang)
	valgrind -q --error-exitcode=1 $<

.PHONY: check interop operate siege unit simulate soak coverage mutate-wipes phases pages sections options layers pure symbols ct-check
