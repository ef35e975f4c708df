#include "apps/files/password_file.h"

#include "apps/files/line_index.h"
#include "apps/files/password_entry.h"
#include "apps/files/trusted_file.h"
#include "crypto/hash.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX (16u << 20) /* bytes */
#define COSTS_MAX 4          /* different costs; every check pays each of them */
#define SENTENCES_MAX 4096   /* bytes of what is reported about one state of the file */

struct nacre_password_file {
    pthread_mutex_t lock;         /* for all below */
    struct trusted_copy copy;     /* empty while the file is bad */
    struct line_index users;      /* of that copy */
    char reported[SENTENCES_MAX]; /* what is wrong with the file, or "" */
    size_t cost_count;
    char costs[COSTS_MAX][PASSWORD_HASH_MAX]; /* a dummy hash for each cost in the file */
    char path[];
};

struct nacre_password_check {
    bool known;         /* the user exists and has a usable entry */
    bool hashed;        /* the entry is one of `hashes` */
    bool unread;        /* the file could not be read for want of memory or descriptors */
    uint8_t digest[32]; /* SHA-256 of the entry's password, if it is plain */
    size_t hash_count;
    char hashes[COSTS_MAX + 1][PASSWORD_HASH_MAX]; /* computed in every check */
    size_t size;                                   /* bytes of this struct with the password */
    char password[];
};

/* ---- the file ---- */

/* Note the cost of a hash. If there are too many different costs, the highest are kept. */
static void add_cost(struct nacre_password_file *file, const struct password_entry *entry)
{
    size_t cheapest = 0;

    for (size_t i = 0; i < file->cost_count; i++) {
        if (password_costs_equal(file->costs[i], entry->hash))
            return;
        if (password_cost(file->costs[i]) < password_cost(file->costs[cheapest]))
            cheapest = i;
    }
    if (file->cost_count < COSTS_MAX)
        password_hash_dummy(file->costs[file->cost_count++], entry->hash);
    else if (password_cost(file->costs[cheapest]) < password_cost(entry->hash))
        password_hash_dummy(file->costs[cheapest], entry->hash);
}

/* Who else can read plain passwords? The group of a file that is not ours is no one else: we read
 * the file as members of it. */
static void warn_of_readers(const struct nacre_password_file *file, const struct errbuf *p)
{
    const struct stat *state = &file->copy.seen;
    bool is_ours = state->st_uid == geteuid();
    unsigned mode = state->st_mode & 07777;

    if ((mode & 044) == 0 || ((mode & 04) == 0 && !is_ours && trusted_group_is_ours(state->st_gid)))
        return;
    errbuf_add(p,
               "%s: contains passwords in plain text, and others can read it (mode %03o); hash "
               "them with nacre-passwd, or run: chmod %s %s",
               file->path, mode, is_ours ? "600" : "o-r", file->path);
}

/* Index all entries, note their costs, and report each that cannot be used or is not what it seems.
 */
static void survey(struct nacre_password_file *file, const struct errbuf *p)
{
    const struct errbuf of_entries = {p->text, p->size - p->size / 4};
    const struct bytes text = trusted_file_text(&file->copy.file);
    struct bytes rest = text;
    struct password_entry entry = {0};
    bool plain = false;
    unsigned more = 0;

    file->cost_count = 0;
    while (password_entry_next(&rest, &entry)) {
        const char *problem = password_entry_problem(&entry);

        line_index_add(&file->users, entry.user, (uint32_t)(entry.user.at - text.at), entry.line);
        if (entry.kind == PASSWORD_HASHED)
            add_cost(file, &entry);
        plain |= entry.kind == PASSWORD_PLAIN || entry.kind == PASSWORD_UNFINISHED;
        if (problem != NULL)
            more += !errbuf_add(&of_entries, "%s:%u: %s", file->path, entry.line, problem);
    }
    wipe(&entry, sizeof entry);
    if (more > 0)
        errbuf_add(p, "%s: %u more lines have problems like these", file->path, more);
    if (plain)
        warn_of_readers(file, p);
}

static enum trusted_file_result make_index(struct nacre_password_file *file, const struct errbuf *p)
{
    if (!line_index_begin(&file->users, trusted_file_text(&file->copy.file))) {
        trusted_copy_forget(&file->copy); /* the next check tries again */
        errbuf_say(p, "%s: out of memory", file->path);
        return FILE_UNREAD;
    }
    survey(file, p);
    return FILE_READ;
}

/* Read the file. If it is bad the old text is dropped, but the costs remain, so that checks take as
 * long as before. */
static enum trusted_file_result load(struct nacre_password_file *file, const struct stat *now,
                                     const struct errbuf *p)
{
    enum trusted_file_result result =
        trusted_copy_read(&file->copy, file->path, now, OTHERS_MAY_READ, FILE_MAX, p);

    if (result == FILE_READ)
        return file->copy.changed ? make_index(file, p) : FILE_READ;
    if (result == FILE_MISSING)
        errbuf_say(p,
                   "%s: no such file, so nobody logs in with a password; create it with a line "
                   "user:password for each user",
                   file->path);
    line_index_clear(&file->users);
    return result;
}

/* Read the file again if it has changed, or may have. Reports each problem once. */
static enum trusted_file_result refresh(struct nacre_password_file *file, const struct errbuf *p)
{
    struct stat now;
    char sentences[SENTENCES_MAX] = "";
    enum trusted_copy_state state = trusted_copy_look(&file->copy, file->path, &now);
    enum trusted_file_result result;
    bool changed;

    if (state == COPY_CURRENT)
        return FILE_READ;
    result = load(file, &now, &(struct errbuf){sentences, sizeof sentences});
    changed = state == COPY_STALE && result != FILE_UNREAD;
    if (sentences[0] != '\0' && (changed || strcmp(sentences, file->reported) != 0))
        errbuf_say(p, "%s", sentences);
    memcpy(file->reported, sentences, sizeof sentences);
    return result;
}

struct nacre_password_file *nacre_password_file_open(const char *path, char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_password_file *file = calloc(1, sizeof *file + strlen(path) + 1);

    if (file == NULL) {
        errbuf_say(&p, "%s: out of memory", path);
        return NULL;
    }
    memcpy(file->path, path, strlen(path) + 1);
    pthread_mutex_init(&file->lock, NULL);
    if (refresh(file, &p) == FILE_READ)
        return file;
    nacre_password_file_close(file);
    return NULL;
}

void nacre_password_file_close(struct nacre_password_file *file)
{
    if (file == NULL)
        return;
    trusted_file_clear(&file->copy.file);
    line_index_clear(&file->users);
    pthread_mutex_destroy(&file->lock);
    free(file);
}

/* ---- the check ---- */

/* Read the entry of that line. */
static void read_entry(const struct nacre_password_file *file, const struct indexed_line *line,
                       struct password_entry *entry)
{
    struct bytes rest = bytes_from(trusted_file_text(&file->copy.file), line->offset);

    *entry = (struct password_entry){.line = line->number - 1};
    (void)password_entry_next(&rest, entry);
}

/* Find the first entry of the user. An unknown user costs as much: another one's entry is read. */
static bool find(const struct nacre_password_file *file, struct bytes user,
                 struct password_entry *found)
{
    const struct indexed_line *line = line_index_find(&file->users, user);
    struct password_entry entry = {0};
    bool known = false;

    if (line == NULL && file->users.count > 0)
        read_entry(file, line_index_any(&file->users, user), &entry);
    for (; line != NULL && !known; line = line_index_next(&file->users, line)) {
        read_entry(file, line, &entry);
        known = entry.user.len == user.len && secrets_equal(entry.user.at, user.at, user.len);
    }
    if (known)
        *found = entry;
    wipe(&entry, sizeof entry);
    return known;
}

/* Put the user's hash in place of the dummy hash of the same cost. */
static void put_hash(struct nacre_password_check *check, const char *hash)
{
    size_t i = 0;

    while (i < check->hash_count && !password_costs_equal(check->hashes[i], hash))
        i++;
    memcpy(check->hashes[i], hash, strlen(hash) + 1);
    if (i == check->hash_count)
        check->hash_count++;
}

static void fill(struct nacre_password_check *check, const struct nacre_password_file *file,
                 const char *user)
{
    struct password_entry entry = {0};

    check->known = find(file, bytes_of(user), &entry) && password_entry_counts(&entry);
    check->hashed = entry.kind == PASSWORD_HASHED;
    check->hash_count = file->cost_count;
    memcpy(check->hashes, file->costs, sizeof file->costs);
    if (check->hashed)
        put_hash(check, entry.hash);
    hash_of(&hash_sha256, entry.password, check->digest);
    wipe(&entry, sizeof entry);
}

struct nacre_password_check *nacre_password_file_lookup(struct nacre_password_file *file,
                                                        const char *user, const char *password,
                                                        char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    size_t total = sizeof(struct nacre_password_check) + strlen(password) + 1;
    struct nacre_password_check *check = calloc(1, total);

    if (check == NULL) {
        errbuf_say(&p, "%s: out of memory while checking a password", file->path);
        return NULL;
    }
    check->size = total;
    memcpy(check->password, password, strlen(password) + 1);
    pthread_mutex_lock(&file->lock);
    check->unread = refresh(file, &p) == FILE_UNREAD;
    fill(check, file, user);
    pthread_mutex_unlock(&file->lock);
    return check;
}

bool nacre_password_check_is_slow(const struct nacre_password_check *check)
{
    return check->hash_count > 0;
}

/* Nobody is decided when the file could not be read. A wrong password is undecided too when a dummy
 * hash had no memory: otherwise that would tell users who do not exist from those who do. */
bool nacre_password_check_run(const struct nacre_password_check *check, bool *undecided)
{
    struct bytes password = bytes_of(check->password);
    bool plain, granted, hashed = false, short_of_memory = false;
    uint8_t digest[32];

    plain = hash_of(&hash_sha256, password, digest);
    plain &= secrets_equal(digest, check->digest, sizeof digest);
    wipe(digest, sizeof digest);
    for (size_t i = 0; i < check->hash_count; i++) {
        bool no_memory;

        hashed |= password_hash_verify(check->hashes[i], password, &no_memory);
        short_of_memory |= no_memory;
    }
    granted = check->known && (check->hashed ? hashed : plain);
    *undecided = !granted && (short_of_memory || check->unread);
    return granted;
}

void nacre_password_check_free(struct nacre_password_check *check)
{
    if (check != NULL)
        wipe(check, check->size);
    free(check);
}
