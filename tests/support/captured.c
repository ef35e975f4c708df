#include "tests/support/captured.h"

#include "crypto/bytes.h"
#include "transport/api.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Blocks, the port of every captured server, and SSH_MSG_KEX_ECDH_REPLY */
enum { PACKET = 6, SECRETS = 10, PORT_SERVER = 22, KEX_REPLY = 31 };

/* The flags of a segment: RFC 9293 section 3.1 */
enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

/* An IPv4 packet: one segment. */
static void read_packet(struct captured *found, const uint8_t *ip, size_t len)
{
    uint32_t source = (uint32_t)ip[20] << 8 | ip[21], seq = load_u32(ip + 24);
    enum nacre_role sender = source == PORT_SERVER ? NACRE_SERVER : NACRE_CLIENT;
    uint8_t flags = ip[33];

    ck_assert_uint_eq(ip[0], 0x45);
    ck_assert_uint_eq((uint32_t)ip[2] << 8 | ip[3], len);
    if (flags & RST) {
        found->resets++;
        return;
    }
    if (flags & SYN)
        found->next[sender] = seq;
    ck_assert_uint_eq(seq, found->next[sender]);
    if (flags & ACK)
        ck_assert_uint_eq(load_u32(ip + 28), found->next[1 - sender]);
    found->finished += flags & FIN;
    memcpy(found->streams[sender] + found->lens[sender], ip + 40, len - 40);
    found->lens[sender] += len - 40;
    found->next[sender] += (uint32_t)(len - 40) + ((flags & (SYN | FIN)) != 0);
    /* KEX_ECDH_REPLY is the first packet of the server after its KEXINIT that is not encrypted */
    if (sender == NACRE_SERVER && len > 46 && ip[45] == KEX_REPLY && found->reply_at == 0) {
        found->reply_at = found->lens[sender];
        found->early = found->secrets;
    }
}

static void next(struct captured *found, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void next(struct captured *found, const char *format, ...)
{
    size_t len = strlen(found->order);
    va_list values;

    va_start(values, format);
    (void)vsnprintf(found->order + len, sizeof found->order - len, format, values);
    va_end(values);
}

static void note_packet(struct captured *found, const uint8_t *block, uint32_t block_len)
{
    uint32_t len = load_u32_le(block + 20);
    const uint8_t *ip = block + 28, *at = ip + (len + 3) / 4 * 4;

    next(found, "%c.%02x", ip[21] == PORT_SERVER && ip[20] == 0 ? 'S' : 'C', ip[33]);
    for (; at < block + block_len - 4 && load_u32_le(at) != 0;
         at += 4 + ((at[2] | at[3] << 8) + 3) / 4 * 4)
        if (at[0] == 2)
            next(found, "%s%u", at[4] == 2 ? ">" : "<", len - 40);
        else if (at[0] == 1)
            next(found, "[%.*s]", at[2] | at[3] << 8, (const char *)at + 4);
    next(found, ";");
}

/* The whole file. */
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint8_t *content;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fstat(fileno(file), &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    *size = (size_t)status.st_size;
    content = malloc(*size);
    ck_assert_uint_eq(fread(content, 1, *size, file), *size);
    (void)fclose(file);
    return content;
}

void captured_read(struct captured *found, const char *path)
{
    size_t size;
    uint8_t *content = read_file(path, &size);

    memset(found, 0, sizeof *found);
    for (size_t at = 0; at < size;) {
        const uint8_t *block = content + at;
        uint32_t type = load_u32_le(block), len = load_u32_le(block + 4);

        ck_assert_uint_le(at + len, size);
        ck_assert_uint_eq(len % 4, 0);
        ck_assert_uint_eq(load_u32_le(block + len - 4), len);
        if (type == PACKET) {
            found->last_us = (uint64_t)load_u32_le(block + 12) << 32 | load_u32_le(block + 16);
            if (found->packets++ == 0)
                found->first_us = found->last_us;
            note_packet(found, block, len);
            read_packet(found, block + 28, load_u32_le(block + 20));
        }
        if (type == SECRETS) {
            next(found, "secrets;");
            found->secrets++;
        }
        at += len;
    }
    free(content);
}

bool captured_contains(const char *path, const void *bytes, size_t len)
{
    size_t size;
    uint8_t *content = read_file(path, &size);
    bool contains = memmem(content, size, bytes, len) != NULL;

    free(content);
    return contains;
}
