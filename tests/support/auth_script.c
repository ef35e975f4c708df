#include "tests/support/auth_script.h"

#include <string.h>

void note_attempt(void *context, const char *user, const char *method, bool granted)
{
    end_note(context, "%s %s %s;", granted ? "granted" : "refused", user, method);
}

void start_server(void)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.attempted = note_attempt;
    scripted_start(&s);
}

void start_client(void)
{
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.keys = s.pair.user_keys;
    s.pair.client_config.key_count = 1;
    scripted_start(&s);
}

void expect_ended(enum nacre_cause cause, uint32_t code)
{
    ck_assert(s.real->ended);
    ck_assert_int_eq(s.real->why.cause, cause);
    ck_assert_uint_eq(s.real->why.code, code);
}

void send_password(const char *user, const char *password)
{
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?s", user, "ssh-connection", "password", 0,
                  password);
}

void send_none(void)
{
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss", "alice", "ssh-connection", "none");
}

void send_query(const struct nacre_key *key)
{
    struct bytes blob = private_key_blob(key);

    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sS", "alice", "ssh-connection", "publickey", 0,
                  "ssh-ed25519", blob.at, blob.len);
}

struct proof right_proof(void)
{
    const struct nacre_key *key = &s.pair.user_key;

    return (struct proof){
        .user = "alice",
        .service = "ssh-connection",
        .algorithm = "ssh-ed25519",
        .signed_user = "alice",
        .signed_service = "ssh-connection",
        .signed_method = "publickey",
        .signed_algorithm = "ssh-ed25519",
        .signed_number = SSH_MSG_USERAUTH_REQUEST,
        .signed_bool = 1,
        .key = key,
        .signed_key = key,
        .signing_key = key,
        .signature_name = "ssh-ed25519",
        .flip = -1,
    };
}

size_t sign(const struct proof *p, uint8_t *out, size_t room)
{
    uint8_t data[1024], session_id[SESSION_ID_MAX], blob[256];
    struct bytes id = transport_session_id(&s.t);
    struct writer to_sign = write_to(data, sizeof data);
    struct writer signature = write_to(blob, sizeof blob);
    struct writer w = write_to(out, room);
    struct reader r;
    struct bytes bare;

    memcpy(session_id, id.at, id.len);
    session_id[id.len - 1] ^= p->other_session ? 1 : 0;
    write_string(&to_sign, (struct bytes){session_id, id.len});
    write_u8(&to_sign, (uint8_t)p->signed_number);
    write_text(&to_sign, p->signed_user);
    write_text(&to_sign, p->signed_service);
    write_text(&to_sign, p->signed_method);
    write_bool(&to_sign, p->signed_bool != 0);
    write_text(&to_sign, p->signed_algorithm);
    write_string(&to_sign, private_key_blob(p->signed_key));
    if (p->signed_host_key != NULL)
        write_string(&to_sign, private_key_blob(p->signed_host_key));
    ck_assert(key_sign(p->signing_key, &signature_ed25519, written_bytes(&to_sign), &signature));
    r = read_from(written_bytes(&signature));
    (void)read_string(&r);
    bare = read_string(&r);
    if (p->flip >= 0)
        blob[(size_t)(bare.at - blob) + (size_t)p->flip / 8] ^= (uint8_t)(1 << p->flip % 8);
    write_text(&w, p->signature_name);
    write_string(&w, bare);
    ck_assert(!to_sign.bad && !w.bad);
    return written(&w);
}

void send_proof(const struct proof *p)
{
    uint8_t signature[256];
    size_t len = sign(p, signature, sizeof signature);
    struct bytes blob = private_key_blob(p->key);

    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sSS", p->user, p->service, "publickey", 1,
                  p->algorithm, blob.at, blob.len, signature, len);
}

void send_bad_password(void)
{
    send_password("alice", "wrong");
}

void send_bad_query(void)
{
    send_query(&s.pair.other_key);
}

void send_good_query(void)
{
    send_query(&s.pair.user_key);
}

void send_pk_ok(const char *algorithm, const struct nacre_key *key)
{
    struct bytes blob = private_key_blob(key);

    scripted_send(&s, SSH_MSG_USERAUTH_PK_OK, "sS", algorithm, blob.at, blob.len);
}

void deliver_without_ticks(void)
{
    while (transport_output(&s.t).len > 0) {
        size_t room, len = transport_output(&s.t).len;
        uint8_t *in = nacre_session_input(s.real->session, &room);

        len = len < room ? len : room;
        memcpy(in, transport_output(&s.t).at, len);
        transport_sent(&s.t, len);
        nacre_session_received(s.real->session, len, s.pair.now_ms);
    }
}
