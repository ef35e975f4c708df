/* Two readings of the RFCs: which message is legal when, in nacre-spec and in the library. */
#include "apps/spec/legal.h"
#include "tests/support/suite.h"
#include "transport/phase.h"

static const enum phase phase_of[STAGES] = {
    [STAGE_KEXINIT] = PHASE_KEXINIT,
    [STAGE_METHOD] = PHASE_KEX,
    [STAGE_NEWKEYS] = PHASE_NEWKEYS,
    [STAGE_FIRST] = PHASE_FIRST,
    [STAGE_SERVICE] = PHASE_SERVICE,
    [STAGE_AUTH] = PHASE_AUTH,
    [STAGE_CONNECTION] = PHASE_CONNECTION,
    [STAGE_REKEY] = PHASE_REKEY,
    [STAGE_REKEY_NEWKEYS] = PHASE_REKEY_NEWKEYS,
};

static const enum legality legality_for[] = {
    [VERDICT_LEGAL] = LEGAL,
    [VERDICT_IGNORE] = LEGAL_IGNORED,
    [VERDICT_UNIMPLEMENTED] = LEGAL_UNKNOWN,
    [VERDICT_ILLEGAL] = LEGAL_NEVER,
};

START_TEST(both_readings_agree_in_every_cell)
{
    for (enum stage stage = 0; stage < STAGES; stage++)
        for (enum nacre_role from = 0; from < 2; from++)
            for (int strict = 0; strict < 2; strict++)
                for (int number = 0; number < 256; number++) {
                    enum legality ours = legality_of(stage, from, strict, (uint8_t)number);
                    enum verdict theirs =
                        phase_judge(phase_of[stage], from, strict, (uint8_t)number);

                    ck_assert_msg(ours == legality_for[theirs],
                                  "message %d from the %s in phase %s%s: %d, but the library: %d",
                                  number, from == NACRE_SERVER ? "server" : "client",
                                  phase_name(phase_of[stage]), strict ? ", strict" : "", ours,
                                  legality_for[theirs]);
                }
}
END_TEST

/* draft-ietf-sshm-strict-kex section 3.2 */
START_TEST(under_strict_kex_nothing_else_comes_before_newkeys)
{
    for (int number = 0; number < 20; number++)
        ck_assert_int_eq(legality_of(STAGE_METHOD, NACRE_CLIENT, true, (uint8_t)number),
                         number == 1 ? LEGAL : LEGAL_NEVER);
    ck_assert_int_eq(legality_of(STAGE_METHOD, NACRE_CLIENT, false, 2), LEGAL);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, both_readings_agree_in_every_cell);
    add_test(suite, under_strict_kex_nothing_else_comes_before_newkeys);
}
