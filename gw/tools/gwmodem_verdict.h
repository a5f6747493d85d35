/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem_verdict - what the doctor found out about one device: how far the walk
 * went, the first obstacle or none, warnings, and the smsc group when all is
 * well; as text and as JSON.
 */
#ifndef GW_TOOLS_GWMODEM_VERDICT_H
#define GW_TOOLS_GWMODEM_VERDICT_H

#include <jansson.h>
#include <stdbool.h>

#include "gwlib/bytes.h"

enum { VERDICT_WARNINGS_MAX = 8, VERDICT_STEPS_MAX = 12 };

struct finding {
    const char *id;      /* "sim-missing"; NULL: none */
    struct bytes text;   /* what it is */
    struct bytes remedy; /* what to do */
};

struct verdict {
    char device[256]; /* "/dev/ttyUSB2", or "" before a port is known */
    char usb_id[10];  /* "1e0e:9000", or "" */
    char name[128];
    struct finding obstacle;
    struct finding warnings[VERDICT_WARNINGS_MAX];
    size_t warning_count;
    struct bytes steps[VERDICT_STEPS_MAX]; /* what is good already */
    size_t step_count;
    struct bytes group; /* "group = smsc\n..." */
    int rank;           /* which obstacle is told first: the smaller */
};

void verdict_free(struct verdict *verdict);

/* The first obstacle stays. Returns false, so that a walk can end with it. */
bool verdict_stop(struct verdict *verdict, const char *id, const char *remedy, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
void verdict_warn(struct verdict *verdict, const char *id, const char *remedy, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
void verdict_step(struct verdict *verdict, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "ok" when there is no obstacle. */
const char *verdict_id(const struct verdict *verdict);
json_t *verdict_json(const struct verdict *verdict);
void verdict_print(const struct verdict *verdict);

#endif
