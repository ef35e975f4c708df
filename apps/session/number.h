/* Decimal numbers in text: digits only, with no sign, no white space and no other base. Sizes and
 * times are numbers with letters.
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

/* What a size or a time may be, in the unit of the result, and what one without a letter counts. */
struct number_range {
    uint64_t bare, least, most;
};

static inline char number_lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

/* Add n units, unless the sum would be above `most`. */
static inline bool number_add(uint64_t *sum, uint64_t n, uint64_t unit, uint64_t most)
{
    if (*sum > most || n > (most - *sum) / unit)
        return false;
    *sum += n * unit;
    return true;
}

/* ".5" at *text, where a letter follows the digits: that part of a unit. Up to six digits. */
static inline uint64_t number_fraction(const char **text, uint64_t unit)
{
    uint64_t n = 0, scale = 1;

    for (++*text; **text >= '0' && **text <= '9' && scale < 1000000; ++*text) {
        n = n * 10 + (uint64_t)(**text - '0');
        scale *= 10;
    }
    return unit / scale * n + unit % scale * n / scale;
}

/* The same for a size as sshd_config(5) has it: K, M, G, T, P or E after the digits multiplies by a
 * power of 1024, in capitals or not; so does B by 1. Such a size may have a fraction: 1.5G. */
static inline bool number_read_size(const char **text, const struct number_range *range,
                                    uint64_t *bytes)
{
    static const char units[] = "bkmgtpe";
    const char *at = *text, *end, *letter;
    uint64_t n, sum = 0, unit = range->bare;

    if (!number_read(&at, 0, UINT64_MAX, &n))
        return false;
    end = *at == '.' ? at + 1 + strspn(at + 1, "0123456789") : at;
    letter = *end != 0 ? strchr(units, number_lower(*end)) : NULL;
    if (letter != NULL)
        unit = UINT64_C(1) << 10 * (unsigned)(letter - units);
    if (!number_add(&sum, n, unit, range->most))
        return false;
    if (letter != NULL && end != at &&
        !number_add(&sum, number_fraction(&at, unit), 1, range->most))
        return false;
    if (sum < range->least || (letter != NULL && at != end))
        return false;
    *text = letter != NULL ? end + 1 : at;
    *bytes = sum;
    return true;
}

/* The same for a time as sshd_config(5) has it: numbers with s, m, h, d or w for seconds to weeks,
 * in capitals or not, which are added up: 1h30m. second: in the unit of the result. */
static inline bool number_read_time(const char **text, const struct number_range *range,
                                    uint64_t second, uint64_t *time)
{
    static const char letters[] = "smhdw";
    static const uint32_t seconds[] = {1, 60, 3600, 24 * 3600, 7 * 24 * 3600};
    const char *at = *text, *letter;
    uint64_t n, sum = 0;

    do {
        if (!number_read(&at, 0, UINT64_MAX, &n))
            return false;
        letter = *at != 0 ? strchr(letters, number_lower(*at)) : NULL;
        if (!number_add(&sum, n, letter != NULL ? seconds[letter - letters] * second : range->bare,
                        range->most))
            return false;
        at += letter != NULL;
    } while (*at >= '0' && *at <= '9');
    if (sum < range->least)
        return false;
    *text = at;
    *time = sum;
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
