/* Algorithm negotiation. RFC 4253 section 7.1; kex_algorithms also carries the markers of RFC 8308
 * section 2.1 and of strict kex (draft-ietf-sshm-strict-kex section 3.1). */
#include "transport/kexinit.h"

#include "crypto/random.h"
#include "transport/key_pair.h"
#include "transport/kex_state.h"

enum { COOKIE = 16, NAME_LISTS = 10 };

/* The name-lists, in their order on the wire. */
enum {
    KEX,
    HOST_KEY,
    CIPHER_CLIENT,
    CIPHER_SERVER,
    MAC_CLIENT,
    MAC_SERVER,
    COMPRESSION_CLIENT,
    COMPRESSION_SERVER,
    LANGUAGES_CLIENT,
    LANGUAGES_SERVER,
};

struct kexinit {
    struct bytes lists[NAME_LISTS];
    bool first_kex_packet_follows;
};

/* What each role adds to its first kex_algorithms. */
static const char *const markers[] = {
    [NACRE_SERVER] = ",ext-info-s,kex-strict-s,kex-strict-s-v00@openssh.com",
    [NACRE_CLIENT] = ",ext-info-c,kex-strict-c,kex-strict-c-v00@openssh.com",
};

static const struct nacre_key *find_host_key(const struct transport_config *config,
                                             const struct signature_algorithm *algorithm)
{
    for (size_t i = 0; i < config->host_key_count; i++)
        if (bytes_are(bytes_of(config->host_keys[i]->type), algorithm->key_type))
            return config->host_keys[i];
    return NULL;
}

bool transport_has_host_key(const struct transport_config *config)
{
    const char *names = config->algorithms[ALGORITHM_HOST_KEY];

    for (const struct algorithm *a = algorithms_of(ALGORITHM_HOST_KEY); a->name != NULL; a++) {
        bool listed = names != NULL ? name_list_has(bytes_of(names), a->name) : !a->off;

        if (listed && find_host_key(config, a->method) != NULL)
            return true;
    }
    return false;
}

void write_our_names(const struct transport *t, struct writer *w, enum algorithm_kind kind)
{
    const char *names = t->config->algorithms[kind];

    if (kind == ALGORITHM_HOST_KEY && t->host_key.names != NULL)
        names = t->host_key.names;
    if (names != NULL)
        write_bytes(w, bytes_of(names));
    else
        write_default_names(w, kind);
}

/* A server lists the algorithms for which it has host keys. */
static void write_host_key_names(const struct transport *t, struct writer *w)
{
    uint8_t scratch[1024];
    struct writer all = write_to(scratch, sizeof scratch);
    struct bytes list, name;
    bool first = true;

    write_our_names(t, &all, ALGORITHM_HOST_KEY);
    list = written_bytes(&all);
    while (next_name(&list, &name)) {
        const struct algorithm *a = algorithm_find(ALGORITHM_HOST_KEY, name);

        if (t->config->role == NACRE_SERVER &&
            (a == NULL || find_host_key(t->config, a->method) == NULL))
            continue;
        write_name(w, &first, name);
    }
}

static void write_list(const struct transport *t, struct writer *w, int list)
{
    static const enum algorithm_kind kind[] = {
        [KEX] = ALGORITHM_KEX,
        [HOST_KEY] = ALGORITHM_HOST_KEY,
        [CIPHER_CLIENT] = ALGORITHM_CIPHER,
        [CIPHER_SERVER] = ALGORITHM_CIPHER,
        [MAC_CLIENT] = ALGORITHM_MAC,
        [MAC_SERVER] = ALGORITHM_MAC,
    };
    uint8_t *begin = write_string_begin(w);

    if (list == HOST_KEY)
        write_host_key_names(t, w);
    else if (list <= MAC_SERVER)
        write_our_names(t, w, kind[list]);
    else if (list <= COMPRESSION_SERVER)
        write_bytes(w, bytes_of("none")); /* compression: RFC 4253 section 6.2 */
    if (list == KEX && t->kex->first)
        write_bytes(w, bytes_of(markers[t->config->role]));
    write_string_end(w, begin);
}

/* RFC 4253 section 7.1: the fields that on_kexinit (kex.c) lists. */
void write_kexinit(struct transport *t, struct writer *w)
{
    uint8_t cookie[COOKIE];

    random_fill(t->config->random, cookie, sizeof cookie);
    write_bytes(w, (struct bytes){cookie, sizeof cookie});
    for (int list = 0; list < NAME_LISTS; list++)
        write_list(t, w, list);
    write_bool(w, false); /* we never guess */
    write_u32(w, 0);
}

static bool read_kexinit(struct kex_kept message, struct kexinit *k)
{
    struct reader r = read_from((struct bytes){message.at, message.len});

    (void)read_u8(&r); /* the number */
    (void)read_bytes(&r, COOKIE);
    for (int i = 0; i < NAME_LISTS; i++)
        k->lists[i] = read_name_list(&r);
    k->first_kex_packet_follows = read_bool(&r);
    (void)read_u32(&r);
    return read_done(&r);
}

static bool is_marker(struct bytes name)
{
    struct bytes marker;

    for (int role = 0; role < 2; role++) {
        struct bytes list = bytes_of(markers[role] + 1);

        while (next_name(&list, &marker))
            if (bytes_equal(name, marker))
                return true;
    }
    return false;
}

/* The algorithm that a list prefers. RFC 8308 section 2.1: a marker may come anywhere in the list,
 * even first. */
static struct bytes first_of(struct bytes list)
{
    struct bytes name;

    while (next_name(&list, &name))
        if (!is_marker(name))
            return name;
    return (struct bytes){NULL, 0};
}

static void note_markers(struct transport *t, struct bytes peer_kex)
{
    bool peer_is_client = t->config->role == NACRE_SERVER;

    t->peer.wants_ext_info = name_list_has(peer_kex, peer_is_client ? "ext-info-c" : "ext-info-s");
    t->negotiated.strict =
        name_list_has(peer_kex, peer_is_client ? "kex-strict-c" : "kex-strict-s") ||
        name_list_has(peer_kex, peer_is_client ? "kex-strict-c-v00@openssh.com"
                                               : "kex-strict-s-v00@openssh.com");
}

static int take_markers(struct transport *t, struct bytes peer_kex)
{
    note_markers(t, peer_kex);
    if (t->config->require_strict_kex && !t->negotiated.strict)
        return transport_fail(t, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
                              "strict key exchange is required, and the peer does not support it");
    return 0;
}

/* The name of a kind, and the DISCONNECT text when no algorithm is in common. */
static const struct {
    const char *name, *text;
} kinds[] = {
    [KEX] = {"key exchange", "no key exchange method in common"},
    [HOST_KEY] = {"host key", "no host key algorithm in common"},
    [CIPHER_CLIENT] = {"cipher client to server", "no cipher in common"},
    [CIPHER_SERVER] = {"cipher server to client", "no cipher in common"},
    [MAC_CLIENT] = {"MAC client to server", "no MAC in common"},
    [MAC_SERVER] = {"MAC server to client", "no MAC in common"},
    [COMPRESSION_CLIENT] = {"compression client to server", "no compression method in common"},
    [COMPRESSION_SERVER] = {"compression server to client", "no compression method in common"},
};

static int no_common(struct transport *t, int list, const struct kexinit *client,
                     const struct kexinit *server)
{
    const struct nacre_observer *o = t->config->observer;
    struct bytes theirs = client->lists[list], ours = server->lists[list];

    if (o != NULL && o->mismatch != NULL)
        o->mismatch(t->context, kinds[list].name, (const char *)theirs.at, theirs.len,
                    (const char *)ours.at, ours.len);
    return transport_fail(t, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, kinds[list].text);
}

/* The cipher and MAC with which `sender` will send. */
static int choose_protection(struct transport *t, const struct kexinit *client,
                             const struct kexinit *server, enum nacre_role sender)
{
    struct kex_choice *n = &t->kex->chosen;
    int cipher = sender == NACRE_CLIENT ? CIPHER_CLIENT : CIPHER_SERVER;
    int mac = sender == NACRE_CLIENT ? MAC_CLIENT : MAC_SERVER;
    int compression = sender == NACRE_CLIENT ? COMPRESSION_CLIENT : COMPRESSION_SERVER;
    const struct cipher_method *method;

    n->cipher[sender] =
        algorithm_choose(ALGORITHM_CIPHER, client->lists[cipher], server->lists[cipher]);
    if (n->cipher[sender] == NULL)
        return no_common(t, cipher, client, server);
    method = n->cipher[sender]->method;
    n->mac[sender] = NULL;
    if (!method->aead) {
        n->mac[sender] = algorithm_choose(ALGORITHM_MAC, client->lists[mac], server->lists[mac]);
        if (n->mac[sender] == NULL)
            return no_common(t, mac, client, server);
    }
    if (!name_list_has(client->lists[compression], "none") ||
        !name_list_has(server->lists[compression], "none"))
        return no_common(t, compression, client, server);
    return 0;
}

static int choose(struct transport *t, const struct kexinit *client, const struct kexinit *server)
{
    struct kex_choice *n = &t->kex->chosen;
    int failure;

    n->kex = algorithm_choose(ALGORITHM_KEX, client->lists[KEX], server->lists[KEX]);
    if (n->kex == NULL)
        return no_common(t, KEX, client, server);
    n->host_key =
        algorithm_choose(ALGORITHM_HOST_KEY, client->lists[HOST_KEY], server->lists[HOST_KEY]);
    if (n->host_key == NULL)
        return no_common(t, HOST_KEY, client, server);
    if (t->config->role == NACRE_SERVER)
        n->key = find_host_key(t->config, n->host_key->method);
    failure = choose_protection(t, client, server, NACRE_CLIENT);
    return failure != 0 ? failure : choose_protection(t, client, server, NACRE_SERVER);
}

static const char *name_of(const struct algorithm *a)
{
    return a == NULL ? NULL : a->name;
}

static void report(struct transport *t)
{
    const struct kex_choice *n = &t->kex->chosen;
    const struct nacre_observer *o = t->config->observer;

    t->negotiated = (struct nacre_negotiated){
        .kex = n->kex->name,
        .host_key = n->host_key->name,
        .cipher_client_to_server = n->cipher[NACRE_CLIENT]->name,
        .cipher_server_to_client = n->cipher[NACRE_SERVER]->name,
        .mac_client_to_server = name_of(n->mac[NACRE_CLIENT]),
        .mac_server_to_client = name_of(n->mac[NACRE_SERVER]),
        .strict = t->negotiated.strict,
    };
    if (o != NULL && o->negotiated != NULL)
        o->negotiated(t->context, &t->negotiated);
}

int kexinit_negotiate(struct transport *t)
{
    struct kexinit lists[2]; /* by role */
    enum nacre_role peer = transport_peer_role(t);
    struct bytes theirs;
    int failure;

    if (!read_kexinit(t->kex->kexinit[NACRE_CLIENT], &lists[NACRE_CLIENT]) ||
        !read_kexinit(t->kex->kexinit[NACRE_SERVER], &lists[NACRE_SERVER]))
        return transport_malformed(t, "KEXINIT is malformed");
    theirs = lists[peer].lists[KEX];
    if (t->kex->first) {
        failure = take_markers(t, theirs);
        if (failure != 0)
            return failure;
    }
    failure = choose(t, &lists[NACRE_CLIENT], &lists[NACRE_SERVER]);
    if (failure != 0)
        return failure;

    /* RFC 4253 section 7: the guess is right only if both sides prefer the same algorithms. */
    t->kex->drop_guess = lists[peer].first_kex_packet_follows &&
                         (!bytes_equal(first_of(lists[NACRE_CLIENT].lists[KEX]),
                                       first_of(lists[NACRE_SERVER].lists[KEX])) ||
                          !bytes_equal(first_of(lists[NACRE_CLIENT].lists[HOST_KEY]),
                                       first_of(lists[NACRE_SERVER].lists[HOST_KEY])));
    report(t);
    return 0;
}
