# What the interop tests need from npm, as tests/interop/node/package-lock.json pins it

NODE = $(BUILD)/node

node-packages: $(NODE)/node_modules/.package-lock.json  ## install node's ssh2 for the interop tests, in build/node
$(NODE)/node_modules/.package-lock.json: $(addprefix tests/interop/node/,package.json package-lock.json .npmrc)
	@mkdir -p $(NODE)
	@echo "  NPM   $(NODE)"
	$(Q)cp $^ $(NODE)
	$(Q)cd $(NODE) && npm ci --loglevel=error --no-audit --no-fund
	$(Q)touch $@

.PHONY: node-packages
