/* The lines of a key log, in both of the forms that Wireshark reads:
 *
 *     <cookie> SHARED_SECRET <K, without its length>     4.4 and later
 *     <cookie> <ephemeral private number>                4.0 and later, where the method has one
 *
 * cookie is that of our KEXINIT. A line of the second form replaces one of the first for the same
 * cookie, so the second comes last: then one file works for every version. */
#ifndef NACRE_APPS_OBSERVE_KEY_LINES_H
#define NACRE_APPS_OBSERVE_KEY_LINES_H

#include "transport/observer.h"

enum {
    KEY_LINES_COOKIE = 16,
    KEY_LINES_PRIVATE_MAX = 80,  /* bytes of a private number */
    KEY_LINES_SECRET_MAX = 1028, /* bytes of K without its length */
    KEY_LINES_MAX = 2 * (KEY_LINES_SECRET_MAX + KEY_LINES_PRIVATE_MAX) + 160,
};

/* A connection's key exchange. Begins as zeros; wipe it at the end. */
struct key_lines {
    uint8_t cookie[KEY_LINES_COOKIE];
    uint8_t private_number[KEY_LINES_PRIVATE_MAX];
    size_t private_len;
    size_t share_len; /* of the peer's share: a string or an mpint, without its length */
    bool has_cookie;
};

/* A message was sent or received. */
void key_lines_message(struct key_lines *lines, enum nacre_direction direction,
                       const uint8_t *payload, size_t len);

/* A secret is known. With K the lines are complete: they are written to out, not NUL-terminated,
 * and their length is returned; otherwise 0. */
size_t key_lines_secret(struct key_lines *lines, char label, const uint8_t *bytes, size_t len,
                        char out[KEY_LINES_MAX]);

#endif
