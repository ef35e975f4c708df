/* Values in DER (X.690 sections 8 and 10), for private keys. */
#ifndef NACRE_APPS_FILES_DER_H
#define NACRE_APPS_FILES_DER_H

#include "transport/wire.h"

/* The first byte of a value. */
enum {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_SEQUENCE = 0x30,
    DER_1_PRIMITIVE = 0x81, /* [1] IMPLICIT BIT STRING */
    DER_0 = 0xa0,           /* [0] */
    DER_1 = 0xa1,           /* [1] EXPLICIT */
};

/* An object identifier's contents. */
struct der_oid {
    uint8_t len;
    uint8_t at[9];
};

bool der_is_oid(struct bytes value, const struct der_oid *oid);

/* The contents of the next value, which must have this type. */
struct bytes der_read_value(struct reader *r, uint8_t type);

/* The same for a value that may be missing. */
struct bytes der_read_optional(struct reader *r, uint8_t type, bool *present);

/* A non-negative number, without the leading zero that keeps its first bit clear. */
struct bytes der_read_number(struct reader *r);

#endif
