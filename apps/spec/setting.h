/* What is tested and with what: the address, the user, and what the baseline learned. */
#ifndef NACRE_APPS_SPEC_SETTING_H
#define NACRE_APPS_SPEC_SETTING_H

#include "apps/spec/kexinit.h"
#include "transport/key_pair.h"

#include <sys/socket.h>

/* What cannot be found out over the network. */
struct profile {
    const char *user;
    struct nacre_key *key;      /* that logs in; NULL: none */
    struct nacre_key *stranger; /* that does not */
    const char *password;       /* NULL: none */
    const char *cat;            /* a command that sends back what it gets */
    const char *produce;        /* one that prints N bytes, with %s for N */
    const char *discard;        /* one that reads everything */
    const char *exit_with;      /* one that exits with a status, with %s */
    const char *killed;         /* one that a SIGTERM ends */
    const char *env;            /* one that prints its environment */
    const char *user_ca_file;   /* the private key of a CA whose certificates log the user in */
    struct nacre_key *user_ca;  /* ... read; NULL: none */
    const char *two_factor[2];  /* users that need the key, and then the password; NULL: none */
    const char *expired;        /* a user whose password has expired; NULL: none */
    bool any_user;              /* its keys log in under any user name */
    bool forwarding;            /* TCP forwarding is allowed */
};

/* What the baseline learned. */
struct facts {
    bool known; /* false: this is the baseline */
    char ident[256];
    struct kexinit theirs;
    bool strict, ext_info, offers_ping;
    char sig_algs[1024];
    char methods[256];
    char hostkey[NAME_MAX_LEN], kex[NAME_MAX_LEN], cipher[NAME_MAX_LEN];
    bool exec;                   /* the `cat` command works */
    uint32_t window, max_packet; /* that it grants at first */
    bool unimplements_fence;     /* it answers global requests with UNIMPLEMENTED */
    uint64_t longest_us;         /* its longest step */
    uint64_t login_us;           /* the whole login */
};

struct client_setup;
struct peer;

struct setting {
    const char *target; /* HOST:PORT, as given; the name of a client's profile */
    struct sockaddr_storage address;
    socklen_t address_len;
    enum nacre_role tested; /* the end that is tested */
    struct profile profile;
    struct facts facts;
    uint32_t seed;
    uint32_t timeout_ms;               /* of one case */
    uint32_t jobs;                     /* cases at once */
    bool tracing;                      /* keep packets and keys too */
    bool verbose;                      /* keep the whole trace */
    bool patient;                      /* a second try, alone: waits may take longer */
    const struct client_setup *client; /* how to start the client that is tested; NULL: a server */
    void (*client_connect)(struct peer *p); /* client.c, for peer.c */
    void (*client_end)(struct peer *p);
};

#endif
