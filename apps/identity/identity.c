#include "apps/identity/identity.h"

#include "apps/files/key_file.h"

#include <string.h>

static bool has(const struct identity *identity, const struct nacre_key *key)
{
    size_t len, other_len;
    const uint8_t *blob = nacre_key_blob(key, &len);

    for (size_t i = 0; i < identity->key_count; i++) {
        const uint8_t *other = nacre_key_blob(identity->keys[i], &other_len);

        if (len == other_len && memcmp(blob, other, len) == 0)
            return true;
    }
    return false;
}

/* False: it is there already, or there is no space. */
static bool add(struct identity *identity, const struct nacre_key *key)
{
    if (identity->key_count == IDENTITY_KEYS_MAX || has(identity, key))
        return false;
    identity->keys[identity->key_count++] = key;
    return true;
}

static bool add_own(struct identity *identity, struct nacre_key_text *text, const struct errbuf *p)
{
    struct nacre_key *key = nacre_key_text_open(text, NULL, NULL, p->text, p->size);

    nacre_key_text_free(text);
    if (key == NULL)
        return false;
    if (add(identity, key))
        identity->own[identity->own_count++] = key;
    else
        nacre_key_free(key);
    return true;
}

static bool add_locked(struct identity *identity, struct nacre_key_text *text, const char *file,
                       const struct errbuf *p)
{
    struct locked_key *locked = locked_key_new(text, file, identity->ask, &identity->note, p);

    if (locked == NULL)
        return false;
    if (add(identity, locked_key_offer(locked)))
        identity->locked[identity->locked_count++] = locked;
    else
        locked_key_free(locked);
    return true;
}

bool identity_add_file(struct identity *identity, const char *file, const struct errbuf *p)
{
    struct nacre_key_text *text = nacre_key_text_read(file, p->text, p->size);

    if (text == NULL)
        return false;
    if (identity->ask != NULL && nacre_key_text_is_encrypted(text))
        return add_locked(identity, text, file, p);
    return add_own(identity, text, p);
}

bool identity_add_agent(struct identity *identity, const struct errbuf *p)
{
    const struct nacre_key *const *keys;
    size_t count = 0;

    identity->agent = nacre_agent_open(NULL, p->text, p->size);
    if (identity->agent == NULL)
        return false;
    keys = nacre_agent_keys(identity->agent, &count);
    for (size_t i = 0; i < count; i++)
        (void)add(identity, keys[i]);
    return true;
}

void identity_clear(struct identity *identity)
{
    for (size_t i = 0; i < identity->own_count; i++)
        nacre_key_free(identity->own[i]);
    for (size_t i = 0; i < identity->locked_count; i++)
        locked_key_free(identity->locked[i]);
    nacre_agent_free(identity->agent);
    *identity = (struct identity){0};
}
