#include "transport/kex_state.h"

#include "transport/signing.h"

#include <string.h>

bool kex_state_new(struct transport *t)
{
    t->kex = pool_allocate(t->pool, sizeof *t->kex);
    if (t->kex == NULL)
        return false;
    t->kex->first = t->session_id_len == 0;
    return true;
}

void kex_state_free(struct transport *t)
{
    struct kex *k = t->kex;

    if (k == NULL)
        return;
    for (int role = 0; role < 2; role++)
        if (k->kexinit[role].at != NULL)
            pool_give_block(t->pool, k->kexinit[role].at, k->kexinit[role].len);
    if (k->state != NULL)
        k->messages->clear(kex_method_of(t), k->state);
    pool_release(t->pool, k->state, k->state_len);
    if (k->signing != NULL)
        signing_forget(k->signing);
    pool_release(t->pool, k->share, k->share_len);
    pool_release(t->pool, k, sizeof *k);
    t->kex = NULL;
}

/* In a block: nothing in it is secret, and memory for secrets can be scarce. */
bool kex_state_keep(struct transport *t, enum nacre_role sender, struct bytes message)
{
    struct kex_kept *k = &t->kex->kexinit[sender];
    size_t size;

    k->at = pool_take_block(t->pool, message.len, &size);
    if (k->at == NULL)
        return false;
    k->len = message.len;
    memcpy(k->at, message.at, message.len);
    return true;
}

void *kex_state_allocate(struct transport *t, size_t len)
{
    t->kex->state = pool_allocate(t->pool, len);
    t->kex->state_len = t->kex->state == NULL ? 0 : len;
    return t->kex->state;
}

const struct kex_method *kex_method_of(const struct transport *t)
{
    return t->kex->chosen.kex->method;
}

enum kex_progress kex_failed(struct transport *t, const char *text)
{
    (void)transport_fail(t, SSH_DISCONNECT_KEY_EXCHANGE_FAILED, text);
    return KEX_FAILED;
}

enum kex_progress kex_malformed(struct transport *t, const char *text)
{
    (void)transport_malformed(t, text);
    return KEX_FAILED;
}

enum kex_progress kex_no_memory(struct transport *t)
{
    (void)transport_no_memory(t);
    return KEX_FAILED;
}
