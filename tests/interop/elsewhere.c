/* A server whose host key has a passphrase: it is opened, and signs, on other threads than the
 * event loop's. It uses only the library's public interface:
 *
 *     elsewhere HOST_KEY PASSPHRASE PUBLIC_KEY ADDR:PORT
 *
 * The owner of the public key may open a shell, which ends at once. Prints its address, and a line
 * for each signature.
 */
#include "apps/files/key_file.h"
#include "apps/server/server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct nacre_key *users;

/* The key, which is decrypted for its first signature. */
static struct {
    pthread_mutex_t lock;
    const char *passphrase;
    struct nacre_key_text *text;
    struct nacre_key *opened; /* under the lock */
} secret = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct job {
    struct nacre_signing *signing;
    uint8_t signature[NACRE_SIGNATURE_MAX];
    size_t len; /* 0: a refusal */
};

static void sign(void *context)
{
    struct job *job = context;
    size_t len;
    const uint8_t *data = nacre_signing_data(job->signing, &len);

    pthread_mutex_lock(&secret.lock);
    if (secret.opened == NULL)
        secret.opened = nacre_key_text_open(secret.text, secret.passphrase, NULL, NULL, 0);
    pthread_mutex_unlock(&secret.lock);
    if (secret.opened != NULL)
        job->len = nacre_key_sign(secret.opened, nacre_signing_algorithm(job->signing), data, len,
                                  job->signature);
}

static void answer(void *context)
{
    struct job *job = context;

    puts(job->len > 0 ? "signed" : "refused");
    nacre_signing_answer(job->signing, job->signature, job->len);
    free(job);
}

static void on_sign(void *context, struct nacre_signing *signing)
{
    struct job *job = calloc(1, sizeof *job);

    (void)context;
    if (job != NULL)
        job->signing = signing;
    if (job == NULL || !nacre_peer_offload(nacre_signing_context(signing), sign, answer, job)) {
        free(job);
        nacre_signing_answer(signing, NULL, 0);
    }
}

static void on_publickey(void *peer, struct nacre_decision *decision, const char *user,
                         const struct nacre_key_offer *offer)
{
    size_t len;
    const uint8_t *blob = nacre_key_blob(users, &len);

    (void)peer;
    (void)user;
    nacre_decide(decision, len == offer->key_len && memcmp(blob, offer->key, len) == 0);
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *asked)
{
    if (asked->kind != NACRE_REQUEST_SHELL)
        return NACRE_REFUSE;
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
    return NACRE_GRANT;
}

int main(int count, char **words)
{
    static const struct nacre_auth_policy auth = {.publickey = on_publickey};
    static const struct nacre_channel_app session = {.request = on_request};
    const struct nacre_key *keys[2] = {NULL};
    char errbuf[512] = "";
    struct nacre_key *public;
    struct nacre_server *server = NULL;

    if (count != 5)
        return 2;
    secret.passphrase = words[2];
    secret.text = nacre_key_text_read(words[1], errbuf, sizeof errbuf);
    public = secret.text != NULL ? nacre_key_text_public(secret.text) : NULL;
    if (public != NULL)
        keys[0] = nacre_key_external(public, on_sign, NULL);
    users = nacre_key_read_public(words[3], errbuf, sizeof errbuf);
    if (keys[0] != NULL && users != NULL)
        server =
            nacre_server_new(&(struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                           .listen = (const char *const *)words + 4,
                                                           .host_keys = keys,
                                                           .auth = &auth,
                                                           .session = &session},
                             errbuf, sizeof errbuf);
    setlinebuf(stdout);
    puts(server != NULL ? nacre_server_address(server, 0) : errbuf);
    if (server != NULL)
        nacre_server_run(server);
    return server == NULL;
}
