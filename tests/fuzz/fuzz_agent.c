/* An agent's answers: its list of keys, or a signature. */
/* Its static functions, which need no socket */
#include "apps/files/agent.c" /* NOLINT(bugprone-suspicious-include) */

#include "tests/fuzz/fuzz.h"

#include "transport/algorithms.h"

static void check_keys(struct bytes reply)
{
    struct nacre_agent *agent = calloc(1, sizeof *agent);
    bool good;
    size_t count;

    require(agent != NULL);
    good = take_keys(agent, reply);
    require(nacre_agent_keys(agent, &count) != NULL && count <= KEYS_MAX);
    require(!good || count <= reply.len / 8);
    for (size_t i = 0; i < count; i++) {
        require(strlen(nacre_agent_comment(agent, i)) < KEY_COMMENT_MAX);
        require(nacre_key_type(agent->keys[i]) != NULL);
        require(private_key_blob(agent->keys[i]).len > 0);
    }
    nacre_agent_free(agent);
}

static void check_signature(struct bytes reply)
{
    const struct algorithm *row = algorithms_of(ALGORITHM_PUBLIC_KEY);

    for (; row->name != NULL; row++) {
        struct bytes signature = signature_in(reply, row->method);

        require(signature.len == 0 ||
                (signature.len >= 4 + strlen(row->name) && signature.len <= SIGNATURE_BLOB_MAX));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check_keys((struct bytes){data, len});
    check_signature((struct bytes){data, len});
    return 0;
}
