#include "apps/files/user_list.h"

#include "apps/files/authorized_from.h"
#include "crypto/bytes.h"

#include <stdio.h>
#include <string.h>

enum { HOST_MAX = 256 /* bytes of what follows an @ */ };

/* One entry of a list */
struct entry {
    struct bytes user;
    char host[HOST_MAX]; /* "": any */
    bool bad;
};

/* False: there is no further entry. */
static bool next_entry(const char **list, struct entry *entry)
{
    const char *text = *list;
    size_t len, name;

    if (text == NULL)
        return false;
    len = strcspn(text, ",");
    name = strcspn(text, "@,");
    *list = text[len] == ',' ? text + len + 1 : NULL;
    entry->user = (struct bytes){(const uint8_t *)text, name};
    entry->host[0] = 0;
    entry->bad = name == 0 || name + 1 == len || len - name >= HOST_MAX;
    if (name < len && !entry->bad)
        (void)snprintf(entry->host, sizeof entry->host, "%.*s", (int)(len - name - 1),
                       text + name + 1);
    return true;
}

bool user_list_is_good(const char *list)
{
    struct entry entry;

    while (next_entry(&list, &entry))
        if (entry.bad || (entry.host[0] != 0 && !authorized_from_is_list(entry.host)))
            return false;
    return true;
}

/* unknown: does an entry with an address match a client whose address is not known? */
static bool has(const char *list, const char *user, const char *address, bool unknown)
{
    struct entry entry;
    bool found = false;

    while (next_entry(&list, &entry)) {
        bool here = entry.host[0] == 0 || (address == NULL && unknown) ||
                    (address != NULL && authorized_from(entry.host, address) == FROM_YES);

        found = (bytes_match(entry.user, bytes_of(user), false) && here) || found;
    }
    return found;
}

bool user_list_allows(const char *allow, const char *deny, const char *user, const char *address)
{
    return !has(deny, user, address, true) && (allow == NULL || has(allow, user, address, false));
}
