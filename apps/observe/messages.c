#include "apps/observe/messages.h"

static const struct message_row *const lists[] = {messages_transport, messages_kex, messages_auth,
                                                  messages_connection};

const struct message_row *message_at(size_t i)
{
    for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++)
        for (const struct message_row *row = lists[list]; row->name != NULL; row++)
            if (i-- == 0)
                return row;
    return NULL;
}

/* RFC 4250 section 4.1.1: the ranges of numbers. */
static const struct message_row *list_of(uint8_t number)
{
    if (number >= 30 && number <= 49)
        return messages_kex;
    if (number >= 50 && number <= 79)
        return messages_auth;
    if (number >= 80 && number <= 127)
        return messages_connection;
    return messages_transport;
}

const struct message_row *message_find(uint8_t number, enum message_when kex,
                                       enum message_when auth, enum message_when reply)
{
    for (const struct message_row *row = list_of(number); row->name != NULL; row++)
        if (row->number == number && (row->when == WHEN_ALWAYS || row->when == kex ||
                                      row->when == auth || row->when == reply))
            return row;
    return NULL;
}

const char *field_code_name(const struct field_code *codes, uint32_t value)
{
    for (; codes != NULL && codes->name != NULL; codes++)
        if (codes->value == value)
            return codes->name;
    return NULL;
}

const char *field_type_name(enum field_type type)
{
    static const char *const names[] = {
        [FIELD_BYTE] = "byte",           [FIELD_BOOLEAN] = "boolean", [FIELD_UINT32] = "uint32",
        [FIELD_STRING] = "string",       [FIELD_MPINT] = "mpint",     [FIELD_BYTES] = "byte[n]",
        [FIELD_NAME_LIST] = "name-list", [FIELD_REST] = "bytes",
    };

    return names[type];
}
