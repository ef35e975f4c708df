#include "apps/load/clock.h"
#include "apps/load/load.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A line that nobody reads must not stop the connections. */
static bool is_writable(int fd)
{
    struct pollfd at = {.fd = fd, .events = POLLOUT};

    return poll(&at, 1, 0) == 1;
}

void load_progress(const struct load *load, bool last)
{
    bool terminal = isatty(STDERR_FILENO) == 1;
    double seconds = (double)(clock_now_ns() - load->first_ns) / 1e9;

    if ((last && !terminal) || !is_writable(STDERR_FILENO))
        return;
    (void)fprintf(stderr, "%s%.0f s: %" PRIu64 " %s, %" PRIu64 " failed, %.1f MB out, %.1f MB in%s",
                  terminal ? "\r" : "", seconds, load->done, load->options->mode->unit,
                  load->failed, (double)load->sent / 1e6, (double)load->received / 1e6,
                  terminal && !last ? "  " : "\n");
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* The smallest sample that at least n of 1000 samples do not exceed. */
static uint32_t of_1000(const struct load *load, uint64_t n)
{
    uint64_t rank = (load->sample_count * n + 999) / 1000;

    return load->samples[rank - 1];
}

struct figure {
    const char *name;
    double value;
    int decimals;
    const char *unit;
};

enum { FIGURES_MAX = 24 };

static size_t collect(const struct load *load, struct figure out[FIGURES_MAX])
{
    double seconds = (double)(load->last_ns - load->first_ns) / 1e9;
    double rate = seconds > 0 ? 1 / seconds : 0;
    size_t n = 0;

    out[n++] = (struct figure){"done", (double)load->done, 0, load->options->mode->unit};
    out[n++] = (struct figure){"failed", (double)load->failed, 0, ""};
    out[n++] = (struct figure){"seconds", seconds, 3, ""};
    out[n++] = (struct figure){"done_per_second", (double)load->done * rate, 1, ""};
    out[n++] = (struct figure){"connections", (double)load->begun, 0, ""};
    out[n++] = (struct figure){"logins", (double)load->ready, 0, ""};
    out[n++] = (struct figure){"channels_opened", (double)load->channels_opened, 0, ""};
    out[n++] = (struct figure){"channels_closed", (double)load->channels_closed, 0, ""};
    out[n++] = (struct figure){"data_sent", (double)load->sent, 0, "bytes"};
    out[n++] = (struct figure){"data_received", (double)load->received, 0, "bytes"};
    out[n++] = (struct figure){"sent_per_second", (double)load->sent * rate / 1e6, 3, "MB"};
    out[n++] = (struct figure){"received_per_second", (double)load->received * rate / 1e6, 3, "MB"};
    out[n++] = (struct figure){"wire_sent", (double)load->wire_out, 0, "bytes"};
    out[n++] = (struct figure){"wire_received", (double)load->wire_in, 0, "bytes"};
    if (load->sample_count > 0) {
        out[n++] = (struct figure){"samples", (double)load->sample_count, 0, ""};
        out[n++] = (struct figure){"p50_us", of_1000(load, 500), 0, load->options->mode->sample};
        out[n++] = (struct figure){"p99_us", of_1000(load, 990), 0, load->options->mode->sample};
        out[n++] = (struct figure){"p99_9_us", of_1000(load, 999), 0, load->options->mode->sample};
        out[n++] = (struct figure){"max_us", of_1000(load, 1000), 0, load->options->mode->sample};
    }
    return n;
}

/* A JSON string; what is not printable ASCII is escaped. */
static void put_string(const char *text)
{
    (void)putchar('"');
    for (; *text != 0; text++)
        if (*text == '"' || *text == '\\')
            (void)printf("\\%c", *text);
        else if (*text < ' ' || *text > '~')
            (void)printf("\\u%04x", (unsigned char)*text);
        else
            (void)putchar(*text);
    (void)putchar('"');
}

static void put_json(const struct load *load, const struct figure *figures, size_t n)
{
    (void)printf("{\"mode\": \"%s\", \"server\": ", load->options->mode->name);
    put_string(load->server);
    (void)printf(", \"cipher\": ");
    put_string(load->cipher);
    (void)printf(", \"interrupted\": %s, \"problem\": ", load->interrupted ? "true" : "false");
    put_string(load->errbuf);
    for (size_t i = 0; i < n; i++)
        (void)printf(", \"%s\": %.*f", figures[i].name, figures[i].decimals, figures[i].value);
    (void)puts("}");
}

static void put_table(const struct load *load, const struct figure *figures, size_t n)
{
    (void)printf("%s, %s, %s\n", load->options->mode->name,
                 load->server[0] != 0 ? load->server : "no server", load->cipher);
    for (size_t i = 0; i < n; i++)
        (void)printf("  %-20s %16.*f  %s\n", figures[i].name, figures[i].decimals, figures[i].value,
                     figures[i].unit != NULL ? figures[i].unit : "");
    if (load->interrupted)
        (void)puts("interrupted before the end");
    if (load->errbuf[0] != 0)
        (void)printf("the first failure: %s\n", load->errbuf);
}

void load_report(struct load *load)
{
    struct figure figures[FIGURES_MAX];
    size_t n;

    if (load->sample_count > 0)
        qsort(load->samples, load->sample_count, sizeof *load->samples, by_size);
    n = collect(load, figures);
    if (load->options->json)
        put_json(load, figures, n);
    else
        put_table(load, figures, n);
}
