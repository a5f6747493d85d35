/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages whose answers were lost: see held.h.
 */
#include "gw/smsc/at/held.h"

#include "gwlib/clock.h"

#define LATE_ANSWER_MS   145000 /* with the 35 s before: 180 s */
#define REPORT_MS        60000  /* for a report, once the modem works again */
#define NO_REPORT_MS     5000
#define MODEM_ABSENT_MS  600000
#define DIGITS_THAT_STAY 7 /* networks change the front of a number */

static uint64_t receiver_hash(struct slice receiver)
{
    uint64_t value = UINT64_C(14695981039346656037);
    size_t from = receiver.len > DIGITS_THAT_STAY ? receiver.len - DIGITS_THAT_STAY : 0;

    for (size_t i = from; i < receiver.len; i++)
        value = (value ^ receiver.data[i]) * UINT64_C(1099511628211);
    return value;
}

void at_references_init(struct at_references *references)
{
    *references = (struct at_references){.last = -1};
}

void at_references_note(struct at_references *references, int reference, struct slice receiver)
{
    if (reference < 0 || reference >= AT_REFERENCES)
        return;
    if (references->last >= 0 && references->failures > 0 && references->failures < AT_REFERENCES) {
        if (reference == (references->last + 1 + references->failures) % AT_REFERENCES)
            references->counting = AT_COUNTS_ATTEMPTS;
        else if (reference == (references->last + 1) % AT_REFERENCES &&
                 references->counting == AT_COUNTS_UNKNOWN)
            references->counting = AT_COUNTS_SENT;
    }
    references->failures = 0;
    references->last = reference;
    at_references_mark(references, reference, receiver);
}

void at_references_mark(struct at_references *references, int reference, struct slice receiver)
{
    if (reference < 0 || reference >= AT_REFERENCES)
        return;
    references->known[reference] = 1;
    references->receivers[reference] = receiver_hash(receiver);
}

void at_references_fail(struct at_references *references)
{
    if (references->failures < AT_REFERENCES)
        references->failures++;
}

/* Whether the reference of the next message says how many were accepted. */
static int base_of(const struct at_references *references)
{
    if (references->counting == AT_COUNTS_ATTEMPTS ||
        (references->failures > 0 && references->counting != AT_COUNTS_SENT))
        return -1;
    return references->last;
}

int at_references_next(const struct at_references *references)
{
    int base = base_of(references);

    return base < 0 ? -1 : (base + 1) % AT_REFERENCES;
}

static int64_t time_of(const struct at_held *held)
{
    return held->submit->want_report ? REPORT_MS : NO_REPORT_MS;
}

void at_held_add(struct at_held_set *held, const struct at_references *references,
                 struct smsc_submit *submit, enum at_held_why why)
{
    struct at_held *one = &held->items[held->count];
    int64_t now = clock_monotonic_ms();

    if (held->count == 0)
        held->base = base_of(references);
    held->count++;
    one->submit = submit;
    one->why = why;
    switch (why) {
    case AT_HELD_UNANSWERED:
        one->until = now + LATE_ANSWER_MS;
        break;
    case AT_HELD_ANSWERED:
        one->until = now + time_of(one);
        break;
    case AT_HELD_SILENT:
    case AT_HELD_LOST:
        one->until = now + MODEM_ABSENT_MS;
        break;
    }
}

struct smsc_submit *at_held_take(struct at_held_set *held, size_t i, int reference)
{
    struct smsc_submit *submit = held->items[i].submit;

    if (held->base >= 0 && i == 0 && reference == at_held_reference(held, 0))
        held->base = reference;
    else
        held->base = -1;
    held->count--;
    for (; i < held->count; i++)
        held->items[i] = held->items[i + 1];
    return submit;
}

void at_held_resume(struct at_held_set *held)
{
    for (size_t i = 0; i < held->count; i++)
        if (held->items[i].why == AT_HELD_LOST || held->items[i].why == AT_HELD_SILENT)
            held->items[i].until = clock_monotonic_ms() + time_of(&held->items[i]);
}

void at_held_go_on(struct at_held_set *held)
{
    for (size_t i = 0; i < held->count; i++)
        if (held->items[i].why == AT_HELD_SILENT)
            held->items[i].why = AT_HELD_LOST;
}

void at_held_blur(struct at_held_set *held, const struct at_references *references)
{
    if (references->counting != AT_COUNTS_SENT)
        held->base = -1;
}

int at_held_reference(const struct at_held_set *held, size_t i)
{
    return held->base < 0 ? -1 : (held->base + 1 + (int)i) % AT_REFERENCES;
}

enum at_verdict at_held_compare(struct at_held_set *held, int reference)
{
    bool all, none;

    if (held->count == 0 || held->base < 0)
        return AT_HELD_UNKNOWN;
    all = reference == at_held_reference(held, held->count);
    none = reference == at_held_reference(held, 0);
    if (!all)
        held->base = -1; /* the distance is right only once */
    return all ? AT_HELD_ALL_SENT : none ? AT_HELD_NONE_SENT : AT_HELD_UNKNOWN;
}

/* Whether it can have got the reference: as many as were sent before it. */
static bool may_have(const struct at_held_set *held, size_t i, int reference)
{
    for (size_t k = 0; k <= i; k++)
        if (reference == at_held_reference(held, k))
            return true;
    return false;
}

size_t at_held_reported(const struct at_held_set *held, const struct at_references *references,
                        int reference, struct slice receiver)
{
    uint64_t hash = receiver_hash(receiver);

    if (reference < 0 || reference >= AT_REFERENCES)
        return held->count;
    for (size_t i = 0; i < held->count; i++) {
        if (hash != receiver_hash(message_sms(held->items[i].submit->message)->receiver))
            continue;
        if (held->base >= 0
                ? may_have(held, i, reference)
                : !references->known[reference] || references->receivers[reference] != hash)
            return i;
    }
    return held->count;
}

size_t at_held_answered(const struct at_held_set *held)
{
    size_t i = 0;

    /* Only the last one can be of that kind, and the modem took it after the others. */
    if (held->count > 0 && held->items[held->count - 1].why == AT_HELD_SILENT)
        return held->count - 1;
    while (i < held->count && held->items[i].why != AT_HELD_UNANSWERED)
        i++;
    return i;
}

size_t at_held_due(const struct at_held_set *held, int64_t *until)
{
    int64_t now = clock_monotonic_ms();
    size_t due = held->count;

    for (size_t i = 0; i < held->count; i++) {
        if (i == 0 || held->items[i].until < *until)
            *until = held->items[i].until;
        if (due == held->count && held->items[i].until <= now)
            due = i;
    }
    return due;
}
