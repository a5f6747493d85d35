/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_file - the syntax of a configuration file: lines, comments, quotes,
 * continuation, include.
 *
 * Kannel's syntax, octet by octet, with these differences: only a variable of
 * the name "include" includes (Kannel takes any line with that word in it); a
 * UTF-8 byte order mark is skipped; of a directory the files are taken in the
 * order of their names, without hidden ones and editors' backups; and what
 * Kannel refuses is noted while reading goes on.
 *
 * Any octets in, a configuration and a list of mistakes out. The size of a
 * file, of all files, and their number and nesting are limited.
 */
#include "gwlib/conf_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gwlib/memory.h"

#define SIZE_MAX_ALL  ((size_t)64 * 1024 * 1024) /* octets of all files together */
#define FILE_MAX      10000
#define INCLUDE_DEPTH 32

struct reader {
    struct conf *conf;
    struct conf_problems *problems;
    struct conf_block block; /* the lines since the last empty one */
    struct {
        dev_t device;
        ino_t inode;
    } * seen; /* what was read, to refuse it the second time */
    size_t seen_count;
    size_t size;
    unsigned depth;
};

static void read_path(struct reader *reader, const char *path, const struct conf_place *from);

/* --- one line ---------------------------------------------------------------- */

static bool is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice trim(struct slice s)
{
    while (s.len > 0 && is_blank(s.data[0]))
        s = slice_sub(s, 1, s.len - 1);
    while (s.len > 0 && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

static bool ends_in(struct slice s, const char *tail)
{
    size_t len = strlen(tail);

    return s.len >= len && memcmp(s.data + s.len - len, tail, len) == 0;
}

/* Quotes around a value go, and inside them \\ is \ and \" is ". */
static char *unquote(struct slice value)
{
    struct bytes text = {0};
    size_t i;

    if (value.len < 2 || value.data[0] != '"' || value.data[value.len - 1] != '"')
        return slice_to_str(value);
    value = slice_sub(value, 1, value.len - 2);
    for (i = 0; i < value.len; i++) {
        if (value.data[i] == '\\' && i + 1 < value.len &&
            (value.data[i + 1] == '\\' || value.data[i + 1] == '"'))
            i++;
        bytes_append_char(&text, value.data[i]);
    }
    return bytes_take(&text);
}

static void end_block(struct reader *reader)
{
    conf_add_block(reader->conf, &reader->block, reader->problems);
}

/* "device = /dev/ttyUSB0  # the stick" names a device that is not there: Kannel
 * takes all of it as the value, too. */
static bool seems_commented(struct slice value)
{
    if (value.len == 0 || value.data[0] == '"')
        return false;
    for (size_t i = 1; i + 1 < value.len; i++)
        if (value.data[i] == '#' && is_blank(value.data[i - 1]) && is_blank(value.data[i + 1]))
            return true;
    return false;
}

static void handle_variable(struct reader *reader, const struct conf_place *place,
                            struct slice name, struct slice value)
{
    char *text = unquote(value);

    if (slice_equal_str(name, "include")) {
        read_path(reader, text, place);
        free(text);
    } else {
        conf_block_add(&reader->block, slice_to_str(name), text, *place);
        reader->block.entries[reader->block.count - 1].commented = seems_commented(value);
    }
}

/* Shows the first word only: the rest may be a password. */
static void complain_no_equals(struct reader *reader, const struct conf_place *place,
                               struct slice line)
{
    size_t len = 0;

    while (len < line.len && len < 40 && !is_blank(line.data[len]))
        len++;
    conf_complain(reader->problems, CONF_ERROR, place,
                  "An equals sign ('=') is missing after '%.*s'.", (int)len,
                  (const char *)line.data);
}

static void handle_line(struct reader *reader, const struct conf_place *place, struct slice line)
{
    size_t equals;

    line = trim(line);
    if (line.len == 0) {
        end_block(reader);
        return;
    }
    if (line.data[0] == '#')
        return;
    if (memchr(line.data, '\0', line.len) != NULL) {
        conf_complain(reader->problems, CONF_ERROR, place,
                      "A zero octet: this is no text file in ASCII or UTF-8.");
        return;
    }
    equals = slice_find(line, '=', 0);
    if (equals == line.len) {
        complain_no_equals(reader, place, line);
        return;
    }
    handle_variable(reader, place, trim(slice_sub(line, 0, equals)),
                    trim(slice_sub(line, equals + 1, line.len)));
}

/* --- lines of a text --------------------------------------------------------- */

static struct slice take_physical_line(struct slice *rest)
{
    size_t end = slice_find(*rest, '\n', 0);
    struct slice line = slice_sub(*rest, 0, end);

    *rest = end < rest->len ? slice_sub(*rest, end + 1, rest->len) : slice_sub(*rest, end, 0);
    return line;
}

/* A backslash that would continue the line, were it not for the blank behind it
 * (or the CR of a DOS file): for Kannel it does not. */
static void warn_about_blank(struct reader *reader, const struct conf_place *place,
                             struct slice line)
{
    struct slice text = trim(line);

    if (text.len > 0 && text.len < line.len && text.data[0] != '#' &&
        text.data + text.len < line.data + line.len && ends_in(text, "\\") &&
        !ends_in(text, "\\\\"))
        conf_complain(reader->problems, CONF_WARNING, place,
                      "The line does not go on: after its '\\' there is a blank or a carriage "
                      "return.");
}

/* The next line with its continuations, in *line; their number is returned. */
static unsigned take_line(struct reader *reader, const struct conf_place *place, struct slice *rest,
                          struct bytes *line)
{
    unsigned count = 0;

    bytes_clear(line);
    do {
        struct slice piece = take_physical_line(rest);

        count++;
        if (!ends_in(piece, "\\")) {
            bytes_append_slice(line, piece);
            warn_about_blank(reader, place, piece);
            break;
        }
        bytes_append_slice(line, slice_sub(piece, 0, piece.len - 1));
        if (ends_in(piece, "\\\\"))
            break;
    } while (rest->len > 0);
    return count;
}

static void read_text(struct reader *reader, const char *name, struct slice text)
{
    struct conf_place place = {.file = name, .line = 1};
    struct bytes line = {0};

    if (slice_starts_with(text, slice_str("\xef\xbb\xbf")))
        text = slice_sub(text, 3, text.len);
    while (text.len > 0) {
        unsigned count = take_line(reader, &place, &text, &line);

        handle_line(reader, &place, bytes_slice(&line));
        place.line += count;
    }
    end_block(reader);
    bytes_free(&line);
}

/* --- files ------------------------------------------------------------------- */

/* The configuration keeps the names for the places that point to them. */
static const char *keep_name(struct conf *conf, const char *name)
{
    conf->files = memory_realloc(conf->files, conf->file_count + 1, sizeof(conf->files[0]));
    conf->files[conf->file_count] = memory_strdup(name);
    return conf->files[conf->file_count++];
}

static void complain_file(struct reader *reader, const char *path, const struct conf_place *from,
                          const char *why)
{
    if (from != NULL)
        conf_complain(reader->problems, CONF_ERROR, from, "Failed to include '%s': %s%s", path, why,
                      path[0] == '/' ? "" : " (paths start at the working directory)");
    else
        conf_complain(reader->problems, CONF_ERROR, NULL,
                      "Failed to load main configuration file '%s': %s", path, why);
}

/* False when the file was read before. */
static bool remember_file(struct reader *reader, const struct stat *info)
{
    size_t i;

    for (i = 0; i < reader->seen_count; i++) {
        if (reader->seen[i].device == info->st_dev && reader->seen[i].inode == info->st_ino)
            return false;
    }
    reader->seen = memory_realloc(reader->seen, i + 1, sizeof(reader->seen[0]));
    reader->seen[i].device = info->st_dev;
    reader->seen[i].inode = info->st_ino;
    reader->seen_count++;
    return true;
}

/* NULL, or why the file is not read. */
static const char *refusal(struct reader *reader, const struct stat *info, bool included)
{
    if (S_ISDIR(info->st_mode))
        return "it is a directory";
    if (included && !S_ISREG(info->st_mode))
        return "it is no regular file";
    if (!remember_file(reader, info))
        return "recursive include; it was read before";
    if (reader->seen_count > FILE_MAX)
        return "too many files";
    return NULL;
}

/* The rest of the descriptor; NULL, or what is wrong with it. */
static const char *slurp(struct reader *reader, int fd, struct bytes *text)
{
    char piece[16384];
    ssize_t n;

    while ((n = read(fd, piece, sizeof(piece))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return strerror(errno);
        reader->size += (size_t)n;
        if (reader->size > SIZE_MAX_ALL)
            return "the configuration is too large";
        bytes_append(text, piece, (size_t)n);
    }
    return NULL;
}

static void read_open_file(struct reader *reader, int fd, const char *path,
                           const struct conf_place *from)
{
    struct bytes text = {0};
    struct stat info;
    const char *why;

    if (fstat(fd, &info) != 0)
        why = strerror(errno);
    else
        why = refusal(reader, &info, from != NULL);
    if (why == NULL)
        why = slurp(reader, fd, &text);
    if (why != NULL)
        complain_file(reader, path, from, why);
    else
        read_text(reader, keep_name(reader->conf, path), bytes_slice(&text));
    bytes_free(&text);
}

static void read_file(struct reader *reader, const char *path, const struct conf_place *from)
{
    /* an included pipe must not hang us; the main file may be one */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (from != NULL ? O_NONBLOCK : 0));

    if (fd < 0) {
        complain_file(reader, path, from, strerror(errno));
        return;
    }
    read_open_file(reader, fd, path, from);
    close(fd);
}

static int is_configuration(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 0 && entry->d_name[0] != '.' && entry->d_name[len - 1] != '~';
}

/* Not alphasort(), which asks the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_directory(struct reader *reader, const char *path, const struct conf_place *from)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_configuration, by_name), i;

    if (count < 0) {
        complain_file(reader, path, from, strerror(errno));
        return;
    }
    for (i = 0; i < count; i++) {
        struct bytes name = {0};
        struct stat info;

        bytes_printf(&name, "%s/%s", path, entries[i]->d_name);
        if (stat(bytes_str(&name), &info) != 0)
            complain_file(reader, bytes_str(&name), from, strerror(errno));
        else if (S_ISREG(info.st_mode))
            read_file(reader, bytes_str(&name), from);
        bytes_free(&name);
        free(entries[i]);
    }
    free(entries);
}

static void read_path(struct reader *reader, const char *path, const struct conf_place *from)
{
    struct stat info;

    if (reader->depth >= INCLUDE_DEPTH) {
        complain_file(reader, path, from, "too many files inside one another");
        return;
    }
    reader->depth++;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        read_directory(reader, path, from);
    else
        read_file(reader, path, from);
    reader->depth--;
}

static struct conf *conf_create(const struct conf_schema *schema)
{
    struct conf *conf = memory_zalloc(1, sizeof(*conf));

    conf->schema = schema;
    conf->end = &conf->groups;
    return conf;
}

struct conf *conf_load(const char *path, const struct conf_schema *schema,
                       struct conf_problems *problems)
{
    struct reader reader = {.conf = conf_create(schema), .problems = problems};

    read_file(&reader, path, NULL);
    free(reader.seen);
    return reader.conf;
}

struct conf *conf_parse(struct slice text, const char *name, const struct conf_schema *schema,
                        struct conf_problems *problems)
{
    struct reader reader = {.conf = conf_create(schema), .problems = problems};

    read_text(&reader, keep_name(reader.conf, name), text);
    free(reader.seen);
    return reader.conf;
}
