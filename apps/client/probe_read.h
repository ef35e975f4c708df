/* The fields of the messages that --probe reads. A short message reads as empty fields. */
#ifndef NACRE_APPS_CLIENT_PROBE_READ_H
#define NACRE_APPS_CLIENT_PROBE_READ_H

#include "apps/client/probe.h"

/* What is still to be read of a message. */
struct field_reader {
    const uint8_t *at;
    size_t len;
};

/* A string or a name-list of it, or one name of a list. */
struct field {
    const uint8_t *at;
    size_t len;
};

/* After the message number. */
struct field_reader field_reader(const struct probe_bytes *message);

uint8_t field_u8(struct field_reader *r);
uint32_t field_u32(struct field_reader *r);
struct field field_string(struct field_reader *r);
void field_skip(struct field_reader *r, size_t len);

/* Cut the next name off a name-list: RFC 4251 section 5. False: there is no further one. */
bool field_name(struct field *list, struct field *name);

/* Write a field for a person: what is not printable ASCII becomes '?'. */
void field_text(char *out, size_t size, const struct field *field);

/* RFC 4253 section 7.1: the ten name-lists of KEXINIT, in order. */
enum { KEXINIT_LISTS = 10, KEXINIT_HOST_KEY = 1 };
extern const char *const kexinit_names[KEXINIT_LISTS];
/* Returns first_kex_packet_follows. */
bool kexinit_read(const struct probe_bytes *message, struct field lists[KEXINIT_LISTS]);

#endif
