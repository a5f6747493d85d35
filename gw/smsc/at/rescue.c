/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recovery ladder: see rescue.h.
 */
#include "gw/smsc/at/rescue.h"

#define MISSING_MS 20000  /* gone for so long: perhaps it has crashed */
#define START_MS   20000  /* that a modem may need to start */
#define FAILING_MS 30000  /* a failure that may go away by itself */
#define WELL_MS    60000  /* ready for so long: what comes then is a new trouble */
#define GOOD_MS    600000 /* ... and the rough steps are as new */

static const struct {
    const char *name;
    enum smsc_tally tally;
    int64_t patience_ms;             /* to see whether it helped */
    int64_t again_ms, again_last_ms; /* first pause until it is tried again; it doubles */
    bool rough;                      /* not as new as soon as the modem works */
} steps[AT_RESCUE_STEPS] = {
    [AT_RESCUE_ESCAPE] = {"ESC and AT", SMSC_TALLY_ESCAPED, 0, 0, 0, false},
    [AT_RESCUE_REOPEN] = {"closing and opening", SMSC_TALLY_REOPENED, 0, 0, 0, false},
    [AT_RESCUE_RESET] = {"AT+CFUN", SMSC_TALLY_RESET, 15000, 60000, 600000, false},
    [AT_RESCUE_USB] = {"USB reset", SMSC_TALLY_USB_RESET, 10000, 60000, 600000, true},
    [AT_RESCUE_POWER] = {"power-hook", SMSC_TALLY_POWER_CYCLED, 30000, 120000, 1800000, true},
};

static bool has(const struct at_rescue *rescue, int step)
{
    return (rescue->available & (1U << step)) != 0;
}

void at_rescue_init(struct at_rescue *rescue, bool usb_reset, bool power_hook)
{
    *rescue = (struct at_rescue){.last = -1};
    rescue->available = 1U << AT_RESCUE_ESCAPE | 1U << AT_RESCUE_REOPEN | 1U << AT_RESCUE_RESET;
    if (usb_reset)
        rescue->available |= 1U << AT_RESCUE_USB;
    if (power_hook)
        rescue->available |= 1U << AT_RESCUE_POWER;
}

void at_rescue_allow_usb(struct at_rescue *rescue, bool allowed)
{
    rescue->available &= ~(1U << AT_RESCUE_USB);
    if (allowed)
        rescue->available |= 1U << AT_RESCUE_USB;
}

const char *at_rescue_name(enum at_rescue_step step)
{
    return steps[step].name;
}

enum smsc_tally at_rescue_tally(enum at_rescue_step step)
{
    return steps[step].tally;
}

/* The only place where the step changes upwards. */
static enum at_rescue_step take(struct at_rescue *rescue, enum at_rescue_step step, int64_t now)
{
    int64_t pause = steps[step].again_ms;

    for (int i = 0; i < rescue->times[step] && pause < steps[step].again_last_ms; i++)
        pause *= 2;
    if (pause > steps[step].again_last_ms)
        pause = steps[step].again_last_ms;
    rescue->again[step] = now + pause;
    if (rescue->times[step] < 1000)
        rescue->times[step]++;
    rescue->last = (int)step;
    rescue->patience = now + steps[step].patience_ms;
    return step;
}

/* What happened long ago counts no more. */
static void forget(struct at_rescue *rescue, int64_t now)
{
    if (rescue->ready_since == 0)
        return;
    if (now - rescue->ready_since >= WELL_MS)
        at_rescue_works(rescue);
    if (now - rescue->ready_since >= GOOD_MS)
        for (int step = 0; step < AT_RESCUE_STEPS; step++)
            rescue->again[step] = rescue->times[step] = 0;
    rescue->ready_since = 0;
}

enum at_rescue_step at_rescue_next(struct at_rescue *rescue, int64_t now)
{
    forget(rescue, now);
    if (now < rescue->patience)
        return AT_RESCUE_REOPEN; /* and the step stays the one before */
    for (int step = rescue->last + 1; step < AT_RESCUE_STEPS; step++)
        if (has(rescue, step) && now >= rescue->again[step])
            return take(rescue, (enum at_rescue_step)step, now);
    return take(rescue, AT_RESCUE_REOPEN, now);
}

enum at_rescue_step at_rescue_missing(struct at_rescue *rescue, int64_t now)
{
    forget(rescue, now);
    if (rescue->missing_since == 0)
        rescue->missing_since = now;
    if (!has(rescue, AT_RESCUE_POWER) || now - rescue->missing_since < MISSING_MS ||
        now < rescue->patience || now < rescue->again[AT_RESCUE_POWER])
        return AT_RESCUE_REOPEN;
    return take(rescue, AT_RESCUE_POWER, now);
}

void at_rescue_starts(struct at_rescue *rescue, int64_t now)
{
    if (rescue->patience < now + START_MS)
        rescue->patience = now + START_MS;
}

void at_rescue_opened(struct at_rescue *rescue, int64_t now)
{
    if (rescue->missing_since != 0)
        at_rescue_starts(rescue, now);
    rescue->missing_since = 0;
}

bool at_rescue_failing(struct at_rescue *rescue, int64_t now)
{
    if (rescue->failing_since == 0)
        rescue->failing_since = now;
    if (now - rescue->failing_since < FAILING_MS || now < rescue->again[AT_RESCUE_RESET])
        return false;
    take(rescue, AT_RESCUE_RESET, now);
    return true;
}

void at_rescue_answers(struct at_rescue *rescue)
{
    rescue->failing_since = 0;
}

void at_rescue_ready(struct at_rescue *rescue, int64_t now)
{
    rescue->ready_since = now;
    rescue->failing_since = 0;
    rescue->patience = 0;
}

void at_rescue_works(struct at_rescue *rescue)
{
    rescue->last = -1;
    rescue->patience = 0;
    for (int step = 0; step < AT_RESCUE_STEPS; step++)
        if (!steps[step].rough)
            rescue->again[step] = rescue->times[step] = 0;
}

void at_rescue_done(struct at_rescue *rescue, enum at_rescue_step step, int64_t now)
{
    int64_t patience = now + steps[step].patience_ms;

    if (patience > rescue->patience)
        rescue->patience = patience;
    if (rescue->again[step] < rescue->patience)
        rescue->again[step] = rescue->patience;
}

void at_rescue_describe(const struct at_rescue *rescue, struct bytes *text)
{
    int number = 0, count = 0;

    if (rescue->last < 0)
        return;
    for (int step = 0; step < AT_RESCUE_STEPS; step++) {
        count += has(rescue, step);
        number += has(rescue, step) && step <= rescue->last;
    }
    bytes_printf(text, "step %d of %d, %s", number, count, steps[rescue->last].name);
}
