#include "apps/identity/locked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUESTION_MAX = 4096 + 64 };

struct locked_key {
    struct nacre_key_text *text;
    struct nacre_key *offer;  /* external: its signatures are asked for here */
    struct nacre_key *opened; /* NULL: not yet, or never */
    locked_ask *ask;
    struct errbuf note;
    bool given_up;
    char file[];
};

/* One question. True: ask again. */
static bool try_once(struct locked_key *locked, const char *question)
{
    char answer[LOCKED_ANSWER_MAX] = "", said[QUESTION_MAX];
    bool wrong = false, answered = locked->ask(question, answer, sizeof answer);

    if (answered && answer[0] != 0)
        locked->opened = nacre_key_text_open(locked->text, answer, &wrong, said, sizeof said);
    explicit_bzero(answer, sizeof answer);
    if (!answered)
        errbuf_say(&locked->note, "%s: there was nobody to ask for its passphrase", locked->file);
    else if (locked->opened == NULL && answer[0] == 0 && !wrong)
        errbuf_say(&locked->note, "%s: no passphrase was given", locked->file);
    return wrong;
}

/* As ssh does: three tries, none after an empty answer; then the next key is offered. */
static void open_key(struct locked_key *locked)
{
    char question[QUESTION_MAX];
    int tries = 0;

    (void)snprintf(question, sizeof question, "Enter passphrase for key '%s': ", locked->file);
    while (try_once(locked, question))
        if (++tries == LOCKED_TRIES) {
            errbuf_say(&locked->note, "%s: wrong passphrase", locked->file);
            break;
        }
    locked->given_up = locked->opened == NULL;
}

static void sign(void *context, struct nacre_signing *signing)
{
    struct locked_key *locked = context;
    uint8_t signature[NACRE_SIGNATURE_MAX];
    const uint8_t *data;
    size_t len, signed_len = 0;

    if (locked->opened == NULL && !locked->given_up)
        open_key(locked);
    data = nacre_signing_data(signing, &len);
    if (locked->opened != NULL)
        signed_len =
            nacre_key_sign(locked->opened, nacre_signing_algorithm(signing), data, len, signature);
    nacre_signing_answer(signing, signed_len > 0 ? signature : NULL, signed_len);
}

/* The public key is in the private key's file, or in the one beside it. */
static struct nacre_key *find_public(const struct nacre_key_text *text, const char *file,
                                     const struct errbuf *p)
{
    struct nacre_key *key = nacre_key_text_public(text);
    char beside[4096];

    if (key == NULL && snprintf(beside, sizeof beside, "%s.pub", file) < (int)sizeof beside)
        key = nacre_key_read_public(beside, NULL, 0);
    if (key == NULL)
        errbuf_say(p,
                   "%s: encrypted, and its format does not show the public key; put that beside it "
                   "with: ssh-keygen -y -f %s >%s.pub",
                   file, file, file);
    return key;
}

struct locked_key *locked_key_new(struct nacre_key_text *text, const char *file, locked_ask *ask,
                                  const struct errbuf *note, const struct errbuf *p)
{
    struct nacre_key *public = find_public(text, file, p);
    struct locked_key *locked =
        public != NULL ? calloc(1, sizeof *locked + strlen(file) + 1) : NULL;

    if (locked != NULL) {
        locked->ask = ask;
        locked->note = *note;
        memcpy(locked->file, file, strlen(file) + 1);
        locked->offer = nacre_key_external(public, sign, locked);
    }
    nacre_key_free(public);
    if (locked != NULL && locked->offer != NULL) {
        locked->text = text;
        return locked;
    }
    if (public != NULL)
        errbuf_say(p, "%s: out of memory", file);
    free(locked);
    nacre_key_text_free(text);
    return NULL;
}

const struct nacre_key *locked_key_offer(const struct locked_key *locked)
{
    return locked->offer;
}

void locked_key_free(struct locked_key *locked)
{
    nacre_key_free(locked->offer);
    nacre_key_free(locked->opened);
    nacre_key_text_free(locked->text);
    free(locked);
}
