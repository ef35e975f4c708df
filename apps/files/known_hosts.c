#include "apps/files/known_hosts.h"

#include "apps/files/base64.h"
#include "apps/files/key_file.h"
#include "apps/files/known_line.h"
#include "apps/files/trusted_file.h"
#include "transport/algorithms.h"
#include "transport/hostkey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define FILE_MAX (16u << 20) /* bytes */

enum { SSH_PORT = 22, HOST_MAX = 255, SENTENCE_MAX = 512 };

/* What a walk over the file looks for, and what it has found. */
struct search {
    const struct nacre_known_hosts *hosts;
    char name[KNOWN_NAME_MAX]; /* as the file has it */
    struct bytes shown;
    unsigned known_at, other_at, revoked_at; /* numbers of lines, 0 for none */
    char other[NACRE_FINGERPRINT_MAX];       /* of the key at other_at */
    char other_type[64];
    /* For each key of that host: also called for revoked ones. */
    void (*found)(struct search *s, const struct known_line *line, struct bytes key, unsigned at);
    uint32_t rows; /* prefer: a bit for each row of ALGORITHM_HOST_KEY that the host's keys can sign
                      with */
};

static void warn(const struct nacre_known_hosts *hosts, unsigned at, const char *what)
{
    char sentence[SENTENCE_MAX];

    if (hosts->warn == NULL)
        return;
    (void)snprintf(sentence, sizeof sentence, "%s:%u: %s; the line is ignored", hosts->file, at,
                   what);
    hosts->warn(hosts->context, sentence);
}

/* "host", or "[host]:port" for another port than SSH's own; in lower case. False: that is no host.
 */
static bool make_name(char out[KNOWN_NAME_MAX], const char *host, uint16_t port)
{
    size_t len = strlen(host);

    if (len == 0 || len > HOST_MAX || host[0] == '#' || host[0] == '@' || host[0] == '|')
        return false;
    for (const char *c = host; *c != 0; c++)
        if (*c <= ' ' || *c == 0x7f || strchr("*?!,[]", *c) != NULL)
            return false;
    if (port == SSH_PORT)
        (void)snprintf(out, KNOWN_NAME_MAX, "%s", host);
    else
        (void)snprintf(out, KNOWN_NAME_MAX, "[%s]:%u", host, port);
    for (char *c = out; *c != 0; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return true;
}

static void look_at(struct search *s, const struct known_line *line, unsigned at)
{
    uint8_t blob[KNOWN_LINE_MAX];
    const char *wrong = line->wrong;
    struct bytes key;

    if (wrong == NULL && line->hosts.len == 0)
        return;
    if (wrong == NULL && !known_line_is_for(line, s->name, &wrong) && wrong == NULL)
        return;
    key = wrong == NULL ? known_line_key(line, blob, &wrong) : (struct bytes){NULL, 0};
    if (wrong == NULL && line->marker == KNOWN_CERT_AUTHORITY)
        wrong = "is about certificates, which are not supported";
    if (wrong != NULL)
        warn(s->hosts, at, wrong);
    else
        s->found(s, line, key, at);
}

static enum trusted_file_result walk(struct search *s, const struct errbuf *p)
{
    struct trusted_file file;
    enum trusted_file_result result =
        trusted_file_read(&file, s->hosts->file, OTHERS_MAY_READ, FILE_MAX, p);
    struct bytes text = {(const uint8_t *)file.text, file.len};
    struct known_line line;

    for (unsigned at = 1; result == FILE_READ && known_line_next(&text, &line); at++)
        look_at(s, &line, at);
    trusted_file_clear(&file);
    return result;
}

static void fingerprint(char out[NACRE_FINGERPRINT_MAX], struct bytes blob)
{
    nacre_blob_fingerprint(blob.at, blob.len, out);
}

/* A key type as wire text, for a person. */
static void type_text(char *out, size_t size, struct bytes blob)
{
    struct bytes type = key_blob_type(blob);
    size_t n = type.len < size ? type.len : size - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = type.at[i] > ' ' && type.at[i] < 0x7f ? (char)type.at[i] : '?';
    out[n] = 0;
}

static void compare(struct search *s, const struct known_line *line, struct bytes key, unsigned at)
{
    bool same = bytes_equal(key, s->shown);

    if (line->marker == KNOWN_REVOKED) {
        if (same && s->revoked_at == 0)
            s->revoked_at = at;
    } else if (same) {
        if (s->known_at == 0)
            s->known_at = at;
    } else if (s->other_at == 0 || bytes_equal(key_blob_type(key), key_blob_type(s->shown))) {
        s->other_at = at; /* one of the same type tells more */
        fingerprint(s->other, key);
        type_text(s->other_type, sizeof s->other_type, key);
    }
}

/* The verdict, in words. */
static enum nacre_host_verdict judge(const struct search *s, const struct errbuf *p)
{
    const char *file = s->hosts->file;
    char print[NACRE_FINGERPRINT_MAX], type[64];

    fingerprint(print, s->shown);
    type_text(type, sizeof type, s->shown);
    if (s->revoked_at != 0) {
        errbuf_say(p,
                   "the key that %s shows (%s %s) is REVOKED by %s:%u: whoever has it must not be "
                   "trusted. Ask those who run the server for its new key",
                   s->name, type, print, file, s->revoked_at);
        return NACRE_HOST_REVOKED;
    }
    if (s->known_at != 0) {
        errbuf_say(p, "%s is known by its key %s %s (%s:%u)", s->name, type, print, file,
                   s->known_at);
        return NACRE_HOST_KNOWN;
    }
    if (s->other_at != 0) {
        errbuf_say(
            p,
            "THE HOST KEY OF %s HAS CHANGED: it shows %s %s, but %s:%u has %s %s. Either the "
            "server has got a new key, or somebody is between you and it and reads along. Ask "
            "those who run it; if the new key is theirs, forget the old one with: ssh-keygen -f "
            "'%s' -R '%s'",
            s->name, type, print, file, s->other_at, s->other_type, s->other, file, s->name);
        return NACRE_HOST_CHANGED;
    }
    errbuf_say(p,
               "%s is not known: %s has no key of it. It shows %s %s; ask those who run it "
               "whether that is theirs",
               s->name, file, type, print);
    return NACRE_HOST_UNKNOWN;
}

static bool no_host(const struct errbuf *p)
{
    return errbuf_say(p, "that is not the name or address of one host");
}

enum nacre_host_verdict nacre_known_hosts_check(const struct nacre_known_hosts *hosts,
                                                const struct nacre_host_key *shown, char *sentence,
                                                size_t size)
{
    struct errbuf p = errbuf_in(sentence, size);
    struct search s = {.hosts = hosts, .shown = {shown->key, shown->len}, .found = compare};

    if (!make_name(s.name, shown->host, shown->port)) {
        (void)no_host(&p);
        return NACRE_HOST_UNCHECKED;
    }
    if (walk(&s, &p) == FILE_BAD)
        return NACRE_HOST_UNCHECKED;
    return judge(&s, &p);
}

/* ---- which types are known ---- */

static void note_type(struct search *s, const struct known_line *line, struct bytes key,
                      unsigned at)
{
    const struct algorithm *rows = algorithms_of(ALGORITHM_HOST_KEY);

    (void)at;
    for (size_t i = 0; rows[i].name != NULL; i++) {
        const struct signature_algorithm *a = rows[i].method;

        if (line->marker == KNOWN_PLAIN && bytes_are(key_blob_type(key), a->key_type))
            s->rows |= UINT32_C(1) << i;
    }
}

/* The names of `list` that are of known types, or those that are not. */
static void write_names(const struct search *s, struct bytes list, bool known, struct writer *w)
{
    const struct algorithm *rows = algorithms_of(ALGORITHM_HOST_KEY);
    bool first = written(w) == 0;

    while (list.len > 0) {
        const uint8_t *comma = memchr(list.at, ',', list.len);
        struct bytes name = {list.at, comma == NULL ? list.len : (size_t)(comma - list.at)};
        bool is_known = false;

        for (size_t i = 0; rows[i].name != NULL; i++)
            is_known = is_known || ((s->rows >> i & 1) != 0 && bytes_are(name, rows[i].name));
        if (is_known == known)
            write_name(w, &first, name);
        list.at += name.len + (comma != NULL);
        list.len -= name.len + (comma != NULL);
    }
}

bool nacre_known_hosts_prefer(const struct nacre_known_hosts *hosts, const char *host,
                              uint16_t port, const char *list, char *out, size_t size)
{
    uint8_t defaults[1024];
    struct writer d = write_to(defaults, sizeof defaults);
    struct writer w = write_to((uint8_t *)out, size > 0 ? size - 1 : 0);
    struct nacre_known_hosts quiet = {.file = hosts->file}; /* the check itself will warn */
    struct search s = {.hosts = &quiet, .found = note_type};
    struct errbuf nobody = errbuf_in(NULL, 0);

    write_default_names(&d, ALGORITHM_HOST_KEY);
    if (make_name(s.name, host, port))
        (void)walk(&s, &nobody);
    for (int known = 1; known >= 0; known--)
        write_names(&s, list != NULL ? bytes_of(list) : written_bytes(&d), known == 1, &w);
    if (w.bad || size == 0)
        return false;
    out[written(&w)] = 0;
    return true;
}

/* ---- remembering ---- */

/* Write the line behind what is there, on a line of its own; what was written of it is taken back
 * when it does not fit. One write: others that append at the same time do not come in between. */
static bool append(int fd, const char *line, size_t len)
{
    struct stat before;
    char last = '\n', whole[KNOWN_LINE_MAX + 2];
    size_t gap;
    ssize_t n;

    if (flock(fd, LOCK_EX) != 0 || fstat(fd, &before) != 0)
        return false;
    if (before.st_size > 0 && pread(fd, &last, 1, before.st_size - 1) != 1)
        return false;
    gap = last != '\n';
    whole[0] = '\n';
    memcpy(whole + gap, line, len);
    n = write(fd, whole, len + gap);
    if (n == (ssize_t)(len + gap))
        return fsync(fd) == 0;
    if (n >= 0 && ftruncate(fd, before.st_size) == 0)
        errno = ENOSPC;
    return false;
}

/* "hosts type key\n" */
static bool make_line(char *out, size_t size, const char *hosts, struct bytes key)
{
    char text[BASE64_MAX(KEY_BLOB_MAX)];
    struct bytes type = key_blob_type(key);
    int n;

    if (type.len == 0 || key.len > KEY_BLOB_MAX)
        return false;
    for (size_t i = 0; i < type.len; i++)
        if (type.at[i] <= ' ' || type.at[i] >= 0x7f)
            return false;
    (void)base64_encode(text, key);
    n = snprintf(out, size, "%s %.*s %s\n", hosts, (int)type.len, (const char *)type.at, text);
    return n > 0 && (size_t)n < size;
}

bool nacre_known_hosts_add(const struct nacre_known_hosts *hosts,
                           const struct nacre_host_key *shown, bool hashed, char *errbuf,
                           size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    char name[KNOWN_NAME_MAX], hash[KNOWN_HASHED_MAX], line[KNOWN_LINE_MAX];
    bool good;
    int fd;

    if (!make_name(name, shown->host, shown->port))
        return no_host(&p);
    if (hashed && !known_line_hash(name, hash))
        return errbuf_say(&p, "the name of %s cannot be hashed", name);
    if (!make_line(line, sizeof line, hashed ? hash : name, (struct bytes){shown->key, shown->len}))
        return errbuf_say(&p, "what %s shows is not a key", name);
    fd = open(hosts->file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return errbuf_say(&p, "%s: cannot be opened: %s", hosts->file, strerror(errno));
    good = append(fd, line, strlen(line));
    if (!good)
        errbuf_say(&p, "%s: cannot be written: %s", hosts->file, strerror(errno));
    (void)close(fd);
    return good;
}
