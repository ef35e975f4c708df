#include "apps/load/identity.h"

#include "apps/files/key_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_keys(struct load_options *o, const struct errbuf *p)
{
    for (size_t i = 0; i < o->identities.count; i++) {
        o->keys[i] = nacre_key_read(o->identities.items[i], p->text, p->size);
        if (o->keys[i] == NULL)
            return false;
        o->key_count = o->own_keys = i + 1;
    }
    return true;
}

static bool ask_agent(struct load_options *o, const struct errbuf *p)
{
    const struct nacre_key *const *keys;
    size_t count = 0;

    if (!o->use_agent)
        return true;
    o->agent = nacre_agent_open(NULL, p->text, p->size);
    if (o->agent == NULL)
        return false;
    keys = nacre_agent_keys(o->agent, &count);
    for (size_t i = 0; i < count && o->key_count < LOAD_KEYS_MAX; i++)
        o->keys[o->key_count++] = keys[i];
    return true;
}

static bool read_password(struct load_options *o, const struct errbuf *p)
{
    const char *name = o->password_file;
    FILE *file;
    size_t room = 0;
    ssize_t len;

    if (name == NULL)
        return true;
    file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    len = file == NULL ? -1 : getline(&o->password, &room, file);
    if (file != NULL && file != stdin)
        (void)fclose(file);
    if (len < 0)
        return errbuf_say(p, "%s: cannot read a password", name);
    o->password[strcspn(o->password, "\r\n")] = 0;
    return true;
}

bool identity_read(struct load_options *o, const struct errbuf *p)
{
    return read_keys(o, p) && ask_agent(o, p) && read_password(o, p);
}

void identity_clear(struct load_options *o)
{
    for (size_t i = 0; i < o->own_keys; i++)
        nacre_key_free((struct nacre_key *)(uintptr_t)o->keys[i]);
    nacre_agent_free(o->agent);
    if (o->password != NULL)
        explicit_bzero(o->password, strlen(o->password));
    free(o->password);
}
