# Installing, and packages

install_files = BUILD='$(BUILD)' PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' DESTDIR='$(DESTDIR)' PROGRAMS='$(PROGRAMS)' \
                SONAME='$(SONAME)' VERSION='$(VERSION)' apps/packaging/install_files

install: all                            ## install into PREFIX (/usr/local), libraries into LIBDIR (PREFIX/lib), below DESTDIR if it is set
	$(Q)$(install_files) install

uninstall:                              ## remove what make install put below PREFIX (and DESTDIR), and nothing else
	$(Q)$(install_files) uninstall

dist:                                   ## pack the sources into build/nacre-VERSION.tar.gz: the same commit gives the same bytes
	@apps/packaging/dist $(BUILD) $(VERSION)

.PHONY: install uninstall dist
