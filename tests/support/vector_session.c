#include "tests/support/vector_session.h"

#include "tests/support/tables.h"

#include <check.h>

void vector_session(struct pair *p, size_t method, const struct nacre_observer *observer,
                    void *user)
{
    struct protection protection = protection_at((int)method % protection_count());
    struct nacre_channel *ch;

    pair_init(p, (uint8_t)(100 + method));
    p->records = true;
    p->user = user;
    p->server_config.observer = observer;
    p->client_config.kex = p->server_config.kex = algorithms_of(ALGORITHM_KEX)[method].name;
    p->client_config.host_key = p->server_config.host_key = "ssh-ed25519";
    p->client_config.public_key = p->server_config.public_key = "ssh-ed25519";
    p->client_config.ciphers = p->server_config.ciphers = protection.cipher->name;
    p->client_config.macs = p->server_config.macs =
        protection.mac == NULL ? NULL : protection.mac->name;
    pair_start(p);
    ch = pair_open(p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(p);
    ck_assert_uint_eq(nacre_channel_write(ch, "hello", 5), 5);
    nacre_channel_eof(ch);
    pair_run(p);
    nacre_session_disconnect(p->client.session, NACRE_WE_CLOSED, "done");
    pair_run(p);
}
