/* The whole table: every message number in every phase, from either role, with and without strict
 * kex, against the rules of the RFCs. Written from their text, not from transport/phase.c. */
#include "tests/support/suite.h"
#include "transport/phase.h"

#define BETWEEN(first, n, last) ((first) <= (n) && (n) <= (last))

static bool in_first_exchange(enum phase phase)
{
    return phase == PHASE_KEXINIT || phase == PHASE_KEX || phase == PHASE_NEWKEYS;
}

static bool in_later_exchange(enum phase phase)
{
    return phase == PHASE_REKEY || phase == PHASE_REKEY_NEWKEYS;
}

static enum verdict legal_if(bool condition)
{
    return condition ? VERDICT_LEGAL : VERDICT_ILLEGAL;
}

/* Numbers that a document assigns: RFC 4250 section 4.1.2, RFC 8308, PROTOCOL section 1.8. All
 * others are the "unrecognized messages" of RFC 4253 section 11.4. */
static bool is_assigned(unsigned n)
{
    return BETWEEN(1, n, 7) || n == 20 || n == 21 || BETWEEN(30, n, 53) || n == 60 || n == 61 ||
           BETWEEN(80, n, 82) || BETWEEN(90, n, 100) || n == 192 || n == 193;
}

/* draft-ietf-sshm-strict-kex section 3.2: "implementations MUST terminate the connection if they
 * receive a non-KEX message during the initial key exchange"; and each "only the expected number of
 * times". DISCONNECT terminates too. */
static enum verdict under_strict(enum phase phase, unsigned n)
{
    return legal_if(n == 1 || (n == 20 && phase == PHASE_KEXINIT) ||
                    (BETWEEN(30, n, 49) && phase == PHASE_KEX) ||
                    (n == 21 && phase == PHASE_NEWKEYS));
}

/* RFC 4253 section 7.1: after KEXINIT only 1 to 19 except SERVICE_REQUEST and SERVICE_ACCEPT, 20 to
 * 29 except another KEXINIT, and the method's 30 to 49. RFC 8308 section 2.4: no EXT_INFO during a
 * key exchange. */
static enum verdict in_exchange(enum phase phase, unsigned n)
{
    if (BETWEEN(1, n, 4))
        return VERDICT_LEGAL;
    if (n == 20)
        return legal_if(phase == PHASE_KEXINIT);
    if (n == 21)
        return legal_if(phase == PHASE_NEWKEYS || phase == PHASE_REKEY_NEWKEYS);
    if (BETWEEN(30, n, 49))
        return legal_if(phase == PHASE_KEX || phase == PHASE_REKEY);
    return n < 30 && !is_assigned(n) ? VERDICT_UNIMPLEMENTED : VERDICT_ILLEGAL;
}

/* RFC 4252: sections 5.1.1 and 7, which role sends what; section 5.3, late requests are silently
 * ignored; section 6, the numbers. RFC 4253 section 11.4: what is not assigned is answered. */
static enum verdict authentication(enum phase phase, bool client, unsigned n)
{
    if (phase != PHASE_AUTH && phase != PHASE_CONNECTION)
        return VERDICT_ILLEGAL; /* no such service was requested: RFC 4253 section 10 */
    if (phase == PHASE_CONNECTION && client)
        return is_assigned(n) ? VERDICT_IGNORE : VERDICT_UNIMPLEMENTED;
    if (BETWEEN(54, n, 59))
        return VERDICT_UNIMPLEMENTED;
    if (phase == PHASE_CONNECTION)
        return VERDICT_ILLEGAL;
    if (!is_assigned(n))
        return VERDICT_UNIMPLEMENTED;
    return legal_if(client == (n == 50 || n == 61)); /* RFC 4256 section 3.4: a client's */
}

/* RFC 4252 section 6: 80 and higher before authentication is complete "is an error, to which the
 * server MUST respond by disconnecting". Pings belong to the transport, and are not answered until
 * then (draft-miller-ssh-ping section 4). */
static enum verdict upper(enum phase phase, unsigned n)
{
    if (phase == PHASE_CONNECTION)
        return is_assigned(n) ? VERDICT_LEGAL : VERDICT_UNIMPLEMENTED;
    return n == 192 || n == 193 ? VERDICT_IGNORE : VERDICT_ILLEGAL;
}

static enum verdict under_keys(enum phase phase, bool client, unsigned n)
{
    switch (n) {
    case 1:
    case 2:
    case 3:
    case 4:
        return VERDICT_LEGAL; /* RFC 4253 section 11: at any time */
    case 5:
        return legal_if(client &&
                        phase != PHASE_CONNECTION); /* RFC 4253 section 10 does not say "once" */
    case 6:
        return legal_if(!client && (phase == PHASE_FIRST || phase == PHASE_SERVICE));
    case 7: /* RFC 8308 section 2.4: next after NEWKEYS; a server's also right before
               USERAUTH_SUCCESS */
        return legal_if(phase == PHASE_FIRST || (!client && phase == PHASE_AUTH));
    case 20:
        return VERDICT_LEGAL; /* RFC 4253 section 9: re-exchange at any time */
    default:
        break;
    }
    if (n >= 80)
        return upper(phase, n);
    if (n >= 50)
        return authentication(phase, client, n);
    return is_assigned(n) ? VERDICT_ILLEGAL : VERDICT_UNIMPLEMENTED;
}

static enum verdict by_the_book(enum phase phase, bool client, bool strict, unsigned n)
{
    if (phase == PHASE_VERSION)
        return VERDICT_ILLEGAL; /* no packets before the identification */
    if (strict && in_first_exchange(phase))
        return under_strict(phase, n);
    if (in_first_exchange(phase) || in_later_exchange(phase))
        return in_exchange(phase, n);
    return under_keys(phase, client, n);
}

static void check_row(enum phase phase, enum nacre_role from, bool strict)
{
    for (unsigned n = 0; n < 256; n++)
        ck_assert_msg(phase_judge(phase, from, strict, (uint8_t)n) ==
                          by_the_book(phase, from == NACRE_CLIENT, strict, n),
                      "message %u from the %s in phase %s%s: verdict %d, should be %d", n,
                      from == NACRE_CLIENT ? "client" : "server", phase_name(phase),
                      strict ? ", strict" : "", phase_judge(phase, from, strict, (uint8_t)n),
                      by_the_book(phase, from == NACRE_CLIENT, strict, n));
}

static void check_phase(enum phase phase)
{
    check_row(phase, NACRE_CLIENT, false);
    check_row(phase, NACRE_CLIENT, true);
    check_row(phase, NACRE_SERVER, false);
    check_row(phase, NACRE_SERVER, true);
}

START_TEST(no_packet_is_legal_before_the_identification)
{
    check_phase(PHASE_VERSION);
}
END_TEST

START_TEST(every_verdict_follows_the_rfcs_while_kexinit_is_awaited)
{
    check_phase(PHASE_KEXINIT);
}
END_TEST

START_TEST(every_verdict_follows_the_rfcs_in_the_first_exchange)
{
    check_phase(PHASE_KEX);
}
END_TEST

START_TEST(every_verdict_follows_the_rfcs_while_newkeys_is_awaited)
{
    check_phase(PHASE_NEWKEYS);
}
END_TEST

START_TEST(every_verdict_follows_the_rfcs_right_after_newkeys)
{
    check_phase(PHASE_FIRST);
}
END_TEST

START_TEST(every_verdict_follows_the_rfcs_before_the_service)
{
    check_phase(PHASE_SERVICE);
}
END_TEST

START_TEST(every_verdict_follows_the_rfcs_during_authentication)
{
    check_phase(PHASE_AUTH);
}
END_TEST

START_TEST(every_verdict_follows_the_rfcs_after_authentication)
{
    check_phase(PHASE_CONNECTION);
}
END_TEST

START_TEST(every_verdict_follows_the_rfcs_in_a_later_exchange)
{
    check_phase(PHASE_REKEY);
}
END_TEST

START_TEST(every_verdict_follows_the_rfcs_while_a_later_newkeys_is_awaited)
{
    check_phase(PHASE_REKEY_NEWKEYS);
}
END_TEST

/* strict/3.2/7: only the first exchange is strict. */
START_TEST(strict_kex_changes_nothing_after_the_first_exchange)
{
    for (enum phase phase = PHASE_FIRST; phase < PHASE_COUNT; phase++)
        for (unsigned n = 0; n < 256; n++) {
            ck_assert_int_eq(phase_judge(phase, NACRE_CLIENT, true, (uint8_t)n),
                             phase_judge(phase, NACRE_CLIENT, false, (uint8_t)n));
            ck_assert_int_eq(phase_judge(phase, NACRE_SERVER, true, (uint8_t)n),
                             phase_judge(phase, NACRE_SERVER, false, (uint8_t)n));
        }
}
END_TEST

START_TEST(every_phase_has_its_own_name)
{
    for (enum phase a = 0; a < PHASE_COUNT; a++) {
        ck_assert_ptr_nonnull(phase_name(a));
        for (enum phase b = 0; b < a; b++)
            ck_assert_str_ne(phase_name(a), phase_name(b));
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, no_packet_is_legal_before_the_identification);
    add_test(suite, every_verdict_follows_the_rfcs_while_kexinit_is_awaited);
    add_test(suite, every_verdict_follows_the_rfcs_in_the_first_exchange);
    add_test(suite, every_verdict_follows_the_rfcs_while_newkeys_is_awaited);
    add_test(suite, every_verdict_follows_the_rfcs_right_after_newkeys);
    add_test(suite, every_verdict_follows_the_rfcs_before_the_service);
    add_test(suite, every_verdict_follows_the_rfcs_during_authentication);
    add_test(suite, every_verdict_follows_the_rfcs_after_authentication);
    add_test(suite, every_verdict_follows_the_rfcs_in_a_later_exchange);
    add_test(suite, every_verdict_follows_the_rfcs_while_a_later_newkeys_is_awaited);
    add_test(suite, strict_kex_changes_nothing_after_the_first_exchange);
    add_test(suite, every_phase_has_its_own_name);
}
