/* KEXINIT and the negotiation, from RFC 4253 section 7.1 once more. No connection, no state. */
#ifndef NACRE_APPS_SPEC_KEXINIT_H
#define NACRE_APPS_SPEC_KEXINIT_H

#include "transport/algorithms.h"
#include "transport/api.h"
#include "transport/cipher.h"
#include "transport/hostkey.h"
#include "transport/kex_method.h"

enum kexinit_list {
    LIST_KEX,
    LIST_HOST_KEY,
    LIST_CIPHER_TO_SERVER,
    LIST_CIPHER_TO_CLIENT,
    LIST_MAC_TO_SERVER,
    LIST_MAC_TO_CLIENT,
    LIST_COMPRESSION_TO_SERVER,
    LIST_COMPRESSION_TO_CLIENT,
    LIST_LANGUAGE_TO_SERVER,
    LIST_LANGUAGE_TO_CLIENT,
    LISTS,
};

enum {
    NAMES_MAX = 40000,                /* bytes of a list's text, NUL included */
    NAME_MAX_LEN = 128,               /* bytes of a chosen name, NUL included */
    KEXINIT_ROOM = LISTS * NAMES_MAX, /* bytes of a payload */
    COOKIE_LEN = 16,
};

struct kexinit {
    uint8_t cookie[COOKIE_LEN];
    char list[LISTS][NAMES_MAX];
    bool follows; /* first_kex_packet_follows */
    uint32_t reserved;
};

/* Lists of all that we can do, best first, with the markers of `role`: ext-info, strict kex. */
void kexinit_offer_all(struct kexinit *k, enum nacre_role role);

/* The payload, without the cookie's randomness: the caller sets it. */
void kexinit_write(const struct kexinit *k, struct writer *w);

/* False: malformed. Bytes after the reserved field are malformed too. */
bool kexinit_read(struct kexinit *k, struct bytes payload);

/* ---- lists ---- */

/* Replace a list; `names` are separated by commas. */
void list_set(char *list, const char *names);

/* Put names before those of the list, or after them. */
void list_before(char *list, const char *names);
void list_after(char *list, const char *names);

/* Remove each occurrence of a name. */
void list_remove(char *list, const char *name);

/* Move a name to the front; it is added if it is missing. */
void list_first(char *list, const char *name);

bool list_contains(const char *list, const char *name);

/* The i-th name that is not empty; false: there are fewer. */
bool list_item(const char *list, size_t i, char name[NAME_MAX_LEN]);

/* The names that both lists have, in the order of the first. */
void list_common(char *common, const char *ours, const char *theirs);

/* Both directions at once: LIST_CIPHER_TO_SERVER and the one after it. */
void list_set_both(struct kexinit *k, enum kexinit_list list, const char *names);

/* ---- markers ---- */

/* Both names of the strict kex marker of a role, and the ext-info marker. */
extern const char *const strict_marker[2][2];
extern const char *const ext_info_marker[2];

/* Is strict kex in force? Both ends offer the marker of their role, of the same kind. */
bool strict_agreed(const struct kexinit *client, const struct kexinit *server);

/* ---- negotiation ---- */

struct negotiated {
    char name[LISTS][NAME_MAX_LEN]; /* "": nothing, which is all right for a MAC beside an AEAD */
    const struct kex_method *kex;   /* NULL: none in common, or one that we do not have */
    const struct signature_algorithm *host_key;
    const struct cipher_method *cipher[2]; /* by the role that sends */
    const struct mac_method *mac[2];       /* NULL for an AEAD cipher */
    bool guess_right; /* the first kex and host key names of both lists are the same */
};

/* False: *failed is the list without a common name. */
bool kexinit_negotiate_both(const struct kexinit *client, const struct kexinit *server,
                            struct negotiated *n, enum kexinit_list *failed);

#endif
