/* A configuration file: every line, and what -T prints of it, which is read as the same. */
#include "tests/fuzz/fuzz.h"

#include "apps/options/config.h"
#include "apps/options/config_print.h"
#include "apps/serve/options.h"

#include <stdio.h>
#include <string.h>

static struct config *read_text(char *text, size_t len)
{
    struct config *config = config_new(&serve_command_line);

    require(config != NULL);
    config_read_text(config, "file", text, len, false);
    return config;
}

static void print_entry(FILE *out, const struct config_entry *entry)
{
    require(entry->words != NULL ? config_print_words(out, entry->row, entry->words)
                                 : config_print_value(out, entry->row, entry->value));
}

static void compare(const struct config *a, const struct config *b)
{
    const struct config_entry *one, *other;

    for (size_t i = 0; (one = config_entry(a, i)) != NULL; i++) {
        other = config_entry(b, i);
        require(other != NULL && one->row == other->row && strcmp(one->value, other->value) == 0);
        for (size_t w = 0; one->words != NULL && one->words[w] != NULL; w++)
            require(other->words[w] != NULL && strcmp(one->words[w], other->words[w]) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1), *printed = NULL;
    const struct config_entry *entry;
    struct config *first, *second;
    size_t printed_len = 0;
    FILE *out = open_memstream(&printed, &printed_len);

    require(text != NULL && out != NULL);
    memcpy(text, data, len);
    text[len] = 0;
    first = read_text(text, len);
    for (size_t i = 0; (entry = config_entry(first, i)) != NULL; i++)
        print_entry(out, entry);
    require(fclose(out) == 0);
    second = read_text(printed, printed_len);
    require(config_problems(second)[0] == 0);
    compare(first, second);
    config_free(first);
    config_free(second);
    free(printed);
    free(text);
    return 0;
}
