/* What can be done with keys in memory, for tests that compare it with ssh-keygen. Texts come from
 * standard input and go to standard output; - is no passphrase:
 *
 *     keys show PASSPHRASE               a private key: its line, and both fingerprints
 *     keys public                        a line of a public key: the same
 *     keys hidden                        an encrypted key, without its passphrase: the same
 *     keys write PASSPHRASE CIPHER ROUNDS NEW-PASSPHRASE
 *     keys generate TYPE BITS */
#include "apps/files/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[NACRE_KEY_TEXT_MAX];
static size_t len;
static char errbuf[512];

static const char *phrase(const char *word)
{
    return strcmp(word, "-") == 0 ? NULL : word;
}

static int show(const struct nacre_key *key)
{
    char line[NACRE_PUBLIC_LINE_MAX], sha256[NACRE_FINGERPRINT_MAX], md5[NACRE_FINGERPRINT_MAX];

    if (key == NULL || !nacre_key_print_public(key, line, sizeof line))
        return 1;
    nacre_key_fingerprint(key, sha256);
    nacre_key_fingerprint_md5(key, md5);
    printf("%s%s\n%s\n", line, sha256, md5);
    return 0;
}

static int write_private(const struct nacre_key *key, const struct nacre_key_protection *p)
{
    if (key == NULL || !nacre_key_print_private(key, p, text, sizeof text, NULL, 0))
        return 1;
    fputs(text, stdout);
    return 0;
}

static int write_again(char **words)
{
    const struct nacre_key_protection p = {NACRE_VERSION_NUMBER, phrase(words[5]), phrase(words[3]),
                                           (uint32_t)atoi(words[4])};
    struct nacre_key *key = nacre_key_parse(text, len, phrase(words[2]), errbuf, sizeof errbuf);
    int status = write_private(key, &p);

    nacre_key_free(key);
    return status;
}

/* The key that a command is about. */
static struct nacre_key *find(int count, char **words)
{
    struct nacre_key_text *kept;
    struct nacre_key *key = NULL;

    if (strcmp(words[1], "generate") == 0 && count == 4)
        return nacre_key_generate(words[2], (unsigned)atoi(words[3]), errbuf, sizeof errbuf);
    if (strcmp(words[1], "show") == 0 && count == 3)
        return nacre_key_parse(text, len, phrase(words[2]), errbuf, sizeof errbuf);
    if (strcmp(words[1], "public") == 0)
        return nacre_key_parse_public(text, len, errbuf, sizeof errbuf);
    kept = nacre_key_text_new(text, len, errbuf, sizeof errbuf);
    if (kept != NULL && nacre_key_text_is_encrypted(kept))
        key = nacre_key_text_public(kept);
    nacre_key_text_free(kept);
    return key;
}

int main(int count, char **words)
{
    struct nacre_key *key;
    int status;

    if (count < 2)
        return 2;
    if (strcmp(words[1], "generate") != 0)
        len = fread(text, 1, sizeof text, stdin);
    if (strcmp(words[1], "write") == 0 && count == 6) {
        status = write_again(words);
    } else {
        key = find(count, words);
        status = strcmp(words[1], "generate") == 0 ? write_private(key, NULL) : show(key);
        nacre_key_free(key);
    }
    if (status != 0)
        fprintf(stderr, "%s\n", errbuf);
    return status;
}
