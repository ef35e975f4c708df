/* Lists of users, as AllowUsers and DenyUsers of sshd_config(5) have them: names in which * and ?
 * are wildcards, each perhaps with @ and what the client's address must match, as in from= of
 * authorized_keys (authorized_from.h). Separated by commas. */
#ifndef NACRE_APPS_FILES_USER_LIST_H
#define NACRE_APPS_FILES_USER_LIST_H

#include <stdbool.h>

/* Is it such a list, with no empty name, address or network that matches nothing? */
bool user_list_is_good(const char *list);

/* May the user log in from that address (NULL: unknown, which matches no entry with an address in
 * `allow`, and each one in `deny`)? Not if an entry of `deny` matches, or if there is an `allow` of
 * which none does. Either list may be NULL. */
bool user_list_allows(const char *allow, const char *deny, const char *user, const char *address);

#endif
