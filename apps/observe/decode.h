/* Read the fields of a message, one after the other, as the table of messages describes them.
 *
 *     struct decoder d;
 *     struct field f;
 *
 *     decode_begin(&d, &context, NACRE_SENT, payload);
 *     while (decode_next(&d, &f))
 *         print(&f);
 *
 * Nothing is copied or allocated, and any bytes can be decoded: what cannot be read as the fields
 * of its message is a field "rest". */
#ifndef NACRE_APPS_OBSERVE_DECODE_H
#define NACRE_APPS_OBSERVE_DECODE_H

#include "apps/observe/context.h"
#include "transport/wire.h"

enum { DECODE_DEPTH = 4 /* a message, a signature in it, the blob in that, and one to spare */ };

/* A list of rows that is being read. */
struct decode_frame {
    const struct field_row *row;  /* the next one */
    const struct field_row *loop; /* what is repeated, or NULL */
    uint32_t left;                /* repetitions to come */
    bool endless;                 /* as many as there are bytes for */
    uint32_t round;               /* of the repetition, from 1 */
    uint32_t number;              /* the last uint32 */
    struct bytes key;             /* of the field that chooses */
    struct reader r;
};

struct decoder {
    struct bytes payload;
    const struct message_row *message; /* NULL: there is no row for it */
    const struct field_choice *kind;   /* "pty-req": what its key field chose, or NULL */
    bool malformed;                    /* valid when decode_next has returned false */
    unsigned depth;
    struct decode_frame frames[DECODE_DEPTH];
};

struct field {
    const struct field_row *row; /* NULL: the bytes cannot be read as any field */
    const char *name;
    enum field_type type;
    unsigned depth;     /* 1: inside the field of depth 0 that precedes it */
    uint32_t round;     /* 0: not in a repetition */
    size_t at, len;     /* where it is in the payload, its length field included */
    struct bytes value; /* without a length field; also of numbers */
    uint32_t number;    /* of a byte, boolean or uint32 */
    const char *code;   /* its name, or NULL */
    bool secret, data;
};

/* Begin with a message that is not empty. The context is only read, here. */
void decode_begin(struct decoder *d, const struct message_context *context,
                  enum nacre_direction direction, struct bytes payload);

/* The next field; false: there is none. */
bool decode_next(struct decoder *d, struct field *f);

#endif
