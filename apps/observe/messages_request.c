/* The types of CHANNEL_REQUEST: RFC 4254 section 6, RFC 4335, PROTOCOL section 2.1. */
#include "apps/observe/messages.h"

/* clang-format off */

/* RFC 4254 section 8; 42 is RFC 8160 */
static const struct field_code opcodes[] = {
    {0, "TTY_OP_END"}, {1, "VINTR"}, {2, "VQUIT"}, {3, "VERASE"}, {4, "VKILL"}, {5, "VEOF"}, {6, "VEOL"}, {7, "VEOL2"},
    {8, "VSTART"}, {9, "VSTOP"}, {10, "VSUSP"}, {11, "VDSUSP"}, {12, "VREPRINT"}, {13, "VWERASE"}, {14, "VLNEXT"},
    {15, "VFLUSH"}, {16, "VSWTCH"}, {17, "VSTATUS"}, {18, "VDISCARD"},
    {30, "IGNPAR"}, {31, "PARMRK"}, {32, "INPCK"}, {33, "ISTRIP"}, {34, "INLCR"}, {35, "IGNCR"}, {36, "ICRNL"},
    {37, "IUCLC"}, {38, "IXON"}, {39, "IXANY"}, {40, "IXOFF"}, {41, "IMAXBEL"}, {42, "IUTF8"},
    {50, "ISIG"}, {51, "ICANON"}, {52, "XCASE"}, {53, "ECHO"}, {54, "ECHOE"}, {55, "ECHOK"}, {56, "ECHONL"},
    {57, "NOFLSH"}, {58, "TOSTOP"}, {59, "IEXTEN"}, {60, "ECHOCTL"}, {61, "ECHOKE"}, {62, "PENDIN"},
    {70, "OPOST"}, {71, "OLCUC"}, {72, "ONLCR"}, {73, "OCRNL"}, {74, "ONOCR"}, {75, "ONLRET"},
    {90, "CS7"}, {91, "CS8"}, {92, "PARENB"}, {93, "PARODD"}, {128, "TTY_OP_ISPEED"}, {129, "TTY_OP_OSPEED"},
    {0},
};

static const struct field_row argument[] = {{.name = "argument", .type = FIELD_UINT32}, {0}};
static const struct field_choice arguments[] = {{"TTY_OP_END", NULL, NULL}, {NULL, NULL, argument}};
static const struct field_row mode[] = {
    {.name = "opcode", .type = FIELD_BYTE, .flags = FIELD_KEY, .codes = opcodes},
    {.type = FIELD_CHOICE, .choices = arguments},
    {0},
};
static const struct field_row modes[] = {{.type = FIELD_EACH, .parts = mode}, {0}};

static const struct field_row pty[] = {
    {.name = "TERM environment variable value", .type = FIELD_STRING},
    {.name = "terminal width, characters", .type = FIELD_UINT32},
    {.name = "terminal height, rows", .type = FIELD_UINT32},
    {.name = "terminal width, pixels", .type = FIELD_UINT32},
    {.name = "terminal height, pixels", .type = FIELD_UINT32},
    {.name = "encoded terminal modes", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = modes},
    {0},
};
static const struct field_row x11[] = {
    {.name = "single connection", .type = FIELD_BOOLEAN},
    {.name = "x11 authentication protocol", .type = FIELD_STRING},
    {.name = "x11 authentication cookie", .type = FIELD_STRING, .flags = FIELD_SECRET},
    {.name = "x11 screen number", .type = FIELD_UINT32},
    {0},
};
static const struct field_row env[] = {
    {.name = "variable name", .type = FIELD_STRING},
    {.name = "variable value", .type = FIELD_STRING},
    {0},
};
static const struct field_row exec[] = {{.name = "command", .type = FIELD_STRING}, {0}};
static const struct field_row subsystem[] = {{.name = "subsystem name", .type = FIELD_STRING}, {0}};
static const struct field_row window_change[] = {
    {.name = "terminal width, columns", .type = FIELD_UINT32},
    {.name = "terminal height, rows", .type = FIELD_UINT32},
    {.name = "terminal width, pixels", .type = FIELD_UINT32},
    {.name = "terminal height, pixels", .type = FIELD_UINT32},
    {0},
};
static const struct field_row xon_xoff[] = {{.name = "client can do", .type = FIELD_BOOLEAN}, {0}};
static const struct field_row signal[] = {{.name = "signal name", .type = FIELD_STRING}, {0}};
static const struct field_row exit_status[] = {{.name = "exit_status", .type = FIELD_UINT32}, {0}};
static const struct field_row exit_signal[] = {
    {.name = "signal name", .type = FIELD_STRING},
    {.name = "core dumped", .type = FIELD_BOOLEAN},
    {.name = "error message", .type = FIELD_STRING},
    {.name = "language tag", .type = FIELD_STRING},
    {0},
};
static const struct field_row break_length[] = {{.name = "break-length in milliseconds", .type = FIELD_UINT32}, {0}};
static const struct field_row other[] = {{.name = "type-specific data", .type = FIELD_REST}, {0}};

const struct field_choice field_channel_requests[] = {
    {"pty-req", "RFC 4254 6.2", pty},
    {"x11-req", "RFC 4254 6.3.1", x11},
    {"env", "RFC 4254 6.4", env},
    {"shell", "RFC 4254 6.5", NULL},
    {"exec", "RFC 4254 6.5", exec},
    {"subsystem", "RFC 4254 6.5", subsystem},
    {"window-change", "RFC 4254 6.7", window_change},
    {"xon-xoff", "RFC 4254 6.8", xon_xoff},
    {"signal", "RFC 4254 6.9", signal},
    {"exit-status", "RFC 4254 6.10", exit_status},
    {"exit-signal", "RFC 4254 6.10", exit_signal},
    {"break", "RFC 4335 3", break_length},
    {"eow@openssh.com", "PROTOCOL 2.1", NULL},
    {"auth-agent-req@openssh.com", NULL, NULL},
    {NULL, NULL, other},
};

/* clang-format on */
