#include "apps/observe/pcapng.h"

#include <string.h>

enum {
    SECTION = 0x0a0d0d0a, /* types of blocks */
    INTERFACE = 1,
    PACKET = 6,
    SECRETS = 10,

    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    LINKTYPE_RAW = 101,       /* an IP header, of either version */
    SECRETS_SSH = 0x5353484b, /* "SSHK" */

    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_USER_APPLICATION = 4, /* of a section */
    OPTION_NAME = 2,             /* of an interface */
    OPTION_FLAGS = 2,            /* of a packet: */
    INBOUND = 1,
    OUTBOUND = 2,
    OPTION_DROPPED = 4,
};

/* Bytes that are written one after the other. */
struct put {
    uint8_t *at;
};

static void put_u32(struct put *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        *p->at++ = (uint8_t)(value >> 8 * i);
}

static void put_u16(struct put *p, uint32_t value)
{
    *p->at++ = (uint8_t)value;
    *p->at++ = (uint8_t)(value >> 8);
}

static size_t padding(size_t len)
{
    return (4 - len % 4) % 4;
}

static void put_padded(struct put *p, const void *bytes, size_t len)
{
    memcpy(p->at, bytes, len);
    memset(p->at + len, 0, padding(len));
    p->at += len + padding(len);
}

/* An option: uint16 code, uint16 length, the value, padded to a multiple of 4 bytes. */
static void put_option(struct put *p, uint32_t code, const void *value, size_t len)
{
    put_u16(p, code);
    put_u16(p, (uint32_t)len);
    put_padded(p, value, len);
}

static void put_text_option(struct put *p, uint32_t code, const char *text)
{
    size_t len = strlen(text);

    put_option(p, code, text, len < PCAPNG_COMMENT_MAX ? len : PCAPNG_COMMENT_MAX);
}

static void end_options(struct put *p)
{
    put_u16(p, OPTION_END);
    put_u16(p, 0);
}

/* The second place of a block's length: uint32 block total length, first and last. */
static void put_length_at(uint8_t *at, size_t len)
{
    struct put p = {at};

    put_u32(&p, (uint32_t)len);
}

/* Section header block: uint32 type, uint32 length, uint32 byte order magic, uint16 major, uint16
 * minor, int64 section length (-1: unknown), options, uint32 length. */
static void put_section(struct put *p, const char *program)
{
    uint8_t *begin = p->at;

    put_u32(p, SECTION);
    put_u32(p, 0);
    put_u32(p, BYTE_ORDER_MAGIC);
    put_u16(p, 1);
    put_u16(p, 0);
    put_u32(p, UINT32_MAX);
    put_u32(p, UINT32_MAX);
    put_text_option(p, OPTION_USER_APPLICATION, program);
    end_options(p);
    put_length_at(begin + 4, (size_t)(p->at - begin) + 4);
    put_u32(p, (uint32_t)(p->at - begin) + 4);
}

/* Interface description block: uint32 type, uint32 length, uint16 link type, uint16 reserved,
 * uint32 snapshot length (0: no limit), options, uint32 length. Times are in microseconds by
 * default. */
static void put_interface(struct put *p)
{
    uint8_t *begin = p->at;

    put_u32(p, INTERFACE);
    put_u32(p, 0);
    put_u16(p, LINKTYPE_RAW);
    put_u16(p, 0);
    put_u32(p, 0);
    put_text_option(p, OPTION_NAME, "nacre");
    end_options(p);
    put_length_at(begin + 4, (size_t)(p->at - begin) + 4);
    put_u32(p, (uint32_t)(p->at - begin) + 4);
}

size_t pcapng_start(uint8_t out[PCAPNG_START_MAX], const char *program)
{
    struct put p = {out};

    put_section(&p, program);
    put_interface(&p);
    return (size_t)(p.at - out);
}

/* The beginning is complete but for its length, and the end but for the same. */
static void finish(struct pcapng_block *block, const struct put *head, struct put *tail, size_t len)
{
    size_t total;

    block->head_len = (size_t)(head->at - block->head);
    block->tail_len = (size_t)(tail->at - block->tail) + 4;
    total = block->head_len + len + block->tail_len;
    put_length_at(block->head + 4, total);
    put_u32(tail, (uint32_t)total);
}

static void put_packet_options(struct put *p, const struct pcapng_packet *packet)
{
    const uint8_t flags[4] = {packet->is_sent ? OUTBOUND : INBOUND};
    uint8_t dropped[8];

    if (packet->comment != NULL)
        put_text_option(p, OPTION_COMMENT, packet->comment);
    put_option(p, OPTION_FLAGS, flags, sizeof flags);
    if (packet->dropped > 0) {
        for (int i = 0; i < 8; i++)
            dropped[i] = (uint8_t)(packet->dropped >> 8 * i);
        put_option(p, OPTION_DROPPED, dropped, sizeof dropped);
    }
    end_options(p);
}

/* Enhanced packet block: uint32 type, uint32 length, uint32 interface, uint32 time (high), uint32
 * time (low), uint32 captured length, uint32 original length, the packet, padding, options, uint32
 * length. */
void pcapng_packet(struct pcapng_block *block, const struct pcapng_packet *packet)
{
    struct put head = {block->head}, tail = {block->tail};

    put_u32(&head, PACKET);
    put_u32(&head, 0);
    put_u32(&head, 0);
    put_u32(&head, (uint32_t)(packet->us >> 32));
    put_u32(&head, (uint32_t)packet->us);
    put_u32(&head, (uint32_t)packet->len);
    put_u32(&head, (uint32_t)packet->len);
    put_padded(&tail, "\0\0\0", padding(packet->len));
    tail.at = block->tail + padding(packet->len);
    put_packet_options(&tail, packet);
    finish(block, &head, &tail, packet->len);
}

/* Decryption secrets block: uint32 type, uint32 length, uint32 secrets type, uint32 secrets length,
 * the secrets, padding, uint32 length. */
void pcapng_secrets(struct pcapng_block *block, size_t len)
{
    struct put head = {block->head}, tail = {block->tail};

    put_u32(&head, SECRETS);
    put_u32(&head, 0);
    put_u32(&head, SECRETS_SSH);
    put_u32(&head, (uint32_t)len);
    memset(block->tail, 0, padding(len));
    tail.at += padding(len);
    finish(block, &head, &tail, len);
}
