# The programs and the manual pages

programs: $(PROGRAMS:%=$(BUILD)/nacre-%)
man: $(patsubst apps/man/%,$(BUILD)/man/%,$(wildcard apps/man/*.[135])) reference

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

# The reference of the library, from its headers: a manual page for each, and a page of HTML
reference: $(if $(shell command -v python3),$(BUILD)/reference.html)
	@$(if $^,:,echo "python3 is not installed: no manual pages for the library's functions, no reference.html")
$(BUILD)/reference.html: $(BUILD)/man/libnacre.3 $(wildcard tests/reference/*) $(foreach h,$(PUBLIC),$(BUILD)/include/nacre/$(notdir $(h)))
	@echo "  PAGES $@"
	$(Q)python3 tests/reference/generate $(BUILD)/include/nacre $(BUILD)/man/libnacre.3 $(BUILD)/man $@

.PHONY: programs man reference
