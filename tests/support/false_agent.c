#include "tests/support/false_agent.h"

#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "transport/key_pair.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void *play(void *at)
{
    struct false_agent *a = at;

    for (int i = 0; i < FALSE_ANSWERS && a->answers[i].at != NULL; i++) {
        int fd = accept(a->fd, NULL, NULL);
        uint8_t request[65536];

        if (fd < 0)
            break;
        if (recv(fd, request, sizeof request, 0) > 4)
            a->asked[i] = request[4];
        (void)send(fd, a->answers[i].at, a->answers[i].len, MSG_NOSIGNAL);
        (void)close(fd);
    }
    return NULL;
}

void false_agent_begin(struct false_agent *a)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    a->path = scratch_path("false");
    (void)unlink(a->path);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", a->path);
    a->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(a->fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(a->fd, FALSE_ANSWERS), 0);
    ck_assert_int_eq(pthread_create(&a->thread, NULL, play, a), 0);
}

void false_agent_finish(struct false_agent *a)
{
    (void)shutdown(a->fd, SHUT_RDWR); /* accept returns */
    ck_assert_int_eq(pthread_join(a->thread, NULL), 0);
    (void)close(a->fd);
}

static void write_other_key(struct writer *w, unsigned number)
{
    uint8_t seed[32] = {0xff, (uint8_t)number};
    struct nacre_key key = {0};

    ck_assert(private_key_ed25519(&key, seed));
    write_string(w, private_key_blob(&key));
    private_key_clear(&key);
}

struct bytes false_agent_keys(struct bytes blob, unsigned count, uint8_t *out, size_t size)
{
    struct writer w = write_to(out, size);
    uint8_t *begin = write_string_begin(&w);

    write_u8(&w, 12); /* SSH_AGENT_IDENTITIES_ANSWER */
    write_u32(&w, count);
    for (unsigned i = 0; i < count; i++) {
        if (i == 0)
            write_string(&w, blob);
        else
            write_other_key(&w, i);
        write_text(&w, "a\nb\x1b[m\x7f");
    }
    write_string_end(&w, begin);
    ck_assert(!w.bad);
    return written_bytes(&w);
}
