/* Views of bytes, integers in network order, and the two operations that secrets need.
 *
 * Knows no algorithm. Everything here is pure; nothing allocates and nothing can fail. */
#ifndef NACRE_CRYPTO_BYTES_H
#define NACRE_CRYPTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view of bytes that it does not own: never freed, and valid only as long as the owner says. `at`
 * may be NULL when `len` is 0. */
struct bytes {
    const uint8_t *at;
    size_t len; /* bytes */
};

/* The bytes of a C string, without its final NUL. The view lives as long as the string. */
static inline struct bytes bytes_of(const char *nul_terminated)
{
    return (struct bytes){(const uint8_t *)nul_terminated, strlen(nul_terminated)};
}

/* The view without its first n bytes; it has at least n. */
static inline struct bytes bytes_from(struct bytes b, size_t n)
{
    return n == 0 ? b : (struct bytes){b.at + n, b.len - n}; /* `at` may be NULL */
}

/* Same length and same content? Stops at the first difference: not for secrets. */
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Is it exactly this C string? Not for secrets. */
static inline bool bytes_are(struct bytes a, const char *nul_terminated)
{
    return (a.len == 0 || a.at[0] == (uint8_t)nul_terminated[0]) && /* most comparisons end here */
           bytes_equal(a, bytes_of(nul_terminated));
}

/* The same number, most significant byte first, without its leading zeros. Not for secrets. */
static inline struct bytes bytes_without_zeros(struct bytes number)
{
    while (number.len > 0 && number.at[0] == 0) {
        number.at++;
        number.len--;
    }
    return number;
}

/* Does the pattern match all of the text? '*' matches any run of bytes, '?' one byte. fold: ASCII
 * letters match in either case. Takes time in the product of the lengths at most. Not for secrets.
 */
bool bytes_match(struct bytes pattern, struct bytes text, bool fold);

/* Integers as RFC 4251 section 5 puts them on the wire: most significant byte first. The pointer
 * needs no alignment; 4 or 8 bytes are read or written. Compilers turn each function into one
 * instruction. */
static inline uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline uint64_t load_u64(const uint8_t *p)
{
    return (uint64_t)load_u32(p) << 32 | load_u32(p + 4);
}

static inline void store_u32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

static inline void store_u64(uint8_t *p, uint64_t value)
{
    store_u32(p, (uint32_t)(value >> 32));
    store_u32(p + 4, (uint32_t)value);
}

/* The same, least significant byte first, for the primitives that are defined that way. */
static inline uint32_t load_u32_le(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | (uint32_t)p[0];
}

static inline uint64_t load_u64_le(const uint8_t *p)
{
    return (uint64_t)load_u32_le(p + 4) << 32 | load_u32_le(p);
}

static inline void store_u32_le(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)(value >> 16);
    p[3] = (uint8_t)(value >> 24);
}

static inline void store_u64_le(uint8_t *p, uint64_t value)
{
    store_u32_le(p, (uint32_t)value);
    store_u32_le(p + 4, (uint32_t)(value >> 32));
}

/* The same number, but the compiler no longer knows where it comes from. For masks that depend on a
 * secret: a compiler that knows a mask to be all ones or zero may turn its use into a branch, or
 * into a choice between two addresses (clang 14 did both). */
static inline int opaque(int number)
{
    __asm__("" : "+r"(number));
    return number;
}

/* Overwrite `len` bytes with zeros, even when the compiler sees that they are not read again. For
 * every secret, on every path out of a function. */
void wipe(void *secret, size_t len);

/* Are the `len` bytes at `a` and `b` the same? Constant time; the length is public. For MACs, tags
 * and anything else that an attacker may try to guess. */
bool secrets_equal(const void *a, const void *b, size_t len);

/* Copy `len` bytes to `out`: from `a` when `first` is true, else from `b`. Reads both, in constant
 * time. `out` may be `a` or `b`. */
void secrets_choose(uint8_t *out, bool first, const uint8_t *a, const uint8_t *b, size_t len);

#endif
