#include "apps/spec/profile.h"

#include "apps/files/key_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct named {
    const char *name;
    struct profile profile;
};

/* A server that gives the commands to a shell. */
#define SHELL                                                                                      \
    .cat = "cat", .produce = "head -c %s /dev/zero", .discard = "cat >/dev/null",                  \
    .exit_with = "exit %s", .env = "env"

/* The servers of servers/ that run no shell. */
#define SERVE_COMMANDS                                                                             \
    .cat = "cat", .produce = "produce %s", .discard = "discard", .exit_with = "exit %s"

static const struct named profiles[] = {
    {"openssh", {SHELL, .killed = "kill -TERM $$"}},
    {"dropbear", {SHELL, .killed = "kill -TERM $$"}},
    {"tinyssh", {SHELL, .killed = "kill -TERM $$"}},
    {"conch", {SHELL, .killed = "kill -TERM $$"}},
    {"asyncssh", {SHELL, .killed = "kill -TERM $$", .any_user = true}},
    {"paramiko", {SHELL, .any_user = true}}, /* it has no call that sends exit-signal */
    {"nacre-serve", {SHELL, .killed = "kill -TERM $$", .any_user = true}},
    {"erlang", {SERVE_COMMANDS, .any_user = true}}, /* servers/serve_erlang.escript */
    {"libssh", {SERVE_COMMANDS, .any_user = true}}, /* servers/serve_libssh.c */
    {"nacre-echo",
     {.cat = "cat",
      .produce = "chargen %s",
      .discard = "discard",
      .exit_with = "exit %s",
      .killed = "signal TERM",
      .any_user = true}},
};

/* A copy that is never released: a profile has a few lines. */
static bool keep(const char **member, const char *value)
{
    *member = value[0] == 0 ? NULL : strdup(value);
    return true;
}

static bool set_bool(bool *member, const char *value)
{
    *member = strcmp(value, "yes") == 0;
    return *member || strcmp(value, "no") == 0;
}

/* The commands of a named profile. False: there is none of that name. */
static bool take_named(struct profile *profile, const char *name)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (strcmp(name, profiles[i].name) == 0) {
            *profile = profiles[i].profile;
            return true;
        }
    return false;
}

static bool set(struct profile *profile, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **member;
    } members[] = {
        {"cat", &profile->cat},
        {"produce", &profile->produce},
        {"discard", &profile->discard},
        {"exit", &profile->exit_with},
        {"killed", &profile->killed},
        {"env", &profile->env},
        {"user-ca", &profile->user_ca_file},
        {"two-factor", &profile->two_factor[0]},
        {"two-factor-other", &profile->two_factor[1]},
        {"expired", &profile->expired},
    };

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strcmp(name, members[i].name) == 0)
            return keep(members[i].member, value);
    if (strcmp(name, "like") == 0)
        return take_named(profile, value);
    return strcmp(name, "forwarding") == 0
               ? set_bool(&profile->forwarding, value)
               : strcmp(name, "any-user") == 0 && set_bool(&profile->any_user, value);
}

bool profile_line(char *line, char **name, char **value)
{
    char *equals;

    *name = line + strspn(line, " \t");
    line[strcspn(line, "\n")] = 0;
    if (**name == 0 || **name == '#') {
        *name = NULL;
        return true;
    }
    equals = strchr(line, '=');
    if (equals == NULL)
        return false;
    *value = equals + 1 + strspn(equals + 1, " \t");
    *equals = 0;
    (*name)[strcspn(*name, " \t")] = 0;
    return true;
}

static bool read_one(struct profile *profile, char *line)
{
    char *name, *value;

    return profile_line(line, &name, &value) && (name == NULL || set(profile, name, value));
}

static bool read_file(struct profile *profile, const char *name, const struct errbuf *p)
{
    FILE *in = fopen(name, "re");
    char line[1024];
    unsigned number = 0;
    bool good = true;

    if (in == NULL)
        return errbuf_say(p, "%s: not the name of a profile, nor a file that can be read", name);
    while (good && fgets(line, sizeof line, in) != NULL) {
        number++;
        good = read_one(profile, line) ||
               errbuf_say(
                   p,
                   "%s:%u: a line is: name = value, with one of the names like (a profile "
                   "of nacre-spec, in the first line), cat, produce, discard, exit, killed, "
                   "env, forwarding, any-user, user-ca, two-factor, two-factor-other and expired",
                   name, number);
    }
    (void)fclose(in);
    return good;
}

bool profile_read(struct profile *profile, const char *name, const struct errbuf *p)
{
    if (take_named(profile, name))
        return true;
    *profile = (struct profile){0};
    return read_file(profile, name, p);
}

/* The first line of a file. */
static bool read_password(struct profile *profile, const char *name, const struct errbuf *p)
{
    FILE *in = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t len = in == NULL ? -1 : getline(&line, &room, in);

    if (in != NULL && in != stdin)
        (void)fclose(in);
    if (len < 0) {
        free(line);
        return errbuf_say(p, "%s: cannot read a password", name);
    }
    line[strcspn(line, "\r\n")] = 0;
    profile->password = line;
    return true;
}

/* A key that no server knows. */
static bool make_stranger(struct profile *profile)
{
    static const uint8_t seed[32] = "a stranger's key, of nacre-spec";

    profile->stranger = calloc(1, sizeof *profile->stranger);
    return profile->stranger != NULL && private_key_ed25519(profile->stranger, seed);
}

bool profile_read_secrets(struct profile *profile, const char *key_file, const char *password_file,
                          const struct errbuf *p)
{
    if (!make_stranger(profile))
        return errbuf_say(p, "out of memory");
    if (key_file != NULL) {
        profile->key = nacre_key_read(key_file, p->text, p->size);
        if (profile->key == NULL)
            return false;
    }
    if (profile->user_ca_file != NULL) {
        profile->user_ca = nacre_key_read(profile->user_ca_file, p->text, p->size);
        if (profile->user_ca == NULL)
            return false;
    }
    return password_file == NULL || read_password(profile, password_file, p);
}

void profile_clear(struct profile *profile)
{
    nacre_key_free(profile->key);
    nacre_key_free(profile->stranger);
    nacre_key_free(profile->user_ca);
    if (profile->password != NULL)
        explicit_bzero((char *)(uintptr_t)profile->password, strlen(profile->password));
    free((char *)(uintptr_t)profile->password);
    profile->key = profile->stranger = profile->user_ca = NULL;
    profile->password = NULL;
}

const char *profile_command(char *out, size_t size, const char *command, const char *argument)
{
    const char *at = strstr(command, "%s");

    (void)snprintf(out, size, "%.*s%s%s", at == NULL ? (int)strlen(command) : (int)(at - command),
                   command, at == NULL ? "" : argument, at == NULL ? "" : at + 2);
    return out;
}
