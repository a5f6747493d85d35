/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cause - errors of modems, see cause.h. The table is cause_table.def; the
 * status of reports is in cause_status.c.
 */
#include "gw/sms/cause.h"

#include <string.h>

/* Class, name in the table, fate, advice. */
#define CLASSES                                                                                    \
    CLASS(PERM, "perm", PERMANENT, "The message will never work: it is refused.")                  \
    CLASS(PERM_RETRY, "perm1", PERMANENT,                                                          \
          "The modem did not understand us, perhaps a damaged line: one more try.")                \
    CLASS(TEMP, "temp", TEMPORARY, "Trouble of the network: it is tried again.")                   \
    CLASS(TEMP_FEW, "temp3", TEMPORARY, "It is tried again, at most three times.")                 \
    CLASS(WAIT, "wait", MODEM, "The modem is not ready yet: it is given time.")                    \
    CLASS(FIX, "fix", MODEM, "To be repaired at the modem, then tried again.")                     \
    CLASS(SIM, "sim", MODEM, "The SIM needs attention: this modem stops.")                         \
    CLASS(PIN, "pin", MODEM, "The SIM wants its PIN: this modem stops.")                           \
    CLASS(CONF, "conf", MODEM, "The configuration lacks something for this modem.")                \
    CLASS(MODEM, "modem", MODEM, "The modem is in trouble: it is reset.")                          \
    CLASS(AMBIGUOUS, "amb", UNCERTAIN, "The message may have been sent.")                          \
    CLASS(VENDOR, "vend", TEMPORARY,                                                               \
          "A code of the vendor: it is tried again, at most three times.")                         \
    CLASS(NONE, "none", NONE, "Of no consequence.")

#define CLASS(class, name, fate, advice) static const char advice_##class[] = advice;
CLASSES
#undef CLASS

static const struct {
    const char *name;
    enum cause_fate fate;
    const char *advice;
} classes[] = {
#define CLASS(class, name, fate, advice)                                                           \
    [CAUSE_##class] = {name, CAUSE_FATE_##fate, advice_##class},
    CLASSES
#undef CLASS
};

#define ENTRY(family, code, class, text, advice)                                                   \
    {                                                                                              \
        CAUSE_##family, code, CAUSE_##class, text, advice                                          \
    }
#define CMS(code, class, text)                ENTRY(CMS, code, class, text, advice_##class),
#define CME(code, class, text)                ENTRY(CME, code, class, text, advice_##class),
#define CMS_ADVICE(code, class, text, advice) ENTRY(CMS, code, class, text, advice),
#define CME_ADVICE(code, class, text, advice) ENTRY(CME, code, class, text, advice),
static const struct cause table[] = {
#include "gw/sms/cause_table.def"
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

/* What stands for numbers that are not in the table. */
static const struct cause
    plain_error = ENTRY(CMS, -1, TEMP_FEW, "error without a number", advice_TEMP_FEW),
    unknown_cms = ENTRY(CMS, -1, TEMP_FEW, "unknown error number", advice_TEMP_FEW),
    application_cms = ENTRY(CMS, -1, TEMP_FEW, "application specific error", advice_TEMP_FEW),
    vendor_cms = ENTRY(CMS, -1, VENDOR, "manufacturer specific error", advice_VENDOR),
    unknown_cme = ENTRY(CME, -1, TEMP_FEW, "unknown error number", advice_TEMP_FEW),
    vendor_cme = ENTRY(CME, -1, VENDOR, "manufacturer specific error", advice_VENDOR);

static const struct cause *of_range(enum cause_family family, int code)
{
    if (family == CAUSE_CME)
        return code >= 512 ? &vendor_cme : &unknown_cme;
    if (code >= 224 && code <= 254)
        return &application_cms;
    return code >= 512 ? &vendor_cms : &unknown_cms;
}

const struct cause *cause_find(enum cause_family family, int code)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].family == family && table[i].code == code)
            return &table[i];
    }
    return of_range(family, code);
}

const struct cause *cause_plain(void)
{
    return &plain_error;
}

const struct cause *cause_entry(size_t i)
{
    return i < TABLE_COUNT ? &table[i] : NULL;
}

/* --- lines of modems -------------------------------------------------------------- */

static const struct cause *find_words(enum cause_family family, struct slice words)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].family == family && slice_equal_nocase(words, table[i].text))
            return &table[i];
    }
    return of_range(family, -1);
}

/* "+CMS ERROR" in front, without case, alone or with a colon; the rest, trimmed. */
static bool take_family(struct slice line, const char *prefix, struct slice *rest)
{
    size_t len = strlen(prefix);
    if (line.len < len || !slice_equal_nocase(slice_sub(line, 0, len), prefix) ||
        (line.len > len && line.data[len] != ':'))
        return false;
    *rest = slice_trim(slice_sub(line, len + 1, line.len));
    return true;
}

bool cause_parse(struct slice line, const struct cause **cause, int *code)
{
    struct slice rest;
    enum cause_family family = CAUSE_CMS;
    long number;
    line = slice_trim(line);
    if (slice_equal_nocase(line, "ERROR")) {
        *cause = &plain_error;
        *code = -1;
        return true;
    }
    if (!take_family(line, "+CMS ERROR", &rest)) {
        family = CAUSE_CME;
        if (!take_family(line, "+CME ERROR", &rest))
            return false;
    }
    if (slice_to_number(rest, 0, 65535, &number)) {
        *cause = cause_find(family, (int)number);
        *code = (int)number;
    } else {
        *cause = find_words(family, rest);
        *code = (*cause)->code;
    }
    return true;
}

/* --- names --------------------------------------------------------------------------- */

const char *cause_family_name(enum cause_family family)
{
    return family == CAUSE_CME ? "CME" : "CMS";
}

const char *cause_class_name(enum cause_class class)
{
    return (size_t) class < sizeof(classes) / sizeof(classes[0]) ? classes[class].name : "unknown";
}

const char *cause_class_advice(enum cause_class class)
{
    return (size_t) class < sizeof(classes) / sizeof(classes[0]) ? classes[class].advice : "";
}

enum cause_fate cause_fate(enum cause_class class)
{
    return (size_t) class < sizeof(classes) / sizeof(classes[0]) ? classes[class].fate
                                                                 : CAUSE_FATE_TEMPORARY;
}

const char *cause_fate_name(enum cause_fate fate)
{
    static const char *const names[] = {"temporary", "permanent", "modem needs help", "uncertain",
                                        "none"};
    return (size_t)fate < sizeof(names) / sizeof(names[0]) ? names[fate] : "unknown";
}
