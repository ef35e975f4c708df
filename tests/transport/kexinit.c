/* KEXINIT, the choice from two of them, and the markers. RFC 4253 section 7.1, RFC
 * 8308 section 2.1, draft-ietf-sshm-strict-kex section 3.1. A real transport against a scripted
 * peer. */
#include "tests/support/script_peer.h"
#include "tests/support/suite.h"

#include <stdio.h>

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

/* The fields of a KEXINIT. */
struct fields {
    uint8_t cookie[16];
    struct bytes lists[10];
    uint8_t follows;
    uint32_t reserved;
};

static struct fields fields_of(struct bytes payload)
{
    struct reader r = read_from(payload);
    struct fields f;

    ck_assert_uint_eq(read_u8(&r), SSH_MSG_KEXINIT);
    memcpy(f.cookie, read_bytes(&r, 16).at, 16);
    for (size_t i = 0; i < 10; i++)
        f.lists[i] = read_name_list(&r);
    f.follows = read_u8(&r);
    f.reserved = read_u32(&r);
    ck_assert(read_done(&r));
    return f;
}

static struct fields own_kexinit(enum nacre_role role)
{
    set_up(role, true);
    ck_assert(loop_end_start(&real));
    return fields_of(script_expect(&script, &real, SSH_MSG_KEXINIT));
}

/* 4253/7.1/1, 4253/7.1/10, 4253/7.1/11, 4253/7.1/13, 4253/6.3/3, 4253/6.4/7 */
START_TEST(our_kexinit_has_no_empty_list_except_languages_no_none_and_no_guess)
{
    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++) {
        struct fields f = own_kexinit(role);

        for (size_t i = 0; i < 8; i++)
            ck_assert_uint_gt(f.lists[i].len, 0);
        for (size_t i = 2; i < 6; i++)
            ck_assert(!name_list_has(f.lists[i], "none"));
        for (size_t i = 6; i < 8; i++)
            assert_bytes(f.lists[i], bytes_of("none"));
        for (size_t i = 8; i < 10; i++)
            ck_assert_uint_eq(f.lists[i].len, 0);
        ck_assert_uint_eq(f.follows, 0);
        ck_assert_uint_eq(f.reserved, 0);
        tear_down();
    }
}
END_TEST

/* 8308/2.1/1, 8308/2.2/2, strict/3.1/3 */
START_TEST(our_first_kexinit_has_the_markers_of_our_role_and_no_others)
{
    static const char *const markers[2][3] = {
        [NACRE_SERVER] = {"ext-info-s", "kex-strict-s", "kex-strict-s-v00@openssh.com"},
        [NACRE_CLIENT] = {"ext-info-c", "kex-strict-c", "kex-strict-c-v00@openssh.com"}};

    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++) {
        struct fields f = own_kexinit(role);

        for (size_t i = 0; i < 3; i++) {
            ck_assert(name_list_has(f.lists[0], markers[role][i]));
            ck_assert(!name_list_has(f.lists[0], markers[1 - role][i]));
        }
        tear_down();
    }
}
END_TEST

/* 8308/2.1/3, 4253/7.1/9 */
START_TEST(a_later_kexinit_has_no_markers_and_another_cookie)
{
    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++) {
        struct fields first, later;

        set_up(role, true);
        ck_assert(loop_end_start(&real));
        script_connect(&script, &real, NULL);
        first = fields_of((struct bytes){script.kexinit[role], script.kexinit_len[role]});
        script_kexinit(&script, NULL);
        later = fields_of(script_expect(&script, &real, SSH_MSG_KEXINIT));
        ck_assert_mem_ne(first.cookie, later.cookie, 16);
        assert_bytes(later.lists[0], bytes_of("curve25519-sha256"));
        tear_down();
    }
}
END_TEST

START_TEST(a_server_offers_only_host_key_algorithms_that_it_has_a_key_for)
{
    struct fields f = own_kexinit(NACRE_SERVER);

    assert_bytes(f.lists[1], bytes_of("ssh-ed25519"));
    tear_down();
}
END_TEST

START_TEST(configured_names_are_offered_in_their_order)
{
    struct fields f;

    set_up(NACRE_CLIENT, true);
    real.config.algorithms[ALGORITHM_CIPHER] =
        "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com";
    ck_assert(loop_end_start(&real));
    f = fields_of(script_expect(&script, &real, SSH_MSG_KEXINIT));
    assert_bytes(f.lists[2], bytes_of("aes128-gcm@openssh.com,chacha20-poly1305@openssh.com"));
    assert_bytes(f.lists[3], f.lists[2]);
    tear_down();
}
END_TEST

/* Send that KEXINIT; the real end answers with its own and chooses. */
static void offer(enum nacre_role role, const struct script_kexinit *k)
{
    set_up(role, false);
    ck_assert(loop_end_start(&real));
    script_kexinit(&script, k);
    script_take_kexinit(&script, script_expect(&script, &real, SSH_MSG_KEXINIT));
}

/* 4253/7.1/4 to 4253/7.1/8, 8308/2.2/4, strict/3.1/6, 4251/6/1: reason 3, KEY_EXCHANGE_FAILED. */
START_TEST(nothing_in_common_ends_the_session)
{
    static const struct script_kexinit offers[] = {
        {.kex = "unknown"},
        {.kex = ""},
        {.kex = "ext-info-c,ext-info-s"},
        {.kex = "kex-strict-s-v00@openssh.com,kex-strict-c-v00@openssh.com"},
        {.kex = "CURVE25519-SHA256"},
        {.host_key = "unknown"},
        {.host_key = ""},
        {.host_key = "ssh-rsa"},
        {.cipher = {"unknown", "aes256-gcm@openssh.com"}},
        {.cipher = {"aes256-gcm@openssh.com", "unknown"}},
        {.cipher = {"", "aes256-gcm@openssh.com"}},
        {.cipher = {"none", "none"}},
        {.cipher = {"aes128-ctr", "aes256-gcm@openssh.com"}, .mac = {"unknown", NULL}},
        {.cipher = {"aes256-gcm@openssh.com", "aes128-ctr"}, .mac = {NULL, "none"}},
        {.cipher = {"aes256-gcm@openssh.com", "aes128-ctr"}, .mac = {NULL, ""}},
        {.compression = {"zlib", NULL}},
        {.compression = {NULL, "unknown"}},
        {.compression = {NULL, ""}},
    };

    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++)
        for (size_t i = 0; i < COUNT(offers); i++) {
            offer(role, &offers[i]);
            script_expect_disconnect(&script, &real, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
            ck_assert_int_eq(real.transport.end.cause, NACRE_PROTOCOL_ERROR);
            tear_down();
        }
}
END_TEST

/* What the observer saw of lists without a common name. */
static struct {
    int count;
    char kind[64], lists[2][1024]; /* by role */
} seen;

static void see_mismatch(void *context, const char *kind, const char *client, size_t client_len,
                         const char *server, size_t server_len)
{
    ck_assert_ptr_eq(context, &real);
    ck_assert_uint_lt(client_len, sizeof seen.lists[0]);
    ck_assert_uint_lt(server_len, sizeof seen.lists[0]);
    seen.count++;
    (void)snprintf(seen.kind, sizeof seen.kind, "%s", kind);
    (void)snprintf(seen.lists[NACRE_CLIENT], sizeof seen.lists[0], "%.*s", (int)client_len, client);
    (void)snprintf(seen.lists[NACRE_SERVER], sizeof seen.lists[0], "%.*s", (int)server_len, server);
}

/* Both lists as on the wire, each with the role that sent it. */
START_TEST(the_observer_sees_which_kind_has_nothing_in_common_and_both_lists)
{
    static const struct {
        const char *kind;
        size_t list; /* of a KEXINIT */
        struct script_kexinit offer;
    } cases[] = {
        {"key exchange", 0, {.kex = "a,b@x"}},
        {"host key", 1, {.host_key = "a,b@x"}},
        {"cipher client to server", 2, {.cipher = {[NACRE_CLIENT] = "a,b@x"}}},
        {"cipher server to client", 3, {.cipher = {[NACRE_SERVER] = "a,b@x"}}},
        {"MAC client to server",
         4,
         {.cipher = {[NACRE_CLIENT] = "aes128-ctr"}, .mac = {[NACRE_CLIENT] = "a,b@x"}}},
        {"MAC server to client",
         5,
         {.cipher = {[NACRE_SERVER] = "aes128-ctr"}, .mac = {[NACRE_SERVER] = "a,b@x"}}},
        {"compression client to server", 6, {.compression = {[NACRE_CLIENT] = "a,b@x"}}},
        {"compression server to client", 7, {.compression = {[NACRE_SERVER] = "a,b@x"}}},
    };

    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++)
        for (size_t i = 0; i < COUNT(cases); i++) {
            enum nacre_role peer = role == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER;
            struct bytes ours;

            memset(&seen, 0, sizeof seen);
            set_up(role, false);
            real.observer.mismatch = see_mismatch;
            ck_assert(loop_end_start(&real));
            script_kexinit(&script, &cases[i].offer);
            ours = fields_of(script_expect(&script, &real, SSH_MSG_KEXINIT)).lists[cases[i].list];
            ck_assert_uint_gt(ours.len, 0);
            ck_assert_int_eq(seen.count, 1);
            ck_assert_str_eq(seen.kind, cases[i].kind);
            ck_assert_str_eq(seen.lists[peer], "a,b@x");
            assert_bytes(bytes_of(seen.lists[role]), ours);
            script_expect_disconnect(&script, &real, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
            tear_down();
        }
}
END_TEST

/* gcm/2/2, gcm/2/3, cc20/5/1 */
START_TEST(macs_do_not_matter_with_an_aead_cipher)
{
    static const struct script_kexinit offers[] = {
        {.mac = {"unknown", "none"}},
        {.mac = {"", ""}},
        {.cipher = {"aes128-gcm@openssh.com", "aes256-gcm@openssh.com"}, .mac = {"x", "y"}},
        {.cipher = {"aes128-ctr", "aes256-gcm@openssh.com"}, .mac = {"hmac-sha2-256", "y"}},
        {.cipher = {"aes128-gcm@openssh.com", "aes256-ctr"}, .mac = {"x", "hmac-sha2-512"}},
    };

    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++)
        for (size_t i = 0; i < COUNT(offers); i++) {
            offer(role, &offers[i]);
            ck_assert(!transport_ended(&real.transport));
            ck_assert_int_eq(real.transport.phase, PHASE_KEX);
            tear_down();
        }
}
END_TEST

/* 4253/7.1/2, 4253/7.1/3, 4253/6.3/1, 4253/6.4/5: the client's order decides, separately for each
 * direction. */
START_TEST(the_choice_follows_the_client_for_each_direction)
{
    static const char ours[] = "aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr";
    static const struct {
        const char *cipher[2], *mac[2]; /* that the script offers */
        const char *as_client[2];       /* chosen when the script is the client */
        const char *as_server[2];       /* ... the server */
    } cases[] = {
        {{"chacha20-poly1305@openssh.com,aes256-gcm@openssh.com", "aes256-gcm@openssh.com"},
         {NULL, NULL},
         {"chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"},
         {"aes256-gcm@openssh.com", "aes256-gcm@openssh.com"}},
        {{"x,aes128-ctr", "y,chacha20-poly1305@openssh.com,aes256-gcm@openssh.com"},
         {"hmac-sha2-512", "hmac-sha2-256"},
         {"aes128-ctr", "chacha20-poly1305@openssh.com"},
         {"aes128-ctr", "aes256-gcm@openssh.com"}},
    };

    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++)
        for (size_t i = 0; i < COUNT(cases); i++) {
            const char *const *chosen =
                role == NACRE_SERVER ? cases[i].as_client : cases[i].as_server;
            const struct script_kexinit k = {
                .cipher =
                    {[NACRE_CLIENT] = cases[i].cipher[0], [NACRE_SERVER] = cases[i].cipher[1]},
                .mac = {[NACRE_CLIENT] = cases[i].mac[0], [NACRE_SERVER] = cases[i].mac[1]}};

            set_up(role, false);
            real.config.algorithms[ALGORITHM_CIPHER] = ours;
            ck_assert(loop_end_start(&real));
            script_kexinit(&script, &k);
            (void)script_expect(&script, &real, SSH_MSG_KEXINIT);
            ck_assert_int_eq(real.exchanges, 1);
            ck_assert_str_eq(real.negotiated.kex, "curve25519-sha256");
            ck_assert_str_eq(real.negotiated.host_key, "ssh-ed25519");
            ck_assert_str_eq(real.negotiated.cipher_client_to_server, chosen[0]);
            ck_assert_str_eq(real.negotiated.cipher_server_to_client, chosen[1]);
            ck_assert((real.negotiated.mac_client_to_server != NULL) ==
                      (strcmp(chosen[0], "aes128-ctr") == 0));
            ck_assert_ptr_null(real.negotiated.mac_server_to_client);
            tear_down();
        }
}
END_TEST

/* strict/3.1/1, strict/3.1/5, strict/3.1/7, 8308/2.1/2, 8308/2.2/3, 8308/2.2/5 */
START_TEST(the_right_markers_count_anywhere_in_the_list)
{
    static const struct {
        const char *kex[2]; /* by the role that sends them */
        bool strict, ext_info;
    } cases[] = {
        {{"curve25519-sha256", "curve25519-sha256"}, false, false},
        {{"curve25519-sha256,kex-strict-s-v00@openssh.com",
          "curve25519-sha256,kex-strict-c-v00@openssh.com"},
         true,
         false},
        {{"kex-strict-s-v00@openssh.com,curve25519-sha256",
          "kex-strict-c-v00@openssh.com,curve25519-sha256"},
         true,
         false},
        {{"x,kex-strict-s,curve25519-sha256", "x,kex-strict-c,curve25519-sha256"}, true, false},
        {{"curve25519-sha256,kex-strict-s,kex-strict-s-v00@openssh.com,ext-info-s",
          "curve25519-sha256,kex-strict-c,kex-strict-c-v00@openssh.com,ext-info-c"},
         true,
         true},
        {{"ext-info-s,curve25519-sha256", "ext-info-c,curve25519-sha256"}, false, true},
        {{"curve25519-sha256,ext-info-s,x", "curve25519-sha256,ext-info-c,x"}, false, true},
        /* of the wrong role */
        {{"curve25519-sha256,kex-strict-c-v00@openssh.com,kex-strict-c,ext-info-c",
          "curve25519-sha256,kex-strict-s-v00@openssh.com,kex-strict-s,ext-info-s"},
         false,
         false},
        /* nearly */
        {{"curve25519-sha256,kex-strict-s-v01@openssh.com,KEX-STRICT-S,ext-info-ss",
          "curve25519-sha256,kex-strict-c-v01@openssh.com,KEX-STRICT-C,ext-info-cc"},
         false,
         false},
    };

    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++)
        for (size_t i = 0; i < COUNT(cases); i++) {
            const struct script_kexinit k = {.kex = cases[i].kex[1 - role]};

            set_up(role, cases[i].strict);
            ck_assert(loop_end_start(&real));
            script_connect(&script, &real, &k);
            ck_assert(real.transport.negotiated.strict == cases[i].strict);
            ck_assert(real.negotiated.strict == cases[i].strict);
            ck_assert_uint_eq(loop_end_count(&real, NACRE_SENT, SSH_MSG_EXT_INFO),
                              cases[i].ext_info);
            tear_down();
        }
}
END_TEST

/* strict/3.1/4, 8308/2.1/3 */
/* With require_strict_kex a peer without the marker is refused before any method runs. */
START_TEST(a_peer_without_strict_kex_is_refused_if_it_is_required)
{
    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++)
        for (int strict = 0; strict < 2; strict++) {
            set_up(role, strict);
            real.config.require_strict_kex = true;
            ck_assert(loop_end_start(&real));
            if (strict) {
                script_connect(&script, &real, NULL);
                ck_assert(real.negotiated.strict);
            } else {
                script_kexinit(&script, NULL);
                script_expect_disconnect(&script, &real, SSH_DISCONNECT_KEY_EXCHANGE_FAILED);
                ck_assert_int_eq(real.exchanges, 0);
            }
            tear_down();
        }
}
END_TEST

/* A later KEXINIT has no marker, and needs none. */
START_TEST(strict_kex_is_required_of_the_first_kexinit_only)
{
    set_up(NACRE_SERVER, true);
    real.config.require_strict_kex = true;
    ck_assert(loop_end_start(&real));
    script_connect(&script, &real, NULL);
    script_exchange(&script, &real, &(struct script_kexinit){.kex = "curve25519-sha256"});
    ck_assert_int_eq(real.transport.phase, PHASE_AUTH);
    ck_assert(real.transport.negotiated.strict);
    tear_down();
}
END_TEST

START_TEST(markers_in_a_later_kexinit_change_nothing)
{
    static const char with[] = "curve25519-sha256,kex-strict-c-v00@openssh.com,ext-info-c";
    static const struct {
        const char *first, *later;
        bool strict;
    } cases[] = {{"curve25519-sha256", with, false}, {with, "curve25519-sha256", true}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct script_kexinit first = {.kex = cases[i].first},
                                    later = {.kex = cases[i].later};

        set_up(NACRE_SERVER, cases[i].strict);
        ck_assert(loop_end_start(&real));
        script_connect(&script, &real, &first);
        script_exchange(&script, &real, &later); /* one before the login */
        loop_end_log_in(&real);
        script_exchange(&script, &real, &later);
        ck_assert(real.transport.negotiated.strict == cases[i].strict);
        ck_assert_int_eq(real.transport.phase, PHASE_CONNECTION);
        ck_assert_uint_eq(loop_end_count(&real, NACRE_SENT, SSH_MSG_EXT_INFO), cases[i].strict);
        tear_down();
    }
}
END_TEST

/* 4253/7.1/12, 4253/7.1/13, 4253/7.1/16, 4253/6.5/1, 4251/6/2, 4253/6.1/1 */
START_TEST(odd_but_legal_kexinits_are_accepted_and_hashed_unchanged)
{
    static char many[30000];
    const struct script_kexinit offers[] = {
        {.reserved = 0xdeadbeef},
        {.languages = {"en-GB,fi", "de"}},
        {.kex = "curve25519-sha256,curve25519-sha256,x,x"},
        {.kex = ",curve25519-sha256,,x"},
        {.cipher = {"chacha20-poly1305@openssh.com,", ",,chacha20-poly1305@openssh.com"}},
        {.kex = many},
        {.mac = {many, NULL}},
        {.host_key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,"
                     "ssh-ed25519"},
    };
    size_t len = 0;

    for (int i = 0; len < sizeof many - 100; i++)
        len += (size_t)sprintf(many + len, "unknown-%d@example.com,", i);
    (void)snprintf(many + len, sizeof many - len, "curve25519-sha256");
    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++)
        for (size_t i = 0; i < COUNT(offers); i++) {
            set_up(role, false);
            ck_assert(loop_end_start(&real));
            script_connect(&script, &real, &offers[i]);
            tear_down();
        }
}
END_TEST

/* 4251/5/7, 4251/5/8, 4253/7.1/14 */
START_TEST(malformed_kexinits_are_refused)
{
    static const struct script_kexinit offers[] = {
        {.kex = "curve25519-sha256, x"},
        {.host_key = "ssh-ed25519\n"},
        {.host_key = "ssh-ed25519,\xc3\xa9"},
        {.cipher = {"chacha20-poly1305@openssh.com\r", NULL}},
        {.mac = {NULL, "a\tb"}},
        {.compression = {"none ", NULL}},
        {.languages = {" ", NULL}},
        {.languages = {NULL, "\x7f"}},
        {.more = 1},
        {.more = 8},
    };

    for (size_t i = 0; i < COUNT(offers); i++) {
        offer(NACRE_SERVER, &offers[i]);
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
        tear_down();
    }
}
END_TEST

/* 4253/7.1/15, 4251/5/9 */
START_TEST(a_kexinit_cut_anywhere_is_refused)
{
    size_t whole = 2;

    for (size_t cut = 1; cut < whole; cut++) {
        set_up(NACRE_SERVER, false);
        ck_assert(loop_end_start(&real));
        script_kexinit(&script, NULL); /* to have one; what was queued is dropped */
        buffer_clear(&script.out, &script.pool);
        direction_init(&script.sending);
        whole = script.kexinit_len[NACRE_CLIENT];
        script_version(&script);
        script_send(&script, (struct bytes){script.kexinit[NACRE_CLIENT], cut});
        script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
        tear_down();
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, our_kexinit_has_no_empty_list_except_languages_no_none_and_no_guess);
    add_test(suite, our_first_kexinit_has_the_markers_of_our_role_and_no_others);
    add_test(suite, a_later_kexinit_has_no_markers_and_another_cookie);
    add_test(suite, a_server_offers_only_host_key_algorithms_that_it_has_a_key_for);
    add_test(suite, configured_names_are_offered_in_their_order);
    add_test(suite, nothing_in_common_ends_the_session);
    add_test(suite, the_observer_sees_which_kind_has_nothing_in_common_and_both_lists);
    add_test(suite, macs_do_not_matter_with_an_aead_cipher);
    add_test(suite, the_choice_follows_the_client_for_each_direction);
    add_test(suite, the_right_markers_count_anywhere_in_the_list);
    add_test(suite, a_peer_without_strict_kex_is_refused_if_it_is_required);
    add_test(suite, strict_kex_is_required_of_the_first_kexinit_only);
    add_test(suite, markers_in_a_later_kexinit_change_nothing);
    add_test(suite, odd_but_legal_kexinits_are_accepted_and_hashed_unchanged);
    add_test(suite, malformed_kexinits_are_refused);
    add_test(suite, a_kexinit_cut_anywhere_is_refused);
}
