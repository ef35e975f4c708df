# Other releases, compilers and machines. They take longer than make check and install what they need.

# The tree is kept in BUILD, so a second run installs nothing.
check-debian13:                         ## make run, make check and nacre-spec in a fresh Debian 13 tree (needs root; RUN_AS=user)
	@tests/tools/check_debian trixie $(or $(RUN_AS),root) $(BUILD)/trixie

check-debian12:                         ## the same in Debian 12
	@tests/tools/check_debian bookworm $(or $(RUN_AS),root) $(BUILD)/bookworm

check-lto check-clang-lto check-i386 check-arm64 check-musl: export WERROR = 1
check-compilers: check-lto check-clang-lto check-i386 check-arm64 check-musl  ## all five that follow

# With link-time optimisation an object contains the compiler's own code, which only its ar and linker can read: readelf sees
# no symbols of gcc's, and complains about clang's.
check-lto:                              ## gcc -flto: no warnings, and the programs work
	@$(MAKE) $(jobs) BUILD=$(BUILD)/lto CC=gcc AR=gcc-ar CFLAGS='-O2 -flto=auto' all symbols
	@NACRE_BUILD=$(BUILD)/lto tests/tools/run_tests tests/interop/test_echo.py

check-clang-lto:                        ## clang -flto: the same
	@tests/tools/install_missing "clang -flto" $(addsuffix -$(CLANG_VERSION),clang lld llvm)
	@$(MAKE) $(jobs) BUILD=$(BUILD)/clang-lto CC=$(CLANG) AR=llvm-ar-$(CLANG_VERSION) READELF=: CFLAGS='-O2 -flto' \
		LDFLAGS=-fuse-ld=lld all symbols
	@NACRE_BUILD=$(BUILD)/clang-lto tests/tools/run_tests tests/interop/test_echo.py

# Another architecture's libraries are unpacked below BUILD, not installed. foreign ARCHITECTURE,TRIPLET,TOOLS builds with
# them. NOT_FOREIGN: tests of the kernel's own features, or that start the programs. NOT_EMULATED: qemu-user has
# no ptrace, limits no memory, and shows signal masks and TCP_INFO of its own.
root = $(abspath $(BUILD)/sysroot/$(1))
foreign = PKG_CONFIG_SYSROOT_DIR=$(call root,$(1)) PKG_CONFIG_LIBDIR=$(call root,$(1))/usr/lib/$(2)/pkgconfig \
          $(MAKE) $(jobs) BUILD=$(BUILD)/$(1) CC='$(3)-gcc --sysroot=$(call root,$(1))' \
          LD=$(3)-ld AR=$(3)-ar OBJCOPY=$(3)-objcopy all unit-programs
NOT_FOREIGN = apps/confine/% apps/options/% apps/serve/% apps/runtime/locked_memory
NOT_EMULATED = apps/files/password_edit apps/files/password_file crypto/password_hash apps/daemon/log_writer apps/runtime/socket_options
foreign_tests = $(foreach t,$(filter-out $(NOT_FOREIGN) $(3),$(TESTS)),"$(2) $(BUILD)/$(1)/tests/$(t)")

check-i386:                             ## 32-bit x86: no warnings, and the unit tests pass
	@tests/tools/install_missing "compiling for i386" gcc-i686-linux-gnu
	@tests/tools/sysroot i386 $(call root,i386) libc6-dev libsodium-dev libssl-dev check valgrind
	@$(call foreign,i386,i386-linux-gnu,i686-linux-gnu) CFLAGS='-O2 -D_FORTIFY_SOURCE=2 -Wno-psabi'
	@tests/tools/run_tests --timeout 600 $(call foreign_tests,i386,$(call root,i386)/lib/ld-linux.so.2 --library-path \
		$(call root,i386)/lib/i386-linux-gnu:$(call root,i386)/usr/lib/i386-linux-gnu)

check-arm64:                            ## aarch64: no warnings, and the unit tests pass under qemu-user (10 minutes)
	@tests/tools/install_missing "compiling for arm64" gcc-aarch64-linux-gnu qemu-user-static
	@tests/tools/sysroot arm64 $(call root,arm64) libc6-dev libsodium-dev libssl-dev check valgrind
	@$(call foreign,arm64,aarch64-linux-gnu,aarch64-linux-gnu)
	@tests/tools/run_tests --timeout 1200 $(call foreign_tests,arm64,qemu-aarch64-static -L $(call root,arm64),$(NOT_EMULATED))

# Debian has no libsodium or libcrypto for musl, but their headers serve to compile.
MULTIARCH = $(shell gcc -print-multiarch)
check-musl:                             ## musl: it compiles without warnings
	@tests/tools/install_missing "compiling for musl" musl-tools
	@mkdir -p $(BUILD)/musl/include $(BUILD)/musl/multiarch
	@ln -sf $(addprefix /usr/include/,sodium sodium.h openssl linux asm-generic) $(BUILD)/musl/include
	@ln -sf $(addprefix /usr/include/$(MULTIARCH)/,asm openssl) $(BUILD)/musl/multiarch
	@$(MAKE) $(jobs) BUILD=$(BUILD)/musl CC='musl-gcc $(patsubst %,-isystem $(abspath $(BUILD))/musl/%,include multiarch)' \
		$(ALL_OBJECTS:$(BUILD)/%=$(BUILD)/musl/%)

.PHONY: check-debian12 check-debian13 check-compilers check-lto check-clang-lto check-i386 check-arm64 check-musl
