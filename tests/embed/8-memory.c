/* Client and server in memory, no socket: an allocator that counts and has a cap, a random source
 * of our own, time of our own. Prints what a session costs, and whether two runs are the same byte
 * for byte. */
#include <nacre/key_file.h>
#include <nacre/session.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t now_used, peak, cap = SIZE_MAX, blocks;
static void *allocate(void *context, size_t size)
{
    if (now_used + size > cap)
        return NULL;
    now_used += size, blocks++, peak = now_used > peak ? now_used : peak;
    return malloc(size);
}
static void release(void *context, void *block, size_t size)
{
    now_used -= size, free(block);
}
static void chance(void *context, uint8_t *out, size_t len)
{
    uint64_t *x = context;

    for (size_t i = 0; i < len; i++)
        *x = *x * 6364136223846793005u + 1442695040888963407u, out[i] = (uint8_t)(*x >> 56);
}
static uint64_t hash;
static bool move(struct nacre_session *from, struct nacre_session *to)
{
    size_t len, room;
    const uint8_t *out = nacre_session_output(from, &len);
    uint8_t *in = nacre_session_input(to, &room);

    len = len < room ? len : room;
    memcpy(in, out, len);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ out[i]) * 1099511628211u;
    nacre_session_sent(from, len, 1000), nacre_session_received(to, len, 1000);
    nacre_session_tick(from, 1000);
    return len > 0;
}
static void password(void *context, struct nacre_decision *d, const char *user, const char *given)
{
    nacre_decide(d, nacre_password_equals(given, "secret"));
}
static enum nacre_answer accept_key(void *context, const char *algorithm, const uint8_t *key,
                                    size_t len)
{
    return NACRE_GRANT;
}
static size_t echo(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    return nacre_channel_write(ch, bytes, len);
}
static enum nacre_answer grant(struct nacre_channel *ch, const struct nacre_request *r)
{
    return NACRE_GRANT;
}
static size_t got(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    *(size_t *)nacre_channel_app_data(ch) += len;
    return len;
}
static enum nacre_answer opened(struct nacre_channel *ch)
{
    nacre_channel_write(ch, "hello", 5);
    return NACRE_GRANT;
}
static void ended(void *context, const struct nacre_end *why)
{
    printf("  %s ended: %s, %s\n", (char *)context, nacre_cause_text(why->cause), why->text);
}

static uint64_t once(const struct nacre_key *key, uint64_t seed)
{
    uint64_t a = seed, b = seed + 1;
    size_t echoed = 0;
    const struct nacre_memory memory = {allocate, release, NULL};
    const struct nacre_auth_policy auth = {.password = password};
    const struct nacre_channel_app app = {.data = echo, .request = grant},
                                   mine = {.open = opened, .data = got};
    const struct nacre_endpoint_config sc = {.version = NACRE_VERSION_NUMBER, .role = NACRE_SERVER,
                                             .host_keys = &key,
                                             .host_key_count = 1,
                                             .auth = &auth,
                                             .session = &app,
                                             .memory = &memory,
                                             .random = chance,
                                             .random_context = &a,
                                             .ended = ended};
    const struct nacre_endpoint_config cc = {.version = NACRE_VERSION_NUMBER, .role = NACRE_CLIENT,
                                             .user = "u",
                                             .password = "secret",
                                             .host_key_accepted = accept_key,
                                             .random = chance,
                                             .random_context = &b,
                                             .ended = ended};
    struct nacre_endpoint *se = nacre_endpoint_new(&sc, NULL, 0),
                          *ce = nacre_endpoint_new(&cc, NULL, 0);
    struct nacre_session *s = se ? nacre_session_new(se, "server", 1000) : NULL,
                         *c = nacre_session_new(ce, "client", 1000);
    bool asked = false;

    hash = 14695981039346656037u, peak = blocks = 0;
    for (int i = 0; s != NULL && i < 200; i++) {
        move(s, c), move(c, s);
        if (!asked && strcmp(nacre_session_phase(c), "connection") == 0)
            asked = nacre_session_open_channel(c, "session", &mine, &echoed, NULL, 0) != NULL;
    }
    if (s)
        printf("  phase %s, echoed %zu, server: %zu bytes now (endpoint says %s), %zu at most, %zu "
               "allocations\n",
               nacre_session_phase(s), echoed, now_used,
               nacre_endpoint_memory(se) == now_used ? "the same" : "OTHERWISE", peak, blocks);
    else
        puts("  no session");
    if (s)
        nacre_session_free(s);
    nacre_session_free(c), nacre_endpoint_free(se), nacre_endpoint_free(ce);
    return hash;
}
int main(void)
{
    const struct nacre_key *key = nacre_key_read("host_key", NULL, 0);
    uint64_t a = once(key, 7), b = once(key, 7), d = once(key, 8);

    printf("same seed, same bytes: %s; other seed, other bytes: %s; left: %zu\n",
           a == b ? "yes" : "NO", a != d ? "yes" : "NO", now_used);
    for (cap = 1000; cap < 40000; cap += 6000)
        printf("cap %zu\n", cap), once(key, 7);
    printf("left: %zu\n", now_used);
}
