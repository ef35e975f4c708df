# The programs, the manual pages, and what is installed

programs: $(PROGRAMS:%=$(BUILD)/nacre-%)
man: $(patsubst apps/man/%,$(BUILD)/man/%,$(wildcard apps/man/*.[135]))

# Programs use the library as any user does, by its nacre_ names, and link what they need from the shared rooms.
$(BUILD)/shared.a: $(call objects,$(SHARED_SRC)) $(BUILD)/sources
	@echo "  AR    $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

define program
$(BUILD)/nacre-$(1): $(call objects,$(call room_src,$(1))) $(BUILD)/shared.a $(BUILD)/libnacre.a
	@echo "  LINK  $$@"
	$$(Q)$$(CC) -pie $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIB_LIBS)
endef
# apps/spec/spec.mk links nacre-spec.
$(foreach p,$(filter-out spec,$(PROGRAMS)),$(eval $(call program,$(p))))

# The manual pages, with the parts that several pages share
$(BUILD)/man/%: apps/man/% $(wildcard apps/man/*.mdoc)
	@mkdir -p $(@D)
	$(Q)awk 'function put(name, line) { while ((getline line <name) > 0) \
		if (line ~ /^\.so /) put("apps/man/" substr(line, 5)); else print line; close(name) } BEGIN { put(ARGV[1]) }' $< >$@

install: all                            ## install into PREFIX (/usr/local), libraries into LIBDIR (PREFIX/lib), below DESTDIR if it is set
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin include/nacre share/man/man1 share/man/man3 share/man/man5 \
		share/doc/nacre/examples lib/systemd/system) $(DESTDIR)$(LIBDIR)/pkgconfig
	install $(PROGRAMS:%=$(BUILD)/nacre-%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(BUILD)/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(BUILD)/man/*.3 $(DESTDIR)$(PREFIX)/share/man/man3
	install -m 644 $(BUILD)/man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 apps/examples/*.c apps/man/*.conf $(DESTDIR)$(PREFIX)/share/doc/nacre/examples
	for unit in nacre-echo.service nacre-echo.socket; do \
		sed 's,^ExecStart=/usr/local/,ExecStart=$(PREFIX)/,' apps/packaging/$$unit >$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit && \
		chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit || exit; done
	install -m 644 $(BUILD)/include/nacre/*.h $(DESTDIR)$(PREFIX)/include/nacre
	install -m 644 $(BUILD)/libnacre.a $(BUILD)/$(SONAME) $(DESTDIR)$(LIBDIR)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libnacre.so
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))' 'includedir=$${prefix}/include' \
		'Name: nacre' 'Description: SSH-2, both ends' 'Version: $(VERSION)' 'Cflags: -I$${includedir}' \
		'Libs: -L$${libdir} -lnacre' 'Libs.private: -pthread' 'Requires.private: libsodium libcrypto' \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/nacre.pc

.PHONY: programs man install
