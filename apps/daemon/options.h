/* The options that the server programs share. */
#ifndef NACRE_APPS_DAEMON_OPTIONS_H
#define NACRE_APPS_DAEMON_OPTIONS_H

#include "apps/daemon/limits.h"
#include "apps/daemon/log.h"
#include "apps/observe/options.h"
#include "apps/options/algorithms.h"
#include "apps/options/config.h"
#include "apps/options/help.h"
#include "apps/options/values.h"

#define DEFAULT_HOST_KEY "hostkeys/ssh_host_ed25519_key"
#define DEFAULT_PASSWORDS "ssh-passwords"

struct server_options {
    struct option_list listen, host_keys; /* empty: the defaults */
    const char *passwords;                /* NULL: the default, if that file exists */
    const char *authorized_keys;          /* or NULL */
    bool keyboard_interactive;
    const char *allow_users, *deny_users; /* or NULL */
    const char *require;                  /* methods that must all succeed; NULL: any one */
    const char *banner_file;              /* or NULL */
    const char *user;                     /* to become, or NULL */
    bool no_sandbox;
    uint32_t backlog;  /* 0: the default */
    uint32_t workers;  /* 0: one per CPU */
    uint32_t drain_ms; /* for sessions after SIGTERM; 0: none */
    bool supervise;
    const char *metrics; /* where they are served; or NULL */
    enum log_level level;
    enum log_format log_format;
    const char *log_file; /* or NULL */
    bool log_syslog;
    uint64_t rekey_bytes, rekey_ms; /* 0: the defaults */
    struct config_options config;
    struct algorithm_options algorithms;
    struct limit_options limits;
    struct study_options study;
};

/* These fill a struct server_options. */
extern const struct option_group server_options;        /* --listen to --workers */
extern const struct option_group server_crypto_options; /* --pubkey-algorithms to --rekey-limit */
extern const struct option_group log_options;           /* --log-level to --verbose */

/* The uses of all groups of a server, in a program's options that have a struct server_options at
 * their start. */
/* clang-format off */
#define SERVER_OPTION_USES                                                     \
    {&server_options, 0},                                                      \
    {&config_options, offsetof(struct server_options, config)},                \
    {&algorithm_options, offsetof(struct server_options, algorithms)},         \
    {&server_crypto_options, 0},                                               \
    {&log_options, 0},                                                         \
    {&general_options, 0},                                                     \
    {&limit_options, offsetof(struct server_options, limits)},                 \
    {&study_options, offsetof(struct server_options, study)},                  \
    {NULL, 0}
/* clang-format on */

/* For a program whose options have a struct server_options at their start. */
#define SERVER_CONFIG .reads_config = true, .config = offsetof(struct server_options, config)

/* The number of event loops that the server will have. */
unsigned server_workers(const struct server_options *o);

/* Free what options_read has allocated. */
void server_options_clear(struct server_options *options);

/* What --help says about every server. */
#define SERVER_NOTES                                                                               \
    OPTION_UNITS_NOTE                                                                              \
    "The log goes to standard error, one line per event. SIGTERM and SIGINT stop the server; "     \
    "SIGUSR1 logs its counters; SIGHUP reads its configuration file and host keys again."

#endif
