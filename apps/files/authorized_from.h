/* The pattern lists of from="...": which addresses may use a key. ssh_config(5), PATTERNS. */
#ifndef NACRE_APPS_FILES_AUTHORIZED_FROM_H
#define NACRE_APPS_FILES_AUTHORIZED_FROM_H

#include <stdbool.h>

enum from_result {
    FROM_YES,
    FROM_NO,
    FROM_BAD, /* the list is malformed */
};

/* Does the list contain the client's address? The list is comma-separated: addresses, patterns with
 * * and ?, and networks (192.0.2.0/24, 2001:db8::/32, fe80::%eth0/10). An entry with a leading !
 * excludes what it matches, whatever the other entries say. Nothing is looked up, so a host name
 * matches nothing, and a zone is compared as text. */
enum from_result authorized_from(const char *list, const char *address);

/* Is it such a list, in which each entry with a slash is a network? sshd, and so authorized_from,
 * takes any other one for a pattern that matches nothing. */
bool authorized_from_is_list(const char *list);

#endif
