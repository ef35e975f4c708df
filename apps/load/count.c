#include "apps/load/clock.h"
#include "apps/load/load.h"

#include <stdio.h>
#include <stdlib.h>

enum { HOPELESS = 10 /* after so many failures without a success the run ends */ };

void load_sample(struct load *load, uint64_t began_ns)
{
    uint64_t us = (clock_now_ns() - began_ns + 500) / 1000;
    size_t room = load->sample_room == 0 ? 1024 : load->sample_room * 2;
    uint32_t *samples;

    if (load->sample_count == load->sample_room) {
        samples = realloc(load->samples, room * sizeof *samples);
        if (samples == NULL)
            return;
        load->samples = samples;
        load->sample_room = room;
    }
    load->samples[load->sample_count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

void load_done(struct load_job *job)
{
    struct load *load = job->load;

    job->counted = true;
    load->done++;
    load->last_ns = clock_now_ns();
}

void load_failed(struct load *load, const char *why)
{
    if (load->failed++ == 0)
        (void)snprintf(load->errbuf, sizeof load->errbuf, "%s", why);
    load->last_ns = clock_now_ns();
    if (load->failed >= HOPELESS && load->done == 0)
        load->giving_up = true;
}
