/* RFC 4252 section 7: publickey. */
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

#include <stdio.h>
#include <string.h>

static const char service[] = "ssh-connection", nobody[] = "nobody-of-nacre-spec";

static void answer_and_go_on(struct peer *p)
{
    uint8_t number = answer(p);

    if (number == SSH_MSG_USERAUTH_SUCCESS) {
        p->logged_in = true;
        p->reached = AT_LOGIN;
    }
    if (number != 0)
        go_on(p);
}

/* ---- publickey: section 7 ---- */

/* RFC 4252 section 7: byte SSH_MSG_USERAUTH_PK_OK, string algorithm, string key blob */
static void query(struct peer *p)
{
    const struct nacre_key *key = p->setting->profile.key;

    need_key(p);
    reach(p, AT_AUTH);
    send_query(p, key);
    if (!want(p, SSH_MSG_USERAUTH_PK_OK)) {
        observe_end(p);
        return;
    }
    observe(p, bytes_equal(p->got, message(p, "bts", SSH_MSG_USERAUTH_PK_OK, key_algorithm(p, key),
                                           private_key_blob(key)))
                   ? "pk-ok"
                   : "another PK_OK");
    observe_login(p);
}

static void query_unknown(struct peer *p)
{
    need_method(p, "publickey");
    reach(p, AT_AUTH);
    send_query(p, p->setting->profile.stranger);
    (void)answer(p);
}

/* One request with a signature in which the row's number says what is wrong. */
enum fault { NOTHING, FLIPPED, SESSION, USER, SERVICE, STRANGER, BOOLEAN_2 };

static struct proof faulty_proof(struct peer *p, enum fault fault)
{
    struct proof f = {.key = p->setting->profile.key};

    switch (fault) {
    case NOTHING:
        break;
    case FLIPPED:
        f.flip = true;
        break;
    case SESSION:
        f.session_id = flipped(p, (struct bytes){p->session_id, p->session_id_len}, 0);
        break;
    case USER:
        f.signed_user = nobody;
        break;
    case SERVICE:
        f.signed_service = "ssh-userauth";
        break;
    case STRANGER:
        f.key = p->setting->profile.stranger;
        break;
    case BOOLEAN_2:
        f.flag = 2;
        break;
    }
    return f;
}

static void proof(struct peer *p)
{
    struct proof f;

    need_key(p);
    reach(p, AT_AUTH);
    f = faulty_proof(p, (enum fault)p->row->number);
    send_proof(p, &f);
    (void)answer(p);
}

static bool signs_by(const struct nacre_key *key, const char *name)
{
    const struct algorithm *a = algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of(name));

    return a != NULL && key_can_sign(key, a->method);
}

/* Each algorithm in server-sig-algs with which our key can sign. */
static void proof_each(struct peer *p)
{
    const struct nacre_key *key = p->setting->profile.key;
    char name[NAME_MAX_LEN];

    need_key(p);
    need(p, p->setting->facts.sig_algs[0] != 0, "no server-sig-algs");
    for (size_t i = 0; p->skip == NULL && list_item(p->setting->facts.sig_algs, i, name); i++)
        if (signs_by(key, name)) {
            peer_connect(p);
            reach(p, AT_AUTH);
            (void)snprintf(p->sig_algs, sizeof p->sig_algs, "%s", name);
            send_proof(p, &(struct proof){.key = key});
            (void)answer(p);
        }
}

/* CVE-2024-45337: PK_OK grants nothing. */
static void proof_after_other(struct peer *p)
{
    need_key(p);
    reach(p, AT_AUTH);
    send_query(p, p->setting->profile.key);
    (void)want(p, SSH_MSG_USERAUTH_PK_OK);
    send_proof(p, &(struct proof){.key = p->setting->profile.stranger});
    (void)answer(p);
}

/* The algorithms in the request, the blob and the signature are not the same. */
static void proof_mismatch(struct peer *p)
{
    const struct nacre_key *key = p->setting->profile.key;

    need_key(p);
    for (int i = 0; i < 2; i++) {
        peer_connect(p);
        reach(p, AT_AUTH);
        if (i == 0)
            send_proof(p, &(struct proof){.key = key, .algorithm = "ecdsa-sha2-nistp521"});
        else
            send_proof(p,
                       &(struct proof){.key = key, .signature_algorithm = "ecdsa-sha2-nistp521"});
        (void)answer(p);
    }
}

static void proof_unknown(struct peer *p)
{
    need_key(p);
    reach(p, AT_AUTH);
    send_proof(p,
               &(struct proof){.key = p->setting->profile.key, .algorithm = "unknown@nacre-spec"});
    answer_and_go_on(p);
}

static void proof_garbage(struct peer *p)
{
    need_key(p);
    for (int i = 0; i < 3; i++) {
        static const size_t sizes[] = {300, 1, 0};

        peer_connect(p);
        reach(p, AT_AUTH);
        send_proof(p, &(struct proof){.key = p->setting->profile.key, .blob = sample(p, sizes[i])});
        (void)answer(p);
    }
}

static void proof_after_rekey(struct peer *p)
{
    need_key(p);
    reach(p, AT_AUTH);
    p->conforming = true;
    rekey(p);
    p->conforming = false;
    need(p, !over(p), "it takes no rekey before the login");
    send_proof(p, &(struct proof){.key = p->setting->profile.key});
    (void)answer(p);
}

/* PROTOCOL section 3.1: the same with string server host key at the end, which is signed too. */
static struct bytes hostbound(struct peer *p, struct bytes host_key)
{
    const struct nacre_key *key = p->setting->profile.key;
    const char *name = key_algorithm(p, key);
    const struct algorithm *a = algorithm_find(ALGORITHM_PUBLIC_KEY, bytes_of(name));
    uint8_t room[SIGNATURE_BLOB_MAX];
    struct writer w = write_to(room, sizeof room);
    struct bytes request =
        message(p, "btttbtss", SSH_MSG_USERAUTH_REQUEST, p->setting->profile.user, service,
                "publickey-hostbound-v00@openssh.com", 1, name, private_key_blob(key), host_key);

    if (a == NULL ||
        !key_sign(key, a->method,
                  message(p, "sr", (struct bytes){p->session_id, p->session_id_len}, request), &w))
        problem(p, "the key cannot sign");
    return message(p, "rs", request, written_bytes(&w));
}

static void hostbound_keys(struct peer *p)
{
    need_key(p);
    for (int i = 0; i < 2; i++) {
        peer_connect(p);
        reach(p, AT_AUTH);
        need(p, p->offers_hostbound, "no publickey-hostbound@openssh.com");
        if (!over(p))
            send_payload(p, hostbound(p, i == 0 ? p->x.host_key
                                                : private_key_blob(p->setting->profile.stranger)));
        (void)answer(p);
    }
}

/* clang-format off */
const struct spec_case spec_publickey[] = {
    {"4252/7/query", SERVER, MUST, "RFC 4252 7", "4252/7/3 4252/7/4",
     "a query for an authorized key: PK_OK repeats the algorithm and blob; nothing is "
     "granted", "pk-ok, not logged in",
     .run = query},
    {"4252/7/query-unknown-key", SERVER, MUST, "RFC 4252 7", "4252/7/3",
     "a query for a key that is not authorized", "auth-failure",
     .run = query_unknown},
    {"4252/7/proof", SERVER, MUST, "RFC 4252 7", "4252/7/1 4252/7/5 4252/7/7",
     "a signature without a query", "auth-success",
     .run = proof, .number = NOTHING},
    {"4252/7/proof-each-type", SERVER, MUST, "RFC 4252 7", "4252/7/9 8308/3.1/1",
     "each algorithm in server-sig-algs", "auth-success",
     .run = proof_each},
    {"4252/7/proof-wrong", SERVER, MUST, "RFC 4252 7", "4252/7/5",
     "one bit of the signature is flipped", "auth-failure",
     .run = proof, .number = FLIPPED},
    {"4252/7/proof-other-session", SERVER, MUST, "RFC 4252 7", "4252/7/5",
     "a signature over a different session identifier", "auth-failure",
     .run = proof, .number = SESSION},
    {"4252/7/proof-other-user", SERVER, MUST, "RFC 4252 7", "4252/7/5",
     "a signature for another user name", "auth-failure",
     .run = proof, .number = USER},
    {"4252/7/proof-other-service", SERVER, MUST, "RFC 4252 7", "4252/7/5",
     "a signature for another service name", "auth-failure",
     .run = proof, .number = SERVICE},
    {"4252/7/proof-not-authorized", SERVER, MUST, "RFC 4252 7", "4252/7/6",
     "a valid signature with a key that is not authorized", "auth-failure",
     .run = proof, .number = STRANGER},
    {"4252/7/proof-after-query-of-other", SERVER, MUST, "RFC 4252 7", "4252/7/4",
     "a query for an authorized key, then a signature with another key (CVE-2024-45337)", "auth-failure",
     .run = proof_after_other},
    {"4252/7/proof-algorithm-mismatch", SERVER, PRACTICE, "RFC 4252 7", "4252/7/10 8332/3.2/2",
     "the algorithms in the request, the blob and the signature differ", "auth-failure",
     .run = proof_mismatch},
    {"4252/7/proof-unknown-algorithm", SERVER, MUST, "RFC 4252 7", "4252/7/8",
     "an unknown algorithm", "auth-failure, go-on",
     .run = proof_unknown},
    {"4252/7/proof-blob-garbage", SERVER, PRACTICE, "RFC 4252 7", "4252/7/10",
     "a blob of random bytes, of one byte, and empty", "auth-failure | close",
     .run = proof_garbage},
    {"4252/7/proof-boolean-2", SERVER, MUST, "RFC 4251 5", "4251/5/1",
     "the boolean that announces a signature is 0x02", "auth-success | auth-failure",
     .run = proof, .number = BOOLEAN_2},
    {"4252/7/proof-after-rekey", SERVER, PRACTICE, "RFC 4252 7", "4252/7/11 4253/7.2/2",
     "after a rekey, the signature covers the first session identifier", "auth-success",
     .run = proof_after_rekey},
    {"ossh/3.1/hostbound", SERVER, MAY, "PROTOCOL 3.1", "ossh/3.1/1",
     "publickey-hostbound with the server's host key, then with another host key", "auth-success; auth-failure",
     .run = hostbound_keys},
    {0},
};
/* clang-format on */
