/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doctor's words: see gwmodem_verdict.h.
 */
#include "gw/tools/gwmodem_verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void free_finding(struct finding *finding)
{
    bytes_free(&finding->text);
    bytes_free(&finding->remedy);
}

void verdict_free(struct verdict *verdict)
{
    free_finding(&verdict->obstacle);
    for (size_t i = 0; i < verdict->warning_count; i++)
        free_finding(&verdict->warnings[i]);
    for (size_t i = 0; i < verdict->step_count; i++)
        bytes_free(&verdict->steps[i]);
    bytes_free(&verdict->group);
}

bool verdict_stop(struct verdict *verdict, const char *id, const char *remedy, const char *format,
                  ...)
{
    va_list args;

    if (verdict->obstacle.id != NULL)
        return false;
    verdict->obstacle.id = id;
    bytes_append_str(&verdict->obstacle.remedy, remedy);
    va_start(args, format);
    bytes_vprintf(&verdict->obstacle.text, format, args);
    va_end(args);
    return false;
}

void verdict_warn(struct verdict *verdict, const char *id, const char *remedy, const char *format,
                  ...)
{
    struct finding *warning = &verdict->warnings[verdict->warning_count];
    va_list args;

    if (verdict->warning_count == VERDICT_WARNINGS_MAX)
        return;
    verdict->warning_count++;
    warning->id = id;
    bytes_append_str(&warning->remedy, remedy);
    va_start(args, format);
    bytes_vprintf(&warning->text, format, args);
    va_end(args);
}

void verdict_step(struct verdict *verdict, const char *format, ...)
{
    va_list args;

    if (verdict->step_count == VERDICT_STEPS_MAX)
        return;
    va_start(args, format);
    bytes_vprintf(&verdict->steps[verdict->step_count++], format, args);
    va_end(args);
}

const char *verdict_id(const struct verdict *verdict)
{
    return verdict->obstacle.id != NULL ? verdict->obstacle.id : "ok";
}

/* --- as JSON ---------------------------------------------------------------------- */

/* Texts of devices may be any octets; what is no UTF-8 is left out. */
static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text);

    json_object_set_new(object, key, value != NULL ? value : json_string(""));
}

static json_t *finding_json(const struct finding *finding)
{
    json_t *object = json_object();

    set_text(object, "id", finding->id);
    set_text(object, "text", bytes_str(&finding->text));
    set_text(object, "remedy", bytes_str(&finding->remedy));
    return object;
}

json_t *verdict_json(const struct verdict *verdict)
{
    json_t *object = json_object(), *warnings = json_array(), *steps = json_array();

    set_text(object, "verdict", verdict_id(verdict));
    json_object_set_new(object, "ok", json_boolean(verdict->obstacle.id == NULL));
    set_text(object, "device", verdict->device);
    set_text(object, "usb", verdict->usb_id);
    set_text(object, "name", verdict->name);
    set_text(object, "text",
             verdict->obstacle.id != NULL ? bytes_str(&verdict->obstacle.text) : "all is well");
    set_text(object, "remedy", bytes_str(&verdict->obstacle.remedy));
    for (size_t i = 0; i < verdict->warning_count; i++)
        json_array_append_new(warnings, finding_json(&verdict->warnings[i]));
    json_object_set_new(object, "warnings", warnings);
    for (size_t i = 0; i < verdict->step_count; i++)
        json_array_append_new(steps, json_string(bytes_str(&verdict->steps[i])));
    json_object_set_new(object, "steps", steps);
    set_text(object, "group", bytes_str(&verdict->group));
    return object;
}

/* --- as text ------------------------------------------------------------------------ */

static void print_finding(const char *mark, const struct finding *finding)
{
    printf("%s %s", mark, bytes_str(&finding->text));
    if (finding->remedy.len > 0)
        printf(": %s", bytes_str(&finding->remedy));
    printf(".\n");
}

void verdict_print(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->step_count; i++)
        printf("  ok   %s\n", bytes_str(&verdict->steps[i]));
    for (size_t i = 0; i < verdict->warning_count; i++)
        print_finding("  note", &verdict->warnings[i]);
    if (verdict->obstacle.id != NULL)
        print_finding("  STOP", &verdict->obstacle);
    if (verdict->group.len > 0)
        printf("\nAll is well. For kannel.conf:\n\n%s", bytes_str(&verdict->group));
}
