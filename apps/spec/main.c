/* nacre-spec: tests whether an SSH server conforms to the RFCs, case by case. */
#include "apps/options/start.h"
#include "apps/spec/baseline.h"
#include "apps/spec/client.h"
#include "apps/spec/list.h"
#include "apps/spec/options.h"
#include "apps/spec/profile.h"
#include "apps/spec/replay.h"
#include "apps/spec/report_html.h"
#include "apps/spec/select.h"
#include "apps/spec/target.h"
#include "crypto/crypto.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    AS_EXPECTED = 0,
    FAILED = 1,
    MISUSED = 2,
    NOT_TESTABLE = 3,
    OUR_FAULT = 4,
    INTERRUPTED = 130, /* as a shell reports SIGINT */
    SENTENCE_MAX = 1024,
};

static int fail(int status, const char *sentence)
{
    (void)fprintf(stderr, "nacre-spec: %s\n", sentence);
    return status;
}

/* A line on the terminal that is written again and again. */
static void show_progress(const struct run *run, size_t done)
{
    (void)fprintf(stderr, "\r%zu of %zu cases%s", done, run->count,
                  done >= run->count ? "\r\x1b[K" : "");
}

/* Write a report into a file; NULL: not wanted. */
static bool put_file(const char *name, void (*put)(FILE *, const struct report *),
                     const struct report *r)
{
    FILE *out = name == NULL ? NULL : fopen(name, "we");

    if (name == NULL)
        return true;
    if (out != NULL)
        put(out, r);
    if (out != NULL && fclose(out) == 0)
        return true;
    (void)fprintf(stderr, "nacre-spec: %s: cannot be written\n", name);
    return false;
}

/* The command that runs one of the cases again. */
static void write_again(char *out, size_t size, const struct spec_options *o, const char *target)
{
    if (o->client != NULL || target == o->profile) {
        (void)snprintf(out, size, "nacre-spec client --profile %s --seed %u", o->profile,
                       (unsigned)o->seed);
        return;
    }
    (void)snprintf(out, size, "nacre-spec server %s --user %s%s%s%s%s --profile %s --seed %u",
                   target, o->user, o->key != NULL ? " --key " : "", o->key != NULL ? o->key : "",
                   o->password_file != NULL ? " --password " : "",
                   o->password_file != NULL ? o->password_file : "",
                   o->profile == NULL ? "openssh" : o->profile, (unsigned)o->seed);
}

static int status_of(const struct run *run)
{
    if (report_count(run, VERDICT_FAIL) + report_count(run, VERDICT_XPASS) > 0)
        return FAILED;
    return report_count(run, VERDICT_ERROR) > 0 ? OUR_FAULT : AS_EXPECTED;
}

/* False: the sentence has been printed. */
static bool put_page(const char *folder, const struct report *r)
{
    char text[SENTENCE_MAX] = "";
    const struct errbuf p = errbuf_in(text, sizeof text);

    if (folder == NULL || report_html(folder, r, &p))
        return true;
    (void)fail(OUR_FAULT, text);
    return false;
}

static int report_all(const struct run *run, const struct spec_options *o, size_t slow_left,
                      uint64_t us)
{
    char again[SENTENCE_MAX];
    const struct report r = {run, again, us, slow_left, isatty(STDOUT_FILENO) != 0, o->verbose};
    bool written;

    write_again(again, sizeof again, o, run->setting->target);
    report_text(stdout, &r);
    written = put_file(o->json, report_json, &r);
    written = put_file(o->junit, report_junit, &r) && written;
    written = put_page(o->html, &r) && written;
    return written ? status_of(run) : OUR_FAULT;
}

static int give_up(const struct run *run)
{
    if (run->last != NULL) {
        (void)fprintf(stderr,
                      "nacre-spec: the server has accepted no login since about %s. --jobs 1 shows "
                      "which case stopped it; --restart names a command that starts it again\n",
                      run->last);
        return NOT_TESTABLE;
    }
    return fail(NOT_TESTABLE,
                "the server refuses connections before the cases begin. It may limit their rate: "
                "for OpenSSH see PerSourcePenalties, MaxStartups, MaxAuthTries and LoginGraceTime, "
                "for nacre --per-source-penalties, --max-startups and --auth-delay");
}

/* Run the selected cases and report. */
static int test(struct setting *setting, const struct spec_options *o, struct selection *s,
                const struct errbuf *p)
{
    struct expectations known = {0};
    struct run run = {.setting = setting,
                      .jobs = setting->jobs,
                      .strict = o->strict,
                      .trace_folder = o->trace,
                      .restart = o->restart};
    uint64_t began = now_us();
    size_t slow_left;
    int status;

    run.results = select_cases(s, &run.count, &slow_left, p);
    if (run.results == NULL || (o->expect != NULL && !expectations_read(&known, o->expect, p))) {
        free(run.results);
        return fail(MISUSED, p->text);
    }
    if (run.count == 0) {
        free(run.results);
        return fail(MISUSED, "no case is selected");
    }
    run.progress = isatty(STDERR_FILENO) ? show_progress : NULL;
    report_head(stdout, &(struct report){.run = &run});
    (void)fflush(stdout);
    run_all(&run);
    expectations_apply(&known, run.results, run.count);
    status = run.interrupted ? INTERRUPTED : report_all(&run, o, slow_left, now_us() - began);
    if (run.refused)
        status = give_up(&run);
    for (size_t i = 0; i < run.count; i++)
        free(run.results[i].text);
    free(run.results);
    expectations_clear(&known);
    return status;
}

static void use_options(struct setting *setting, const struct spec_options *o)
{
    setting->seed = o->seed;
    setting->timeout_ms = o->timeout_s * 1000;
    setting->jobs = o->jobs;
    setting->tracing = o->trace != NULL;
    setting->verbose = o->verbose || o->trace != NULL;
}

static int command_server(const struct spec_options *o, int count, char **words)
{
    struct setting *setting = calloc(1, sizeof *setting);
    char text[SENTENCE_MAX] = "";
    struct errbuf p = errbuf_in(text, sizeof text);
    struct selection s = {.ids = words + 1,
                          .count = (size_t)count - 1,
                          .excluded = &o->excluded,
                          .role = SERVER,
                          .only_must = o->only_must,
                          .slow = o->slow};
    int status;

    if (setting == NULL)
        return fail(OUR_FAULT, "out of memory");
    setting->tested = NACRE_SERVER;
    use_options(setting, o);
    status = spec_target_find(setting, words[0], o->yes_remote, &p);
    if (status == 0 &&
        (!profile_read(&setting->profile, o->profile == NULL ? "openssh" : o->profile, &p) ||
         !profile_read_secrets(&setting->profile, o->key, o->password_file, &p)))
        status = MISUSED;
    setting->profile.user = o->user;
    if (status == 0 && o->trace != NULL)
        (void)mkdir(o->trace, 0700);
    if (status == 0 && !baseline_learn(setting, text, sizeof text))
        status = NOT_TESTABLE;
    status = status == 0 ? test(setting, o, &s, &p) : fail(status, text);
    profile_clear(&setting->profile);
    free(setting);
    return status;
}

/* What a client is told: our commands are those of serve_program(). */
static void set_client_profile(struct profile *profile)
{
    *profile = (struct profile){.user = "spec",
                                .password = strdup("correct horse"),
                                .cat = "cat",
                                .produce = "produce %s",
                                .discard = "discard",
                                .any_user = true};
}

/* Everything but the cases. Returns an exit status and a sentence. */
static int prepare_client(struct setting *setting, struct client_setup *c,
                          const struct spec_options *o, const struct errbuf *p)
{
    struct in_addr address;

    set_client_profile(&setting->profile);
    c->command = o->client;
    if (inet_pton(AF_INET, o->listen, &address) != 1) {
        errbuf_say(p, "--listen: '%s' is not an IPv4 address", o->listen);
        return MISUSED;
    }
    c->listen = ntohl(address.s_addr);
    if (!client_profile_read(&c->profile, o->profile, p))
        return MISUSED;
    setting->jobs =
        c->profile.program == NULL ? 1 : o->jobs; /* a person does one thing at a time */
    if (!profile_read_secrets(&setting->profile, NULL, NULL, p) ||
        !client_setup(c, &setting->profile, p))
        return NOT_TESTABLE;
    if (o->trace != NULL)
        (void)mkdir(o->trace, 0700);
    return baseline_learn(setting, p->text, p->size) ? AS_EXPECTED : NOT_TESTABLE;
}

static int command_client(const struct spec_options *o, int count, char **ids)
{
    struct setting *setting = calloc(1, sizeof *setting);
    struct client_setup *c = calloc(1, sizeof *c);
    char text[SENTENCE_MAX] = "";
    struct errbuf p = errbuf_in(text, sizeof text);
    struct selection s = {.ids = ids,
                          .count = (size_t)count,
                          .excluded = &o->excluded,
                          .role = CLIENT,
                          .only_must = o->only_must,
                          .slow = o->slow};
    int status = OUR_FAULT;

    if (setting != NULL && c != NULL) {
        run_catch_signals();
        setting->tested = NACRE_CLIENT;
        setting->target = o->profile;
        setting->client = c;
        setting->client_connect = client_connect;
        setting->client_end = client_end;
        use_options(setting, o);
        status = prepare_client(setting, c, o, &p);
        status = status == 0 ? test(setting, o, &s, &p) : fail(status, text);
        profile_clear(&setting->profile);
        client_setup_clear(c);
    }
    free(c);
    free(setting);
    return status;
}

static int command_compare(const struct spec_options *o, int count, char **files)
{
    char text[SENTENCE_MAX] = "";
    const struct errbuf p = errbuf_in(text, sizeof text);
    struct comparison c = {0};
    int status = AS_EXPECTED;

    for (int i = 0; i < count && status == AS_EXPECTED; i++)
        if (!compare_read(&c, files[i], &p))
            status = fail(MISUSED, text);
    if (status == AS_EXPECTED && !compare_align(&c))
        status = fail(OUR_FAULT, "out of memory");
    if (status == AS_EXPECTED)
        compare_text(stdout, &c, o->verbose);
    if (status == AS_EXPECTED && o->html != NULL && !html_write(o->html, &c, &p))
        status = fail(OUR_FAULT, text);
    compare_clear(&c);
    return status;
}

static int command_replay(const char *file)
{
    char text[SENTENCE_MAX] = "";
    const struct errbuf p = errbuf_in(text, sizeof text);

    return replay(stdout, file, &p) ? AS_EXPECTED : fail(MISUSED, text);
}

static int command(const struct spec_options *o, int count, char **words)
{
    if (count >= 2 && strcmp(words[0], "compare") == 0)
        return command_compare(o, count - 1, words + 1);
    if (count == 2 && strcmp(words[0], "replay") == 0)
        return command_replay(words[1]);
    if (count >= 2 && strcmp(words[0], "server") == 0 && o->user != NULL)
        return command_server(o, count - 1, words + 1);
    if (count >= 2 && strcmp(words[0], "server") == 0)
        return options_misused(&spec_command_line, "name the user with --user");
    if (count >= 1 && strcmp(words[0], "client") == 0 && o->profile != NULL)
        return command_client(o, count - 1, words + 1);
    if (count >= 1 && strcmp(words[0], "client") == 0)
        return options_misused(&spec_command_line, "say with --profile how the client is started");
    if (count == 1 && strcmp(words[0], "list") == 0) {
        list_cases(o->json_list);
        return AS_EXPECTED;
    }
    if (count == 2 && strcmp(words[0], "explain") == 0)
        return explain_case(words[1])
                   ? AS_EXPECTED
                   : options_misused(&spec_command_line, "there is no case '%s'", words[1]);
    return options_misused(
        &spec_command_line,
        "give server HOST:PORT, client, list, explain ID, compare FILE, or replay FILE");
}

/* The words after --: another program than the profile's. Returns how many words come before. A
 * path is made absolute, since clients run in other folders. */
static int take_command(struct spec_options *o, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--") == 0) {
            char *path = strchr(argv[i + 1], '/') == NULL ? NULL : realpath(argv[i + 1], NULL);

            argv[i + 1] = path == NULL ? argv[i + 1] : path;
            o->client = argv + i + 1;
            return i;
        }
    return argc;
}

int main(int argc, char **argv)
{
    struct spec_options options = {.user = getenv("USER")};
    int status = 0, first;

    program_start();
    argc = take_command(&options, argc, argv);
    first = options_read(&spec_command_line, &options, argc, argv, &status);
    if (first == 0)
        return status;
    if (!crypto_init())
        return fail(OUR_FAULT, "the system has no source of randomness");
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* no key in a core file */
    return command(&options, argc - first, argv + first);
}
