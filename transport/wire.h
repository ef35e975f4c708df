/* Read and write the data types of RFC 4251 section 5.
 *
 * Both are sticky: after the first read or write that does not fit, all that follow do nothing, so
 * a message is read to its end and checked once. */
#ifndef NACRE_TRANSPORT_WIRE_H
#define NACRE_TRANSPORT_WIRE_H

#include "crypto/bytes.h"

#include <stdbool.h>

struct reader {
    const uint8_t *at, *end;
    bool bad;
};

struct reader read_from(struct bytes message);
uint8_t read_u8(struct reader *r);
bool read_bool(struct reader *r); /* any value but 0 is true */
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);

/* A view into the message, valid as long as the message is; empty when bad. */
struct bytes read_string(struct reader *r);

/* A string as NUL-terminated text of at most `size` bytes, the NUL included. False, and bad, when
 * it does not fit or has a NUL inside. */
bool read_text(struct reader *r, char *out, size_t size);

/* The same for a string that was read already. */
bool text_from_wire(char *out, size_t size, struct bytes wire);

/* A string that must be a name-list: printable ASCII. It may contain empty names, as some peers
 * send them; next_name skips them. */
struct bytes read_name_list(struct reader *r);

/* The magnitude of a non-negative mpint, without leading zeros. Bad when it is negative or padded.
 */
struct bytes read_mpint(struct reader *r);

/* The same for a sender that pads: all leading zeros are dropped. */
struct bytes read_padded_mpint(struct reader *r);

/* n bytes. */
struct bytes read_bytes(struct reader *r, size_t n);

/* All bytes that are left. */
struct bytes read_rest(struct reader *r);

/* True when no read was bad and nothing is left. */
bool read_done(const struct reader *r);

/* The next name, not empty, of a name-list that read_name_list accepted; false at its end. */
bool next_name(struct bytes *list, struct bytes *name);
bool name_list_has(struct bytes list, const char *name);

/* True when every byte is printable ASCII (0x21 to 0x7e): RFC 4251 section 6 allows no other. */
bool is_name(struct bytes name);

struct writer {
    uint8_t *start, *at, *end;
    bool bad;
};

struct writer write_to(uint8_t *out, size_t room);
void write_u8(struct writer *w, uint8_t value);
void write_bool(struct writer *w, bool value);
void write_u32(struct writer *w, uint32_t value);
void write_u64(struct writer *w, uint64_t value);
void write_string(struct writer *w, struct bytes value);
void write_text(struct writer *w, const char *value); /* a string from NUL-terminated text */
void write_bytes(struct writer *w, struct bytes value);

/* The next name of a name-list; *first is true before the first one. */
void write_name(struct writer *w, bool *first, struct bytes name);

/* A non-negative mpint from its big-endian magnitude, leading zeros allowed. */
void write_mpint(struct writer *w, struct bytes magnitude);

/* A string whose contents are written between the two calls. */
uint8_t *write_string_begin(struct writer *w);
void write_string_end(struct writer *w, uint8_t *begin);

size_t written(const struct writer *w);
struct bytes written_bytes(const struct writer *w);

#endif
