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

bool identity_add_file(struct identity *identity, const char *file, const struct errbuf *p)
{
    struct nacre_key *key = nacre_key_read(file, p->text, p->size);

    if (key == NULL)
        return false;
    if (add(identity, key))
        identity->own[identity->own_count++] = key;
    else
        nacre_key_free(key);
    return true;
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
    nacre_agent_free(identity->agent);
    *identity = (struct identity){0};
}
