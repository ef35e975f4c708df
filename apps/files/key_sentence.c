#include "apps/files/key_sentence.h"

#include <stdio.h>
#include <string.h>

#define USABLE_TYPES "ssh-ed25519, ecdsa-sha2-nistp256, -nistp384, -nistp521 and ssh-rsa"

enum key_result key_say_damaged(const struct key_report *to, const char *what)
{
    errbuf_say(to->p, "%s: damaged: %s; restore it from a copy, or create a new key", to->name,
               what);
    return KEY_MALFORMED;
}

/* What can be wrong with a passphrase. */
static void say_locked(enum key_result result, const char *decrypt, const struct key_report *to)
{
    if (result == KEY_WRONG_PASSPHRASE)
        errbuf_say(to->p, "%s: wrong passphrase", to->name);
    else if (result == KEY_TOO_SLOW)
        errbuf_say(to->p,
                   "%s: its passphrase would take too long to check; give it fewer rounds "
                   "(ssh-keygen -p -a 16)",
                   to->name);
    else if (!to->is_file)
        errbuf_say(to->p, "%s: %s", to->name,
                   result == KEY_ENCRYPTED ? "encrypted, and there is no passphrase for it"
                                           : "encrypted in a way that is not supported");
    else
        errbuf_say(to->p, "%s: %s; remove the passphrase with: %s %s", to->name,
                   result == KEY_ENCRYPTED
                       ? "encrypted with a passphrase, which nobody is asked for"
                       : "encrypted in a way that is not supported",
                   decrypt, to->name);
}

void key_say_result(enum key_result result, const char *format, const char *decrypt,
                    const struct key_report *to)
{
    char what[64];

    switch (result) {
    case KEY_GOOD:
        break;
    case KEY_MALFORMED:
        snprintf(what, sizeof what, "not a key in %s format", format);
        (void)key_say_damaged(to, what);
        break;
    case KEY_MISMATCH:
        (void)key_say_damaged(to, "its parts do not belong together");
        break;
    case KEY_OTHER_TYPE:
        errbuf_say(to->p, "%s: unsupported type of key; supported are %s", to->name, USABLE_TYPES);
        break;
    case KEY_TOO_SHORT:
        errbuf_say(to->p,
                   "%s: RSA key of fewer than %d bits, which is not secure; create a new key",
                   to->name, RSA_KEY_BITS_MIN);
        break;
    case KEY_TOO_LONG:
        errbuf_say(to->p, "%s: RSA key of more than %d bits, which is too slow; create a new key",
                   to->name, RSA_BITS_MOST);
        break;
    case KEY_SEVERAL:
        errbuf_say(to->p, "%s: contains several keys or none; use one file per key", to->name);
        break;
    case KEY_ENCRYPTED:
    case KEY_WRONG_PASSPHRASE:
    case KEY_OTHER_CIPHER:
    case KEY_TOO_SLOW:
        say_locked(result, decrypt, to);
        break;
    }
}

bool key_line_begins(struct bytes line, const char *text)
{
    return line.len >= strlen(text) && memcmp(line.at, text, strlen(text)) == 0;
}

void key_say_not_private(struct bytes first, const struct key_report *to)
{
    if (key_line_begins(first, "PuTTY-User-Key-File-"))
        errbuf_say(to->p,
                   "%s: a key in PuTTY's format; convert it with: puttygen %s -O private-openssh "
                   "-o NEWFILE",
                   to->name, to->name);
    else if (key_line_begins(first, "ssh-") || key_line_begins(first, "ecdsa-") ||
             key_line_begins(first, "sk-"))
        errbuf_say(to->p,
                   "%s: a public key; give the private key's file, which usually has the same name "
                   "without .pub",
                   to->name);
    else
        errbuf_say(to->p, "%s: not a private key in OpenSSH or PEM format", to->name);
}
