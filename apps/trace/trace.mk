# The page of nacre-trace, which the program contains

PAGE_FILES = $(addprefix apps/trace/,page.html page.css page_model.js page_list.js page_bytes.js page_plot.js page_detail.js page.js)
GENERATED = $(BUILD)/generated

page-files: $(GENERATED)/apps/trace/page_files.h
$(GENERATED)/apps/trace/page_files.h: apps/trace/embed $(PAGE_FILES)
	@mkdir -p $(@D)
	@echo "  MAKE  $@"
	$(Q)apps/trace/embed $(PAGE_FILES) >$@

$(BUILD)/obj/apps/trace/page.o: PART_CFLAGS += -I$(GENERATED)
$(BUILD)/obj/apps/trace/page.o: $(GENERATED)/apps/trace/page_files.h

.PHONY: page-files
