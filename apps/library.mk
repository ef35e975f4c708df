# The library: libnacre.a, libnacre.so and the headers <nacre/...>

# What users' programs include, as <nacre/NAME.h>
PUBLIC = $(wildcard transport/api.h transport/limit.h transport/observer.h auth/policy.h auth/identity.h transport/writer.h connection/channel.h connection/pipe.h connection/forward.h \
           $(patsubst %,apps/%.h,forward/forwarding server/server server/file_login session/session session/budget session/algorithm_list session/repr connect/client \
             $(addprefix runtime/,address locked_memory offload stream watch) \
             $(addprefix files/,agent authorized_keys key key_file known_hosts password_edit password_file)))

lib: $(BUILD)/libnacre.a $(BUILD)/libnacre.so headers
headers: $(foreach h,$(PUBLIC),$(BUILD)/include/nacre/$(notdir $(h)))
	@rm -f $(filter-out $^,$(wildcard $(BUILD)/include/nacre/*.h))

# One object, in which hidden symbols are made local: only nacre_ names can clash with a program's own. It keeps its own copies
# of the functions that the compiler adds to every object, as on 32-bit x86 (--force-group-allocation). With link-time
# optimisation the compiler makes the object, since only it can read the others.
relink = $(LD) -r --force-group-allocation
ifneq ($(filter -flto%,$(CFLAGS)),)
relink = $(CC) $(ALL_CFLAGS) -r -nostdlib $(if $(findstring clang,$(CC)),-fuse-ld=lld,-flinker-output=nolto-rel)
endif
$(BUILD)/libnacre.a: $(call objects,$(LIB_SRC)) $(BUILD)/sources
	@echo "  AR    $@"
	$(Q)$(relink) -o $(BUILD)/nacre.o $(filter %.o,$^)
	$(Q)$(OBJCOPY) --localize-hidden $(BUILD)/nacre.o
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(BUILD)/nacre.o

# The sessions alone, for systems without sockets, threads or epoll: the layers, the session room, and keys in memory.
SANS_IO_SRC = $(CORE_SRC) $(wildcard apps/session/*.c) $(filter-out %/key_file.c %/key_object.c,$(wildcard apps/files/key_*.c)) \
              $(wildcard $(addprefix apps/files/,key.c der.c public_key.c))
libnacre-core: $(BUILD)/libnacre-core.a headers  ## the library without sockets and threads, for an event loop of your own
$(BUILD)/libnacre-core.a: $(call objects,$(SANS_IO_SRC)) $(BUILD)/sources
	@echo "  AR    $@"
	$(Q)$(relink) -o $(BUILD)/nacre-core.o $(filter %.o,$^)
	$(Q)$(OBJCOPY) --localize-hidden $(BUILD)/nacre-core.o
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(BUILD)/nacre-core.o

# The map lists every symbol with the version that it came with; tests/tools/abi compares it with the headers. A symbol without
# an entry would be hidden, so it is an error.
SYMBOLS = apps/library.map
unlisted = awk 'NR == FNR { listed[$$1]; next } $$5 == "GLOBAL" && $$6 == "DEFAULT" && $$7 != "UND" && $$8 ~ /^nacre_/ && \
	!(($$8 ";") in listed) { print $$8 " has no entry in $(SYMBOLS): make headers, and tests/tools/abi --write"; bad = 1 } \
	END { exit bad }' $(SYMBOLS) -
$(BUILD)/$(SONAME): $(call objects,$(LIB_SRC)) $(BUILD)/sources $(SYMBOLS)
	@echo "  LINK  $@"
	$(Q)$(READELF) -sW $(filter %.o,$^) | $(unlisted) >&2
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$(SYMBOLS) \
		$(if $(SANITIZE),,-Wl,-z,defs) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB_LIBS)

$(BUILD)/libnacre.so: $(BUILD)/$(SONAME)
	$(Q)ln -sf $(SONAME) $@

# Installed headers are in one folder, so they include each other without a path.
define header
$(BUILD)/include/nacre/$(notdir $(1)): $(1)
	@mkdir -p $$(@D)
	$$(Q)sed 's,^#include "[a-z/]*/,#include ",' $$< >$$@
endef
$(foreach h,$(PUBLIC),$(eval $(call header,$(h))))

.PHONY: lib headers libnacre-core
