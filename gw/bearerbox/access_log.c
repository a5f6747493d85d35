/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The access log of the bearerbox: see access_log.h.
 *
 * Line breaks and other control characters never reach the file as such: in the
 * default form texts are shown with dots in their place, and line_log_write()
 * replaces what a format of the operator's lets through.
 */
#include "gw/bearerbox/access_log.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

struct access_log {
    struct line_log *file;
    const char *format; /* NULL: default */
};

struct access_log *access_log_open(const struct conf_group *core, struct conf_problems *problems)
{
    const char *path = conf_string(core, "access-log");
    const char *zone = conf_string(core, "access-log-time");
    struct access_log *log;
    struct line_log *file;

    if (path == NULL)
        return NULL;
    file = line_log_open(path, zone != NULL && slice_equal_nocase(slice_str(zone), "gmt"),
                         conf_bool(core, "access-log-clean"));
    if (file == NULL) {
        conf_report(problems, CONF_WARNING, core, "access-log",
                    "cannot be opened, there will be no access log");
        return NULL;
    }
    log = memory_zalloc(1, sizeof *log);
    log->file = file;
    log->format = conf_string(core, "access-log-format");
    return log;
}

void access_log_close(struct access_log *log)
{
    if (log == NULL)
        return;
    line_log_close(log->file);
    free(log);
}

/* --- the values ----------------------------------------------------------- */

static void append_value(struct bytes *to, struct slice value)
{
    bytes_append_slice(to, value);
}

/* The text as people can read it in one line: dots for what is not printable,
 * upper-case hex for octets and UCS-2. */
static void append_text(struct bytes *to, const struct sms *sms)
{
    if (sms->coding == SMS_CODING_8BIT || sms->coding == SMS_CODING_UCS2) {
        bytes_append_hex(to, sms->msgdata, true);
        return;
    }
    for (size_t i = 0; i < sms->msgdata.len; i++) {
        unsigned char c = sms->msgdata.data[i];

        bytes_append_char(to, c >= 0x20 && c < 0x7f ? c : '.');
    }
}

static const char *smsc_or_own(const char *smsc, const struct sms *sms, struct bytes *scratch)
{
    if (smsc != NULL)
        return smsc;
    bytes_append_slice(scratch, sms->smsc_id);
    return bytes_str(scratch);
}

static void default_form(struct bytes *to, const char *event, const char *smsc,
                         const struct sms *sms)
{
    bytes_printf(to, "%s [SMSC:%s] [SVC:", event, smsc);
    append_value(to, sms->service);
    bytes_append_str(to, "] [ACT:");
    append_value(to, sms->account);
    bytes_append_str(to, "] [BINF:");
    append_value(to, sms->binfo);
    bytes_append_str(to, "] [FID:");
    append_value(to, sms->foreign_id);
    bytes_append_str(to, "] [META:");
    append_value(to, sms->meta_data);
    bytes_append_str(to, "] [from:");
    append_value(to, sms->sender);
    bytes_append_str(to, "] [to:");
    append_value(to, sms->receiver);
    bytes_printf(to, "] [flags:%d:%d:%d:%d:%d] [msg:%zu:", (int)sms->mclass, (int)sms->coding,
                 (int)sms->mwi, (int)sms->compress, (int)sms->dlr_mask, sms->msgdata.len);
    append_text(to, sms);
    bytes_printf(to, "] [udh:%zu:", sms->udhdata.len);
    bytes_append_hex(to, sms->udhdata, true);
    bytes_append_char(to, ']');
}

/* --- access-log-format ------------------------------------------------------ */

/* Words of the text, for %k %s %S %r: the position moves with each use. */
struct words {
    struct slice text;
    size_t pos;
};

static bool next_word(struct words *words, struct slice *word)
{
    struct slice text = words->text;
    size_t start;

    while (words->pos < text.len && text.data[words->pos] == ' ')
        words->pos++;
    start = words->pos;
    while (words->pos < text.len && text.data[words->pos] != ' ')
        words->pos++;
    *word = slice_sub(text, start, words->pos - start);
    return word->len > 0;
}

static void append_words(struct bytes *to, struct words *words, char joint)
{
    struct slice word;

    for (bool first = true; next_word(words, &word); first = false) {
        if (!first)
            bytes_append_char(to, (unsigned char)joint);
        bytes_append_slice(to, word);
    }
}

static void append_first_word(struct bytes *to, const struct sms *sms)
{
    struct words all = {sms->msgdata, 0};
    struct slice word;

    if (next_word(&all, &word))
        bytes_append_slice(to, word);
}

static void append_starless(struct bytes *to, struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        bytes_append_char(to, word.data[i] == '*' ? '~' : word.data[i]);
}

static void append_utc(struct bytes *to, int64_t moment)
{
    time_t when = (time_t)moment;
    struct tm tm;
    char text[32];

    gmtime_r(&when, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    bytes_append_str(to, text);
}

static bool append_number_code(struct bytes *to, char code, const struct sms *sms)
{
    switch (code) {
    case 'm':
        bytes_printf(to, "%d", (int)sms->mclass);
        return true;
    case 'c':
        bytes_printf(to, "%d", (int)sms->coding);
        return true;
    case 'M':
        bytes_printf(to, "%d", (int)sms->mwi);
        return true;
    case 'C':
        bytes_printf(to, "%d", (int)sms->compress);
        return true;
    case 'd':
        bytes_printf(to, "%d", (int)sms->dlr_mask);
        return true;
    case 'L':
        bytes_printf(to, "%zu", sms->msgdata.len);
        return true;
    case 'U':
        bytes_printf(to, "%zu", sms->udhdata.len);
        return true;
    case 'T':
        bytes_printf(to, "%" PRId64, sms->time);
        return true;
    default:
        return false;
    }
}

static bool append_string_code(struct bytes *to, char code, const struct sms *sms)
{
    switch (code) {
    case 'n':
        append_value(to, sms->service);
        return true;
    case 'A':
        append_value(to, sms->account);
        return true;
    case 'B':
        append_value(to, sms->binfo);
        return true;
    case 'D':
        append_value(to, sms->meta_data);
        return true;
    case 'p':
        append_value(to, sms->sender);
        return true;
    case 'P':
        append_value(to, sms->receiver);
        return true;
    case 'R':
        append_value(to, sms->dlr_url);
        return true;
    case 'F':
        append_value(to, sms->foreign_id);
        return true;
    case 'x':
        append_value(to, sms->boxc_id);
        return true;
    case 'b':
        append_text(to, sms);
        return true;
    case 'u':
        bytes_append_hex(to, sms->udhdata, true);
        return true;
    default:
        return false;
    }
}

static bool append_word_code(struct bytes *to, char code, const struct sms *sms,
                             struct words *words)
{
    struct slice word;

    switch (code) {
    case 'a':
        append_words(to, &(struct words){sms->msgdata, 0}, ' ');
        return true;
    case 'k':
        append_first_word(to, sms);
        return true;
    case 's':
        if (next_word(words, &word))
            bytes_append_slice(to, word);
        return true;
    case 'S':
        if (next_word(words, &word))
            append_starless(to, word);
        return true;
    case 'r':
        append_words(to, words, '+');
        return true;
    default:
        return false;
    }
}

static void append_code(struct bytes *to, char code, const char *event, const char *smsc,
                        const struct sms *sms, struct words *words)
{
    char id[UUID_TEXT_LEN + 1];

    switch (code) {
    case 'l':
        bytes_append_str(to, event);
        return;
    case 'i':
        bytes_append_str(to, smsc);
        return;
    case 't':
        append_utc(to, sms->time);
        return;
    case 'I':
        uuid_format(&sms->id, id);
        bytes_append_str(to, id);
        return;
    case '%':
        bytes_append_char(to, '%');
        return;
    default:
        break;
    }
    if (append_number_code(to, code, sms) || append_string_code(to, code, sms) ||
        append_word_code(to, code, sms, words))
        return;
    bytes_append_char(to, '%');
    bytes_append_char(to, (unsigned char)code);
}

static void own_form(struct bytes *to, const char *format, const char *event, const char *smsc,
                     const struct sms *sms)
{
    struct words words = {sms->msgdata, 0};
    struct slice keyword;

    next_word(&words, &keyword); /* %s and its kin start after the first word */
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%' || p[1] == '\0')
            bytes_append_char(to, (unsigned char)*p);
        else
            append_code(to, *++p, event, smsc, sms, &words);
    }
}

void access_log_format(struct bytes *to, const char *format, const char *event, const char *smsc,
                       const struct sms *sms)
{
    struct bytes scratch = {0};
    const char *name = smsc_or_own(smsc, sms, &scratch);

    if (format == NULL)
        default_form(to, event, name, sms);
    else
        own_form(to, format, event, name, sms);
    bytes_free(&scratch);
}

void access_log_write(struct access_log *log, const char *event, const char *smsc,
                      const struct sms *sms)
{
    struct bytes line = {0};

    if (log == NULL)
        return;
    access_log_format(&line, log->format, event, smsc, sms);
    line_log_write(log->file, bytes_slice(&line));
    bytes_free(&line);
}
