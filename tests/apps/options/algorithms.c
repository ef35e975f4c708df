/* The options that choose algorithms. */
#include "apps/options/algorithms.h"
#include "tests/support/leftovers.h"
#include "tests/support/scratch.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    uint64_t before;
    struct algorithm_options algorithms;
};

static struct options options;
static char sentence[8192];
static const struct errbuf p = {sentence, sizeof sentence};

static const struct option_row row = {.member = offsetof(struct options, algorithms),
                                      .which = NACRE_CIPHER};

static bool take(const char *value)
{
    return algorithm_option(&row, &options, value, &p);
}

START_TEST(the_last_list_of_a_kind_counts)
{
    ck_assert(take("aes128-ctr"));
    ck_assert(take("aes256-ctr,aes128-ctr"));
    ck_assert_str_eq(options.algorithms.lists[NACRE_CIPHER], "aes256-ctr,aes128-ctr");
    for (int kind = 0; kind < NACRE_ALGORITHM_KINDS; kind++)
        ck_assert((options.algorithms.lists[kind] != NULL) == (kind == NACRE_CIPHER));
    algorithm_options_clear(&options.algorithms);
}
END_TEST

START_TEST(an_unknown_name_changes_nothing)
{
    ck_assert(take("aes128-ctr"));
    ck_assert(!take("rot13"));
    assert_says(sentence, "rot13");
    ck_assert_str_eq(options.algorithms.lists[NACRE_CIPHER], "aes128-ctr");
    leftovers_refuse(1);
    ck_assert(!take("aes256-ctr"));
    ck_assert_str_eq(sentence, "out of memory");
    algorithm_options_clear(&options.algorithms);
}
END_TEST

START_TEST(every_list_is_freed)
{
    for (int kind = 0; kind < NACRE_ALGORITHM_KINDS; kind++)
        options.algorithms.lists[kind] = strdup("x");
    algorithm_options_clear(&options.algorithms);
}
END_TEST

/* What --list-algorithms prints; the caller frees it. */
static char *printed(void)
{
    int before = dup(STDOUT_FILENO);
    const char *file = scratch_write("out", "", 0600);

    ck_assert_ptr_nonnull(freopen(file, "w", stdout));
    algorithms_put(NULL);
    (void)fflush(stdout);
    ck_assert_int_eq(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
    (void)close(before);
    return scratch_read(file);
}

START_TEST(all_names_are_listed_below_their_kind)
{
    char *text = printed();
    const char *at = text;
    size_t lines = 0, names = 0;
    char line[128];
    bool off;

    for (int kind = 0; kind < NACRE_ALGORITHM_KINDS; kind++) {
        const char *name = nacre_algorithm_kind_name((enum nacre_algorithm_kind)kind);

        (void)snprintf(line, sizeof line, "%s\n", name);
        for (size_t i = 0;; i++) {
            ck_assert_msg(strncmp(at, line, strlen(line)) == 0, "'%s' is not at %s", line, at);
            at += strlen(line);
            lines++;
            name = nacre_algorithm_name((enum nacre_algorithm_kind)kind, i, &off);
            if (name == NULL)
                break;
            names++;
            (void)snprintf(line, sizeof line, "    %s%s\n", name, off ? " (off)" : "");
        }
    }
    ck_assert_str_eq(at, "");
    ck_assert_uint_eq(lines, names + NACRE_ALGORITHM_KINDS);
    ck_assert_ptr_nonnull(strstr(text, "\ncipher\n    chacha20-poly1305@openssh.com\n"));
    ck_assert_ptr_nonnull(strstr(text, "    ecdh-sha2-nistp384 (off)\n"));
    free(text);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, the_last_list_of_a_kind_counts);
    add_test(suite, an_unknown_name_changes_nothing);
    add_test(suite, every_list_is_freed);
    add_test(suite, all_names_are_listed_below_their_kind);
}
