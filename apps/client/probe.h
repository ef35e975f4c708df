/* --probe: what a server says about itself before anybody logs in. */
#ifndef NACRE_APPS_CLIENT_PROBE_H
#define NACRE_APPS_CLIENT_PROBE_H

#include "apps/client/options.h"
#include "apps/connect/client.h"

enum {
    PROBE_KEYS_MAX = 16,
    PROBE_NAME_MAX = 65, /* bytes of an algorithm's name, NUL included */
    PROBE_TEXT_MAX = 16 * 1024,
};

/* A host key that the server promises and does not show. */
struct probe_missing {
    char algorithm[PROBE_NAME_MAX];
    char why[128];
};

/* Bytes of the server, in memory of their own. */
struct probe_bytes {
    uint8_t *at; /* NULL: there were none */
    size_t len;
};

struct probe {
    const struct client_options *options;
    char address[80]; /* that the connection was made to */
    char identification[512];
    char texts[PROBE_TEXT_MAX]; /* what it sends for a person: lines and banners */
    struct probe_bytes kexinit, extensions, failure; /* the first message of each kind */
    struct nacre_negotiated negotiated;
    struct probe_bytes keys[PROBE_KEYS_MAX]; /* host keys, one of each type */
    size_t key_count;
    struct probe_missing missing[PROBE_KEYS_MAX];
    size_t missing_count;
    bool logged_in;                    /* with the method "none" */
    char problem[CLIENT_SENTENCE_MAX]; /* why something is missing; "" */
};

/* Connect, as often as needed, and print what was found. It offers no password and no key. Returns
 * the exit status. */
int probe_run(const struct client_options *o);

/* ---- probe_connect.c ---- */

/* What the connections observe. */
extern const struct nacre_observer probe_observer;

/* Learn everything but the other host keys. */
void probe_learn(struct probe *p);

/* Learn the host key with which the server signs by this algorithm. */
void probe_learn_key(struct probe *p, const char *algorithm);

/* ---- probe_report.c ---- */

/* Print what was found as text, or as one line of JSON. */
void probe_report(const struct probe *p);
void probe_report_json(const struct probe *p);

#endif
