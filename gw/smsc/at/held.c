/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message whose answer was lost: see held.h.
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
    if (references->last >= 0 && references->failures > 0 &&
        reference == (references->last + 1 + references->failures) % AT_REFERENCES)
        references->counts_attempts = true;
    references->failures = 0;
    references->last = reference;
    references->known[reference] = 1;
    references->receivers[reference] = receiver_hash(receiver);
}

void at_references_fail(struct at_references *references)
{
    if (references->failures < AT_REFERENCES)
        references->failures++;
}

static int next_reference(const struct at_references *references)
{
    bool known = references->last >= 0 && references->failures == 0 && !references->counts_attempts;

    return known ? (references->last + 1) % AT_REFERENCES : -1;
}

void at_held_begin(struct at_held *held, const struct at_references *references,
                   struct smsc_submit *submit, bool lost)
{
    held->submit = submit;
    held->reference = next_reference(references);
    held->lost = lost;
    held->until = clock_monotonic_ms() + (lost ? MODEM_ABSENT_MS : LATE_ANSWER_MS);
}

void at_held_resume(struct at_held *held)
{
    if (held->submit != NULL && held->lost)
        held->until = clock_monotonic_ms() + (held->submit->want_report ? REPORT_MS : NO_REPORT_MS);
}

void at_held_blur(struct at_held *held)
{
    held->reference = -1;
}

enum at_verdict at_held_compare(struct at_held *held, int reference)
{
    int expected = held->reference;

    held->reference = -1; /* the distance is right only once */
    if (held->submit == NULL || expected < 0 || reference < 0)
        return AT_HELD_UNKNOWN;
    if (reference == (expected + 1) % AT_REFERENCES) {
        held->reference = expected;
        return AT_HELD_SENT;
    }
    return reference == expected ? AT_HELD_NOT_SENT : AT_HELD_UNKNOWN;
}

bool at_held_is_reported(const struct at_held *held, const struct at_references *references,
                         int reference, struct slice receiver)
{
    uint64_t hash = receiver_hash(receiver);

    if (held->submit == NULL || reference < 0 || reference >= AT_REFERENCES ||
        hash != receiver_hash(message_sms(held->submit->message)->receiver))
        return false;
    if (held->reference >= 0)
        return reference == held->reference;
    return !references->known[reference] || references->receivers[reference] != hash;
}
