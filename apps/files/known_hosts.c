#include "apps/files/known_hosts.h"

#include "crypto/base64.h"
#include "apps/files/key_file.h"
#include "apps/files/known_line.h"
#include "apps/files/known_name.h"
#include "apps/files/trusted_file.h"
#include "transport/algorithms.h"
#include "transport/hostkey.h"
#include "apps/session/version.h"
#include "transport/growth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define FILE_MAX (16u << 20) /* bytes */

enum {
    SENTENCE_MAX = 512,
    TYPES_MAX = 1024, /* bytes of a list of key types or of algorithms */
    NEW_LINE_MAX = KNOWN_NAME_MAX + 64 + BASE64_MAX(KEY_BLOB_MAX), /* bytes; 64 for the type */
};

static const struct growth known_hosts_growth = {sizeof(struct nacre_known_hosts), {{0}}};
static const struct growth host_key_growth = {sizeof(struct nacre_host_key), {{0}}};

static bool complete(struct nacre_known_hosts *hosts, const struct nacre_known_hosts *given,
                     const struct errbuf *p)
{
    if (!version_check("struct nacre_known_hosts", given->version, p))
        return false;
    growth_copy(&known_hosts_growth, hosts, given, given->version);
    return true;
}

/* A line of a file; number 0: none. */
struct place {
    const char *file;
    unsigned number;
};

/* A search through the files for the keys of one host. */
struct search {
    const struct nacre_known_hosts *hosts;
    const char *file;          /* that is being read */
    char name[KNOWN_NAME_MAX]; /* of the host, in the file's form */
    /* Called for each key of the host, revoked ones included. */
    void (*found)(struct search *s, const struct known_line *line, struct bytes key,
                  unsigned number);

    /* check: the key that the host presents, and what the files have */
    struct bytes shown;
    struct place known, different, revoked;
    char other[NACRE_FINGERPRINT_MAX]; /* of the different key */
    char other_type[64];
    enum key_length other_length;

    struct writer types; /* prefer: a name-list of the types of the host's keys */
};

static void warn(const struct search *s, unsigned number, const char *what)
{
    char sentence[SENTENCE_MAX];

    if (s->hosts->warn == NULL)
        return;
    (void)snprintf(sentence, sizeof sentence, "%s:%u: ignored: %s", s->file, number, what);
    s->hosts->warn(s->hosts->context, sentence);
}

static void check_line(struct search *s, const struct known_line *line, unsigned number)
{
    uint8_t blob[KEY_BLOB_MAX];
    const char *wrong = line->wrong;
    struct bytes key;

    if (wrong == NULL && line->hosts.len == 0)
        return;
    if (wrong == NULL && !known_line_is_for(line, s->name, &wrong) && wrong == NULL)
        return;
    key = wrong == NULL ? known_line_key(line, blob, &wrong) : (struct bytes){NULL, 0};
    if (wrong == NULL && line->marker == KNOWN_CERT_AUTHORITY)
        wrong = "certificates are not supported";
    if (wrong != NULL)
        warn(s, number, wrong);
    else
        s->found(s, line, key, number);
}

static enum trusted_file_result search_file(struct search *s, const char *name,
                                            const struct errbuf *p)
{
    struct trusted_file file;
    enum trusted_file_result result = trusted_file_read(&file, name, OTHERS_MAY_READ, FILE_MAX, p);
    struct bytes text = trusted_file_text(&file);
    struct known_line line;

    s->file = name;
    for (unsigned number = 1; known_line_next(&text, &line); number++)
        check_line(s, &line, number);
    trusted_file_clear(&file);
    return result;
}

/* False: *p says why the files cannot be used. */
static bool search_files(struct search *s, const struct errbuf *p)
{
    enum trusted_file_result result = search_file(s, s->hosts->file, p);

    for (const char *const *more = s->hosts->more; more != NULL && *more != NULL; more++) {
        char sentence[SENTENCE_MAX] = "";
        const struct errbuf why = errbuf_in(sentence, sizeof sentence);

        if (result == FILE_BAD || result == FILE_UNREAD)
            return false;
        result = search_file(s, *more, &why);
        if (result == FILE_UNREAD)
            errbuf_say(p, "%s", sentence);
        else if (result == FILE_BAD && s->hosts->warn != NULL)
            s->hosts->warn(s->hosts->context, sentence);
        result = result == FILE_UNREAD ? FILE_UNREAD : FILE_READ;
    }
    return result != FILE_BAD && result != FILE_UNREAD;
}

static void fingerprint(char out[NACRE_FINGERPRINT_MAX], struct bytes blob)
{
    nacre_blob_fingerprint(blob.at, blob.len, out);
}

/* The type of a key, for a person. */
static void type_text(char *out, size_t size, struct bytes blob)
{
    struct bytes type = key_blob_type(blob);
    size_t n = type.len < size ? type.len : size - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = type.at[i] > ' ' && type.at[i] < 0x7f ? (char)type.at[i] : '?';
    out[n] = 0;
}

/* Of several other keys, one that can be used, and then one of the same type. */
static bool is_better_to_name(const struct search *s, struct bytes key)
{
    bool good = key_blob_length(key) == KEY_LENGTH_GOOD;

    if (s->different.number == 0 || (s->other_length == KEY_LENGTH_GOOD) != good)
        return s->different.number == 0 || good;
    return bytes_equal(key_blob_type(key), key_blob_type(s->shown));
}

static void compare(struct search *s, const struct known_line *line, struct bytes key,
                    unsigned number)
{
    const struct place here = {s->file, number};
    bool same = bytes_equal(key, s->shown);

    if (line->marker == KNOWN_REVOKED) {
        if (same && s->revoked.number == 0)
            s->revoked = here;
    } else if (same) {
        if (s->known.number == 0)
            s->known = here;
    } else if (is_better_to_name(s, key)) {
        s->different = here;
        s->other_length = key_blob_length(key);
        fingerprint(s->other, key);
        type_text(s->other_type, sizeof s->other_type, key);
    }
}

/* The verdict, in words. */
static enum nacre_host_verdict verdict_of(const struct search *s, const struct errbuf *p)
{
    const struct place *at = &s->different;
    char print[NACRE_FINGERPRINT_MAX], type[64];

    fingerprint(print, s->shown);
    type_text(type, sizeof type, s->shown);
    if (s->revoked.number != 0) {
        errbuf_say(p,
                   "the host key of %s (%s %s) is REVOKED by %s:%u: a server that has it must not "
                   "be trusted. Ask the server's administrator for its new key",
                   s->name, type, print, s->revoked.file, s->revoked.number);
        return NACRE_HOST_REVOKED;
    }
    if (s->known.number != 0) {
        errbuf_say(p, "the host key of %s is known: %s %s (%s:%u)", s->name, type, print,
                   s->known.file, s->known.number);
        return NACRE_HOST_KNOWN;
    }
    if (at->number != 0 && s->other_length != KEY_LENGTH_GOOD) {
        errbuf_say(
            p,
            "%s is known only by a key that cannot be used: %s:%u has an RSA key that is too "
            "%s (%s). The server presents %s %s; ask its administrator whether that is "
            "right, and remove the old key with: ssh-keygen -f '%s' -R '%s'",
            s->name, at->file, at->number, s->other_length == KEY_LENGTH_SHORT ? "short" : "long",
            s->other, type, print, at->file, s->name);
        return NACRE_HOST_CHANGED;
    }
    if (at->number != 0) {
        errbuf_say(
            p,
            "THE HOST KEY OF %s HAS CHANGED: the server presents %s %s, but %s:%u has %s %s. "
            "Either the server has a new key, or an attacker is intercepting the connection. Ask "
            "the server's administrator; if the new key is right, remove the old one with: "
            "ssh-keygen -f '%s' -R '%s'",
            s->name, type, print, at->file, at->number, s->other_type, s->other, at->file, s->name);
        return NACRE_HOST_CHANGED;
    }
    errbuf_say(p,
               "%s is not known: %s has no key for it%s. The server presents %s %s; ask its "
               "administrator whether that is right",
               s->name, s->hosts->file, s->hosts->more != NULL ? ", nor has another file" : "",
               type, print);
    return NACRE_HOST_UNKNOWN;
}

static bool no_host(const struct errbuf *p)
{
    return errbuf_say(p, "not the name or address of one host");
}

enum nacre_host_verdict nacre_known_hosts_check(const struct nacre_known_hosts *hosts,
                                                const struct nacre_host_key *shown, char *sentence,
                                                size_t size)
{
    struct errbuf p = errbuf_in(sentence, size);
    struct nacre_known_hosts h;
    struct nacre_host_key k;
    struct search s = {.hosts = &h, .found = compare};

    if (!complete(&h, hosts, &p))
        return NACRE_HOST_UNCHECKED;
    growth_copy(&host_key_growth, &k, shown, h.version);
    s.shown = (struct bytes){k.key, k.len};
    if (!known_name(s.name, k.host, k.port)) {
        (void)no_host(&p);
        return NACRE_HOST_UNCHECKED;
    }
    return search_files(&s, &p) ? verdict_of(&s, &p) : NACRE_HOST_UNCHECKED;
}

/* ---- the types of a host's keys ---- */

static void append_name(struct writer *list, struct bytes name)
{
    bool first = written(list) == 0;

    write_name(list, &first, name);
}

/* Note the key's type, if the library can verify its signatures. */
static void note_type(struct search *s, const struct known_line *line, struct bytes key,
                      unsigned number)
{
    struct bytes type = key_blob_type(key);

    (void)number;
    for (const struct algorithm *row = algorithms_of(ALGORITHM_HOST_KEY); row->name != NULL;
         row++) {
        const struct signature_algorithm *a = row->method;

        if (line->marker == KNOWN_PLAIN && key_blob_length(key) == KEY_LENGTH_GOOD &&
            bytes_are(type, a->key_type) && !name_list_has(written_bytes(&s->types), a->key_type))
            append_name(&s->types, type);
    }
}

/* Append the names of `list` that are algorithms of known types, or those that are not. */
static void append_names(const struct search *s, struct bytes list, bool known, struct writer *w)
{
    struct bytes name;

    while (next_name(&list, &name)) {
        const struct algorithm *row = algorithm_find(ALGORITHM_HOST_KEY, name);
        const struct signature_algorithm *a = row != NULL ? row->method : NULL;

        if ((a != NULL && name_list_has(written_bytes(&s->types), a->key_type)) == known)
            append_name(w, name);
    }
}

bool nacre_known_hosts_prefer(const struct nacre_known_hosts *hosts, const char *host,
                              uint16_t port, const char *list, char *out, size_t size)
{
    uint8_t defaults[TYPES_MAX], types[TYPES_MAX];
    struct writer d = write_to(defaults, sizeof defaults);
    struct writer w = write_to((uint8_t *)out, size > 0 ? size - 1 : 0);
    struct nacre_known_hosts quiet;
    struct search s = {.hosts = &quiet, .found = note_type, .types = write_to(types, sizeof types)};
    struct errbuf unused = errbuf_in(NULL, 0);

    if (!complete(&quiet, hosts, &unused))
        return false;
    quiet.warn = NULL; /* nacre_known_hosts_check warns */
    write_default_names(&d, ALGORITHM_HOST_KEY);
    if (known_name(s.name, host, port))
        (void)search_files(&s, &unused);
    for (int known = 1; known >= 0; known--)
        append_names(&s, list != NULL ? bytes_of(list) : written_bytes(&d), known == 1, &w);
    if (w.bad || size == 0)
        return false;
    out[written(&w)] = 0;
    return true;
}

/* ---- adding ---- */

/* Append the line to the file, after a newline if the last line has none; a line that is whole_line
 * in part, or not flushed, is taken back. It is a single write, so that lines of other writers
 * cannot mix with it. */
static bool append(int fd, const char *line, size_t len)
{
    struct stat before;
    char last = '\n', whole[NEW_LINE_MAX + 2];
    size_t gap;
    ssize_t n;
    bool whole_line;
    int failure;

    if (flock(fd, LOCK_EX) != 0 || fstat(fd, &before) != 0)
        return false;
    if (before.st_size > 0 && pread(fd, &last, 1, before.st_size - 1) != 1)
        return false;
    gap = last != '\n';
    whole[0] = '\n';
    memcpy(whole + gap, line, len);
    n = write(fd, whole, len + gap);
    whole_line = n == (ssize_t)(len + gap);
    if (whole_line && fsync(fd) == 0)
        return true;
    failure = whole_line || n < 0 ? errno : ENOSPC;
    (void)!ftruncate(fd, before.st_size);
    errno = failure;
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

static bool add(const struct nacre_known_hosts *hosts, const struct nacre_host_key *shown,
                bool hashed, const struct errbuf *p)
{
    char name[KNOWN_NAME_MAX], hash[KNOWN_HASHED_MAX], line[NEW_LINE_MAX];
    bool good;
    int fd;

    if (!known_name(name, shown->host, shown->port))
        return no_host(p);
    if (hashed && !known_line_hash(name, hash))
        return errbuf_say(p, "cannot hash the name %s", name);
    if (!make_line(line, sizeof line, hashed ? hash : name, (struct bytes){shown->key, shown->len}))
        return errbuf_say(p, "the host key of %s is malformed", name);
    fd = open(hosts->file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return errbuf_say(p, "%s: cannot be opened: %s", hosts->file, strerror(errno));
    good = append(fd, line, strlen(line));
    if (!good)
        errbuf_say(p, "%s: cannot be written: %s", hosts->file, strerror(errno));
    (void)close(fd);
    return good;
}

bool nacre_known_hosts_add(const struct nacre_known_hosts *hosts,
                           const struct nacre_host_key *shown, bool hashed, char *errbuf,
                           size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_known_hosts h;
    struct nacre_host_key k;

    if (!complete(&h, hosts, &p))
        return false;
    growth_copy(&host_key_growth, &k, shown, h.version);
    return add(&h, &k, hashed, &p);
}
