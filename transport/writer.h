/* SSH's encoding of numbers and strings, for what an application puts into a request or reads from
 * one. RFC 4251 section 5.
 *
 *     uint8_t out[64];
 *     struct nacre_writer w = nacre_write_to(out, sizeof out);
 *
 *     nacre_write_text(&w, "en");
 *     nacre_write_u32(&w, 80);
 *     if (!w.bad)
 *         nacre_channel_request(ch, "size@example.com", true, out, nacre_written(&w));
 *
 * Both are sticky: after the first field that does not fit, `bad` is set and the others do nothing,
 * so a message is written or read to its end and checked once. They allocate nothing, and may be
 * copied. Text and data that are written are copied. From any thread. */
#ifndef NACRE_TRANSPORT_WRITER_H
#define NACRE_TRANSPORT_WRITER_H

#include "transport/api.h"

/* Where writing has got to. Valid as long as the bytes that nacre_write_to was given. */
struct nacre_writer {
    uint8_t *start, *at, *end;
    bool bad; /* something did not fit */
};

/* Write to these `size` bytes, which are borrowed. */
NACRE_API struct nacre_writer nacre_write_to(void *out, size_t size);
NACRE_API void nacre_write_bool(struct nacre_writer *w, bool value);
NACRE_API void nacre_write_u32(struct nacre_writer *w, uint32_t value);
NACRE_API void nacre_write_u64(struct nacre_writer *w, uint64_t value);
NACRE_API void nacre_write_string(struct nacre_writer *w, const void *data, size_t len);
NACRE_API void nacre_write_text(struct nacre_writer *w, const char *text); /* as a string */
/* Bytes written so far; 0 when something did not fit. */
NACRE_API size_t nacre_written(const struct nacre_writer *w);

/* Where reading has got to. Valid as long as the bytes that nacre_read_from was given. */
struct nacre_reader {
    const uint8_t *at, *end;
    bool bad; /* the bytes ended inside a field */
};

/* Read these `len` bytes, which are borrowed. A field that is not there is 0, false or empty. */
NACRE_API struct nacre_reader nacre_read_from(const void *data, size_t len);
NACRE_API bool nacre_read_bool(struct nacre_reader *r);
NACRE_API uint32_t nacre_read_u32(struct nacre_reader *r);
NACRE_API uint64_t nacre_read_u64(struct nacre_reader *r);
/* A view of *len bytes, valid as long as the data are. When the field is not there *len is 0 and
 * the pointer may be NULL. */
NACRE_API const uint8_t *nacre_read_string(struct nacre_reader *r, size_t *len);
/* True when no field was missing and nothing is left. */
NACRE_API bool nacre_read_done(const struct nacre_reader *r);

#endif
