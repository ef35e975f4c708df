#include "apps/trace/log_file.h"

#include "tests/support/child.h"
#include "tests/support/leftovers.h"
#include "tests/support/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char sentence[256];
static const struct errbuf why = {sentence, sizeof sentence};
static struct log_file log_file;

static bool read_log(const char *text)
{
    sentence[0] = 0;
    return log_read(&log_file, scratch_write("mine.log", text, 0600), &why);
}

START_TEST(lines_are_names_and_hex)
{
    static const uint8_t v_c[] = {0, 0, 0, 1, 'x'}, k[] = {0xab, 0xcd};

    ck_assert(read_log("# mine\n\n  V_C = 00000001 78  # a comment\r\nK=0xAB:CD\nA = \n"));
    ck_assert_uint_eq(log_file.count, 3);
    assert_bytes(log_find(&log_file, "V_C")->value, BYTES_OF_ARRAY(v_c));
    ck_assert_uint_eq(log_find(&log_file, "V_C")->number, 3);
    assert_bytes(log_find(&log_file, "K")->value, BYTES_OF_ARRAY(k));
    ck_assert_uint_eq(log_find(&log_file, "A")->value.len, 0);
    ck_assert_ptr_null(log_find(&log_file, "V_S"));
    log_free(&log_file);
}
END_TEST

START_TEST(a_mistake_is_reported_with_its_line)
{
    static const struct {
        const char *text, *says;
    } mistakes[] = {
        {"", "has no line 'name = hex'"},
        {"# only\n", "has no line 'name = hex'"},
        {"V_C = 00\nV_S 00\n", "mine.log:2: a line is 'name = hex'"},
        {"V_C = 0\n", "mine.log:1: V_C is not a number of whole bytes in hex"},
        {"V_C = 0 0\n", "V_C is not a number of whole bytes"},
        {"V_C = 0g\n", "V_C is not a number of whole bytes"},
        {"V_C = 00,\n", "V_C is not a number of whole bytes"},
        {"the_identification_of_the_client = 00\n", "the worksheet has no such name"},
    };

    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        ck_assert(!read_log(mistakes[i].text));
        assert_says(sentence, mistakes[i].says);
        ck_assert_ptr_null(log_file.text);
    }
}
END_TEST

START_TEST(hex_is_pairs_of_digits)
{
    static const char *const bad[] = {"/0", "0/", ":x", "0:0",  "@0",  "G0",
                                      "0G", "`0", "g0", "0xz0", "00x", "x0"};
    static const uint8_t all[] = {0x09, 0xaf, 0xaf, 0x90};
    char line[32];

    ck_assert(read_log("K=0X09afAF:90"));
    assert_bytes(log_find(&log_file, "K")->value, BYTES_OF_ARRAY(all));
    log_free(&log_file);
    ck_assert(read_log("K=09 : af\tAF 90\nA=0x\nB=00\n"));
    assert_bytes(log_find(&log_file, "K")->value, BYTES_OF_ARRAY(all));
    ck_assert_uint_eq(log_find(&log_file, "A")->value.len, 0);
    ck_assert_uint_eq(log_find(&log_file, "B")->value.len, 1);
    log_free(&log_file);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(line, sizeof line, "K=%s\n", bad[i]);
        ck_assert_msg(!read_log(line), "%s", bad[i]);
    }
}
END_TEST

START_TEST(names_are_bounded)
{
    ck_assert(read_log("\n a_name_of_15_by \t= 00\n=01"));
    ck_assert_uint_eq(log_find(&log_file, "a_name_of_15_by")->number, 2);
    ck_assert_uint_eq(log_find(&log_file, "")->number, 3);
    log_free(&log_file);
    ck_assert(!read_log("a_name_of_16_byt = 00"));
    assert_says(sentence, "the worksheet has no such name");
}
END_TEST

START_TEST(without_memory_nothing_is_read)
{
    bool good;

    (void)scratch_write("mine.log", "K = 00\n", 0600);
    for (unsigned n = 1; n <= 3; n++) {
        sentence[0] = 0;
        leftovers_refuse(n);
        good = log_read(&log_file, scratch_path("mine.log"), &why);
        leftovers_refuse(0);
        ck_assert(!good);
        ck_assert_str_eq(sentence, "not enough memory");
    }
    ck_assert(!log_parse(&log_file, "empty", NULL, 0, &why));
    ck_assert_str_eq(sentence, "empty has no line 'name = hex'");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_a_sentence)
{
    ck_assert(!log_read(&log_file, scratch_path("missing"), &why));
    assert_says(sentence, "No such file");
    ck_assert(!log_read(&log_file, scratch_path("."), &why));
    assert_says(sentence, "cannot ");
    (void)scratch_write_bytes("mine.log", "V_C = 00\0\n", 10, 0600);
    ck_assert(!log_read(&log_file, scratch_path("mine.log"), &why));
    assert_says(sentence, "is not a text");
}
END_TEST

/* It stays open, for whoever has it. */
static int read_standard_input(void)
{
    if (freopen(scratch_write("input", "V_C = 00\n", 0600), "r", stdin) == NULL)
        return 1;
    if (!log_read(&log_file, "-", &why))
        return 2;
    log_free(&log_file);
    return fcntl(fileno(stdin), F_GETFD) < 0;
}

START_TEST(a_hyphen_is_the_standard_input)
{
    succeeds_in_child(read_standard_input);
}
END_TEST

START_TEST(a_file_may_not_be_endless)
{
    size_t len = (4 << 20) + 1;
    char *text = malloc(len + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, '#', len);
    text[len] = 0;
    ck_assert(!read_log(text));
    assert_says(sentence, "larger than 4 MiB");
    for (size_t i = 0; i < LOG_LINES_MAX; i++)
        memcpy(text + 7 * i, "A = 00\n", 8);
    ck_assert(!read_log(text));
    assert_says(sentence, "too many lines");
    text[(size_t)7 * (LOG_LINES_MAX - 1)] = 0;
    ck_assert(read_log(text));
    log_free(&log_file);
    text[(size_t)7 * (LOG_LINES_MAX - 1)] = '#';
    text[len - 1] = 0; /* as large as a file may be */
    ck_assert(read_log(text));
    log_free(&log_file);
    free(text);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, lines_are_names_and_hex);
    add_test(suite, a_mistake_is_reported_with_its_line);
    add_test(suite, hex_is_pairs_of_digits);
    add_test(suite, names_are_bounded);
    add_test(suite, without_memory_nothing_is_read);
    add_test(suite, a_file_that_cannot_be_read_is_a_sentence);
    add_test(suite, a_hyphen_is_the_standard_input);
    add_test(suite, a_file_may_not_be_endless);
}
