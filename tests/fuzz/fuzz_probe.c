/* The messages that nacre-client --probe reads: every field is a part of the message. */
#include "tests/fuzz/fuzz.h"

#include "apps/client/probe_read.h"

#include <string.h>

enum { TEXT_MAX = 64 };

static void check_field(const struct probe_bytes *message, const struct field *field)
{
    char text[TEXT_MAX];

    require(field->len == 0 ||
            (field->at >= message->at && field->at + field->len <= message->at + message->len));
    field_text(text, sizeof text, field);
    require(strlen(text) == (field->len < sizeof text ? field->len : sizeof text - 1));
    for (const char *c = text; *c != 0; c++)
        require(*c >= ' ' && *c <= '~');
}

static void check_names(const struct probe_bytes *message, struct field list)
{
    size_t most = list.len, names = 0;
    struct field name;

    while (field_name(&list, &name)) {
        check_field(message, &name);
        names++;
    }
    require(names <= most);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct probe_bytes message = {(uint8_t *)(uintptr_t)data, len};
    struct field_reader r = field_reader(&message);
    struct field lists[KEXINIT_LISTS];

    (void)kexinit_read(&message, lists);
    for (size_t i = 0; i < KEXINIT_LISTS; i++) {
        check_field(&message, &lists[i]);
        check_names(&message, lists[i]);
    }
    while (r.len > 0) {
        struct field field = field_string(&r);

        check_field(&message, &field);
    }
    return 0;
}
