# nacre-spec: linked with these objects of the library and no others, so that the code under test does not judge itself
# (README.md).

SPEC_SHARED = $(wildcard crypto/*.c transport/cipher_*.c transport/hostkey*.c) \
              $(addprefix transport/,algorithms.c kex_curve25519.c kex_dh.c kex_mlkem768x25519.c kex_nistp.c \
                kex_sntrup761x25519.c text.c wire.c) \
              $(filter-out %/key_external.c %_core.c,$(wildcard apps/files/key_*.c)) \
              $(addprefix apps/files/,der.c key.c new_file.c private_group.c public_key.c trusted_file.c trusted_folder.c) \
              apps/runtime/locked_memory.c apps/session/errbuf.c $(filter-out %/algorithms.c,$(wildcard apps/options/*.c)) \
              $(addprefix apps/trace/,reader.c schema.c text_event.c utf8.c value.c value_access.c value_print.c visible.c) \
              $(addprefix apps/observe/,choice.c context.c decode.c event.c key_exchange.c line.c) $(wildcard apps/observe/messages*.c apps/observe/print*.c)

# The page of --html and compare, which the program contains
SPEC_PAGE = $(addprefix apps/spec/,page.html page.css page.js)

page-files: $(BUILD)/generated/apps/spec/page_files.h
$(BUILD)/generated/apps/spec/page_files.h: apps/trace/embed $(SPEC_PAGE)
	@mkdir -p $(@D)
	@echo "  MAKE  $@"
	$(Q)apps/trace/embed $(SPEC_PAGE) >$@

$(BUILD)/obj/apps/spec/report_html.o: PART_CFLAGS += -I$(BUILD)/generated
$(BUILD)/obj/apps/spec/report_html.o: $(BUILD)/generated/apps/spec/page_files.h

$(BUILD)/nacre-spec: $(call objects,$(call room_src,spec) $(SPEC_SHARED))
	@echo "  LINK  $@"
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

# Its tests are linked with its objects, and the table of options with those of its options.
SPEC_TESTS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/apps/spec/*.c))
$(SPEC_TESTS): $(call objects,$(filter-out %/main.c,$(call room_src,spec)))
$(BUILD)/tests/apps/options/pages: $(call objects,apps/spec/options.c)

# A server made with libssh; the others in apps/spec/servers are scripts. Without libssh-dev it is left out. Its functions
# have parameters that only libssh needs.
$(BUILD)/serve_libssh: $(wildcard apps/spec/servers/*.[ch])
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) -Wall -Wextra -Wno-unused-parameter -Werror -I. -o $@ $(filter %.c,$^) -lssh

spec-matrix: spec-results               ## run nacre-spec against all that is installed, and write apps/spec/RESULTS.md (NAMES="sshd")
	@NACRE_BUILD=$(BUILD) /usr/bin/python3 tests/interop/spec_results.py

spec-results:                           ## only run it, and keep the results in build/spec
	@$(MAKE) $(jobs) all
	@! pkg-config --exists libssh || $(MAKE) $(BUILD)/serve_libssh
	@NACRE_BUILD=$(BUILD) /usr/bin/python3 tests/interop/spec_matrix.py $(NAMES)

spec-planted:                           ## does nacre-spec notice each planted deviation? (NAMES="cookie"; 20 minutes)
	@$(MAKE) $(jobs) all
	@NACRE_BUILD=$(BUILD) /usr/bin/python3 tests/interop/spec_planted.py $(NAMES)
	@NACRE_BUILD=$(BUILD) /usr/bin/python3 tests/interop/spec_planted_client.py $(NAMES)

.PHONY: spec-matrix spec-results spec-planted
