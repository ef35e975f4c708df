/* Decimal numbers in text: digits only, with no sign, no white space and no other base.
 *
 * Inline, because programs use them too, and the library's hidden functions are not linked to
 * programs. */
#ifndef NACRE_APPS_SESSION_NUMBER_H
#define NACRE_APPS_SESSION_NUMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Read the digits at *text and move it past them. False when there is no digit, or the number is
 * not between `least` and `most`; nothing is changed then. */
static inline bool number_read(const char **text, uint64_t least, uint64_t most, uint64_t *number)
{
    const char *at = *text;
    uint64_t n = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (digit > most || n > (most - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (at == *text || n < least)
        return false;
    *text = at;
    *number = n;
    return true;
}

/* The same for a size: K, M or G after the digits multiplies by 1024 once, twice or three times. */
static inline bool number_read_size(const char **text, uint64_t least, uint64_t most,
                                    uint64_t *bytes)
{
    static const char units[] = "KMG";
    const char *at = *text;
    const char *unit;
    unsigned shift = 0;
    uint64_t n;

    if (!number_read(&at, 0, most, &n))
        return false;
    unit = *at == 0 ? NULL : strchr(units, *at);
    if (unit != NULL) {
        shift = 10 * (unsigned)(unit - units + 1);
        at++;
    }
    if (n > most >> shift || n << shift < least)
        return false;
    *text = at;
    *bytes = n << shift;
    return true;
}

/* The whole text is a number between `least` and `most`. False leaves *number unchanged. */
static inline bool number_whole(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    uint64_t n;

    if (!number_read(&text, least, most, &n) || *text != 0)
        return false;
    *number = n;
    return true;
}

/* The whole text is a port: 0 to 65535 in at most five digits. False leaves *port unchanged. */
static inline bool number_port(const char *text, uint16_t *port)
{
    uint64_t n;

    if (strlen(text) > 5 || !number_whole(text, 0, UINT16_MAX, &n))
        return false;
    *port = (uint16_t)n;
    return true;
}

#endif
