#include "apps/observe/key_exchange.h"

#include "apps/observe/decode.h"

#include <stdlib.h>

static struct bytes copy(struct bytes original)
{
    uint8_t *at = malloc(original.len + 1);

    if (at == NULL)
        return (struct bytes){NULL, 0};
    if (original.len > 0)
        memcpy(at, original.at, original.len);
    return (struct bytes){at, original.len};
}

static void release(struct bytes *copied)
{
    free((void *)(uintptr_t)copied->at);
    *copied = (struct bytes){NULL, 0};
}

void key_exchange_version(struct key_exchange *x, enum nacre_role sender, struct bytes line)
{
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    if (line.len > KEY_EXCHANGE_VERSION_MAX)
        return;
    memcpy(x->version[sender], line.at, line.len);
    x->version_len[sender] = line.len;
}

static void forget_fields(struct key_exchange *x, size_t from)
{
    while (x->count > from)
        release(&x->fields[--x->count].value);
}

static void forget_secret(struct key_exchange *x)
{
    if (x->secret != NULL)
        explicit_bzero(x->secret, x->secret_len);
    free(x->secret);
    x->secret = NULL;
    x->secret_len = 0;
}

void key_exchange_done(struct key_exchange *x)
{
    release(&x->kexinit[NACRE_CLIENT]);
    release(&x->kexinit[NACRE_SERVER]);
    release(&x->host_key.value);
    x->host_key.name = NULL;
    forget_fields(x, 0);
    forget_secret(x);
    x->hash_len = 0;
}

void key_exchange_kexinit(struct key_exchange *x, enum nacre_role sender, struct bytes payload)
{
    if (x->kexinit[sender].len > 0)
        key_exchange_done(x);
    x->kexinit[sender] = copy(payload);
}

/* A field that was hashed before was of a wrong guess, RFC 4253 section 7: what follows replaces
 * it. */
static void add(struct key_exchange *x, const struct field *f)
{
    struct key_exchange_input input = {.name = f->name, .type = f->type, .value = copy(f->value)};

    if (strcmp(f->name, "K_S") == 0) {
        release(&x->host_key.value);
        x->host_key = input;
        return;
    }
    for (size_t i = 0; i < x->count; i++)
        if (x->fields[i].name == f->name || strcmp(x->fields[i].name, f->name) == 0)
            forget_fields(x, i);
    if (x->count == KEY_EXCHANGE_FIELDS) {
        release(&input.value);
        return;
    }
    x->fields[x->count++] = input;
}

void key_exchange_message(struct key_exchange *x, const struct message_context *context,
                          struct bytes payload)
{
    struct decoder d;
    struct field f;

    decode_begin(&d, context, NACRE_SENT, payload);
    while (decode_next(&d, &f))
        if (f.depth == 0 && f.row != NULL && strcmp(f.name, "signature") != 0)
            add(x, &f);
}

void key_exchange_secret(struct key_exchange *x, struct bytes k, bool keep)
{
    struct bytes value = k.len >= 4 ? bytes_from(k, 4) : k;

    forget_secret(x);
    x->secret_len = value.len;
    if (keep)
        x->secret = (uint8_t *)(uintptr_t)copy(value).at;
}

void key_exchange_hash(struct key_exchange *x, struct bytes h)
{
    if (h.len > KEY_EXCHANGE_HASH_MAX)
        return;
    memcpy(x->hash, h.at, h.len);
    x->hash_len = h.len;
    if (x->session_id_len == 0) {
        memcpy(x->session_id, h.at, h.len);
        x->session_id_len = h.len;
    }
}

bool key_exchange_is_complete(const struct key_exchange *x)
{
    return x->hash_len > 0 && x->host_key.name != NULL;
}

bool key_exchange_input(const struct key_exchange *x, const struct context_kex *kex, size_t i,
                        struct key_exchange_input *input)
{
    static const char *const names[] = {"V_C", "V_S", "I_C", "I_S"};
    const enum nacre_role role = i % 2 == 0 ? NACRE_CLIENT : NACRE_SERVER;

    if (i < 4) {
        *input = (struct key_exchange_input){names[i], FIELD_STRING, x->kexinit[role], false};
        if (i < 2)
            input->value = (struct bytes){x->version[role], x->version_len[role]};
    } else if (i == 4) {
        *input = x->host_key;
    } else if (i - 5 < x->count) {
        *input = x->fields[i - 5];
    } else {
        *input = (struct key_exchange_input){"K",
                                             kex != NULL && kex->secret_is_string ? FIELD_STRING
                                                                                  : FIELD_MPINT,
                                             {x->secret, x->secret_len},
                                             true};
        return i - 5 == x->count;
    }
    return true;
}

void key_exchange_clear(struct key_exchange *x)
{
    key_exchange_done(x);
}
