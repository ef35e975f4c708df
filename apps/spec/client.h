/* Starting the client that is tested: what belongs to a run, and to a connection. */
#ifndef NACRE_APPS_SPEC_CLIENT_H
#define NACRE_APPS_SPEC_CLIENT_H

#include "apps/spec/child.h"
#include "apps/spec/client_profile.h"
#include "apps/spec/peer.h"

enum {
    HOST_KEYS = 5, /* ed25519, ecdsa 256, 384 and 521, rsa */
    FINGERPRINT_ROOM = 64,
    FOLDER_ROOM = 128,
};

/* What all cases of a run share. */
struct client_setup {
    struct client_profile profile;
    char *const *command; /* the words after --; NULL: none */
    uint32_t listen;      /* the address to listen on, in host order */
    char host[64];        /* ... as the client is told */
    char folder[FOLDER_ROOM];
    struct nacre_key host_keys[HOST_KEYS];
    struct nacre_key other;    /* a host key that the client does not know */
    struct nacre_key user_rsa; /* logs in like the Ed25519 key of the profile */
};

/* Make the folder with the user's keys, and run the profile's `prepare`. False and a sentence. */
bool client_setup(struct client_setup *setup, struct profile *profile, const struct errbuf *p);
void client_setup_clear(struct client_setup *setup);

/* The client of one connection. */
struct client {
    struct child child;
    struct conn listener;
    uint16_t port;
    char folder[FOLDER_ROOM + 16]; /* its HOME */
};

/* What the client is to do; before the connection. Skips the case if the profile cannot. */
void intend(struct peer *p, enum intent intent);

/* Does the profile have a line for it? One that starts nothing has none: a person runs a command.
 */
bool can_intend(const struct peer *p, enum intent intent);

/* Something is shown to a person: on a terminal if the profile can. */
void intend_shown(struct peer *p);

/* It begins a rekey by itself, if the profile can. Both roles: nothing happens if a server is
 * tested. */
void intend_rekey(struct peer *p);

/* Start it, and accept its connection into p->conn. Sets a problem if it does not connect. */
void client_connect(struct peer *p);

/* End the connection: note how the program ends, and remove what was made for it. */
void client_end(struct peer *p);

/* Wait for its end, and record its exit status in the current part. */
void client_wait(struct peer *p);

/* What is typed for it. Both roles: nothing happens if a server is tested. */
void client_answer(struct peer *p, const char *prompt, const char *answer);

/* All that it printed: on standard output; on standard error, or on its terminal. */
struct bytes client_output(const struct peer *p);
struct bytes client_errors(const struct peer *p);

/* Did it print the text? */
bool client_shows(const struct peer *p, const char *text);

/* An escape sequence, for texts that a client may show: it moves nothing and asks for nothing. */
#define CONTROLS "\x1b[31m"

/* Record "no raw control bytes", or "a raw control byte": did an escape sequence that we sent reach
 * its terminal? */
void observe_controls(struct peer *p);

/* A text with {name} replaced by `value` and `more`. */
void client_replace(char *out, size_t size, const char *text, const char *name, const char *value,
                    const char *more);

void client_remove_folder(const char *folder);

/* The host key that can sign by this algorithm. */
const struct nacre_key *client_host_key(const struct peer *p,
                                        const struct signature_algorithm *algorithm);

#endif
