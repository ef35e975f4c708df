#include "apps/authorized_keys.h"

#include "apps/authorized_line.h"
#include "apps/trusted_file.h"

#include <limits.h>

#define FILE_MAX (1u << 20) /* bytes */

/* Fit to be a part of a file's name, and to be shown in a log? */
static bool is_plain_name(const char *user)
{
    if (user[0] == '\0' || user[0] == '-' || strcmp(user, ".") == 0 || strcmp(user, "..") == 0)
        return false;
    for (const uint8_t *c = (const uint8_t *)user; *c != '\0'; c++)
        if (*c < 0x20 || *c == 0x7f || *c == '/')
            return false;
    return true;
}

/* Append; false when there is no room for it and a NUL. */
static bool add(char out[PATH_MAX], size_t *len, struct bytes text)
{
    if (text.len >= PATH_MAX - *len)
        return false;
    memcpy(out + *len, text.at, text.len);
    *len += text.len;
    out[*len] = '\0';
    return true;
}

/* The file's name: the pattern with the user in it. *per_user: there was a %u. */
static bool expand(char out[PATH_MAX], const char *pattern, const char *user, bool *per_user,
                   const struct problem *p)
{
    size_t len = 0;
    bool fits = add(out, &len, bytes_of(""));

    *per_user = false;
    for (const char *c = pattern; *c != '\0' && fits; c++) {
        if (*c != '%') {
            fits = add(out, &len, (struct bytes){(const uint8_t *)c, 1});
        } else if (*++c == '%') {
            fits = add(out, &len, bytes_of("%"));
        } else if (*c == 'u') {
            fits = add(out, &len, bytes_of(user));
            *per_user = true;
        } else {
            return problem_say(p, "%s: what follows a %% must be u, for the user, or another %%",
                               pattern);
        }
    }
    return fits || problem_say(p, "%s: is too long for the name of a file", pattern);
}

/* Remember the first problem of a file. */
static void note(const char *file, unsigned line, const char *what, const struct problem *p)
{
    if (p->size > 0 && p->text[0] == '\0')
        problem_say(p, "%s:%u: %s", file, line, what);
}

/* Does a line of the text grant it? Looks at all of them in any case; the first that does counts.
 */
static bool any_line_grants(struct bytes text, const struct nacre_key_login *login,
                            struct nacre_key_grant *grant, const char *file,
                            const struct problem *p)
{
    struct authorized_line line;
    bool granted = false;

    for (unsigned number = 1; authorized_line_next(&text, &line); number++) {
        struct nacre_key_grant found;
        char what[256];
        enum authorized_line_result result =
            authorized_line_match(&line, login, &found, what, sizeof what);

        if (result == LINE_IS_BAD)
            note(file, number, what, p);
        if (result == LINE_GRANTS && !granted) {
            granted = true;
            *grant = found;
        } else {
            nacre_key_grant_clear(&found);
        }
    }
    return granted;
}

/* Read the file and look. */
static bool look(const char *name, bool per_user, const struct nacre_key_login *login,
                 struct nacre_key_grant *grant, const struct problem *p)
{
    struct trusted_file file;
    bool granted = false;

    switch (trusted_file_read(&file, name, OTHERS_MAY_READ, FILE_MAX, p)) {
    case FILE_READ:
        granted = any_line_grants((struct bytes){(const uint8_t *)file.text, file.len}, login,
                                  grant, name, p);
        break;
    case FILE_MISSING:
        if (!per_user)
            problem_say(
                p,
                "%s: there is no such file, so nobody logs in with a key; write one with the "
                "public keys that may, as OpenSSH's authorized_keys",
                name);
        break;
    case FILE_BAD:
        break;
    }
    trusted_file_clear(&file);
    return granted;
}

bool nacre_authorized_key(const char *pattern, const struct nacre_key_login *login,
                          struct nacre_key_grant *grant, char *problem, size_t size)
{
    struct problem p = problem_in(problem, size);
    char name[PATH_MAX];
    bool per_user;

    *grant = (struct nacre_key_grant){0};
    return is_plain_name(login->user) && expand(name, pattern, login->user, &per_user, &p) &&
           look(name, per_user, login, grant, &p);
}
