/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where messages are kept and how the modem tells of them: AT+CPMS and AT+CNMI
 * (3GPP TS 27.005 sections 3.2.3, 3.4.1). What the modem offers is asked; what it
 * was set to is looked at again, because a reset or a late acknowledgement
 * changes it without a word.
 */
#include "gw/smsc/at/modem_internal.h"

#include <stdio.h>

#include "gwlib/clock.h"

#define AFTER_OPENING_MS 20000

/* --- memories ------------------------------------------------------------------------ */

/* `"SM",3,20,"SM",3,20,"ME",1,50`: the names. */
static bool memory_names(struct slice value, struct slice names[3])
{
    size_t found = 0;

    for (size_t at = 0; found < 3; found++) {
        size_t start = slice_find(value, '"', at);
        size_t end = slice_find(value, '"', start + 1);

        if (end >= value.len)
            break;
        names[found] = slice_sub(value, start + 1, end - start - 1);
        at = end + 1;
    }
    return found == 3;
}

/* `("SM","ME","SR"),("SM"),("SM")`: the first list, without broadcasts and without
 * MT, which is other memories once more. */
static void read_offered_memories(struct at_modem *modem, struct slice value)
{
    struct slice list = slice_sub(value, 0, slice_find(value, ')', 0));

    for (size_t at = 0; at < list.len;) {
        size_t start = slice_find(list, '"', at);
        size_t end = slice_find(list, '"', start + 1);
        struct slice name = slice_sub(list, start + 1, end - start - 1);

        at = end + 1;
        if (end >= list.len || name.len > 4 || slice_equal_str(name, "BM") ||
            slice_equal_str(name, "MT") || slice_equal_str(name, "TA"))
            continue;
        if (modem->memories.len > 0)
            bytes_append_char(&modem->memories, ',');
        bytes_append_slice(&modem->memories, name);
    }
}

static void set_memory(struct at_modem *modem, struct slice name)
{
    struct bytes wanted = {0};

    bytes_append_slice(&wanted, name);
    if (at_modem_command(modem, AT_STORAGE_MS, "AT+CPMS=\"%s\",\"%s\",\"%s\"", bytes_str(&wanted),
                         bytes_str(&wanted), bytes_str(&wanted)) == AT_OK ||
        at_modem_command(modem, AT_STORAGE_MS, "AT+CPMS=\"%s\"", bytes_str(&wanted)) == AT_OK) {
        bytes_clear(&modem->memory);
        bytes_append_slice(&modem->memory, bytes_slice(&wanted));
        bytes_clear(&modem->home);
        bytes_append_slice(&modem->home, bytes_slice(&wanted));
    }
    bytes_free(&wanted);
}

enum at_readiness at_modem_choose_memory(struct at_modem *modem, struct bytes *detail)
{
    struct slice names[3];

    (void)detail;
    bytes_clear(&modem->memory);
    bytes_clear(&modem->home);
    bytes_clear(&modem->memories);
    if (at_modem_command(modem, AT_STORAGE_MS, "AT+CPMS=?") == AT_OK)
        read_offered_memories(modem, at_answer_value(&modem->answer, "+CPMS:"));
    if (modem->profile->storage != NULL) {
        set_memory(modem, slice_str(modem->profile->storage));
        return modem->answer.final == AT_GONE ? AT_BROKEN : AT_READY;
    }
    switch (at_modem_command(modem, AT_STORAGE_MS, "AT+CPMS?")) {
    case AT_GONE:
        return AT_BROKEN;
    case AT_ERROR:
        if (at_modem_error_is(modem, CAUSE_WAIT) || at_modem_error_is(modem, CAUSE_VENDOR)) {
            bytes_append_str(detail, "the SIM is not ready yet");
            return AT_NOT_YET;
        }
        return AT_READY;
    default:
        break;
    }
    if (!memory_names(at_answer_value(&modem->answer, "+CPMS:"), names))
        return AT_READY;
    /* Told of in one memory and read from another: nothing would be found. */
    if (slice_equal(names[0], names[2])) {
        bytes_append_slice(&modem->memory, names[0]);
        bytes_append_slice(&modem->home, names[0]);
    } else {
        set_memory(modem, names[2]);
    }
    return modem->answer.final == AT_GONE ? AT_BROKEN : AT_READY;
}

/* --- what the modem offers ------------------------------------------------------------- */

enum { FIELDS = 5, VALUES = 10 };

struct offer {
    bool has[FIELDS][VALUES];
    int fields; /* some old phones have no <bfr> and refuse a fifth value */
};

/* One list: `(0-2)`, `(0,1,3)`, `("0","1")`, `(2)`. Returns where it ends. */
static size_t read_list(struct slice text, size_t at, bool has[VALUES])
{
    int last = -1;
    bool range = false;

    for (; at < text.len && text.data[at] != ')'; at++) {
        int digit = text.data[at] - '0';

        if (text.data[at] == '-') {
            range = true;
        } else if (digit >= 0 && digit < VALUES) {
            for (int value = range && last >= 0 ? last : digit; value <= digit; value++)
                has[value] = true;
            last = digit;
            range = false;
        }
    }
    return at;
}

static bool read_offer(struct slice text, struct offer *offer)
{
    size_t at = slice_find(text, '(', 0);
    int field = 0;

    *offer = (struct offer){.fields = 0};
    while (at < text.len && field < FIELDS) {
        at = read_list(text, at + 1, offer->has[field++]);
        at = slice_find(text, '(', at);
    }
    offer->fields = field;
    return field >= 4;
}

/* mode, mt and ds in the order of safety: stored messages survive our end,
 * direct ones are safe when they are acknowledged. -1: any. */
struct choice {
    int mt, ds;
    bool needs_acknowledging;
};

static const struct choice choices[] = {
    {1, 1, false}, {1, 2, false}, {1, 0, false}, {2, 1, true},  {2, 2, true},  {2, 0, true},
    {3, 1, false}, {2, 1, false}, {2, 2, false}, {2, 0, false}, {0, 1, false}, {0, 2, false},
};

/* Of <mode>: some offer 2 and refuse it. 0 tells of nothing while the line is in
 * use, so that any choice with another one is better. */
static const int modes[] = {2, 1, 3};

/* A modem that refuses so many refuses all; one that did so before, the first ones. */
enum { TRIES = 8, TRIES_AGAIN = 2 };

static bool allows(const struct at_modem *modem, const struct offer *offer,
                   const struct choice *choice)
{
    return offer->has[1][choice->mt] && offer->has[3][choice->ds] &&
           (!choice->needs_acknowledging || modem->acknowledges);
}

/* --- setting it ------------------------------------------------------------------------- */

/* True when the modem took it; what it says of it then is kept. */
static bool try_command(struct at_modem *modem, const char *command)
{
    if (at_modem_command(modem, AT_PLAIN_MS, "%s", command) != AT_OK)
        return false;
    bytes_clear(&modem->cnmi_set);
    bytes_append_str(&modem->cnmi_set, command);
    bytes_clear(&modem->cnmi);
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CNMI?") == AT_OK)
        bytes_append_slice(&modem->cnmi, at_answer_value(&modem->answer, "+CNMI:"));
    modem->next_recheck = clock_monotonic_ms() + AT_RECHECK_CNMI_MS;
    return true;
}

static bool try_values(struct at_modem *modem, const struct offer *offer, int mode,
                       const struct choice *choice)
{
    int buffer = offer->has[4][1] && !offer->has[4][0] ? 1 : 0;
    char command[40];

    if (offer->fields < FIELDS)
        snprintf(command, sizeof command, "AT+CNMI=%d,%d,0,%d", mode, choice->mt, choice->ds);
    else
        snprintf(command, sizeof command, "AT+CNMI=%d,%d,0,%d,%d", mode, choice->mt, choice->ds,
                 buffer);
    return try_command(modem, command);
}

static void warn_unacknowledged(const struct at_modem *modem, const struct choice *choice)
{
    if (choice->mt == 2 && !modem->acknowledges)
        log_to(modem->log, LOG_LEVEL_WARNING,
               "%s: the modem hands messages over without an acknowledgement: one that comes "
               "while the gateway goes down is lost",
               modem->name);
}

/* The first of the choices that the modem takes with one of these modes. */
static bool choose_among(struct at_modem *modem, const struct offer *offer, const int *among,
                         size_t count, int *tries)
{
    for (size_t i = 0; i < sizeof choices / sizeof choices[0] * count; i++) {
        const struct choice *choice = &choices[i / count];

        if (!offer->has[0][among[i % count]] || !allows(modem, offer, choice))
            continue;
        if ((*tries)-- <= 0 || modem->answer.final == AT_GONE)
            return false;
        if (try_values(modem, offer, among[i % count], choice)) {
            warn_unacknowledged(modem, choice);
            return true;
        }
    }
    return false;
}

static bool choose(struct at_modem *modem)
{
    static const int buffered = 0;
    struct offer offer;
    int tries = modem->knowledge->refused_indications ? TRIES_AGAIN : TRIES;
    bool taken;

    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CNMI=?") != AT_OK ||
        !read_offer(at_answer_value(&modem->answer, "+CNMI:"), &offer))
        read_offer(slice_str("(0-3),(0-3),(0),(0-2),(0,1)"), &offer);
    taken = choose_among(modem, &offer, modes, sizeof modes / sizeof modes[0], &tries) ||
            choose_among(modem, &offer, &buffered, 1, &tries);
    modem->knowledge->refused_indications = !taken && modem->answer.final == AT_ERROR;
    return taken;
}

/* What was handed over while nobody listened was not acknowledged, and the modem
 * ends the handing over some seconds from now. */
static void expect_withdrawal(struct at_modem *modem)
{
    if (!modem->acknowledges)
        return;
    modem->next_recheck = clock_monotonic_ms() + AT_DOUBT_CNMI_MS;
    modem->doubtful_until = modem->next_recheck + AFTER_OPENING_MS;
}

enum at_readiness at_modem_choose_indications(struct at_modem *modem, struct bytes *detail)
{
    const char *own = modem->profile->init_string;

    (void)detail;
    bytes_clear(&modem->cnmi_set);
    if ((own != NULL && try_command(modem, own)) || choose(modem)) {
        expect_withdrawal(modem);
        return AT_READY;
    }
    if (modem->answer.final == AT_GONE)
        return AT_BROKEN;
    log_to(modem->log, LOG_LEVEL_WARNING,
           "%s: the modem does not tell of new messages, its memory is looked at every minute",
           modem->name);
    return AT_READY;
}

bool at_modem_recheck_indications(struct at_modem *modem)
{
    struct bytes command = {0};
    bool alive;

    modem->next_recheck = clock_monotonic_ms();
    modem->next_recheck +=
        modem->next_recheck < modem->doubtful_until ? AT_DOUBT_CNMI_MS : AT_RECHECK_CNMI_MS;
    if (modem->cnmi.len == 0 || modem->cnmi_set.len == 0)
        return true;
    if (at_modem_command(modem, AT_PLAIN_MS, "AT+CNMI?") != AT_OK)
        return modem->answer.final != AT_GONE;
    if (slice_equal(at_answer_value(&modem->answer, "+CNMI:"), bytes_slice(&modem->cnmi)))
        return true;
    log_to(modem->log, LOG_LEVEL_WARNING,
           "%s: the modem has forgotten how to tell of messages, it is set again", modem->name);
    bytes_append_slice(&command, bytes_slice(&modem->cnmi_set));
    if (modem->acknowledges)
        at_modem_command(modem, AT_PLAIN_MS, "AT+CSMS=1");
    try_command(modem, bytes_str(&command));
    alive = modem->answer.final != AT_GONE;
    bytes_free(&command);
    modem->next_poll = clock_monotonic_ms(); /* what came meanwhile was stored */
    return alive;
}
