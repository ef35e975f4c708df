/* Group exchange, and peers that do it wrong. RFC 4419 section 3, RFC 8270, RFC 8268 section 4. A
 * real transport against a scripted peer. */
#include "tests/support/suite.h"
#include "tests/support/script_peer.h"
#include "tests/support/wiped.h"

static const char gex[] = "diffie-hellman-group-exchange-sha256";

enum { GROUP = 31, INIT = 32, REPLY = 33, REQUEST = 34, NUMBER_MAX = 1100 };

static struct loop_end real;
static struct script script;

/* Both KEXINITs were sent, and a client's REQUEST. */
static void begin(enum nacre_role role)
{
    script_init(&script, role == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER, false);
    loop_end_init(&real, role);
    real.config.algorithms[ALGORITHM_KEX] = gex;
    ck_assert(loop_end_start(&real));
    script_version(&script);
    script_kexinit(&script, &(struct script_kexinit){.kex = gex});
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
}

static void end(void)
{
    script_part(&script, &real);
}

static void expect_failure(void)
{
    script_expect_disconnect(&script, &real, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
    end();
}

static void expect_malformed(void)
{
    script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
    end();
}

static void send_request(uint32_t min, uint32_t preferred, uint32_t max, size_t more)
{
    uint8_t payload[32] = {0};
    struct writer w = write_to(payload, sizeof payload);

    write_u8(&w, REQUEST);
    write_u32(&w, min);
    write_u32(&w, preferred);
    write_u32(&w, max);
    script_send(&script, (struct bytes){payload, written(&w) + more});
}

/* Numbers as mpints; more: bytes after them. */
static void send_numbers(uint8_t number, struct bytes a, struct bytes b, size_t more)
{
    static uint8_t payload[3 * NUMBER_MAX];
    struct writer w = write_to(payload, sizeof payload);

    memset(payload, 0, sizeof payload);
    write_u8(&w, number);
    write_mpint(&w, a);
    if (b.len > 0)
        write_mpint(&w, b);
    ck_assert(!w.bad);
    script_send(&script, (struct bytes){payload, written(&w) + more});
}

/* ---- a server ---- */

START_TEST(a_server_chooses_a_group_of_the_requested_size)
{
    static const struct {
        uint32_t min, preferred, max;
        size_t bits;
    } cases[] = {
        {2048, 2048, 8192, 2048},
        {1024, 1024, 8192, 2048},
        {2048, 2049, 8192, 3072},
        {2048, 3072, 8192, 3072},
        {2048, 4096, 4096, 4096},
        {2048, 8192, 8192, 8192},
        {1024, 8192, 5000, 0 /* malformed */},
        {2048, 5000, 5000, 4096},
        {2048, 9000, 9000, 8192},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reader r;
        struct bytes p;

        begin(NACRE_SERVER);
        send_request(cases[i].min, cases[i].preferred, cases[i].max, 0);
        if (cases[i].bits == 0) {
            expect_failure();
            continue;
        }
        r = read_from(script_expect(&script, &real, GROUP));
        (void)read_u8(&r);
        p = read_mpint(&r);
        ck_assert_uint_eq(p.len * 8, cases[i].bits);
        ck_assert_uint_eq(read_mpint(&r).at[0], 2);
        ck_assert(read_done(&r));
        end();
    }
}
END_TEST

START_TEST(a_server_refuses_impossible_sizes)
{
    static const uint32_t sizes[][3] = {
        {3072, 2048, 8192},                      /* the preferred size is below min */
        {2048, 8192, 4096},                      /* ... above max */
        {1024, 1024, 1024},                      /* RFC 8270 section 3: too small */
        {1024, 1536, 2047}, {9000, 9000, 10000}, /* larger than any of our groups */
        {2049, 2050, 3071},                      /* none of our groups is between */
    };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(NACRE_SERVER);
        send_request(sizes[i][0], sizes[i][1], sizes[i][2], 0);
        expect_failure();
    }
}
END_TEST

START_TEST(a_server_refuses_a_request_that_ends_early_or_late)
{
    const uint8_t short_one[] = {REQUEST, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 32};

    begin(NACRE_SERVER);
    script_send(&script, BYTES_OF_ARRAY(short_one));
    expect_malformed();
    begin(NACRE_SERVER);
    send_request(2048, 2048, 8192, 1);
    expect_malformed();
}
END_TEST

START_TEST(a_server_refuses_an_unacceptable_share)
{
    static uint8_t large[257]; /* more than p */
    static const uint8_t one[] = {1}, zero[] = {0};
    const struct bytes shares[] = {{one, 1}, {zero, 1}, {large, sizeof large}};

    memset(large, 0xff, sizeof large);
    for (size_t i = 0; i < 3; i++) {
        begin(NACRE_SERVER);
        send_request(2048, 2048, 8192, 0);
        (void)script_expect(&script, &real, GROUP);
        send_numbers(INIT, shares[i], (struct bytes){NULL, 0}, 0);
        expect_failure();
    }
    begin(NACRE_SERVER);
    send_request(2048, 2048, 8192, 0);
    (void)script_expect(&script, &real, GROUP);
    send_numbers(INIT, (struct bytes){large, 100}, (struct bytes){NULL, 0}, 1);
    expect_malformed();
}
END_TEST

START_TEST(a_server_requires_a_request_for_a_group_first)
{
    static const uint8_t two[] = {2};

    begin(NACRE_SERVER);
    send_numbers(INIT, BYTES_OF_ARRAY(two), (struct bytes){NULL, 0}, 0);
    expect_failure();
}
END_TEST

/* ---- a client ---- */

/* RFC 4419 section 3: min, n and max; RFC 8270 section 3 for min. */
START_TEST(a_client_requests_no_small_group)
{
    struct reader r;

    begin(NACRE_CLIENT);
    r = read_from(script_expect(&script, &real, REQUEST));
    (void)read_u8(&r);
    ck_assert_uint_ge(read_u32(&r), 2048);
    ck_assert_uint_ge(read_u32(&r), 3072);
    ck_assert_uint_le(read_u32(&r), 8192);
    ck_assert(read_done(&r));
    end();
}
END_TEST

/* An odd number of that many bytes. A client accepts it, as it does not test for primes. */
static struct bytes modulus(size_t len)
{
    static uint8_t p[NUMBER_MAX];

    ck_assert_uint_le(len, sizeof p);
    memset(p, 0xfd, len);
    return (struct bytes){p, len};
}

START_TEST(a_client_refuses_an_unacceptable_group)
{
    static const uint8_t two[] = {2}, one[] = {1};
    static uint8_t even[256], long_g[NUMBER_MAX];
    const struct bytes g = BYTES_OF_ARRAY(two);
    const struct {
        struct bytes p, g;
        size_t more;
    } cases[] = {
        {modulus(255), g, 0},                      /* too small */
        {modulus(1025), g, 0},                     /* too large */
        {BYTES_OF_ARRAY(even), g, 0},              /* not odd */
        {modulus(256), BYTES_OF_ARRAY(one), 0},    /* g is 1, */
        {modulus(256), modulus(256), 0},           /* ... p, */
        {modulus(256), BYTES_OF_ARRAY(long_g), 0}, /* ... or much longer */
        {modulus(256), g, 1},                      /* trailing byte */
    };

    memset(even, 0xfe, sizeof even);
    memset(long_g, 0xfd, sizeof long_g);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes p = modulus(cases[i].p.len);

        begin(NACRE_CLIENT);
        (void)script_expect(&script, &real, REQUEST);
        send_numbers(GROUP, i == 2 ? cases[i].p : p, cases[i].g, cases[i].more);
        if (cases[i].more > 0)
            expect_malformed();
        else
            expect_failure();
    }
}
END_TEST

/* string K_S, mpint f, string signature */
static void send_reply(struct bytes f, size_t more)
{
    uint8_t payload[1024] = {0};
    struct writer w = write_to(payload, sizeof payload);

    write_u8(&w, REPLY);
    write_string(&w, private_key_blob(&script.host_key));
    write_mpint(&w, f);
    write_text(&w, "signature");
    ck_assert(!w.bad);
    script_send(&script, (struct bytes){payload, written(&w) + more});
}

START_TEST(a_client_refuses_an_unacceptable_share_and_a_wrong_signature)
{
    static const uint8_t two[] = {2}, one[] = {1};
    const struct bytes shares[] = {BYTES_OF_ARRAY(one), modulus(256), BYTES_OF_ARRAY(two)};

    for (size_t i = 0; i < 4; i++) {
        begin(NACRE_CLIENT);
        (void)script_expect(&script, &real, REQUEST);
        send_numbers(GROUP, modulus(256), BYTES_OF_ARRAY(two), 0);
        (void)script_expect(&script, &real, INIT);
        send_reply(shares[i % 3], i / 3);
        if (i == 3)
            expect_malformed();
        else
            expect_failure();
    }
}
END_TEST

/* Each end has one, in a buffer for the largest group. */
START_TEST(the_shared_secret_is_wiped)
{
    enum { LARGEST = 8192 / 8 };
    static struct loop loop;

    loop_open(&loop);
    loop.server.config.algorithms[ALGORITHM_KEX] = gex;
    loop.client.config.algorithms[ALGORITHM_KEX] = gex;
    wiped_record();
    loop_start(&loop);
    loop_run(&loop);
    ck_assert_int_eq(loop.client.exchanges, 1);
    assert_wiped(LARGEST, 2);
    loop_close(&loop);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_server_chooses_a_group_of_the_requested_size);
    add_test(suite, a_server_refuses_impossible_sizes);
    add_test(suite, a_server_refuses_a_request_that_ends_early_or_late);
    add_test(suite, a_server_refuses_an_unacceptable_share);
    add_test(suite, a_server_requires_a_request_for_a_group_first);
    add_test(suite, a_client_requests_no_small_group);
    add_test(suite, a_client_refuses_an_unacceptable_group);
    add_test(suite, a_client_refuses_an_unacceptable_share_and_a_wrong_signature);
    add_test(suite, the_shared_secret_is_wiped);
}
