#include "apps/client/host_key.h"

#include "apps/client/caught.h"
#include "apps/client/target.h"
#include "apps/files/key_file.h"
#include "apps/terminal/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { ANSWER_MAX = 128, TYPE_MAX = 32 };

/* RFC 4253 section 6.6: a key begins with its type, a string. */
void host_key_type(char *out, size_t size, const uint8_t *key, size_t len)
{
    static const struct {
        const char *type, *name;
    } rows[] = {
        {"ssh-ed25519", "ED25519"},       {"ssh-rsa", "RSA"},
        {"ecdsa-sha2-nistp256", "ECDSA"}, {"ecdsa-sha2-nistp384", "ECDSA"},
        {"ecdsa-sha2-nistp521", "ECDSA"},
    };
    const char *name = "unknown";

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = strlen(rows[i].type);

        if (len > 4 + n && key[2] == 0 && key[3] == n && memcmp(key + 4, rows[i].type, n) == 0)
            name = rows[i].name;
    }
    (void)snprintf(out, size, "%s", name);
}

static bool is_accepted(const struct client *c, const struct nacre_host_key *shown)
{
    return c->accepted != NULL && c->accepted_len == shown->len &&
           memcmp(c->accepted, shown->key, shown->len) == 0;
}

/* The next key exchange shows the key again. */
static void remember(struct client *c, const struct nacre_host_key *shown)
{
    free(c->accepted);
    c->accepted = malloc(shown->len);
    c->accepted_len = shown->len;
    if (c->accepted != NULL)
        memcpy(c->accepted, shown->key, shown->len);
}

/* ssh creates ~/.ssh too. */
static void make_folder(const struct host_options *host)
{
    char folder[HOST_FILE_MAX];
    const char *slash = strrchr(host->known_hosts, '/');

    if (!host->is_default || slash == NULL)
        return;
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - host->known_hosts),
                   host->known_hosts);
    (void)mkdir(folder, 0700); /* if that fails, so does writing the file, which says why */
}

static void add(struct client *c, const struct nacre_host_key *shown, const char *name,
                const char *type)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER,
                                            .file = c->options->host.known_hosts};
    char errbuf[CLIENT_SENTENCE_MAX];

    make_folder(&c->options->host);
    if (nacre_known_hosts_add(&hosts, shown, false, errbuf, sizeof errbuf))
        client_say("%s (%s) is now in %s", name, type, hosts.file);
    else
        client_say("%s; the session continues", errbuf);
}

/* True: yes, or the fingerprint. */
static bool ask(const char *question, const char *fingerprint)
{
    char answer[ANSWER_MAX];
    bool too_long;

    while (caught_end() == 0 && prompt_ask(question, true, answer, sizeof answer, &too_long)) {
        if (too_long)
            answer[0] = 0;
        answer[strcspn(answer, " \t\r")] = 0;
        if (strcasecmp(answer, "yes") == 0 || strcmp(answer, fingerprint) == 0)
            return true;
        if (strcasecmp(answer, "no") == 0)
            return false;
        question = "Please type 'yes', 'no' or the fingerprint: ";
    }
    return false;
}

static bool ask_about(struct client *c, const struct nacre_host_key *shown)
{
    char name[CLIENT_HOST_MAX + 16], type[TYPE_MAX], print[NACRE_FINGERPRINT_MAX];
    char question[2 * CLIENT_SENTENCE_MAX];

    target_known_as(name, sizeof name, shown->host, shown->port);
    host_key_type(type, sizeof type, shown->key, shown->len);
    nacre_blob_fingerprint(shown->key, shown->len, print);
    (void)snprintf(question, sizeof question,
                   "The authenticity of host '%s (%s)' can't be established.\n"
                   "%s key fingerprint is %s.\n"
                   "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
                   name, nacre_client_address(c->connection), type, print);
    if (!ask(question, print))
        return false;
    add(c, shown, name, type);
    return true;
}

enum nacre_answer host_key_accept(struct nacre_client *connection,
                                  const struct nacre_host_key *shown,
                                  enum nacre_host_verdict verdict, const char *sentence)
{
    struct client *c = nacre_client_context(connection);
    bool accepted = verdict == NACRE_HOST_KNOWN || is_accepted(c, shown);

    (void)sentence; /* `ended` reports it */
    if (!accepted && verdict == NACRE_HOST_UNKNOWN)
        accepted = c->options->host.insecure || ask_about(c, shown);
    if (accepted)
        remember(c, shown);
    return accepted;
}
