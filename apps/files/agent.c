#include "apps/files/agent.h"

#include "apps/files/agent_sign.h"
#include "apps/files/key_object.h"
#include "apps/files/public_key.h"
#include "apps/session/errbuf.h"
#include "transport/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* RFC 9987 section 8.1 */
enum {
    SSH_AGENTC_REQUEST_IDENTITIES = 11,
    SSH_AGENT_IDENTITIES_ANSWER = 12,
    SSH_AGENTC_SIGN_REQUEST = 13,
    SSH_AGENT_SIGN_RESPONSE = 14,
};

enum {
    REQUEST_MAX = 32 * 1024, /* bytes */
    KEYS_MAX = 64,
};

struct nacre_agent {
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    size_t count;
    struct nacre_key *keys[KEYS_MAX];
};

/* ---- signing ---- */

/* RFC 9987 section 5.6: byte SSH_AGENT_SIGN_RESPONSE, string signature. The signature must be by
 * the requested algorithm: an old agent ignores the flags and signs with SHA-1. Empty: it is not.
 */
static struct bytes signature_in(struct bytes reply, const struct signature_algorithm *algorithm)
{
    struct reader r = read_from(reply);
    uint8_t type = read_u8(&r);
    struct bytes signature = read_string(&r);
    struct reader inside = read_from(signature);

    if (type != SSH_AGENT_SIGN_RESPONSE || !read_done(&r) || signature.len > SIGNATURE_BLOB_MAX ||
        !bytes_are(read_string(&inside), algorithm->name))
        return (struct bytes){NULL, 0};
    return signature;
}

/* RFC 9987 section 5.6:
 *     byte      SSH_AGENTC_SIGN_REQUEST
 *     string    key blob
 *     string    data
 *     uint32    flags                                                         */
static bool write_sign_request(struct writer *q, const struct nacre_key *key,
                               const struct signature_algorithm *algorithm, struct bytes data)
{
    uint8_t *begin = write_string_begin(q);

    write_u8(q, SSH_AGENTC_SIGN_REQUEST);
    write_string(q, private_key_blob(key));
    write_string(q, data);
    write_u32(q, algorithm->agent_flags);
    write_string_end(q, begin);
    return !q->bad;
}

/* Waits for the agent. */
static bool sign(const struct nacre_key *key, const struct signature_algorithm *algorithm,
                 struct bytes data, struct writer *w)
{
    const struct nacre_agent *agent = key->secret.elsewhere;
    uint8_t request[REQUEST_MAX];
    struct writer q = write_to(request, sizeof request);
    struct bytes signature = {NULL, 0};
    uint8_t *reply = NULL;
    size_t len = 0;

    if (write_sign_request(&q, key, algorithm, data))
        reply = agent_exchange_wait(agent->path, written_bytes(&q), AGENT_TIMEOUT_MS, &len);
    if (reply != NULL)
        signature = signature_in((struct bytes){reply, len}, algorithm);
    write_bytes(w, signature);
    free(reply);
    return signature.len > 0;
}

bool agent_sign_begin(struct agent_exchange *x, const struct nacre_key *key,
                      const struct signature_algorithm *algorithm, struct bytes data)
{
    const struct nacre_agent *agent = key->secret.elsewhere;
    uint8_t request[REQUEST_MAX];
    struct writer q = write_to(request, sizeof request);

    return write_sign_request(&q, key, algorithm, data) &&
           agent_exchange_begin(x, agent->path, written_bytes(&q));
}

struct bytes agent_sign_end(const struct agent_exchange *x,
                            const struct signature_algorithm *algorithm)
{
    return signature_in((struct bytes){x->reply, x->reply_len}, algorithm);
}

/* ---- the list of keys ---- */

static bool add_key(struct nacre_agent *agent, struct bytes blob, struct bytes comment)
{
    const char *type = public_key_type(blob);
    struct nacre_key *key;

    if (type == NULL || agent->count == KEYS_MAX)
        return true;
    key = key_new();
    if (key == NULL)
        return false;
    key->type = type;
    key->sign = sign;
    key->secret.elsewhere = agent;
    key->blob_len = (uint16_t)blob.len;
    memcpy(key->blob, blob.at, blob.len);
    (void)clean_text(key->comment, sizeof key->comment, comment);
    agent->keys[agent->count++] = key;
    return true;
}

/* RFC 9987 section 5.5: byte SSH_AGENT_IDENTITIES_ANSWER, uint32 nkeys, then for each key string
 * key blob, string comment */
static bool take_keys(struct nacre_agent *agent, struct bytes reply)
{
    struct reader r = read_from(reply);
    uint8_t type = read_u8(&r);
    uint32_t count = read_u32(&r);

    if (type != SSH_AGENT_IDENTITIES_ANSWER)
        return false;
    while (count-- > 0) {
        struct bytes blob = read_string(&r);
        struct bytes comment = read_string(&r);

        if (r.bad || !add_key(agent, blob, comment))
            return false;
    }
    return read_done(&r);
}

static bool list_keys(struct nacre_agent *agent, const struct errbuf *p)
{
    static const uint8_t request[] = {0, 0, 0, 1, SSH_AGENTC_REQUEST_IDENTITIES};
    size_t len = 0;
    uint8_t *reply = agent_exchange_wait(agent->path, (struct bytes){request, sizeof request},
                                         AGENT_TIMEOUT_MS, &len);
    bool good = reply != NULL && take_keys(agent, (struct bytes){reply, len});

    free(reply);
    if (reply == NULL)
        return errbuf_say(p, "%s: the agent does not answer: %s", agent->path, strerror(errno));
    return good ||
           errbuf_say(p, "%s: malformed reply; is this the socket of an ssh-agent?", agent->path);
}

struct nacre_agent *nacre_agent_open(const char *path, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_agent *agent;

    if (path == NULL)
        path = getenv("SSH_AUTH_SOCK");
    if (path == NULL || path[0] == 0) {
        errbuf_say(&p, "no agent: SSH_AUTH_SOCK is not set; start one with: eval $(ssh-agent)");
        return NULL;
    }
    agent = calloc(1, sizeof *agent);
    if (agent == NULL || strlen(path) >= sizeof agent->path) {
        errbuf_say(&p, "%s: %s", path,
                   agent == NULL ? "out of memory" : "too long for the name of a socket");
        free(agent);
        return NULL;
    }
    memcpy(agent->path, path, strlen(path) + 1);
    if (list_keys(agent, &p))
        return agent;
    nacre_agent_free(agent);
    return NULL;
}

void nacre_agent_free(struct nacre_agent *agent)
{
    for (size_t i = 0; agent != NULL && i < agent->count; i++)
        nacre_key_free(agent->keys[i]);
    free(agent);
}

const struct nacre_key *const *nacre_agent_keys(const struct nacre_agent *agent, size_t *count)
{
    *count = agent == NULL ? 0 : agent->count;
    return agent == NULL ? NULL : (const struct nacre_key *const *)agent->keys;
}

const char *nacre_agent_comment(const struct nacre_agent *agent, size_t i)
{
    return agent->keys[i]->comment;
}
