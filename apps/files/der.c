#include "apps/files/der.h"

bool der_is_oid(struct bytes value, const struct der_oid *oid)
{
    return bytes_equal(value, (struct bytes){oid->at, oid->len});
}

/* The length of a value, in the shortest form, as DER requires. */
static size_t read_length(struct reader *r)
{
    uint8_t first = read_u8(r);
    size_t len = 0;

    if (first < 0x80)
        return first;
    if (first != 0x81 && first != 0x82) {
        r->bad = true;
        return 0;
    }
    for (uint8_t i = 0x80; i < first; i++)
        len = len << 8 | read_u8(r);
    r->bad |= len < (first == 0x81 ? 0x80u : 0x100u);
    return len;
}

struct bytes der_read_value(struct reader *r, uint8_t type)
{
    r->bad |= read_u8(r) != type;
    return read_bytes(r, read_length(r));
}

struct bytes der_read_optional(struct reader *r, uint8_t type, bool *present)
{
    *present = !r->bad && r->at < r->end && *r->at == type;
    return *present ? der_read_value(r, type) : (struct bytes){NULL, 0};
}

struct bytes der_read_number(struct reader *r)
{
    struct bytes number = der_read_value(r, DER_INTEGER);

    if (number.len == 0 || (number.at[0] & 0x80) ||
        (number.len > 1 && number.at[0] == 0 && !(number.at[1] & 0x80)))
        r->bad = true;
    return r->bad ? (struct bytes){NULL, 0} : bytes_without_zeros(number);
}
