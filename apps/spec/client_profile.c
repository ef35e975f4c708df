#include "apps/spec/client_profile.h"

#include "apps/spec/profile.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_ROOM = 2048 };

/* clang-format off */
static const struct client_profile profiles[] = {
    {.name = "openssh", .program = "ssh",
     .options = "-F none -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile={known_hosts} "
                "-o StrictHostKeyChecking=yes -o IdentitiesOnly=yes "
                "-o UpdateHostKeys=yes -p {port}",
     .target = "{user}@{host} {command}",
     .intents = {
         [INTENT_EXEC] = "-o BatchMode=yes -i {key}",
         [INTENT_SHELL] = "-o BatchMode=yes -T -i {key}",
         [INTENT_SUBSYSTEM] = "-o BatchMode=yes -s -i {key}",
         [INTENT_TERMINAL] = "-tt -i {key}",
         [INTENT_PASSWORD] = "-o PreferredAuthentications=password",
         [INTENT_INTERACTIVE] = "-o PreferredAuthentications=keyboard-interactive",
         [INTENT_RSA] = "-o BatchMode=yes -i {key-rsa}",
         [INTENT_REKEY] = "-o BatchMode=yes -o RekeyLimit=16K -i {key}",
         [INTENT_REMOTE_FORWARD] = "-o BatchMode=yes -R 127.0.0.1:7777:127.0.0.1:9 -i {key}",
         [INTENT_X11] = "-o BatchMode=yes -Y -i {key}"}},
    {.name = "dropbear", .program = "dbclient", .options = "-p {port}",
     .target = "{user}@{host} {command}",
     .intents = {
         [INTENT_EXEC] = "-T -i {key}.dropbear",
         [INTENT_SHELL] = "-T -i {key}.dropbear",
         [INTENT_SUBSYSTEM] = "-s -i {key}.dropbear",
         [INTENT_TERMINAL] = "-t -i {key}.dropbear",
         [INTENT_PASSWORD] = "",
         [INTENT_INTERACTIVE] = "",
         [INTENT_REMOTE_FORWARD] = "-R 7777:127.0.0.1:9 -i {key}.dropbear"},
     .prepare = {"dropbearconvert openssh dropbear {key} {key}.dropbear"},
     .cannot = "begin a rekey before much data; choose the key exchange"},
    {.name = "putty", .program = "plink",
     .options = "-ssh -hostkey {fingerprint} -hostkey {fingerprint-ecdsa} -hostkey "
                "{fingerprint-384} -hostkey {fingerprint-521} -hostkey {fingerprint-rsa} "
                "-P {port} -l {user}",
     .target = "{host} {command}",
     .intents = {
         [INTENT_EXEC] = "-batch -T -i {key}.ppk",
         [INTENT_SHELL] = "-batch -T -i {key}.ppk",
         [INTENT_SUBSYSTEM] = "-batch -s -i {key}.ppk",
         [INTENT_TERMINAL] = "-t -no-antispoof -i {key}.ppk",
         [INTENT_PASSWORD] = "-no-antispoof",
         [INTENT_INTERACTIVE] = "-no-antispoof",
         [INTENT_REMOTE_FORWARD] = "-batch -R 7777:127.0.0.1:9 -i {key}.ppk"},
     .prepare = {"puttygen {key} -o {key}.ppk"},
     .cannot = "choose MACs; begin a rekey by the amount of data"},
    {.name = "nacre-client", .program = "nacre-client",
     .options = "--known-hosts {known_hosts} --kex +diffie-hellman-* -p {port}",
     .target = "{user}@{host} {command}",
     .intents = {
         [INTENT_EXEC] = "-i {key}",
         [INTENT_SHELL] = "-T -i {key}",
         [INTENT_TERMINAL] = "-t -i {key}",
         [INTENT_PASSWORD] = "",
         [INTENT_INTERACTIVE] = "",
         [INTENT_RSA] = "-i {key-rsa}"},
     .cannot = "forward; ask for subsystems"},
    {.name = "wait"},
};
/* clang-format on */

const char *intent_name(enum intent intent)
{
    static const char *const names[INTENTS] = {
        [INTENT_EXEC] = "exec",
        [INTENT_SHELL] = "shell",
        [INTENT_SUBSYSTEM] = "subsystem",
        [INTENT_TERMINAL] = "terminal",
        [INTENT_PASSWORD] = "password",
        [INTENT_INTERACTIVE] = "keyboard-interactive",
        [INTENT_RSA] = "rsa",
        [INTENT_REKEY] = "rekey",
        [INTENT_REMOTE_FORWARD] = "remote-forward",
        [INTENT_X11] = "x11",
    };

    return names[intent];
}

/* ---- files ---- */

static bool keep(const char **member, const char *value)
{
    *member = strdup(value);
    return *member != NULL;
}

static bool set_prepare(struct client_profile *profile, const char *value)
{
    for (int i = 0; i < PREPARE_MAX; i++)
        if (profile->prepare[i] == NULL)
            return keep(&profile->prepare[i], value);
    return false;
}

static bool set(struct client_profile *profile, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **member;
    } members[] = {{"program", &profile->program},
                   {"options", &profile->options},
                   {"target", &profile->target},
                   {"cannot", &profile->cannot}};

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strcmp(name, members[i].name) == 0)
            return keep(members[i].member, value);
    for (int i = 0; i < INTENTS; i++)
        if (strcmp(name, intent_name((enum intent)i)) == 0)
            return keep(&profile->intents[i], value);
    return strcmp(name, "prepare") == 0 && set_prepare(profile, value);
}

static bool read_one(struct client_profile *profile, char *line)
{
    char *name, *value;

    return profile_line(line, &name, &value) && (name == NULL || set(profile, name, value));
}

/* The client runs in another folder, so it needs the whole path. */
static bool set_folder(struct client_profile *profile, const char *name)
{
    char path[PATH_MAX];

    if (realpath(name, path) == NULL)
        return false;
    *strrchr(path, '/') = 0;
    return keep(&profile->folder, path);
}

static bool read_file(struct client_profile *profile, const char *name, const struct errbuf *p)
{
    FILE *in = fopen(name, "re");
    char line[LINE_ROOM];
    unsigned number = 0;
    bool good = in != NULL && set_folder(profile, name);

    if (in == NULL)
        return errbuf_say(p, "%s: not the name of a client's profile, nor a file that can be read",
                          name);
    while (good && fgets(line, sizeof line, in) != NULL) {
        number++;
        good = read_one(profile, line) ||
               errbuf_say(p,
                          "%s:%u: a line is: name = value, with one of the names program, options, "
                          "target, prepare and cannot, or an intent",
                          name, number);
    }
    (void)fclose(in);
    if (good && (profile->program == NULL || profile->intents[INTENT_EXEC] == NULL))
        return errbuf_say(p, "%s: there must be lines for program and exec", name);
    return good;
}

bool client_profile_read(struct client_profile *profile, const char *name, const struct errbuf *p)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        if (strcmp(name, profiles[i].name) == 0) {
            *profile = profiles[i];
            return true;
        }
    *profile = (struct client_profile){.name = name};
    return read_file(profile, name, p);
}

/* ---- words ---- */

unsigned client_words(char *text, char **words, unsigned max)
{
    char *to;
    unsigned n = 0;

    while (text += strspn(text, " "), *text != 0) {
        bool quoted = false;

        if (n == max)
            return 0;
        words[n++] = to = text;
        for (; *text != 0 && (quoted || *text != ' '); text++) {
            if (*text == '\'')
                quoted = !quoted;
            else
                *to++ = *text;
        }
        if (quoted)
            return 0;
        text += *text != 0;
        *to = 0;
    }
    return n;
}
