#include "apps/observe/decode.h"

#include "tests/support/suite.h"
#include "transport/message.h"

#include <stdio.h>

static struct message_context context;
static char seen[4096]; /* "0:name@at+len " of each field */
static struct decoder decoder;

static void decode(struct bytes payload)
{
    struct field f;
    size_t n = 0, covered = 1;

    seen[0] = 0;
    decode_begin(&decoder, &context, NACRE_RECEIVED, payload);
    while (decode_next(&decoder, &f)) {
        n += (size_t)snprintf(seen + n, sizeof seen - n, "%s%u:%s@%zu+%zu%s", n > 0 ? " " : "",
                              f.depth, f.name, f.at, f.len, f.secret ? "!" : "");
        ck_assert_uint_lt(n, sizeof seen);
        if (f.depth == 0) {
            ck_assert_uint_eq(f.at, covered);
            covered += f.len;
        }
    }
    ck_assert_uint_eq(covered, payload.len); /* every byte belongs to a field */
}

static struct writer begin(uint8_t *out, size_t size, uint8_t number)
{
    struct writer w = write_to(out, size);

    write_u8(&w, number);
    return w;
}

static struct writer begin_login(uint8_t *out, size_t size, const char *method)
{
    struct writer w = begin(out, size, SSH_MSG_USERAUTH_REQUEST);

    write_text(&w, "al");
    write_text(&w, "svc");
    write_text(&w, method);
    return w;
}

static uint8_t out[1024], long_out[2048];

START_TEST(fields_have_their_place)
{
    struct writer w = begin(out, sizeof out, SSH_MSG_CHANNEL_DATA);

    write_u32(&w, 7);
    write_text(&w, "hello");
    decode(written_bytes(&w));
    ck_assert_str_eq(seen, "0:recipient channel@1+4 0:data@5+9");
    ck_assert(!decoder.malformed);
    ck_assert_ptr_null(decoder.kind);
}
END_TEST

START_TEST(parts_of_a_fixed_size_have_their_place)
{
    struct writer w = begin(long_out, sizeof long_out, SSH_MSG_KEX_ECDH_INIT);

    context.kex = context_kex_find("mlkem768x25519-sha256");
    write_u32(&w, 1184 + 32);
    for (int i = 0; i < 1184 + 32; i++)
        write_u8(&w, 0);
    decode(written_bytes(&w));
    ck_assert_str_eq(seen, "0:C_INIT@1+1220 1:C_PK2@5+1184 1:C_PK1@1189+32");
    ck_assert(!decoder.malformed);
    context.kex = NULL;
}
END_TEST

START_TEST(the_request_type_chooses_the_fields_after_it)
{
    struct writer w = begin(out, sizeof out, SSH_MSG_CHANNEL_REQUEST);

    write_u32(&w, 7);
    write_text(&w, "exit-status");
    write_bool(&w, false);
    write_u32(&w, 3);
    decode(written_bytes(&w));
    ck_assert_str_eq(seen, "0:recipient channel@1+4 0:request type@5+15 0:want reply@20+1 "
                           "0:exit_status@21+4");
    ck_assert_str_eq(decoder.kind->section, "RFC 4254 6.10");
}
END_TEST

START_TEST(an_unknown_request_has_data_of_its_own)
{
    struct writer w = begin(out, sizeof out, SSH_MSG_CHANNEL_REQUEST);

    write_u32(&w, 7);
    write_text(&w, "x");
    write_bool(&w, false);
    write_u32(&w, 3);
    decode(written_bytes(&w));
    ck_assert_str_eq(seen, "0:recipient channel@1+4 0:request type@5+5 0:want reply@10+1 "
                           "0:type-specific data@11+4");
    ck_assert(!decoder.malformed);
}
END_TEST

START_TEST(a_password_is_secret)
{
    struct writer w = begin_login(out, sizeof out, "password");

    write_bool(&w, false);
    write_text(&w, "pw");
    decode(written_bytes(&w));
    ck_assert_str_eq(seen, "0:user name@1+6 0:service name@7+7 0:method name@14+12 "
                           "0:changes password@26+1 0:plaintext password@27+6!");

    w = begin_login(out, sizeof out, "password");
    write_bool(&w, true);
    write_text(&w, "pw");
    write_text(&w, "new");
    decode(written_bytes(&w));
    ck_assert_ptr_nonnull(strstr(seen, "0:plaintext old password@27+6! "
                                       "0:plaintext new password@33+7!"));
}
END_TEST

START_TEST(what_may_hide_a_password_is_secret)
{
    static const uint8_t other[] = {75, 'p', 'w'};
    struct writer w = begin_login(out, sizeof out, "password");

    write_bool(&w, false);
    write_bytes(&w, bytes_of("password without a length"));
    decode(written_bytes(&w));
    ck_assert_ptr_nonnull(strstr(seen, " 0:rest@27+25!"));
    ck_assert(decoder.malformed);

    w = begin_login(out, sizeof out, "secret-handshake");
    write_text(&w, "pw");
    decode(written_bytes(&w));
    ck_assert_ptr_nonnull(strstr(seen, "0:method specific fields@34+6!"));

    decode(BYTES_OF_ARRAY(other));
    ck_assert_str_eq(seen, "0:rest@1+2!");

    w = begin(out, sizeof out, SSH_MSG_CHANNEL_REQUEST);
    write_u32(&w, 7);
    write_text(&w, "x11-req");
    write_u8(&w, 0);
    write_u8(&w, 0);
    write_u32(&w, 1000);
    write_text(&w, "cookie");
    decode(written_bytes(&w));
    ck_assert_ptr_nonnull(strstr(seen, "0:rest@18+14!"));
}
END_TEST

START_TEST(a_key_is_shown_with_what_is_inside_it)
{
    uint8_t *blob;
    struct writer w = begin_login(out, sizeof out, "publickey");

    write_bool(&w, false);
    write_text(&w, "ssh-ed25519");
    blob = write_string_begin(&w);
    write_text(&w, "ssh-ed25519");
    write_text(&w, "key");
    write_string_end(&w, blob);
    decode(written_bytes(&w));
    ck_assert_ptr_nonnull(strstr(seen, "0:public key blob@43+26 1:format identifier@47+15 "
                                       "1:key@62+7"));
    ck_assert(!decoder.malformed);
}
END_TEST

START_TEST(a_proof_ends_with_a_signature_and_its_parts)
{
    uint8_t *signature, *blob;
    struct writer w = begin_login(out, sizeof out, "publickey");

    write_bool(&w, true);
    write_text(&w, "");
    write_text(&w, "");
    signature = write_string_begin(&w);
    write_text(&w, "ecdsa-sha2-nistp256");
    blob = write_string_begin(&w);
    write_mpint(&w, bytes_of("\x7f"));
    write_mpint(&w, bytes_of("\x80"));
    write_string_end(&w, blob);
    write_string_end(&w, signature);
    decode(written_bytes(&w));
    ck_assert_ptr_nonnull(strstr(seen, "0:signature@36+42 1:format identifier@40+23 "
                                       "1:ecdsa_signature_blob@63+15 2:r@67+5 2:s@72+6"));
}
END_TEST

START_TEST(what_is_wrong_inside_a_key_does_not_make_the_message_malformed)
{
    struct writer w = begin_login(out, sizeof out, "publickey");

    write_bool(&w, false);
    write_text(&w, "");
    write_text(&w, "junk");
    decode(written_bytes(&w));
    ck_assert_ptr_nonnull(strstr(seen, "0:public key blob@32+8 1:rest@36+4"));
    ck_assert(!decoder.malformed);
}
END_TEST

START_TEST(repeated_fields_are_counted)
{
    struct writer w = begin(out, sizeof out, SSH_MSG_USERAUTH_INFO_RESPONSE);

    context.auth = WHEN_INTERACTIVE;
    write_u32(&w, 2);
    write_text(&w, "a");
    write_text(&w, "b");
    decode(written_bytes(&w));
    ck_assert_str_eq(seen, "0:num-responses@1+4 0:response[i]@5+5! 0:response[i]@10+5!");
    ck_assert(!decoder.malformed);
}
END_TEST

START_TEST(a_count_beyond_the_message_ends_with_it)
{
    struct writer w = begin(out, sizeof out, SSH_MSG_EXT_INFO);

    write_u32(&w, UINT32_MAX);
    write_text(&w, "a");
    write_text(&w, "b");
    decode(written_bytes(&w));
    ck_assert_str_eq(seen, "0:nr-extensions@1+4 0:extension-name@5+5 0:extension-value@10+5");
    ck_assert(decoder.malformed);
}
END_TEST

START_TEST(what_follows_the_last_field_is_shown_as_bytes)
{
    static const uint8_t message[] = {SSH_MSG_NEWKEYS, 1, 2};
    static const uint8_t unknown[] = {150, 1, 2, 3};

    decode(BYTES_OF_ARRAY(message));
    ck_assert_str_eq(seen, "0:rest@1+2");
    ck_assert(decoder.malformed);
    decode(BYTES_OF_ARRAY(unknown));
    ck_assert_str_eq(seen, "0:rest@1+3");
    ck_assert(!decoder.malformed); /* nobody knows */
    ck_assert_ptr_null(decoder.message);
}
END_TEST

START_TEST(a_message_that_is_cut_anywhere_is_malformed)
{
    struct writer w = begin(out, sizeof out, SSH_MSG_CHANNEL_OPEN);
    struct bytes whole;

    write_text(&w, "direct-tcpip");
    write_u32(&w, 0);
    write_u32(&w, 1);
    write_u32(&w, 2);
    write_text(&w, "host");
    write_u32(&w, 22);
    write_text(&w, "me");
    write_u32(&w, 99);
    whole = written_bytes(&w);
    decode(whole);
    ck_assert(!decoder.malformed);
    while (--whole.len > 0) {
        decode(whole);
        ck_assert(decoder.malformed);
    }
}
END_TEST

START_TEST(terminal_modes_are_pairs_up_to_their_end)
{
    static const uint8_t modes[] = {53, 0, 0, 0, 1, 0};
    struct writer w = begin(out, sizeof out, SSH_MSG_CHANNEL_REQUEST);

    write_u32(&w, 0);
    write_text(&w, "pty-req");
    write_bool(&w, true);
    write_text(&w, "vt100");
    for (int i = 0; i < 4; i++)
        write_u32(&w, 80);
    write_string(&w, BYTES_OF_ARRAY(modes));
    decode(written_bytes(&w));
    ck_assert_ptr_nonnull(strstr(seen, " 0:encoded terminal modes@42+10 1:opcode@46+1 "
                                       "1:argument@47+4 1:opcode@51+1"));
}
END_TEST

static void forget_context(void)
{
    context = (struct message_context){0};
}

void add_tests(struct suite *suite)
{
    suite_fixture(suite, forget_context, NULL);
    add_test(suite, fields_have_their_place);
    add_test(suite, parts_of_a_fixed_size_have_their_place);
    add_test(suite, the_request_type_chooses_the_fields_after_it);
    add_test(suite, an_unknown_request_has_data_of_its_own);
    add_test(suite, a_password_is_secret);
    add_test(suite, what_may_hide_a_password_is_secret);
    add_test(suite, a_key_is_shown_with_what_is_inside_it);
    add_test(suite, a_proof_ends_with_a_signature_and_its_parts);
    add_test(suite, what_is_wrong_inside_a_key_does_not_make_the_message_malformed);
    add_test(suite, repeated_fields_are_counted);
    add_test(suite, a_count_beyond_the_message_ends_with_it);
    add_test(suite, what_follows_the_last_field_is_shown_as_bytes);
    add_test(suite, a_message_that_is_cut_anywhere_is_malformed);
    add_test(suite, terminal_modes_are_pairs_up_to_their_end);
}
