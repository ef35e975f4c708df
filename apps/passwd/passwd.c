#include "apps/passwd/passwd.h"

#include "apps/files/password_edit.h"
#include "apps/passwd/options.h"
#include "apps/terminal/prompt.h"
#include "auth/policy.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    PASSWORD_ROOM = NACRE_PASSWORD_MAX + 1, /* bytes, NUL included */
    PROBLEM_MAX = 1024 + 4096,
};

static const char too_long_or_nul[] =
    "the password is longer than 1024 bytes or contains a NUL; nothing was changed";

static int fail(const char *errbuf)
{
    (void)fprintf(stderr, "nacre-passwd: %s\n", errbuf);
    return 1;
}

/* explicit_bzero, because a compiler may drop a memset of memory that is not used again. */
static void forget(char secret[PASSWORD_ROOM])
{
    explicit_bzero(secret, PASSWORD_ROOM);
}

/* Ask for the password twice on the terminal. Returns NULL, or a sentence. */
static const char *ask(const char *user, char password[PASSWORD_ROOM])
{
    char prompt[512], again[PASSWORD_ROOM];
    const char *error = NULL;
    bool too_long = false, same;

    (void)snprintf(prompt, sizeof prompt, "New password for %s: ", user);
    if (!prompt_ask(prompt, false, password, PASSWORD_ROOM, &too_long))
        return "no password given; nothing was changed";
    if (too_long)
        return too_long_or_nul;
    if (password[0] == 0)
        return "the password is empty; nothing was changed";
    if (!prompt_ask("Retype the password: ", false, again, sizeof again, &too_long))
        error = "the password was not retyped; nothing was changed";
    same = !too_long && strcmp(password, again) == 0;
    forget(again);
    if (error == NULL && !same)
        error = "the passwords differ; nothing was changed";
    return error;
}

/* Read the password from standard input. Returns NULL, or a sentence. */
static const char *read_password(char password[PASSWORD_ROOM])
{
    bool too_long;
    size_t len;

    if (!prompt_read_line(STDIN_FILENO, password, PASSWORD_ROOM, &too_long))
        return "no password on standard input; nothing was changed";
    if (too_long)
        return too_long_or_nul;
    len = strlen(password);
    if (len > 0 && password[len - 1] == '\r')
        password[len - 1] = 0;
    return NULL;
}

static int edit(const char *file, const char *user, const char *password)
{
    static const char *const done[] = {
        [NACRE_PASSWORD_ADDED] = "added to",
        [NACRE_PASSWORD_CHANGED] = "changed in",
        [NACRE_PASSWORD_DELETED] = "deleted from",
    };
    char errbuf[PROBLEM_MAX];
    enum nacre_password_edit result =
        nacre_password_file_edit(file, user, password, errbuf, sizeof errbuf);

    if (result == NACRE_PASSWORD_FAILED)
        return fail(errbuf);
    (void)printf("%s was %s %s\n", user, done[result], file);
    return 0;
}

static int set_password(const char *file, const char *user)
{
    char password[PASSWORD_ROOM] = "";
    const char *error = isatty(STDIN_FILENO) ? ask(user, password) : read_password(password);
    int status = error != NULL ? fail(error) : edit(file, user, password);

    forget(password);
    return status;
}

int passwd_run(int argc, char **argv)
{
    struct passwd_options options = {0};
    char errbuf[PROBLEM_MAX];
    int status = 0, first;

    first = options_read(&passwd_command_line, &options, argc, argv, &status);
    if (first == 0)
        return status;
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* no copy of a password in a core file */
    if (argc - first != 2)
        return options_misused(&passwd_command_line, "give the names of one file and one user");
    if (!nacre_password_user_is_good(argv[first + 1], errbuf, sizeof errbuf))
        return options_misused(&passwd_command_line, "%s", errbuf);
    return options.delete ? edit(argv[first], argv[first + 1], NULL)
                          : set_password(argv[first], argv[first + 1]);
}
