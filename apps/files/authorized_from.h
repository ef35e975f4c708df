/* Who may come from where: the pattern lists of from="...", ssh_config(5), PATTERNS. */
#ifndef NACRE_APPS_AUTHORIZED_FROM_H
#define NACRE_APPS_AUTHORIZED_FROM_H

enum from_result {
    FROM_YES,
    FROM_NO,
    FROM_BAD, /* the list cannot be read */
};

/* Is the client's address on the list? Patterns with commas between: an address, one with * and ?,
 * or a network (192.0.2.0/24, 2001:db8::/32); one with ! before it excludes what it matches,
 * whatever the others say. Nothing is looked up: a host name matches nothing. */
enum from_result authorized_from(const char *list, const char *address);

#endif
