/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rescue - the recovery ladder: what is to be done next about a modem that does
 * not answer. One table of steps, from the gentle to the rough; who has the modem
 * takes them. Without input or output; times are clock_monotonic_ms().
 *
 * A step that a port or the configuration does not have is left out. After the
 * last one it goes on with closing and opening: the modem is never given up. The
 * rough ones come again only after a while, so that a modem which needs a minute
 * to start gets it.
 */
#ifndef GW_SMSC_AT_RESCUE_H
#define GW_SMSC_AT_RESCUE_H

#include <stdbool.h>
#include <stdint.h>

#include "gw/smsc/smsc.h"

enum at_rescue_step {
    AT_RESCUE_ESCAPE, /* ESC and AT */
    AT_RESCUE_REOPEN, /* close the port and open it again */
    AT_RESCUE_RESET,  /* AT+CFUN, or the profile's reset-string */
    AT_RESCUE_USB,    /* the USB device */
    AT_RESCUE_POWER,  /* the power-hook */
    AT_RESCUE_STEPS
};

struct at_rescue {
    unsigned available;             /* steps, by bit */
    int last;                       /* that was taken; -1: all was well */
    int64_t patience;               /* until then the last step may still help */
    int64_t failing_since;          /* it says that it has failed; 0: it does not */
    int64_t missing_since;          /* the port cannot be opened; 0: it can */
    int64_t again[AT_RESCUE_STEPS]; /* not before that */
    int times[AT_RESCUE_STEPS];     /* lately */
    int64_t ready_since;            /* 0: it is not */
};

void at_rescue_init(struct at_rescue *rescue, bool usb_reset, bool power_hook);
/* Whether the device that is open may have a USB reset. */
void at_rescue_allow_usb(struct at_rescue *rescue, bool allowed);
/* "ESC and AT" */
const char *at_rescue_name(enum at_rescue_step step);
/* What is counted for it. */
enum smsc_tally at_rescue_tally(enum at_rescue_step step);

/* The modem is open and does not answer: the next step, which is now taken. */
enum at_rescue_step at_rescue_next(struct at_rescue *rescue, int64_t now);
/* The port cannot be opened: AT_RESCUE_POWER when it is time for that, else
 * AT_RESCUE_REOPEN. */
enum at_rescue_step at_rescue_missing(struct at_rescue *rescue, int64_t now);
/* The port was opened; one that was missing gets time to start. */
void at_rescue_opened(struct at_rescue *rescue, int64_t now);
/* The modem said that it restarts: it gets time, too. */
void at_rescue_starts(struct at_rescue *rescue, int64_t now);
/* It answers that it has failed: true when it is to be reset now. */
bool at_rescue_failing(struct at_rescue *rescue, int64_t now);
/* It answers, and has not failed. */
void at_rescue_answers(struct at_rescue *rescue);
/* The modem is ready. One that fails again at once goes on where it was. */
void at_rescue_ready(struct at_rescue *rescue, int64_t now);
/* It works: the ladder begins at its foot next time. */
void at_rescue_works(struct at_rescue *rescue);
/* A step has ended that took its time; its patience begins now. */
void at_rescue_done(struct at_rescue *rescue, enum at_rescue_step step, int64_t now);

/* "step 3 of 5, AT+CFUN", appended; nothing when no step was taken. */
void at_rescue_describe(const struct at_rescue *rescue, struct bytes *text);

#endif
