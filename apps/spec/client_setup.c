/* What all cases of a run share: client.h. */
#include "apps/spec/client.h"

#include "apps/files/key_file.h"
#include "apps/files/key_format.h"
#include "apps/spec/client_keys.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A minute: some compile a client. */
enum { KEY_TEXT = 2048, TEXT_ROOM = 8192, WORDS_MAX = 32, PREPARE_US = 60000000 };

extern char **environ;

static bool write_file(const char *folder, const char *name, const char *text)
{
    char path[FOLDER_ROOM + 64];
    FILE *out;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    out = fopen(path, "wex");
    if (out == NULL)
        return false;
    (void)fchmod(fileno(out), 0600);
    (void)fputs(text, out);
    return fclose(out) == 0;
}

static bool make_host_keys(struct client_setup *s, const struct errbuf *p)
{
    static const uint8_t seed[32] = "the host key, known to everyone",
                         other[32] = "a host key that nobody trusts..";
    static const char *const texts[] = {NULL, client_key_nistp256, client_key_nistp384,
                                        client_key_nistp521, client_key_rsa};
    bool good =
        private_key_ed25519(&s->host_keys[0], seed) && private_key_ed25519(&s->other, other);

    for (int i = 1; good && i < HOST_KEYS; i++)
        good = key_parse(&s->host_keys[i], bytes_of(texts[i]), NULL, "host key", p) == KEY_GOOD;
    return good;
}

/* The CA of host certificates. */
static bool make_ca(struct profile *profile)
{
    static const uint8_t seed[32] = "a CA of nacre-spec, for clients";

    profile->user_ca = calloc(1, sizeof *profile->user_ca);
    return profile->user_ca != NULL && private_key_ed25519(profile->user_ca, seed);
}

/* The keys that log in: in memory, and as files. */
static bool make_user_keys(struct client_setup *s, struct profile *profile, const struct errbuf *p)
{
    static const uint8_t seed[32] = "the user's key, known to anyone";
    const struct key_printing how = {.comment = "nacre-spec", .check = 1};
    char text[KEY_TEXT];

    profile->key = calloc(1, sizeof *profile->key);
    return profile->key != NULL && private_key_ed25519(profile->key, seed) &&
           key_print_private(profile->key, &how, text, sizeof text) &&
           write_file(s->folder, "id_ed25519", text) &&
           key_print_public(profile->key, "nacre-spec", text, sizeof text) &&
           write_file(s->folder, "id_ed25519.pub", text) &&
           key_parse(&s->user_rsa, bytes_of(client_user_rsa), NULL, "user key", p) == KEY_GOOD &&
           write_file(s->folder, "id_rsa", client_user_rsa);
}

/* One command of the profile's `prepare`. */
static bool prepare(const struct client_setup *s, const char *command, const struct errbuf *p)
{
    const char *folder = s->profile.folder == NULL ? "" : s->profile.folder;
    char half[TEXT_ROOM], text[TEXT_ROOM], *words[WORDS_MAX + 1];
    struct child child;
    bool good;

    client_replace(half, sizeof half, command, "key", s->folder, "/id_ed25519");
    client_replace(text, sizeof text, half, "profile", folder, "");
    words[client_words(text, words, WORDS_MAX)] = NULL;
    good = child_start(&child, &(struct child_plan){words, environ, s->folder, false}) &&
           child_wait(&child, now_us() + PREPARE_US) && WIFEXITED(child.status) &&
           WEXITSTATUS(child.status) == 0;
    if (!good)
        errbuf_say(p, "'%s' failed: is it installed?", words[0]);
    child_end(&child);
    return good;
}

bool client_setup(struct client_setup *s, struct profile *profile, const struct errbuf *p)
{
    const char *base = getenv("TMPDIR");

    (void)inet_ntop(AF_INET, &(struct in_addr){htonl(s->listen)}, s->host, sizeof s->host);
    (void)snprintf(s->folder, sizeof s->folder, "%s/nacre-spec.XXXXXX",
                   base == NULL || strlen(base) > FOLDER_ROOM / 2 ? "/tmp" : base);
    if (mkdtemp(s->folder) == NULL) {
        s->folder[0] = 0;
        return errbuf_say(p, "no folder for the client's files could be made");
    }
    if (!make_host_keys(s, p) || !make_user_keys(s, profile, p) || !make_ca(profile))
        return errbuf_say(p, "the keys for the client could not be written to %s", s->folder);
    for (int i = 0; i < PREPARE_MAX && s->profile.prepare[i] != NULL; i++)
        if (!prepare(s, s->profile.prepare[i], p))
            return false;
    return true;
}

void client_setup_clear(struct client_setup *s)
{
    for (int i = 0; i < HOST_KEYS; i++)
        private_key_clear(&s->host_keys[i]);
    private_key_clear(&s->other);
    private_key_clear(&s->user_rsa);
    client_remove_folder(s->folder);
}
