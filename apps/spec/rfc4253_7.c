/* RFC 4253 section 7.1: KEXINIT and the negotiation; RFC 4251 sections 5 and 6: its names. */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

#include <ctype.h>
#include <stdio.h>

/* ---- nothing in common ---- */

/* Only an unknown name in the list that the row's number says. */
static void no_common(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);
    int list = (int)p->row->number;

    if (list == LIST_MAC_TO_SERVER) {
        only_cipher(p, p->row->text);
        list_set(k->list[LIST_MAC_TO_CLIENT], "unknown@nacre-spec");
    }
    list_set(k->list[list], "unknown@nacre-spec");
    send_kexinit(p);
    go_on(p);
}

static void empty_kex_list(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);

    list_set(k->list[LIST_KEX], "");
    send_kexinit(p);
    go_on(p);
}

static void languages(struct peer *p)
{
    for (int i = 0; i < 2; i++) {
        struct kexinit *k;

        peer_connect(p);
        k = reach(p, AT_KEXINIT);
        list_set_both(k, LIST_LANGUAGE_TO_SERVER, i == 0 ? "" : "en");
        send_kexinit(p);
        go_on(p);
    }
}

/* ---- order ---- */

/* The peer's list without names that we cannot do, in the opposite order. */
static void reverse(char *list, const char *ours, const char *theirs)
{
    char common[NAMES_MAX], name[NAME_MAX_LEN];

    list_common(common, theirs, ours);
    list_set(list, "");
    for (size_t i = 0; list_item(common, i, name); i++)
        if (strcmp(name, "diffie-hellman-group18-sha512") != 0) /* seconds */
            list_before(list, name);
}

static void client_order(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);
    const struct kexinit *theirs = &p->x.theirs;

    for (int i = 0; i < LIST_LANGUAGE_TO_SERVER; i++)
        reverse(k->list[i], k->list[i], theirs->list[i]);
    need(p, k->list[LIST_MAC_TO_SERVER][0] != 0, "no MAC that we have too");
    send_kexinit(p);
    go_on(p);
}

static void per_direction(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);
    char common[NAMES_MAX], first[NAME_MAX_LEN], second[NAME_MAX_LEN];

    list_common(common, k->list[LIST_CIPHER_TO_SERVER], p->x.theirs.list[LIST_CIPHER_TO_SERVER]);
    need(p, list_item(common, 0, first) && list_item(common, 1, second), "only one cipher");
    if (p->skip == NULL) {
        list_set(k->list[LIST_CIPHER_TO_SERVER], first);
        list_set(k->list[LIST_CIPHER_TO_CLIENT], second);
    }
    send_kexinit(p);
    go_on(p);
}

/* ---- names ---- */

/* So many unknown names before the valid ones of each list. */
static void unknown_first(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);
    char names[NAMES_MAX] = "", name[64];

    for (unsigned i = 0; i < p->row->number; i++) {
        (void)snprintf(name, sizeof name, "unknown-method-%u@nacre-spec", i);
        list_after(names, name);
    }
    for (int i = 0; i < LIST_LANGUAGE_TO_SERVER && (i < 1 || p->row->number < 100); i++)
        list_before(k->list[i], names);
    send_kexinit(p);
    go_on(p);
}

static void list_30000(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);
    char names[NAMES_MAX] = "", name[64];

    for (unsigned i = 0; strlen(names) < 28000; i++) {
        (void)snprintf(name, sizeof name, "unknown-method-number-%u@nacre-spec", i);
        list_after(names, name);
    }
    list_before(k->list[LIST_HOST_KEY], names);
    send_kexinit(p);
    go_on(p);
}

static void duplicate_names(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);
    char common[NAMES_MAX];

    for (int i = 0; i < LIST_LANGUAGE_TO_SERVER; i++) {
        list_common(common, k->list[i], p->x.theirs.list[i]);
        for (int n = 0; n < 9; n++)
            list_before(k->list[i], common);
    }
    send_kexinit(p);
    go_on(p);
}

static void upper_case(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);

    for (char *c = k->list[LIST_KEX]; *c != 0; c++)
        *c = (char)toupper((unsigned char)*c);
    send_kexinit(p);
    go_on(p);
}

static void empty_names(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);

    list_set(k->list[LIST_KEX],
             ",curve25519-sha256,,ecdh-sha2-nistp256,diffie-hellman-group14-sha256,");
    send_kexinit(p);
    go_on(p);
}

/* An unknown name that comes first in the list of methods. */
static void name_first(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);

    list_before(k->list[LIST_KEX], p->row->text);
    send_kexinit(p);
    go_on(p);
}

/* ... of so many characters. */
static void name_of(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);
    struct bytes name = filled(p, 'n', p->row->number);

    list_before(k->list[LIST_KEX], (const char *)name.at);
    send_kexinit(p);
    go_on(p);
}

/* ---- the payload ---- */

/* The payload with some bytes replaced: those after list `list`, up to `list` itself excluded, are
 * as they are. */
static size_t offset_of_list(struct bytes payload, int list)
{
    size_t at = 1 + COOKIE_LEN;

    for (int i = 0; i < list; i++)
        at += 4 + load_u32(payload.at + at);
    return at;
}

static struct bytes changed(struct peer *p, struct bytes payload, size_t at, uint8_t byte)
{
    struct bytes copy = peer_copy(p, payload);

    ((uint8_t *)(uintptr_t)copy.at)[at] = byte;
    return copy;
}

/* These host keys, a comma or nothing, and a NUL. */
static void send_nul(struct peer *p, struct kexinit *k, const char *names, const char *comma)
{
    struct bytes payload;

    (void)snprintf(k->list[LIST_HOST_KEY], NAMES_MAX, "%s%sx", names, comma);
    payload = kexinit_payload(p);
    list_set(k->list[LIST_HOST_KEY], names); /* in case that the peer sees only these */
    send_kexinit_payload(p, changed(p, payload, offset_of_list(payload, LIST_HOST_KEY + 1) - 1, 0));
    go_on(p);
}

/* Once beside good names, and once as part of the only good one. */
static void nul_in_list(struct peer *p)
{
    char names[NAMES_MAX];
    struct kexinit *k;

    peer_connect(p);
    k = reach(p, AT_KEXINIT);
    list_set(names, k->list[LIST_HOST_KEY]);
    send_nul(p, k, names, ",");
    peer_connect(p);
    k = reach(p, AT_KEXINIT);
    send_nul(p, k, p->setting->facts.hostkey, "");
}

static void reserved_set(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);

    k->reserved = 0xdeadbeef;
    send_kexinit(p);
    go_on(p);
}

static void boolean_2(struct peer *p)
{
    struct kexinit *k = reach(p, AT_KEXINIT);
    struct bytes payload;

    need_server(p, "a client may refuse a server's guess");
    list_first(k->list[LIST_KEX], "ecdh-sha2-nistp256"); /* a wrong guess, to be ignored */
    list_before(k->list[LIST_KEX], "unknown@nacre-spec");
    payload = kexinit_payload(p);
    send_kexinit_payload(p, changed(p, payload, payload.len - 5, 2));
    transmit(p, "bs", SSH_MSG_KEX_ECDH_INIT, sample(p, 32));
    go_on(p);
}

static void trailing_bytes(struct peer *p)
{
    reach(p, AT_KEXINIT);
    send_kexinit_payload(p, message(p, "rr", kexinit_payload(p), bytes_of("more")));
    go_on(p);
}

/* The payload without its last bytes. */
static void truncated(struct peer *p)
{
    struct bytes payload;

    reach(p, AT_KEXINIT);
    payload = kexinit_payload(p);
    payload.len -= p->row->number != 0 ? p->row->number : payload.len / 2;
    send_kexinit_payload(p, payload);
    go_on(p);
}

/* The last list runs one byte past the end. */
static void length_lies(struct peer *p)
{
    struct bytes payload;
    size_t at;

    reach(p, AT_KEXINIT);
    payload = kexinit_payload(p);
    at = offset_of_list(payload, LIST_LANGUAGE_TO_CLIENT);
    send_kexinit_payload(p, changed(p, payload, at + 3, (uint8_t)(payload.len - at - 4 + 1)));
    go_on(p);
}

/* clang-format off */
const struct spec_case spec_kexinit[] = {
    {"4253/7.1/no-common-kex", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/4",
     "no key exchange method in common", "close (prefer disc 3)",
     .run = no_common, .number = LIST_KEX},
    {"4253/7.1/no-common-hostkey", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/5",
     "no host key algorithm in common", "close (prefer disc 3)",
     .run = no_common, .number = LIST_HOST_KEY},
    {"4253/7.1/no-common-cipher", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/6",
     "no cipher in common in one direction", "close (prefer disc 3)",
     .run = no_common, .number = LIST_CIPHER_TO_CLIENT},
    {"4253/7.1/no-common-mac", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/7",
     "no MAC in common, with a cipher that needs one", "close (prefer disc 3)",
     .run = no_common, .number = LIST_MAC_TO_SERVER, .text = "aes256-ctr"},
    {"4253/7.1/no-common-compression", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/8",
     "no compression algorithm in common", "close (prefer disc 3)",
     .run = no_common, .number = LIST_COMPRESSION_TO_SERVER},
    {"4253/7.1/empty-kex-list", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/1",
     "our list of key exchange methods is empty", "close",
     .run = empty_kex_list},
    {"4253/7.1/empty-languages", BOTH, SHOULD, "RFC 4253 7.1", "4253/7.1/11 4253/7.1/12",
     "our language lists are empty, then contain \"en\"", "go-on",
     .run = languages},
    {"4253/7.1/client-order-wins", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/2 4253/7.1/3",
     "lists in opposite order: the client's first common name is chosen in all six "
     "categories", "go-on",
     .run = client_order},
    {"4253/7.1/per-direction", BOTH, MUST, "RFC 4253 6.2", "4253/6.2/1 4253/6.3/1",
     "the lists differ by direction", "go-on",
     .run = per_direction},
    {"4253/7.1/unknown-names-first", BOTH, SHOULD, "RFC 4253 6.5", "4253/6.5/1",
     "fifty unknown names before the valid one in each list", "go-on",
     .run = unknown_first, .number = 50},
    {"4253/7.1/unknown-names-250", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/16",
     "250 unknown names, 8 KiB, before the valid one", "go-on",
     .run = unknown_first, .number = 250,
     .note = "OpenSSH's client looks at 40 names of a server's list, dbclient at 20"},
    {"4253/7.1/list-30000", BOTH, PRACTICE, "RFC 4253 7.1", "4253/7.1/16",
     "lists totalling 30,000 bytes", "go-on | close",
     .run = list_30000},
    {"4253/7.1/duplicate-names", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/16",
     "each name appears ten times", "go-on",
     .run = duplicate_names},
    {"4251/6/upper-case", BOTH, MUST, "RFC 4251 6", "4251/6/1",
     "only upper-case spellings of valid names", "close",
     .run = upper_case},
    {"4251/5/empty-names", BOTH, MUST, "RFC 4251 5", "4251/5/6",
     "a,,b with a leading and a trailing comma", "go-on | close",
     .run = empty_names},
    {"4251/5/nul-in-list", BOTH, MUST, "RFC 4251 5", "4251/5/7",
     "a NUL after the last name", "close | go-on as warn; close",
     .run = nul_in_list, .listed = "close",
     .note = "the text forbids it to the sender; beside good names, a receiver may take it for a name that it does not know. OpenSSH "
             "and PuTTY see only what comes before the NUL, so that the only name of a list matches"},
    {"4251/5/non-ascii-name", BOTH, MUST, "RFC 4251 5", "4251/5/8",
     "a name with bytes 0x80 and above among valid ones", "go-on | close",
     .run = name_first, .text = "m\xc3\xa9thode@nacre-spec"},
    {"4251/6/name-65", BOTH, MUST, "RFC 4251 6", "4251/6/2",
     "an unknown 65-character name comes first", "go-on | close as warn",
     .run = name_of, .number = 65},
    {"4251/6/name-1000", BOTH, PRACTICE, "RFC 4251 6", "4251/6/2",
     "an unknown 1000-character name comes first", "go-on | close",
     .run = name_of, .number = 1000},
    {"4251/5/own-name-lists", BOTH, MUST, "RFC 4251 5", "4251/5/6 4251/5/7 4251/5/8 4253/7.1/1",
     "the peer's name-lists are ASCII, not empty, with no empty names and no NUL", "never violated",
     .run = NULL, .watch = WATCH_NAME_LISTS},
    {"4251/6/own-names", BOTH, MUST, "RFC 4250 4.6.1", "4250/4.6.1/1 4251/6/2 4251/6/3",
     "the peer's names are at most 64 printable characters; a name with @ has exactly one, "
     "followed by a domain", "never violated",
     .run = NULL, .watch = WATCH_NAMES},
    {"4253/7.1/own-reserved", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/13",
     "the peer's reserved field is 0", "never violated",
     .run = NULL, .watch = WATCH_RESERVED},
    {"4253/7.1/own-follows", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/10",
     "the peer's first_kex_packet_follows matches what it sends", "never violated",
     .run = NULL, .watch = WATCH_FOLLOWS},
    {"4253/7.1/reserved-set", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/13",
     "our reserved field is 0xdeadbeef", "go-on",
     .run = reserved_set},
    {"4253/7.1/trailing-bytes", BOTH, MAY, "RFC 4253 7.1", "4253/7.1/14",
     "bytes after the reserved field, hashed as sent", "go-on | close",
     .run = trailing_bytes},
    {"4253/7.1/truncated", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/15",
     "KEXINIT that ends in the middle of a list", "close",
     .run = truncated},
    {"4253/7.1/truncated-reserved", BOTH, MUST, "RFC 4253 7.1", "4253/7.1/15",
     "KEXINIT without its last field", "close",
     .run = truncated, .number = 4},
    {"4253/7.1/list-length-lies", BOTH, MUST, "RFC 4251 5", "4251/5/9",
     "a list's length runs one byte past the end", "close",
     .run = length_lies},
    {"4251/5/boolean-2", BOTH, MUST, "RFC 4251 5", "4251/5/1",
     "first_kex_packet_follows is 0x02, which means TRUE", "go-on",
     .run = boolean_2},
    {"4251/5/own-booleans", BOTH, MUST, "RFC 4251 5", "4251/5/2",
     "the peer's booleans are 0 or 1", "never violated",
     .run = NULL, .watch = WATCH_BOOLEANS},
    {0},
};
/* clang-format on */
