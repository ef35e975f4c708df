#include "apps/spec/kexinit.h"

#include "transport/message.h"

#include <stdio.h>
#include <string.h>

const char *const strict_marker[2][2] = {
    [NACRE_SERVER] = {"kex-strict-s-v00@openssh.com", "kex-strict-s"},
    [NACRE_CLIENT] = {"kex-strict-c-v00@openssh.com", "kex-strict-c"},
};

const char *const ext_info_marker[2] = {
    [NACRE_SERVER] = "ext-info-s",
    [NACRE_CLIENT] = "ext-info-c",
};

/* ---- lists ---- */

void list_set(char *list, const char *names)
{
    (void)snprintf(list, NAMES_MAX, "%s", names);
}

void list_after(char *list, const char *names)
{
    size_t len = strlen(list);

    (void)snprintf(list + len, NAMES_MAX - len, "%s%s", len == 0 ? "" : ",", names);
}

void list_before(char *list, const char *names)
{
    char all[NAMES_MAX];

    (void)snprintf(all, sizeof all, "%s%s%s", names, list[0] == 0 ? "" : ",", list);
    list_set(list, all);
}

/* The length of the name at `at`; *next is the beginning of the following one, or NULL. */
static size_t name_length(const char *at, const char **next)
{
    size_t len = strcspn(at, ",");

    *next = at[len] == ',' ? at + len + 1 : NULL;
    return len;
}

void list_remove(char *list, const char *name)
{
    char left[NAMES_MAX];
    size_t used = 0;

    left[0] = 0;
    for (const char *at = list, *next; at != NULL; at = next) {
        size_t len = name_length(at, &next);

        if (len != strlen(name) || memcmp(at, name, len) != 0)
            used += (size_t)snprintf(left + used, sizeof left - used, "%s%.*s",
                                     used == 0 ? "" : ",", (int)len, at);
    }
    list_set(list, left);
}

void list_first(char *list, const char *name)
{
    list_remove(list, name);
    list_before(list, name);
}

bool list_contains(const char *list, const char *name)
{
    for (const char *at = list, *next; at != NULL; at = next) {
        size_t len = name_length(at, &next);

        if (len == strlen(name) && memcmp(at, name, len) == 0)
            return true;
    }
    return false;
}

bool list_item(const char *list, size_t i, char name[NAME_MAX_LEN])
{
    for (const char *at = list, *next; at != NULL; at = next) {
        size_t len = name_length(at, &next);

        if (len == 0 || i-- > 0)
            continue;
        (void)snprintf(name, NAME_MAX_LEN, "%.*s", (int)len, at);
        return true;
    }
    return false;
}

void list_common(char *common, const char *ours, const char *theirs)
{
    char name[NAME_MAX_LEN];

    common[0] = 0;
    for (size_t i = 0; list_item(ours, i, name); i++)
        if (list_contains(theirs, name))
            list_after(common, name);
}

void list_set_both(struct kexinit *k, enum kexinit_list list, const char *names)
{
    list_set(k->list[list], names);
    list_set(k->list[list + 1], names);
}

/* ---- the message ---- */

/* What we offer: X25519 first, since it is quick; the table of the library has the rest. */
static void offer_kind(char *list, enum algorithm_kind kind, const char *first)
{
    list_set(list, first);
    for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++)
        if (!list_contains(list, a->name))
            list_after(list, a->name);
}

void kexinit_offer_all(struct kexinit *k, enum nacre_role role)
{
    memset(k, 0, sizeof *k);
    offer_kind(k->list[LIST_KEX], ALGORITHM_KEX, "curve25519-sha256");
    for (int i = 2; i-- > 0;) /* the old name last: see strict/3.1/marker-first */
        list_after(k->list[LIST_KEX], strict_marker[role][i]);
    list_after(k->list[LIST_KEX], ext_info_marker[role]);
    offer_kind(k->list[LIST_HOST_KEY], ALGORITHM_HOST_KEY, "ssh-ed25519");
    for (int i = 0; i < 2; i++) {
        offer_kind(k->list[LIST_CIPHER_TO_SERVER + i], ALGORITHM_CIPHER,
                   "chacha20-poly1305@openssh.com");
        offer_kind(k->list[LIST_MAC_TO_SERVER + i], ALGORITHM_MAC, "hmac-sha2-256");
        list_set(k->list[LIST_COMPRESSION_TO_SERVER + i], "none");
    }
}

/* RFC 4253 section 7.1:
 *     byte         SSH_MSG_KEXINIT
 *     byte[16]     cookie
 *     name-list    ten of them
 *     boolean      first_kex_packet_follows
 *     uint32       0 (reserved)                                               */
void kexinit_write(const struct kexinit *k, struct writer *w)
{
    write_u8(w, SSH_MSG_KEXINIT);
    write_bytes(w, (struct bytes){k->cookie, COOKIE_LEN});
    for (int i = 0; i < LISTS; i++)
        write_text(w, k->list[i]);
    write_bool(w, k->follows);
    write_u32(w, k->reserved);
}

bool kexinit_read(struct kexinit *k, struct bytes payload)
{
    struct reader r = read_from(payload);
    struct bytes cookie;

    if (read_u8(&r) != SSH_MSG_KEXINIT)
        return false;
    cookie = read_bytes(&r, COOKIE_LEN);
    for (int i = 0; i < LISTS; i++)
        if (!read_text(&r, k->list[i], NAMES_MAX))
            return false;
    k->follows = read_bool(&r);
    k->reserved = read_u32(&r);
    if (!read_done(&r))
        return false;
    memcpy(k->cookie, cookie.at, COOKIE_LEN);
    return true;
}

/* ---- negotiation ---- */

bool strict_agreed(const struct kexinit *client, const struct kexinit *server)
{
    for (int i = 0; i < 2; i++)
        if (list_contains(client->list[LIST_KEX], strict_marker[NACRE_CLIENT][i]) &&
            list_contains(server->list[LIST_KEX], strict_marker[NACRE_SERVER][i]))
            return true;
    return false;
}

/* Markers are not methods: RFC 8308 section 2.1, strict kex section 3.1. */
static bool is_marker(const char *name)
{
    for (int role = 0; role < 2; role++)
        if (strcmp(name, ext_info_marker[role]) == 0 || strcmp(name, strict_marker[role][0]) == 0 ||
            strcmp(name, strict_marker[role][1]) == 0)
            return true;
    return false;
}

/* The first name of the client's that the server has too. */
static bool choose(const char *client, const char *server, char name[NAME_MAX_LEN])
{
    for (size_t i = 0; list_item(client, i, name); i++)
        if (!is_marker(name) && list_contains(server, name))
            return true;
    name[0] = 0;
    return false;
}

/* The first name that is not a marker. */
static void first_method(const char *list, char name[NAME_MAX_LEN])
{
    for (size_t i = 0; list_item(list, i, name); i++)
        if (!is_marker(name))
            return;
    name[0] = 0;
}

static bool same_first(const struct kexinit *a, const struct kexinit *b, enum kexinit_list list)
{
    char first[2][NAME_MAX_LEN];

    first_method(a->list[list], first[0]);
    first_method(b->list[list], first[1]);
    return strcmp(first[0], first[1]) == 0;
}

static const void *method_of(enum algorithm_kind kind, const char *name)
{
    const struct algorithm *a = algorithm_find(kind, bytes_of(name));

    return a == NULL ? NULL : a->method;
}

/* What the names stand for. */
static void look_up(struct negotiated *n)
{
    n->kex = method_of(ALGORITHM_KEX, n->name[LIST_KEX]);
    n->host_key = method_of(ALGORITHM_HOST_KEY, n->name[LIST_HOST_KEY]);
    for (int i = 0; i < 2; i++) {
        enum nacre_role sender = i == 0 ? NACRE_CLIENT : NACRE_SERVER;

        n->cipher[sender] = method_of(ALGORITHM_CIPHER, n->name[LIST_CIPHER_TO_SERVER + i]);
        n->mac[sender] = n->cipher[sender] != NULL && n->cipher[sender]->aead
                             ? NULL
                             : method_of(ALGORITHM_MAC, n->name[LIST_MAC_TO_SERVER + i]);
    }
}

/* An AEAD cipher needs no MAC: draft-miller-sshm-aes-gcm section 2, and the same practice for
 * chacha20-poly1305. */
static bool is_needed(const struct negotiated *n, int list)
{
    if (list == LIST_MAC_TO_SERVER || list == LIST_MAC_TO_CLIENT) {
        const struct cipher_method *c = method_of(ALGORITHM_CIPHER, n->name[list - 2]);

        return c == NULL || !c->aead;
    }
    return list < LIST_LANGUAGE_TO_SERVER;
}

bool kexinit_negotiate_both(const struct kexinit *client, const struct kexinit *server,
                            struct negotiated *n, enum kexinit_list *failed)
{
    memset(n, 0, sizeof *n);
    for (int i = 0; i < LISTS; i++)
        if (!choose(client->list[i], server->list[i], n->name[i]) && is_needed(n, i)) {
            *failed = (enum kexinit_list)i;
            return false;
        }
    n->guess_right =
        same_first(client, server, LIST_KEX) && same_first(client, server, LIST_HOST_KEY);
    look_up(n);
    return true;
}
