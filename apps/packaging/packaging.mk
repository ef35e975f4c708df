# Installing, and packages

install_files = BUILD='$(BUILD)' PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' DESTDIR='$(DESTDIR)' PROGRAMS='$(PROGRAMS)' \
                SONAME='$(SONAME)' VERSION='$(VERSION)' apps/packaging/install_files

install: all                            ## install into PREFIX (/usr/local), libraries into LIBDIR (PREFIX/lib), below DESTDIR if it is set
	$(Q)$(install_files) install

uninstall:                              ## remove what make install put below PREFIX (and DESTDIR), and nothing else
	$(Q)$(install_files) uninstall

dist:                                   ## pack the sources into build/nacre-VERSION.tar.gz: the same commit gives the same bytes
	@apps/packaging/dist $(BUILD) $(VERSION)

deb: dist                               ## build Debian packages in build/deb (MAINTAINER="Name <address>": who answers for them)
	@tests/tools/install_missing "building Debian packages" $(DEB_PACKAGES)
	@apps/packaging/deb $(BUILD) $(VERSION) '$(MAINTAINER)'

# The trees are kept in BUILD, so a second run installs less.
check-deb: dist                         ## build the packages twice, install, use, upgrade and purge them in fresh trees of SUITES="bookworm trixie" (needs root)
	@tests/tools/install_missing "making trees of Debian" debootstrap
	@for suite in $(or $(SUITES),bookworm trixie); do NACRE_BUILD=$(BUILD) tests/tools/check_deb $$suite $(BUILD)/deb-trees || exit; done

check-container: all                    ## build the image of apps/packaging/container in a Debian tree, and try it (needs root)
	@tests/tools/install_missing "making trees of Debian" debootstrap
	@mkdir -p $(BUILD)/deb-trees
	@NACRE_BUILD=$(BUILD) NACRE_IMAGE=$(abspath $(BUILD)/deb-trees) /usr/bin/python3 tests/interop/test_container.py

.PHONY: install uninstall dist deb check-deb check-container
