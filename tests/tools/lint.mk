# The formatter and the linters

ALL_C = $(wildcard $(addsuffix /*.[ch],crypto transport auth connection apps/* apps/examples/* tests/* tests/*/*))

format:                                 ## run clang-format on every source file
	$(CLANG_FORMAT) -i $(ALL_C)

lint: lint-format lint-clang lint-tidy lint-cppcheck lint-shell  ## run clang-format, clang, clang-tidy, cppcheck and shellcheck; all must be silent
lint-format:
	@$(CLANG_FORMAT) --dry-run -Werror $(ALL_C)
# The build's warnings from the compiler that the build does not use. The examples, which users read, programs on the library and the
# code against libssh are compiled by tests/tools with other warnings.
clang_check = $(CLANG) -fsyntax-only -std=c11 -D_GNU_SOURCE -pthread -I. -I$(GENERATED) -I$(BUILD)/include $(LIB_CFLAGS) $(CHECK_CFLAGS)
lint-clang: theirs = apps/examples/%.c tests/embed/%.c tests/libssh/%.c
lint-clang: $(BUILD)/libraries headers page-files
	@printf '%s\n' $(filter-out $(theirs),$(filter %.c,$(ALL_C))) | xargs -P 2 -n 8 $(clang_check) $(WARNINGS) -Werror
	@$(clang_check) -Wall -Werror -Wno-deprecated-declarations $(filter $(theirs),$(ALL_C))
lint-tidy: $(BUILD)/libraries headers page-files
	@printf '%s\n' $(filter-out tests/embed/%,$(filter %.c,$(ALL_C))) | xargs -P 2 -I {} $(CLANG_TIDY) --quiet {} -- \
		-std=c11 -D_GNU_SOURCE -I. -I$(GENERATED) -I$(BUILD)/include $(LIB_CFLAGS) $(CHECK_CFLAGS) 2>/dev/null
# Constant-time code shifts negative numbers; gcc and clang define the result.
lint-cppcheck:
	@cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
		--suppress=shiftTooManyBitsSigned --suppress=shiftNegativeLHS \
		--enable=warning,performance,portability -I. -j2 $(filter %.c,$(ALL_C))
lint-shell:
	@shellcheck -x .ci/run apps/packaging/install_files apps/packaging/dist apps/packaging/deb $(addprefix apps/packaging/debian/,nacre-server.postinst nacre-server.postrm tests/login tests/build) $(shell grep -l '^#!.*bash' tests/tools/*)

.PHONY: format lint lint-format lint-clang lint-tidy lint-cppcheck lint-shell
