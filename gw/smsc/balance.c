/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The balance of a SIM: see balance.h.
 */
#include "gw/smsc/balance.h"

#include <stdlib.h>
#include <time.h>

#include "gw/smsc/quiet_hours.h"
#include "gwlib/clock.h"
#include "gwlib/memory.h"
#include "gwlib/regex.h"

#define FIRST_MS      1000
#define WHEN_LOW_S    3600
#define AFTER_ERROR_S 900
#define AMOUNT_MAX    32 /* characters */
#define ANY_AMOUNT    "(-?[0-9]+(?:[.,][0-9]+)*)"
#define ANY_TIME      (-1)

struct balance {
    struct smsc *smsc;
    const char *code;
    struct regex *pattern;
    bool has_least;
    double least;
    int64_t every_s; /* or */
    int minute;      /* of the day */
    struct loop_timer *timer;
    int64_t next_ms; /* loop_now() */
    bool low;
};

/* --- text ------------------------------------------------------------------------------ */

bool balance_parse_every(struct slice text, int64_t *every_s, int *minute)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    int64_t factor = 1;
    long number;

    text = slice_trim(text);
    *every_s = *minute = ANY_TIME;
    if (quiet_hours_parse_time(text, minute) && *minute < MINUTES_A_DAY)
        return true;
    *minute = ANY_TIME;
    for (size_t i = 0; i < sizeof units / sizeof units[0] && text.len > 0; i++)
        if (text.data[text.len - 1] == units[i].unit) {
            factor = units[i].seconds;
            text.len--;
            break;
        }
    if (!slice_to_number(text, 1, 1000000, &number))
        return false;
    *every_s = number * factor;
    return true;
}

static size_t count_of(struct slice text, unsigned char c)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == c;
    return count;
}

/* Which of '.' and ',' stands before the fraction; 0: none does. */
static unsigned char decimal_point(struct slice text)
{
    size_t points = count_of(text, '.'), commas = count_of(text, ',');
    unsigned char only = points > 0 ? '.' : ',';

    if (points + commas == 0)
        return 0;
    if (points > 0 && commas > 0) /* the one that comes last */
        return slice_find(text, '.', 0) > slice_find(text, ',', 0) ? '.' : ',';
    return points + commas == 1 ? only : 0;
}

bool balance_parse_amount(struct slice text, double *amount)
{
    unsigned char point = decimal_point(text);
    char plain[AMOUNT_MAX + 1];
    size_t len = 0;
    bool digits = false;

    if (text.len > AMOUNT_MAX || (point != 0 && count_of(text, point) > 1))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = text.data[i];

        if ((c >= '0' && c <= '9') || (c == '-' && i == 0))
            plain[len++] = (char)c;
        else if (c == point)
            plain[len++] = '.';
        else if (c != '.' && c != ',')
            return false;
        digits = digits || (c >= '0' && c <= '9');
    }
    plain[len] = '\0';
    if (digits)
        *amount = strtod(plain, NULL);
    return digits;
}

/* --- when ---------------------------------------------------------------------------------- */

static int64_t seconds_until(int minute)
{
    time_t now = (time_t)clock_wall();
    struct tm local;
    int64_t left;

    if (localtime_r(&now, &local) == NULL)
        return WHEN_LOW_S;
    left = minute * INT64_C(60) - (local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec);
    return left > 0 ? left : left + MINUTES_A_DAY * INT64_C(60);
}

static void ask_again(struct balance *balance, int64_t most_s)
{
    int64_t seconds =
        balance->minute != ANY_TIME ? seconds_until(balance->minute) : balance->every_s;

    if (seconds > most_s)
        seconds = most_s;
    balance->next_ms = loop_now(smsc_loop(balance->smsc)) + seconds * 1000;
    loop_timer_set(balance->timer, seconds * 1000);
}

static void dialogue_ended(enum smsc_ussd_result result, struct slice text, void *arg)
{
    (void)result;
    (void)text;
    (void)arg;
}

static void answered(enum smsc_ussd_result result, struct slice text, void *arg)
{
    struct balance *balance = arg;

    if (result == SMSC_USSD_FAILED) {
        smsc_log(balance->smsc, LOG_LEVEL_WARNING, "SMSC <%s>: the balance was not told: %.*s",
                 smsc_name(balance->smsc), (int)text.len, (const char *)text.data);
        ask_again(balance, AFTER_ERROR_S);
        return;
    }
    if (result == SMSC_USSD_MORE) { /* a menu behind the amount: not for us */
        struct bytes why = {0};

        smsc_ussd(balance->smsc, slice_str(""), false, dialogue_ended, NULL, &why);
        bytes_free(&why);
    }
    ask_again(balance, balance->low ? WHEN_LOW_S : INT64_MAX);
}

static void ask(void *arg)
{
    struct balance *balance = arg;
    struct bytes why = {0};

    if (smsc_state(balance->smsc) != SMSC_ONLINE)
        balance->next_ms = 0; /* as soon as it is */
    else if (!smsc_ussd(balance->smsc, slice_str(balance->code), false, answered, balance, &why))
        ask_again(balance, AFTER_ERROR_S);
    bytes_free(&why);
}

void balance_online(struct balance *balance)
{
    int64_t left;

    if (balance == NULL)
        return;
    left = balance->next_ms - loop_now(smsc_loop(balance->smsc));
    loop_timer_set(balance->timer, left > FIRST_MS ? left : FIRST_MS);
}

void balance_ask_now(struct balance *balance)
{
    if (balance != NULL)
        loop_timer_set(balance->timer, 0);
}

void balance_stop(struct balance *balance)
{
    if (balance != NULL)
        loop_timer_cancel(balance->timer);
}

/* --- what it means ------------------------------------------------------------------------------
 */

static void judge(struct balance *balance, double amount)
{
    bool low = balance->has_least && amount < balance->least;
    struct bytes why = {0};

    bytes_printf(&why, "the balance %.2f is below balance-least (%.2f)", amount, balance->least);
    if (low && !balance->low)
        smsc_log(balance->smsc, LOG_LEVEL_ERROR, "SMSC <%s>: %s: nothing is sent until it is back",
                 smsc_name(balance->smsc), bytes_str(&why));
    if (!low && balance->low)
        smsc_log(balance->smsc, LOG_LEVEL_INFO, "SMSC <%s>: the balance is back, %.2f",
                 smsc_name(balance->smsc), amount);
    balance->low = low;
    smsc_hold(balance->smsc, low ? bytes_str(&why) : NULL);
    bytes_free(&why);
}

bool balance_is_code(const struct balance *balance, struct slice code)
{
    return balance != NULL && slice_equal_str(code, balance->code);
}

void balance_heard(struct balance *balance, struct slice text)
{
    struct slice caught = slice_unset();
    struct bytes value = {0};
    double amount;

    if (!regex_capture(balance->pattern, text, 1, &caught) || !slice_is_set(caught) ||
        !balance_parse_amount(slice_trim(caught), &amount)) {
        smsc_log(balance->smsc, LOG_LEVEL_WARNING,
                 "SMSC <%s>: balance-pattern finds no amount in: %.*s", smsc_name(balance->smsc),
                 (int)text.len, (const char *)text.data);
        return;
    }
    smsc_log(balance->smsc, LOG_LEVEL_INFO, "SMSC <%s>: the network says: %.*s",
             smsc_name(balance->smsc), (int)text.len, (const char *)text.data);
    bytes_printf(&value, "%.2f", amount);
    smsc_set_fact(balance->smsc, SMSC_FACT_BALANCE, bytes_slice(&value));
    bytes_free(&value);
    judge(balance, amount);
}

/* --- the configuration --------------------------------------------------------------------------
 */

static bool read_variables(struct balance *balance, const struct conf_group *group,
                           struct conf_problems *problems)
{
    const char *pattern = conf_string(group, "balance-pattern");
    const char *every = conf_string(group, "balance-every");
    struct bytes error = {0};

    balance->pattern = regex_compile(pattern != NULL ? pattern : ANY_AMOUNT, false, &error);
    bytes_free(&error); /* checked by the reader */
    balance->has_least = conf_is_set(group, "balance-least");
    balance->least = conf_decimal(group, "balance-least");
    if (balance_parse_every(slice_str(every), &balance->every_s, &balance->minute))
        return balance->pattern != NULL;
    conf_report(problems, CONF_ERROR, group, "balance-every",
                "'%s' is neither a duration like 6h nor a time of the day like 06:30", every);
    return false;
}

bool balance_create(struct balance **made, struct smsc *smsc, const struct conf_group *group,
                    struct conf_problems *problems)
{
    struct balance *balance;

    *made = NULL;
    if (conf_string(group, "balance-code") == NULL) {
        if (!conf_is_set(group, "balance-least"))
            return true;
        conf_report(problems, CONF_ERROR, group, "balance-least", "needs balance-code");
        return false;
    }
    balance = memory_zalloc(1, sizeof *balance);
    balance->smsc = smsc;
    balance->code = conf_string(group, "balance-code");
    balance->timer = loop_timer_create(smsc_loop(smsc), ask, balance);
    if (!read_variables(balance, group, problems)) {
        balance_free(balance);
        return false;
    }
    *made = balance;
    return true;
}

void balance_free(struct balance *balance)
{
    if (balance == NULL)
        return;
    loop_timer_free(balance->timer);
    regex_free(balance->pattern);
    free(balance);
}
