/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwmodem record and replay: a dialogue with a real modem as a text file, and a
 * port that behaves as that file says, so that it becomes a test without
 * hardware.
 *
 * A record is lines: "# comment", "--> command", "<-- answer line". An answer
 * ends before the next "-->". In a replay each question gets its recorded
 * answers one after the other, the last one for ever; what was not recorded gets
 * ERROR.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "gw/tools/gwmodem.h"
#include "gw/tools/gwmodem_mask.h"
#include "gwlib/memory.h"

enum { LONG_MS = 30000, RECORD_MAX_OCTETS = 4 * 1024 * 1024, LINE_MAX_OCTETS = 4096 };

/* --- record ---------------------------------------------------------------------------- */

/* What bring-up and doctor ask; nothing here changes the modem or the SIM. */
static const char *const usual[] = {
    "AT",        "ATE0",      "ATV1",      "AT+CMEE=1", "ATI",       "AT+CGMI",   "AT+CGMM",
    "AT+CGMR",   "AT+CGSN",   "AT+GCAP",   "AT+CPIN?",  "AT^CPIN?",  "AT+CIMI",   "AT+CCID",
    "AT+ICCID",  "AT^ICCID?", "AT+QCCID",  "AT+CNUM",   "AT+CREG?",  "AT+CEREG?", "AT+CGREG?",
    "AT+COPS?",  "AT+CSQ",    "AT+CMGF=?", "AT+CMGF=0", "AT+CSMS=?", "AT+CSMS?",  "AT+CSMS=1",
    "AT+CPMS=?", "AT+CPMS?",  "AT+CSCA?",  "AT+CNMI=?", "AT+CNMI?",  "AT+CMGS=?", "AT+CMGL=?",
    "AT+CMGD=?", "AT+CNMA=?", "AT+CSCS=?", "AT+CUSD=?", "AT+CFUN?",  "AT+IFC?",   "AT+CMMS=?"};

static void write_line(FILE *file, const char *arrow, struct slice line)
{
    struct bytes masked = {0};

    mask_line(&masked, line);
    fprintf(file, "%s %s\n", arrow, bytes_str(&masked));
    bytes_free(&masked);
}

static bool record_one(struct link *link, FILE *file, const char *command)
{
    enum at_final final = at_command(link->dialogue, &link->answer, LONG_MS, "%s", command);
    struct slice rest = bytes_slice(&link->answer.lines), line;

    write_line(file, "-->", slice_str(command));
    while (link->answer.lines.len > 0 && slice_next_item(&rest, '\n', &line))
        write_line(file, "<--", line);
    if (final == AT_OK)
        fprintf(file, "<-- OK\n");
    else if (final == AT_ERROR)
        write_line(file, "<--", bytes_slice(&link->answer.error));
    return final != AT_GONE;
}

int gwmodem_record(const struct options *options)
{
    bool given = options->word_count > 2;
    size_t count = given ? (size_t)options->word_count - 2 : sizeof usual / sizeof usual[0];
    struct link link = {0};
    bool well = true;
    FILE *file;

    if (!modem_open(&link, options, options->words[0]))
        return EXIT_TROUBLE;
    file = fopen(options->words[1], "we");
    if (file == NULL) {
        fprintf(stderr, "gwmodem: %s: %s\n", options->words[1], strerror(errno));
        link_close(&link);
        return EXIT_TROUBLE;
    }
    fprintf(file, "# gwmodem record; numbers, PINs and hex are masked\n");
    for (size_t i = 0; i < count && well; i++)
        well = record_one(&link, file, given ? options->words[i + 2] : usual[i]);
    link_close(&link);
    well &= ferror(file) == 0;
    well &= fclose(file) == 0;
    if (!well)
        fprintf(stderr, "gwmodem: the record is not complete\n");
    return well ? EXIT_WELL : EXIT_TROUBLE;
}

/* --- replay ------------------------------------------------------------------------------ */

struct exchange {
    char *command;
    struct bytes answer; /* octets for the line */
    bool used;
};

struct record {
    struct exchange *exchanges;
    size_t count;
};

static void add_command(struct record *record, struct slice command)
{
    record->exchanges =
        memory_realloc(record->exchanges, record->count + 1, sizeof *record->exchanges);
    record->exchanges[record->count++] = (struct exchange){.command = slice_to_str(command)};
}

static void take_line(struct record *record, struct slice line)
{
    struct slice text = slice_trim(slice_sub(line, 3, line.len));

    if (slice_starts_with(line, slice_str("-->"))) {
        add_command(record, text);
    } else if (slice_starts_with(line, slice_str("<--")) && record->count > 0) {
        struct bytes *answer = &record->exchanges[record->count - 1].answer;

        bytes_append_str(answer, "\r\n");
        bytes_append_slice(answer, text);
        bytes_append_str(answer, "\r\n");
    }
}

static bool read_record(struct record *record, const char *name)
{
    FILE *file = fopen(name, "re");
    char line[LINE_MAX_OCTETS];
    long octets = 0;

    if (file == NULL) {
        fprintf(stderr, "gwmodem: %s: %s\n", name, strerror(errno));
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL && octets < RECORD_MAX_OCTETS) {
        octets += (long)strlen(line);
        take_line(record, slice_trim(slice_str(line)));
    }
    fclose(file);
    if (record->count == 0)
        fprintf(stderr, "gwmodem: %s is no record: there is no line with -->\n", name);
    return record->count > 0;
}

/* The next answer to it: one not yet given, else the last one that was. */
static struct exchange *find_exchange(struct record *record, struct slice command)
{
    struct exchange *found = NULL;

    for (size_t i = 0; i < record->count; i++)
        if (slice_equal_nocase(command, record->exchanges[i].command)) {
            found = &record->exchanges[i];
            if (!found->used)
                break;
        }
    if (found != NULL)
        found->used = true;
    return found;
}

static bool put(int fd, struct slice data)
{
    while (data.len > 0) {
        ssize_t written = write(fd, data.data, data.len);

        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            data = slice_sub(data, (size_t)written, data.len);
    }
    return true;
}

static bool answer_command(struct record *record, int fd, struct slice command)
{
    static const char *const plain[] = {"AT", "ATE0", "ATV1"};
    struct exchange *exchange;

    command = slice_trim(command);
    while (command.len > 0 && command.data[0] < ' ')
        command = slice_sub(command, 1, command.len);
    if (command.len == 0)
        return true;
    exchange = find_exchange(record, command);
    if (exchange != NULL)
        return put(fd, bytes_slice(&exchange->answer));
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (slice_equal_nocase(command, plain[i]))
            return put(fd, slice_str("\r\nOK\r\n"));
    return put(fd, slice_str("\r\nERROR\r\n"));
}

static volatile sig_atomic_t asked_to_end;

static void end_asked(int signal)
{
    (void)signal;
    asked_to_end = 1;
}

/* Until a signal. Our own end of the line is open, so clients come and go. */
static bool serve(struct record *record, int fd)
{
    struct bytes line = {0};
    unsigned char data[256];
    ssize_t got = 0;
    bool well = true;

    while (well && !asked_to_end && ((got = read(fd, data, sizeof data)) > 0 || errno == EINTR))
        for (ssize_t i = 0; i < got && well; i++) {
            if (data[i] != '\r' && line.len < LINE_MAX_OCTETS) {
                bytes_append_char(&line, data[i]);
                continue;
            }
            well = answer_command(record, fd, bytes_slice(&line));
            bytes_clear(&line);
        }
    bytes_free(&line);
    return well;
}

/* The two ends of a line without any processing; false with errno. */
static bool open_line(int *master, int *slave)
{
    struct termios raw;

    *slave = -1;
    *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0)
        return false;
    *slave = open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*slave < 0 || tcgetattr(*slave, &raw) != 0)
        return false;
    cfmakeraw(&raw);
    return tcsetattr(*slave, TCSANOW, &raw) == 0;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = end_asked};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static bool be_a_modem(struct record *record, const struct options *options)
{
    int master, slave;
    bool well = open_line(&master, &slave);

    if (well && options->name != NULL)
        well = symlink(ptsname(master), options->name) == 0;
    if (well) {
        catch_signals();
        printf("%s\n", options->name != NULL ? options->name : ptsname(master));
        fflush(stdout);
        well = serve(record, master);
        if (options->name != NULL)
            unlink(options->name);
    } else {
        fprintf(stderr, "gwmodem: cannot make a port: %s\n", strerror(errno));
    }
    if (slave >= 0)
        close(slave);
    if (master >= 0)
        close(master);
    return well;
}

int gwmodem_replay(const struct options *options)
{
    struct record record = {0};
    bool well = read_record(&record, options->words[0]) && be_a_modem(&record, options);

    for (size_t i = 0; i < record.count; i++) {
        free(record.exchanges[i].command);
        bytes_free(&record.exchanges[i].answer);
    }
    free(record.exchanges);
    return well ? EXIT_WELL : EXIT_TROUBLE;
}
