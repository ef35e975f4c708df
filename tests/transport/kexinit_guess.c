/* Guessed packets. RFC 4253 section 7. A real transport against a scripted peer. */
#include "tests/support/script_peer.h"
#include "tests/support/suite.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct loop_end real;
static struct script script;

static void set_up(enum nacre_role role, bool strict)
{
    loop_end_init(&real, role);
    script_init(&script, role == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER, strict);
    script_version(&script);
}

static void tear_down(void)
{
    script_part(&script, &real);
}

/* Our names: curve25519-sha256 first, ssh-ed25519 alone. Does the guessed packet count? */
static const struct {
    const char *kex, *host_key;
    uint8_t follows;
    bool wrong;
} guesses[] = {
    {"curve25519-sha256", "ssh-ed25519", 1, false},
    {"curve25519-sha256,unknown", "ssh-ed25519,unknown", 1, false},
    {"curve25519-sha256", "ssh-ed25519", 2, false},           /* 4251/5/1 */
    {"unknown,curve25519-sha256", "ssh-ed25519", 1, true},    /* 4253/7/2 */
    {"unknown,curve25519-sha256", "ssh-ed25519", 0xff, true}, /* 4251/5/1 */
    {"curve25519-sha256", "unknown,ssh-ed25519", 1, true},    /* 4253/7/3 */
    {"curve25519-sha256", "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519", 1, true},
    /* 8308/2.1/2, strict/3.1/7: markers are ignored */
    {"ext-info-c,curve25519-sha256", "ssh-ed25519", 1, false},
    {"ext-info-c,unknown,curve25519-sha256", "ssh-ed25519", 1, true},
};

/* KEXINIT and the guess together; a wrong guess is random bytes, and the right message follows it.
 */
static void guess(size_t i)
{
    const struct script_kexinit k = {
        .kex = guesses[i].kex, .host_key = guesses[i].host_key, .follows = guesses[i].follows};

    script_kexinit(&script, &k);
    if (guesses[i].wrong)
        script_text(&script, SSH_MSG_KEX_ECDH_INIT, "a share of another method");
    script_init_share(&script);
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
    script_take_reply(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_REPLY));
    (void)script_expect(&script, &real, SSH_MSG_NEWKEYS);
    script_take_newkeys(&script);
    script_newkeys(&script);
    script_pump(&script, &real);
    ck_assert(!transport_ended(&real.transport));
}

/* 4253/7/1, 4253/7/2, 4253/7/3 */
START_TEST(a_right_guess_counts_and_a_wrong_one_is_dropped)
{
    for (size_t i = 0; i < COUNT(guesses); i++) {
        set_up(NACRE_SERVER, false);
        ck_assert(loop_end_start(&real));
        guess(i);
        ck_assert_int_eq(real.transport.phase, PHASE_FIRST);
        tear_down();
    }
}
END_TEST

/* 4253/7/5 */
START_TEST(guesses_are_judged_in_a_later_exchange_too)
{
    for (size_t i = 0; i < COUNT(guesses); i++) {
        set_up(NACRE_SERVER, false);
        ck_assert(loop_end_start(&real));
        script_connect(&script, &real, NULL);
        guess(i);
        ck_assert_int_eq(real.transport.phase, PHASE_AUTH);
        tear_down();
    }
}
END_TEST

/* strict/3.2/6 */
START_TEST(a_wrong_guess_is_dropped_under_strict_kex)
{
    const struct script_kexinit k = {
        .kex = "unknown,curve25519-sha256,kex-strict-c-v00@openssh.com", .follows = 1};

    set_up(NACRE_SERVER, true);
    ck_assert(loop_end_start(&real));
    script_kexinit(&script, &k);
    script_text(&script, SSH_MSG_KEX_ECDH_INIT, "a share of another method");
    script_init_share(&script);
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
    script_take_reply(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_REPLY));
    tear_down();
}
END_TEST

/* 4253/7/4: announced but not sent; the next packet is taken for it, and the exchange still
 * completes. */
START_TEST(after_an_announced_guess_that_is_not_sent_only_the_next_packet_is_lost)
{
    const struct script_kexinit k = {.kex = "unknown,curve25519-sha256", .follows = 1};

    set_up(NACRE_SERVER, false);
    ck_assert(loop_end_start(&real));
    script_kexinit(&script, &k);
    script_init_share(&script);
    (void)script_expect(&script, &real, SSH_MSG_KEXINIT);
    ck_assert_uint_eq(script_next(&script).len, 0);
    ck_assert(!transport_ended(&real.transport));
    ck_assert_int_eq(real.transport.phase, PHASE_KEX);
    tear_down();
}
END_TEST

/* A server may guess too, although with one share each way it has nothing to send. */
START_TEST(a_client_drops_a_wrong_guess_of_the_server)
{
    const struct script_kexinit k = {.kex = "unknown,curve25519-sha256", .follows = 1};

    set_up(NACRE_CLIENT, false);
    ck_assert(loop_end_start(&real));
    script_kexinit(&script, &k);
    script_text(&script, SSH_MSG_KEX_ECDH_REPLY, "rubbish");
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
    script_take_init(&script, script_expect(&script, &real, SSH_MSG_KEX_ECDH_INIT));
    script_reply(&script);
    (void)script_expect(&script, &real, SSH_MSG_NEWKEYS);
    tear_down();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_right_guess_counts_and_a_wrong_one_is_dropped);
    add_test(suite, guesses_are_judged_in_a_later_exchange_too);
    add_test(suite, a_wrong_guess_is_dropped_under_strict_kex);
    add_test(suite, after_an_announced_guess_that_is_not_sent_only_the_next_packet_is_lost);
    add_test(suite, a_client_drops_a_wrong_guess_of_the_server);
}
