# What the tests in a browser need from npm, as tests/browser/package-lock.json pins it

BROWSER = $(BUILD)/browser

browser-packages: $(BROWSER)/node_modules/.package-lock.json  ## install what the tests in a browser need from npm, in build/browser
$(BROWSER)/node_modules/.package-lock.json: $(addprefix tests/browser/,package.json package-lock.json .npmrc)
	@mkdir -p $(BROWSER)
	@echo "  NPM   $(BROWSER)"
	$(Q)cp $^ $(BROWSER)
	$(Q)cd $(BROWSER) && npm ci --loglevel=error --no-audit --no-fund
	$(Q)touch $@

browser-tests: all browser-packages     ## the tests of the pages, in headless Chromium
	@NACRE_BUILD=$(BUILD) node --test tests/browser/test_page.mjs tests/browser/test_spec_page.mjs tests/browser/test_reference.mjs

.PHONY: browser-packages browser-tests
