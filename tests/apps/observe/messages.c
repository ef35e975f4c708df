#include "apps/observe/messages.h"

#include "apps/observe/line.h"
#include "tests/support/suite.h"
#include "transport/message.h"

#include <stdio.h>
#include <string.h>

/* Does a trace show all of it, without an escape? */
static bool is_plain(const char *text)
{
    if (strlen(text) > LINE_NAME_MAX)
        return false;
    for (; *text != 0; text++)
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
            return false;
    return true;
}

/* Check the rows of a list, and those inside them. Returns how many there are. */
static size_t check_rows(const struct field_row *rows, int depth)
{
    size_t n = 0;

    ck_assert_int_lt(depth, 10);
    for (const struct field_row *row = rows; row->type != FIELD_END; row++, n++) {
        if (row->type < FIELD_REPEAT)
            ck_assert(row->name != NULL && is_plain(row->name));
        if (row->type >= FIELD_REST)
            ck_assert_int_eq(row[1].type, FIELD_END);
        if (row->type == FIELD_REPEAT)
            ck_assert_int_eq(row[-1].type, FIELD_UINT32);
        ck_assert_int_eq(row->type == FIELD_CHOICE, row->choices != NULL);
        if (row->parts != NULL)
            n += check_rows(row->parts, depth + 1);
        for (const struct field_choice *c = row->choices; c != NULL; c++) {
            if (c->fields != NULL)
                n += check_rows(c->fields, depth + 1);
            if (c->value == NULL)
                break;
            ck_assert(is_plain(c->value) && (c->section == NULL || is_plain(c->section)));
        }
    }
    return n;
}

START_TEST(each_list_of_fields_is_well_formed)
{
    size_t rows = 0;

    for (size_t i = 0; message_at(i) != NULL; i++) {
        ck_assert_int_eq(strncmp(message_at(i)->name, "SSH_MSG_", 8), 0);
        ck_assert(is_plain(message_at(i)->name));
        ck_assert(is_plain(message_at(i)->section));
        rows += check_rows(message_at(i)->fields, 0);
    }
    ck_assert_uint_gt(rows, 200);
}
END_TEST

/* The names of the fields with a flag, in the order of the table, each once, and how many there
 * are. */
static char names[1024];
static unsigned rows_with_flag;

static void append(char *text, size_t size, const char *more)
{
    size_t len = strlen(text);

    (void)snprintf(text + len, size - len, "%s", more);
}

static void add_name(const char *name)
{
    char whole[LINE_NAME_MAX + 3];

    (void)snprintf(whole, sizeof whole, ",%s,", name);
    if (strstr(names, whole) == NULL)
        append(names, sizeof names, whole + 1);
}

static void add_flagged(const struct field_row *rows, uint8_t flag)
{
    for (const struct field_row *row = rows; row->type != FIELD_END; row++) {
        if (row->flags & flag) {
            add_name(row->name);
            rows_with_flag++;
        }
        if (row->parts != NULL)
            add_flagged(row->parts, flag);
        for (const struct field_choice *c = row->choices; c != NULL; c++) {
            if (c->fields != NULL)
                add_flagged(c->fields, flag);
            if (c->value == NULL)
                break;
        }
    }
}

static void expect_flagged(uint8_t flag, unsigned count, const char *expected)
{
    rows_with_flag = 0;
    (void)strcpy(names, ",");
    for (size_t i = 0; message_at(i) != NULL; i++)
        add_flagged(message_at(i)->fields, flag);
    ck_assert_str_eq(names, expected);
    ck_assert_uint_eq(rows_with_flag, count);
}

START_TEST(what_is_shown_in_another_way_is_on_these_lists)
{
    expect_flagged(FIELD_SECRET, 6,
                   ",plaintext old password,plaintext new password,plaintext password,method "
                   "specific fields,response[i],x11 authentication cookie,");
    expect_flagged(FIELD_DATA, 5, ",data,");
    expect_flagged(FIELD_OPTIONAL, 2, ",language tag,service name,");
    expect_flagged(
        FIELD_BINARY, 233,
        ",extension-value,cookie,Q_C,K_S,key,Q,public key,key "
        "data,Q_S,signature,ecdsa_signature_blob,ecdsa_signature,C_INIT,C_PK2,C_PK1,S_REPLY,S_CT2,"
        "S_PK1,sntrup761 public key,X25519 public key,sntrup761 ciphertext,public key blob,server "
        "host key,public host key and certificates for client host,public key blob from the "
        "request,hostkeys,signatures,encoded terminal modes,");
    expect_flagged(FIELD_KEY, 32,
                   ",extension-name,format identifier,method name,has signature,changes "
                   "password,request name,channel type,request type,opcode,");
}
END_TEST

START_TEST(the_rest_of_a_login_may_be_a_secret)
{
    (void)strcpy(names, ",");
    for (size_t i = 0; message_at(i) != NULL; i++)
        if (message_at(i)->secret_rest)
            add_name(message_at(i)->name);
    ck_assert_str_eq(names, ",SSH_MSG_USERAUTH_REQUEST,SSH_MSG_USERAUTH_INFO_RESPONSE,");
}
END_TEST

START_TEST(each_row_is_found)
{
    for (size_t i = 0; message_at(i) != NULL; i++) {
        const struct message_row *row = message_at(i);

        ck_assert_ptr_eq(message_find(row->number, row->when, row->when, row->when), row);
    }
}
END_TEST

/* RFC 4250 section 4.1.2: every number that it assigns, and those of message.h beside it. */
START_TEST(each_number_has_a_row)
{
    static const uint8_t assigned[] = {1,  2,  3,  4,  5,  6,  7,   20,           21,          50,
                                       51, 52, 53, 80, 81, 82, 90,  91,           92,          93,
                                       94, 95, 96, 97, 98, 99, 100, SSH_MSG_PING, SSH_MSG_PONG};

    for (size_t i = 0; i < sizeof assigned; i++)
        ck_assert_msg(message_find(assigned[i], WHEN_ALWAYS, WHEN_ALWAYS, WHEN_ALWAYS) != NULL,
                      "%u", assigned[i]);
}
END_TEST

START_TEST(numbers_that_are_used_again_depend_on_the_method)
{
    ck_assert_ptr_null(message_find(30, WHEN_ALWAYS, WHEN_ALWAYS, WHEN_ALWAYS));
    ck_assert_str_eq(message_find(31, WHEN_GEX, WHEN_ALWAYS, WHEN_ALWAYS)->name,
                     "SSH_MSG_KEX_DH_GEX_GROUP");
    ck_assert_str_eq(message_find(31, WHEN_DH, WHEN_ALWAYS, WHEN_ALWAYS)->name,
                     "SSH_MSG_KEXDH_REPLY");
    ck_assert_str_eq(message_find(60, WHEN_GEX, WHEN_PASSWORD, WHEN_ALWAYS)->name,
                     "SSH_MSG_USERAUTH_PASSWD_CHANGEREQ");
    ck_assert_str_eq(message_find(81, WHEN_GEX, WHEN_PASSWORD, WHEN_PORT)->section, "RFC 4254 7.1");
    ck_assert_str_eq(message_find(81, WHEN_GEX, WHEN_PASSWORD, WHEN_ALWAYS)->section, "RFC 4254 4");
}
END_TEST

/* RFC 4253 section 7.1, RFC 7748 section 6.1, FIPS 203 section 8 and RFC 9941 section 3 */
START_TEST(fields_without_a_length_have_that_of_their_method)
{
    static const struct {
        enum message_when when;
        uint8_t number;
        size_t field;
        uint16_t sizes[2];
    } rows[] = {{WHEN_MLKEM768, 30, 0, {1184, 32}},
                {WHEN_MLKEM768, 31, 1, {1088, 32}},
                {WHEN_SNTRUP761, 30, 0, {1158, 32}},
                {WHEN_SNTRUP761, 31, 1, {1039, 32}}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct message_row *row =
            message_find(rows[i].number, rows[i].when, WHEN_ALWAYS, WHEN_ALWAYS);
        const struct field_row *parts = row->fields[rows[i].field].parts;

        for (size_t j = 0; j < 2; j++) {
            ck_assert_int_eq(parts[j].type, FIELD_BYTES);
            ck_assert_uint_eq(parts[j].size, rows[i].sizes[j]);
        }
    }
    ck_assert_uint_eq(message_find(20, WHEN_ALWAYS, WHEN_ALWAYS, WHEN_ALWAYS)->fields[0].size, 16);
}
END_TEST

/* Numbers and names, in the order of the table; each list once. */
static char codes[8192];

static void add_codes(const struct field_row *rows)
{
    for (const struct field_row *row = rows; row->type != FIELD_END; row++) {
        char list[4096] = "";

        for (const struct field_code *c = row->codes; c != NULL && c->name != NULL; c++) {
            size_t len = strlen(list);

            (void)snprintf(list + len, sizeof list - len, "%u %s\n", c->value, c->name);
        }
        if (strstr(codes, list) == NULL)
            append(codes, sizeof codes, list);
        if (row->parts != NULL)
            add_codes(row->parts);
        for (const struct field_choice *c = row->choices; c != NULL; c++) {
            if (c->fields != NULL)
                add_codes(c->fields);
            if (c->value == NULL)
                break;
        }
    }
}

/* RFC 4253 section 11.1, RFC 4254 sections 5.1, 5.2 and 8, RFC 8160 */
static const char expected_codes[] =
    "1 SSH_DISCONNECT_HOST_NOT_ALLOWED_TO_CONNECT\n2 SSH_DISCONNECT_PROTOCOL_ERROR\n"
    "3 SSH_DISCONNECT_KEY_EXCHANGE_FAILED\n4 SSH_DISCONNECT_RESERVED\n"
    "5 SSH_DISCONNECT_MAC_ERROR\n6 SSH_DISCONNECT_COMPRESSION_ERROR\n"
    "7 SSH_DISCONNECT_SERVICE_NOT_AVAILABLE\n"
    "8 SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED\n"
    "9 SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE\n10 SSH_DISCONNECT_CONNECTION_LOST\n"
    "11 SSH_DISCONNECT_BY_APPLICATION\n12 SSH_DISCONNECT_TOO_MANY_CONNECTIONS\n"
    "13 SSH_DISCONNECT_AUTH_CANCELLED_BY_USER\n"
    "14 SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE\n15 SSH_DISCONNECT_ILLEGAL_USER_NAME\n"
    "1 SSH_OPEN_ADMINISTRATIVELY_PROHIBITED\n2 SSH_OPEN_CONNECT_FAILED\n"
    "3 SSH_OPEN_UNKNOWN_CHANNEL_TYPE\n4 SSH_OPEN_RESOURCE_SHORTAGE\n"
    "1 SSH_EXTENDED_DATA_STDERR\n0 TTY_OP_END\n1 VINTR\n2 VQUIT\n3 VERASE\n4 VKILL\n5 VEOF\n"
    "6 VEOL\n7 VEOL2\n8 VSTART\n9 VSTOP\n10 VSUSP\n11 VDSUSP\n12 VREPRINT\n13 VWERASE\n"
    "14 VLNEXT\n15 VFLUSH\n16 VSWTCH\n17 VSTATUS\n18 VDISCARD\n30 IGNPAR\n31 PARMRK\n"
    "32 INPCK\n33 ISTRIP\n34 INLCR\n35 IGNCR\n36 ICRNL\n37 IUCLC\n38 IXON\n39 IXANY\n"
    "40 IXOFF\n41 IMAXBEL\n42 IUTF8\n50 ISIG\n51 ICANON\n52 XCASE\n53 ECHO\n54 ECHOE\n"
    "55 ECHOK\n56 ECHONL\n57 NOFLSH\n58 TOSTOP\n59 IEXTEN\n60 ECHOCTL\n61 ECHOKE\n62 PENDIN\n"
    "70 OPOST\n71 OLCUC\n72 ONLCR\n73 OCRNL\n74 ONOCR\n75 ONLRET\n90 CS7\n91 CS8\n92 PARENB\n"
    "93 PARODD\n128 TTY_OP_ISPEED\n129 TTY_OP_OSPEED\n";

START_TEST(each_number_has_the_name_of_its_rfc)
{
    codes[0] = 0;
    for (size_t i = 0; message_at(i) != NULL; i++)
        add_codes(message_at(i)->fields);
    ck_assert_str_eq(codes, expected_codes);
}
END_TEST

START_TEST(codes_have_names)
{
    const struct field_row *reason = message_find(1, WHEN_ALWAYS, WHEN_ALWAYS, WHEN_ALWAYS)->fields;

    ck_assert_str_eq(field_code_name(reason->codes, SSH_DISCONNECT_MAC_ERROR),
                     "SSH_DISCONNECT_MAC_ERROR");
    ck_assert_str_eq(field_code_name(reason->codes, SSH_DISCONNECT_ILLEGAL_USER_NAME),
                     "SSH_DISCONNECT_ILLEGAL_USER_NAME");
    ck_assert_ptr_null(field_code_name(reason->codes, 16));
    ck_assert_ptr_null(field_code_name(NULL, 1));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_list_of_fields_is_well_formed);
    add_test(suite, what_is_shown_in_another_way_is_on_these_lists);
    add_test(suite, the_rest_of_a_login_may_be_a_secret);
    add_test(suite, each_row_is_found);
    add_test(suite, each_number_has_a_row);
    add_test(suite, numbers_that_are_used_again_depend_on_the_method);
    add_test(suite, fields_without_a_length_have_that_of_their_method);
    add_test(suite, each_number_has_the_name_of_its_rfc);
    add_test(suite, codes_have_names);
}
