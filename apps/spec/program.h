/* Channels on which a program of the profile runs. The case's own steps begin after these. */
#ifndef NACRE_APPS_SPEC_PROGRAM_H
#define NACRE_APPS_SPEC_PROGRAM_H

#include "apps/spec/reach.h"

/* After the login, a session channel. */
struct spec_channel *open_first(struct peer *p, struct opening o);

/* ... whose program sends back what it gets. Skips the case if the profile has none. */
struct spec_channel *open_cat(struct peer *p, struct opening o);

/* ... whose program prints so many bytes, a number in digits. */
struct spec_channel *open_produce(struct peer *p, struct opening o, const char *count);

/* Record "same bytes" if so many were received: what that program prints is always the same. */
void observe_length(struct peer *p, const struct spec_channel *ch, size_t len);

/* Before the login, record "logged in" or "not logged in": does the server open a channel? A
 * refusal says nothing: paramiko refuses before the login. */
void observe_login(struct peer *p);

/* Record "same bytes", or what is different. */
void observe_bytes(struct peer *p, const struct spec_channel *ch, struct bytes expected);

/* Record "close-message" when CLOSE comes. */
void observe_channel_close(struct peer *p, struct spec_channel *ch);

#endif
