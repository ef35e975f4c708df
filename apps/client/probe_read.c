#include "apps/client/probe_read.h"

#include <string.h>

enum { COOKIE = 16 /* bytes */ };

const char *const kexinit_names[KEXINIT_LISTS] = {
    "kex_algorithms",
    "server_host_key_algorithms",
    "encryption_algorithms_client_to_server",
    "encryption_algorithms_server_to_client",
    "mac_algorithms_client_to_server",
    "mac_algorithms_server_to_client",
    "compression_algorithms_client_to_server",
    "compression_algorithms_server_to_client",
    "languages_client_to_server",
    "languages_server_to_client",
};

struct field_reader field_reader(const struct probe_bytes *message)
{
    struct field_reader r = {message->at, message->len};

    field_skip(&r, 1);
    return r;
}

void field_skip(struct field_reader *r, size_t len)
{
    size_t n = len < r->len ? len : r->len;

    if (n > 0)
        r->at += n;
    r->len -= n;
}

uint8_t field_u8(struct field_reader *r)
{
    uint8_t value = r->len > 0 ? *r->at : 0;

    field_skip(r, 1);
    return value;
}

uint32_t field_u32(struct field_reader *r)
{
    uint32_t value = 0;

    if (r->len < 4)
        r->len = 0;
    for (int i = 0; i < 4; i++)
        value = value << 8 | field_u8(r);
    return value;
}

struct field field_string(struct field_reader *r)
{
    uint32_t len = field_u32(r);
    struct field found = {r->at, len};

    if (len > r->len)
        found.len = r->len = 0;
    field_skip(r, len);
    return found;
}

bool field_name(struct field *list, struct field *name)
{
    const uint8_t *comma;

    if (list->len == 0)
        return false;
    comma = memchr(list->at, ',', list->len);
    *name = (struct field){list->at, comma != NULL ? (size_t)(comma - list->at) : list->len};
    list->at += name->len + (comma != NULL);
    list->len -= name->len + (comma != NULL);
    return true;
}

void field_text(char *out, size_t size, const struct field *field)
{
    size_t n = field->len < size - 1 ? field->len : size - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = field->at[i] >= ' ' && field->at[i] <= '~' ? (char)field->at[i] : '?';
    out[n] = 0;
}

/* RFC 4253 section 7.1
 *     byte         SSH_MSG_KEXINIT
 *     byte[16]     cookie
 *     name-list    kex_algorithms, and nine more in the order of kexinit_names
 *     boolean      first_kex_packet_follows
 *     uint32       0                                                           */
bool kexinit_read(const struct probe_bytes *message, struct field lists[KEXINIT_LISTS])
{
    struct field_reader r = field_reader(message);

    field_skip(&r, COOKIE);
    for (size_t i = 0; i < KEXINIT_LISTS; i++)
        lists[i] = field_string(&r);
    return field_u8(&r) != 0;
}
