# Other releases, compilers and machines. Not part of make check: they take longer, and install what they need.

# Whole Debian trees, in BUILD: the second time nothing is installed. RUN_AS=user: not as root
check-debian13:                         ## make run and make check in a fresh Debian 13 tree (root; RUN_AS=user in it)
	@tests/tools/check_debian trixie $(or $(RUN_AS),root) $(BUILD)/trixie

check-debian12:                         ## the same in Debian 12
	@tests/tools/check_debian bookworm $(or $(RUN_AS),root) $(BUILD)/bookworm

.PHONY: check-debian12 check-debian13
