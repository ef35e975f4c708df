# What formatter and linters say

ALL_C = $(wildcard $(addsuffix /*.[ch],crypto transport auth connection apps/* tests/* tests/*/*))

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

.PHONY: format lint lint-format lint-clang lint-tidy lint-cppcheck lint-shell
