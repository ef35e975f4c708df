/* One event, as text and as JSON. */
#include "apps/observe/event.h"

#include "tests/support/suite.h"
#include "transport/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static char buffer[4096];

static void expect(struct line l, const char *text)
{
    ck_assert(!l.full);
    l.at[l.len] = 0;
    ck_assert_str_eq(l.at, text);
}

static struct line each_value(const struct trace_style *style, uint64_t conn)
{
    struct line l = line_in(buffer, sizeof buffer);
    struct event e = event_begin(&l, style, 12000034, conn, "news");

    event_text(&e, "news", bytes_of("simple"));
    event_text(&e, "text", bytes_of("a, b"));
    event_text(&e, "empty", bytes_of(""));
    event_text(&e, "binary", bytes_of("\xff"));
    event_number(&e, "number", 18446744073709551615U);
    event_number(&e, "none", 0);
    event_flag(&e, "yes", true);
    event_flag(&e, "no", false);
    event_hex(&e, "hex", (struct bytes){(const uint8_t[]){0, 0xab}, 2});
    event_end(&e);
    return l;
}

START_TEST(every_kind_of_value_has_its_form)
{
    const struct trace_style text = {0}, json = {.json = true};

    expect(each_value(&text, 7),
           "12.000034 #7 news simple, text 'a, b', empty '', binary '\\xff', "
           "number 18446744073709551615, none 0, yes true, no false, hex 00ab\n");
    expect(each_value(&json, 7),
           "{\"us\":12000034,\"conn\":7,\"event\":\"news\",\"news\":\"simple\",\"text\":\"a, b\","
           "\"empty\":\"\",\"binary\":\"ff\",\"number\":18446744073709551615,\"none\":0,"
           "\"yes\":true,\"no\":false,\"hex\":\"00ab\"}\n");
}
END_TEST

START_TEST(an_event_may_belong_to_no_connection)
{
    const struct trace_style text = {0}, json = {.json = true};
    const char *start = "12.000034 news simple, ", *object = "{\"us\":12000034,\"event\":\"news\",";

    ck_assert_mem_eq(each_value(&text, 0).at, start, strlen(start));
    ck_assert_mem_eq(each_value(&json, 0).at, object, strlen(object));
}
END_TEST

/* What ends a value, or begins a quoted one, is in quotes. */
START_TEST(text_with_a_delimiter_is_quoted)
{
    static const char *const rows[][2] = {{"!", "!"},       {"~", "~"},         {" ", "' '"},
                                          {",", "','"},     {"'", "'\\''"},     {"\"", "'\"'"},
                                          {"\\", "'\\\\'"}, {"\x7f", "'\\x7f'"}};
    const struct trace_style text = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct line l = line_in(buffer, sizeof buffer);
        struct event e = event_begin(&l, &text, 0, 0, "e");
        char expected[64];

        event_text(&e, "t", bytes_of(rows[i][0]));
        (void)snprintf(expected, sizeof expected, "0.000000 e t %s", rows[i][1]);
        expect(l, expected);
    }
}
END_TEST

/* ---- the header ---- */

static struct line header(bool json, bool secrets, bool data)
{
    const struct trace_style style = {.json = json, .show = {.secrets = secrets, .data = data}};
    struct line l = line_in(buffer, sizeof buffer);

    event_put_header(&l, &style, "p", "1.0", "now");
    return l;
}

START_TEST(the_header_says_what_the_trace_contains)
{
    expect(header(false, false, false), "trace of p 1.0, begun now\n");
    expect(header(false, true, true), "trace of p 1.0, begun now, with its secrets\n");
    expect(header(true, false, false), "{\"trace\":1,\"program\":\"p\",\"version\":\"1.0\","
                                       "\"time\":\"now\",\"secrets\":false,\"data\":64}\n");
    expect(header(true, true, true), "{\"trace\":1,\"program\":\"p\",\"version\":\"1.0\","
                                     "\"time\":\"now\",\"secrets\":true,\"data\":null}\n");
}
END_TEST

/* ISO 8601, in microseconds */
START_TEST(the_time_is_that_of_the_clock)
{
    struct timespec before, after;
    char text[EVENT_TIME_SIZE], *end;
    struct tm utc = {0};
    int64_t us;

    (void)clock_gettime(CLOCK_REALTIME, &before);
    ck_assert_ptr_eq(event_time(text), text);
    (void)clock_gettime(CLOCK_REALTIME, &after);
    end = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    ck_assert_ptr_nonnull(end);
    ck_assert(end[0] == '.' && strlen(end) == 8 && end[7] == 'Z');
    us = (int64_t)timegm(&utc) * 1000000 + (int64_t)strtol(end + 1, NULL, 10);
    ck_assert_int_ge(us, (int64_t)before.tv_sec * 1000000 + before.tv_nsec / 1000);
    ck_assert_int_le(us, (int64_t)after.tv_sec * 1000000 + after.tv_nsec / 1000);
}
END_TEST

/* ---- the key exchange ---- */

static struct key_exchange exchange;
static uint8_t payloads[2][256];

/* The first list, and a list of the others that both have. */
static void offer(enum nacre_role role, const char *first)
{
    struct writer w = write_to(payloads[role], sizeof payloads[role]);

    write_u8(&w, SSH_MSG_KEXINIT);
    write_u64(&w, 0);
    write_u64(&w, 0);
    write_text(&w, first);
    for (int i = 1; i < KEXINIT_LISTS; i++)
        write_text(&w, i == 1 ? "h" : "");
    write_bool(&w, false);
    write_u32(&w, 0);
    exchange.kexinit[role] = written_bytes(&w);
}

static struct line negotiated(bool json)
{
    const struct nacre_negotiated choice = {.kex = "b", .host_key = "h", .strict = true};
    const struct trace_style style = {.json = json};
    struct line l = line_in(buffer, sizeof buffer);

    event_put_negotiated(&l, &style, 1, 2, &choice, &exchange);
    return l;
}

START_TEST(what_was_chosen_is_shown_with_both_lists)
{
    const char *text = "0.000001 #2 negotiated strict key exchange true\n"
                       "    kex_algorithms: b [the first of the client's names that the server has "
                       "too]\n        client: a, *b*\n        server: *b*, c\n"
                       "    server_host_key_algorithms: h [the client's first, and the server has "
                       "it too]\n        client: *h*\n        server: *h*\n"
                       "    encryption_algorithms_client_to_server: [no name in common]\n"
                       "        client: \n        server: \n";
    const char *json = "{\"us\":1,\"conn\":2,\"event\":\"negotiated\",\"kex\":\"b\","
                       "\"host_key\":\"h\",\"strict\":true,\"lists\":["
                       "{\"name\":\"kex_algorithms\",\"chosen\":\"b\",\"why\":\"the first of the "
                       "client's names that the server has too\",\"client\":[\"a\",\"b\"],"
                       "\"server\":[\"b\",\"c\"]},"
                       "{\"name\":\"server_host_key_algorithms\",\"chosen\":\"h\",\"why\":\"the "
                       "client's first, and the server has it too\",\"client\":[\"h\"],"
                       "\"server\":[\"h\"]},"
                       "{\"name\":\"encryption_algorithms_client_to_server\",\"why\":\"no name in "
                       "common\",\"client\":[],\"server\":[]}";
    struct line l;

    offer(NACRE_CLIENT, "a,b");
    offer(NACRE_SERVER, "b,c");
    l = negotiated(false);
    ck_assert(!l.full);
    l.at[strlen(text)] = 0;
    ck_assert_str_eq(l.at, text);
    l = negotiated(true);
    ck_assert_int_eq(strncmp(l.at + l.len - 4, "}]}\n", 4), 0);
    l.at[strlen(json)] = 0;
    ck_assert_str_eq(l.at, json);
}
END_TEST

/* A whole exchange; of K one byte. */
static void make_exchange(bool keep)
{
    static const uint8_t kexinits[2][2] = {{SSH_MSG_KEXINIT, 1}, {SSH_MSG_KEXINIT, 2}};
    static const uint8_t init[] = {SSH_MSG_KEX_ECDH_INIT, 0, 0, 0, 1, 0x51};
    static const uint8_t reply[] = {
        SSH_MSG_KEX_ECDH_REPLY, 0, 0, 0, 2, 0x61, 0x62, 0, 0, 0, 1, 0x52, 0, 0, 0, 0};
    static const uint8_t k[] = {0, 0, 0, 1, 0x42}, h[] = {0xaa, 0xbb}, next[] = {0xcc};
    const struct message_context context = {.kex = context_kex_find("curve25519-sha256")};

    exchange = (struct key_exchange){.version_len = {0, 0}};
    key_exchange_version(&exchange, NACRE_CLIENT, bytes_of("SSH-2.0-c\r\n"));
    key_exchange_version(&exchange, NACRE_SERVER, bytes_of("SSH-2.0-s\r\n"));
    key_exchange_kexinit(&exchange, NACRE_CLIENT, BYTES_OF_ARRAY(kexinits[NACRE_CLIENT]));
    key_exchange_kexinit(&exchange, NACRE_SERVER, BYTES_OF_ARRAY(kexinits[NACRE_SERVER]));
    key_exchange_message(&exchange, &context, BYTES_OF_ARRAY(init));
    key_exchange_message(&exchange, &context, BYTES_OF_ARRAY(reply));
    key_exchange_secret(&exchange, BYTES_OF_ARRAY(k), keep);
    key_exchange_hash(&exchange, BYTES_OF_ARRAY(h));
    key_exchange_hash(&exchange, BYTES_OF_ARRAY(next));
}

static void expect_hash(bool json, bool shows, bool keep, const char *expected)
{
    const struct trace_style style = {.json = json, .show.secrets = shows};
    struct line l = line_in(buffer, sizeof buffer);

    make_exchange(keep);
    event_put_hash(&l, &style, 1, 2, &exchange, context_kex_find("curve25519-sha256"));
    expect(l, expected);
    key_exchange_clear(&exchange);
}

#define TEXT_INPUTS                                                                                \
    "0.000001 #2 hash SHA-256\n    V_C: string 5353482d322e302d63 (9 bytes)\n"                     \
    "    V_S: string 5353482d322e302d73 (9 bytes)\n    I_C: string " I_C " (2 bytes)\n"            \
    "    I_S: string " I_S " (2 bytes)\n    K_S: string 6162 (2 bytes)\n"                          \
    "    Q_C: string 51 (1 byte)\n    Q_S: string 52 (1 byte)\n    K: mpint "
#define TEXT_RESULTS "    H: cc\n    session_id: aabb\n"
#define INPUT(name, len, hex)                                                                      \
    "{\"name\":\"" name "\",\"type\":\"string\",\"len\":" len ",\"hex\":\"" hex "\"},"
#define JSON_INPUTS                                                                                \
    "{\"us\":1,\"conn\":2,\"event\":\"hash\",\"hash\":\"SHA-256\",\"inputs\":[" INPUT(             \
        "V_C", "9", "5353482d322e302d63") INPUT("V_S", "9", "5353482d322e302d73")                  \
        INPUT("I_C", "2", I_C) INPUT("I_S", "2", I_S) INPUT("K_S", "2", "6162")                    \
            INPUT("Q_C", "1", "51") INPUT("Q_S", "1", "52")
#define JSON_RESULTS "],\"H\":\"cc\",\"session_id\":\"aabb\"}\n"
#define I_C "1402"
#define I_S "1401"

/* K is shown on request, if it was kept. */
START_TEST(the_hash_is_shown_with_its_inputs)
{
    expect_hash(false, false, true, TEXT_INPUTS "not shown (1 byte)\n" TEXT_RESULTS);
    expect_hash(false, true, false, TEXT_INPUTS "not shown (1 byte)\n" TEXT_RESULTS);
    expect_hash(false, true, true, TEXT_INPUTS "42 (1 byte)\n" TEXT_RESULTS);
    expect_hash(true, false, true,
                JSON_INPUTS
                "{\"name\":\"K\",\"type\":\"mpint\",\"len\":1,\"secret\":true}" JSON_RESULTS);
    expect_hash(true, true, true,
                JSON_INPUTS
                "{\"name\":\"K\",\"type\":\"mpint\",\"len\":1,\"hex\":\"42\"}" JSON_RESULTS);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, every_kind_of_value_has_its_form);
    add_test(suite, an_event_may_belong_to_no_connection);
    add_test(suite, text_with_a_delimiter_is_quoted);
    add_test(suite, the_header_says_what_the_trace_contains);
    add_test(suite, the_time_is_that_of_the_clock);
    add_test(suite, what_was_chosen_is_shown_with_both_lists);
    add_test(suite, the_hash_is_shown_with_its_inputs);
}
