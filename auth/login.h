/* The end of a login, in both roles. */
#ifndef NACRE_AUTH_LOGIN_H
#define NACRE_AUTH_LOGIN_H

struct auth;

/* Start the connection service and report the login to the owner. */
int auth_log_in(struct auth *a);

#endif
