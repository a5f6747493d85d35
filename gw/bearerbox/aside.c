/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modems that are set aside: see aside.h.
 */
#include "gw/bearerbox/aside.h"

#include <string.h>

#include "gw/bearerbox/links.h"

#define ASIDE_MS 600000

/* --- one connection ------------------------------------------------------------------ */

void aside_note_sent(struct aside *aside, int64_t now_ms)
{
    aside->failures = 0;
    aside->sent_ms = now_ms;
}

static void begin(struct aside *aside, struct slice error, int64_t now_ms)
{
    memcpy(aside->error, error.data, error.len);
    aside->error[error.len] = '\0';
    aside->failures = 0;
    aside->first_ms = now_ms;
}

bool aside_note_failure(struct aside *aside, struct slice receiver, struct slice error,
                        int64_t now_ms)
{
    uint64_t who = slice_hash(receiver);

    error = slice_sub(error, 0, ASIDE_ERROR_MAX - 1);
    if (error.len == 0) {
        aside->failures = 0;
        return false;
    }
    if (aside->failures == 0 || !slice_equal_str(error, aside->error))
        begin(aside, error, now_ms);
    for (int i = 0; i < aside->failures; i++)
        if (aside->receivers[i] == who)
            return false; /* perhaps it is the receiver */
    aside->receivers[aside->failures++] = who;
    if (aside->failures < ASIDE_FAILURES)
        return false;
    aside->failures = 0;
    return true;
}

/* --- among others ---------------------------------------------------------------------- */

static bool is_modem(const struct bearer *bearer)
{
    return strcmp(conf_string(bearer->group, "smsc"), "at") == 0;
}

/* Same smsc-id, or both take what is routed to nobody by name. */
static bool may_take_over(const struct bearer *bearer, const struct bearer *other)
{
    const char *id = smsc_id(bearer->smsc), *other_id = smsc_id(other->smsc);

    if (other == bearer || !is_modem(other) || smsc_state(other->smsc) != SMSC_ONLINE ||
        smsc_is_aside(other->smsc))
        return false;
    return (id != NULL && other_id != NULL && strcmp(id, other_id) == 0) ||
           (!conf_is_set(bearer->group, "allowed-smsc-id") &&
            !conf_is_set(other->group, "allowed-smsc-id"));
}

/* The one that sent a message since then, or NULL. */
static const struct bearer *find_other(const struct bearer *bearer, int64_t since_ms)
{
    for (const struct bearer *other = links_first(bearer->gateway->links); other != NULL;
         other = other->next)
        if (may_take_over(bearer, other) && other->aside.sent_ms >= since_ms &&
            other->aside.sent_ms > 0)
            return other;
    return NULL;
}

void aside_accepted(struct bearer *bearer)
{
    aside_note_sent(&bearer->aside, loop_now(bearer->gateway->loop));
    smsc_set_aside(bearer->smsc, NULL, 0);
}

void aside_failed(struct bearer *bearer, struct slice receiver, enum smsc_failure failure,
                  struct slice error)
{
    const struct bearer *other;
    struct bytes why = {0};

    if (failure != SMSC_TEMPORARY || !is_modem(bearer) || smsc_state(bearer->smsc) != SMSC_ONLINE ||
        smsc_is_aside(bearer->smsc) ||
        !aside_note_failure(&bearer->aside, receiver, error, loop_now(bearer->gateway->loop)))
        return;
    other = find_other(bearer, bearer->aside.first_ms);
    if (other == NULL)
        return;
    bytes_printf(&why, "%d messages in a row met %s, while %s sends", ASIDE_FAILURES,
                 bearer->aside.error, other->key);
    smsc_set_aside(bearer->smsc, bytes_str(&why), ASIDE_MS);
    bytes_free(&why);
}

void aside_look_again(struct links *links)
{
    for (struct bearer *bearer = links_first(links); bearer != NULL; bearer = bearer->next)
        if (smsc_is_aside(bearer->smsc) && find_other(bearer, 0) == NULL)
            smsc_set_aside(bearer->smsc, NULL, 0);
}
