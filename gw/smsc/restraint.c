/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restraint: see restraint.h. Whether something goes is computed when it is asked;
 * the timer only tells when it changes.
 */
#include "gw/smsc/restraint.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gw/conf/place.h"
#include "gw/smsc/limits.h"
#include "gw/smsc/quiet_hours.h"
#include "gwlib/clock.h"
#include "gwlib/log.h"
#include "gwlib/memory.h"

#define FILE_MAX    4096
#define SAVE_MS     10000
#define LOOK_MAX_MS 600000 /* the time of day may be set meanwhile */

struct restraint {
    struct loop *loop;
    const struct conf_group *group;
    loop_fn *changed;
    void *arg;
    struct limits limits;
    struct quiet_hours quiet;
    long exempt; /* priority that quiet hours do not hold back; -1: none */
    bool started;
    char *hold;             /* or NULL */
    char *aside;            /* why, or NULL */
    int64_t aside_until_ms; /* loop time */
    char *key;              /* what is counted by; NULL: nothing yet */
    char *path;             /* NULL: not kept */
    bool dirty;
    struct bytes text;
    struct loop_timer *look, *save;
    struct restraint *next; /* of those that are started */
};

int64_t (*restraint_clock)(void) = clock_wall;

/* So that two connections of one name do not write one file. Loop thread. */
static struct restraint *started;

/* --- the time ------------------------------------------------------------------------- */

static int minute_of_day(int64_t now)
{
    time_t moment = (time_t)now;
    struct tm local;

    return localtime_r(&moment, &local) != NULL ? local.tm_hour * 60 + local.tm_min : 0;
}

static bool is_quiet(const struct restraint *restraint, int64_t now)
{
    return restraint->quiet.count > 0 && quiet_hours_at(&restraint->quiet, minute_of_day(now));
}

static void print_time(struct bytes *to, int64_t time, const char *format)
{
    time_t moment = (time_t)time;
    char text[40];
    struct tm local;

    if (localtime_r(&moment, &local) != NULL && strftime(text, sizeof text, format, &local) > 0)
        bytes_append_str(to, text);
}

/* --- the state -------------------------------------------------------------------------- */

static void describe(const struct restraint *restraint, int64_t now, struct bytes *text)
{
    enum limits_window window = limits_used_up(&restraint->limits);

    if (restraint->hold != NULL) {
        bytes_append_str(text, restraint->hold);
    } else if (restraint->aside != NULL) {
        int64_t left_ms = restraint->aside_until_ms - loop_now(restraint->loop);

        bytes_append_str(text, "set aside until ");
        print_time(text, now + left_ms / 1000, "%H:%M");
        bytes_printf(text, ": %s", restraint->aside);
    } else if (window < LIMITS_WINDOWS) {
        bytes_printf(text, "limit-%s (%ld) is used up until ", limits_window_name(window),
                     restraint->limits.most[window]);
        print_time(text, limits_end(&restraint->limits, window), "%Y-%m-%d %H:%M");
    } else if (is_quiet(restraint, now)) {
        int minutes = quiet_hours_lasts(&restraint->quiet, minute_of_day(now));

        bytes_append_str(text, "quiet hours until ");
        print_time(text, now + minutes * INT64_C(60), "%H:%M");
    }
}

static int64_t ms_to_next_look(const struct restraint *restraint, int64_t now)
{
    int64_t next = LOOK_MAX_MS;

    if (restraint->aside != NULL) {
        int64_t left = restraint->aside_until_ms - loop_now(restraint->loop);

        next = left < next ? left : next;
    }
    if (limits_are_set(&restraint->limits)) {
        int64_t left = (limits_next_end(&restraint->limits) - now) * 1000;

        next = left < next ? left : next;
    }
    if (restraint->quiet.count > 0) {
        int minutes = quiet_hours_lasts(&restraint->quiet, minute_of_day(now));
        int64_t left = (minutes * INT64_C(60) - now % 60) * 1000;

        next = left < next ? left : next;
    }
    return next > 0 ? next : 1000;
}

static bool changes_by_itself(const struct restraint *restraint)
{
    return limits_are_set(&restraint->limits) || restraint->quiet.count > 0 ||
           restraint->aside != NULL;
}

static void end_aside(struct restraint *restraint)
{
    free(restraint->aside);
    restraint->aside = NULL;
}

/* Something may have begun or ended. Looks again in time. */
static void look(void *arg)
{
    struct restraint *restraint = arg;
    int64_t now = restraint_clock();

    limits_turn(&restraint->limits, now);
    if (restraint->aside != NULL && loop_now(restraint->loop) >= restraint->aside_until_ms)
        end_aside(restraint);
    bytes_clear(&restraint->text);
    describe(restraint, now, &restraint->text);
    if (restraint->started && changes_by_itself(restraint))
        loop_timer_set(restraint->look, ms_to_next_look(restraint, now));
    restraint->changed(restraint->arg);
}

const char *restraint_text(const struct restraint *restraint)
{
    return bytes_str(&restraint->text);
}

/* --- the file ----------------------------------------------------------------------------- */

static bool write_file(const char *path, struct slice data)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, data.data, data.len) == (ssize_t)data.len;

    if (fd >= 0)
        good = close(fd) == 0 && good;
    return good;
}

static void save(void *arg)
{
    static struct log_limit limit;
    struct restraint *restraint = arg;
    struct bytes text = {0}, fresh = {0};

    if (!restraint->dirty || restraint->path == NULL)
        return;
    limits_write(&restraint->limits, &text);
    bytes_printf(&fresh, "%s.new", restraint->path);
    restraint->dirty = !write_file(bytes_str(&fresh), bytes_slice(&text)) ||
                       rename(bytes_str(&fresh), restraint->path) != 0;
    if (restraint->dirty) {
        log_limited(&limit, LOG_LEVEL_ERROR,
                    "%s: cannot be written: what was used of the limits is not kept, so far",
                    restraint->path);
        loop_timer_set(restraint->save, SAVE_MS);
    }
    bytes_free(&text);
    bytes_free(&fresh);
}

static void load(struct restraint *restraint)
{
    char data[FILE_MAX];
    FILE *file = restraint->path != NULL ? fopen(restraint->path, "re") : NULL;

    for (int i = 0; i < LIMITS_WINDOWS; i++)
        restraint->limits.used[i] = 0;
    if (file == NULL)
        return;
    limits_read(&restraint->limits, slice_of(data, fread(data, 1, sizeof data, file)));
    fclose(file);
}

static bool is_in_use(const struct restraint *self, const char *path)
{
    for (const struct restraint *other = started; other != NULL; other = other->next)
        if (other != self && other->path != NULL && strcmp(other->path, path) == 0)
            return true;
    return false;
}

static char *choose_path(const struct restraint *restraint, const char *key)
{
    const struct conf_group *core = conf_first(conf_of(restraint->group), "core");
    struct bytes path = {0};
    size_t plain;

    if (!place_beside_store(core, "limits", key, &path))
        return NULL;
    plain = path.len;
    for (int n = 2; is_in_use(restraint, bytes_str(&path)); n++) {
        bytes_truncate(&path, plain);
        bytes_printf(&path, "#%d", n);
    }
    return bytes_take(&path);
}

static void count_by(struct restraint *restraint, const char *key)
{
    if (restraint->key != NULL && strcmp(restraint->key, key) == 0)
        return;
    save(restraint);
    free(restraint->key);
    free(restraint->path);
    restraint->key = memory_strdup(key);
    restraint->path = choose_path(restraint, key);
    load(restraint);
    loop_timer_set(restraint->look, 0);
}

/* --- its life ------------------------------------------------------------------------------- */

static bool read_quiet_hours(struct restraint *restraint, struct conf_problems *problems)
{
    const char *text = conf_string(restraint->group, "quiet-hours");
    struct bytes error = {0};
    bool good = text == NULL || quiet_hours_parse(&restraint->quiet, slice_str(text), &error);

    if (!good)
        conf_report(problems, CONF_ERROR, restraint->group, "quiet-hours", "%s", bytes_str(&error));
    bytes_free(&error);
    return good;
}

static long number_or(const struct conf_group *group, const char *name, long fallback)
{
    return conf_is_set(group, name) ? conf_number(group, name) : fallback;
}

struct restraint *restraint_create(struct loop *loop, const struct conf_group *group,
                                   loop_fn *changed, void *arg, struct conf_problems *problems)
{
    struct restraint *restraint = memory_zalloc(1, sizeof *restraint);

    restraint->loop = loop;
    restraint->group = group;
    restraint->changed = changed;
    restraint->arg = arg;
    restraint->limits.most[LIMITS_HOUR] = number_or(group, "limit-hour", 0);
    restraint->limits.most[LIMITS_DAY] = number_or(group, "limit-day", 0);
    restraint->limits.most[LIMITS_MONTH] = number_or(group, "limit-month", 0);
    restraint->exempt = number_or(group, "quiet-hours-exempt-priority", -1);
    restraint->look = loop_timer_create(loop, look, restraint);
    restraint->save = loop_timer_create(loop, save, restraint);
    if (!read_quiet_hours(restraint, problems)) {
        restraint_free(restraint);
        return NULL;
    }
    return restraint;
}

static void leave_list(struct restraint *restraint)
{
    struct restraint **place = &started;

    while (*place != NULL && *place != restraint)
        place = &(*place)->next;
    if (*place != NULL)
        *place = restraint->next;
}

void restraint_free(struct restraint *restraint)
{
    if (restraint == NULL)
        return;
    restraint_stop(restraint);
    loop_timer_free(restraint->look);
    loop_timer_free(restraint->save);
    bytes_free(&restraint->text);
    free(restraint->hold);
    end_aside(restraint);
    free(restraint);
}

void restraint_start(struct restraint *restraint, const char *name)
{
    if (restraint->started)
        return;
    restraint->started = true;
    restraint->next = started;
    started = restraint;
    if (limits_are_set(&restraint->limits))
        count_by(restraint, name);
    loop_timer_set(restraint->look, 0);
}

void restraint_stop(struct restraint *restraint)
{
    if (!restraint->started)
        return;
    save(restraint);
    leave_list(restraint);
    end_aside(restraint); /* who starts it again wants it to work */
    restraint->started = false;
    free(restraint->path);
    restraint->path = NULL;
    free(restraint->key);
    restraint->key = NULL;
    loop_timer_cancel(restraint->look);
    loop_timer_cancel(restraint->save);
}

void restraint_set_sim(struct restraint *restraint, struct slice sim)
{
    char *key;

    if (sim.len == 0 || !restraint->started || !limits_are_set(&restraint->limits))
        return;
    key = slice_to_str(sim);
    count_by(restraint, key);
    free(key);
}

void restraint_hold(struct restraint *restraint, const char *why)
{
    free(restraint->hold);
    restraint->hold = why != NULL ? memory_strdup(why) : NULL;
    loop_timer_set(restraint->look, 0);
}

void restraint_set_aside(struct restraint *restraint, const char *why, int64_t ms)
{
    if (!restraint->started || (why == NULL && restraint->aside == NULL))
        return;
    end_aside(restraint);
    if (why != NULL)
        restraint->aside = memory_strdup(why);
    restraint->aside_until_ms = loop_now(restraint->loop) + ms;
    loop_timer_set(restraint->look, 0);
}

bool restraint_is_aside(const struct restraint *restraint)
{
    return restraint->aside != NULL;
}

/* --- asking and counting ------------------------------------------------------------------------
 */

size_t restraint_permits(struct restraint *restraint, int priority, size_t under_way)
{
    int64_t now;
    size_t left;

    if (restraint->hold != NULL || restraint->aside != NULL)
        return 0;
    if (restraint->quiet.count == 0 && !limits_are_set(&restraint->limits))
        return SIZE_MAX;
    now = restraint_clock();
    if ((restraint->exempt < 0 || (priority > 0 ? priority : 0) < restraint->exempt) &&
        is_quiet(restraint, now))
        return 0;
    if (!limits_are_set(&restraint->limits))
        return SIZE_MAX;
    limits_turn(&restraint->limits, now);
    left = (size_t)limits_left(&restraint->limits);
    return left > under_way ? left - under_way : 0;
}

void restraint_count(struct restraint *restraint)
{
    if (!limits_are_set(&restraint->limits))
        return;
    limits_turn(&restraint->limits, restraint_clock());
    limits_count(&restraint->limits, 1);
    if (!restraint->dirty)
        loop_timer_set(restraint->save, SAVE_MS);
    restraint->dirty = true;
    if (limits_left(&restraint->limits) == 0)
        loop_timer_set(restraint->look, 0);
}

void restraint_print_limits(const struct restraint *restraint, struct bytes *to)
{
    limits_print(&restraint->limits, to);
}
