/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdutool - PDUs of modems to JSON and back, for people, scripts and tests.
 *
 *     pdutool decode [--direction to-te|from-te] [--no-smsc] HEX
 *     pdutool encode JSON
 *     pdutool decode --batch, pdutool encode --batch
 *
 * One JSON object a line comes out, in the schema of
 * test/data/vectors/README.md: that of `expect`. With --batch the lines of
 * standard input are worked through; a line may be hex digits (decode), the
 * object `input` (encode), or a whole line of the vectors. A line that is
 * refused gives {"error": ...} in its place.
 *
 * Exit status: 0, 2 when some input was malformed (the reason, with the octet, is
 * on standard error), 64 for a mistake in the command line, 74 when the output
 * cannot be written.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gw/tools/pdu_json.h"

enum { EXIT_MALFORMED = 2, EXIT_USAGE = 64, EXIT_OUTPUT = 74 };

struct options {
    bool decode;
    bool batch;
    bool with_smsc;
    enum tpdu_direction direction;
    const char *input;
};

/* --- one input ------------------------------------------------------------------ */

static void print_object(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    if (text != NULL)
        puts(text);
    free(text);
}

/* One refused input; `id` may be NULL. */
static bool report(const struct options *options, const char *reason, json_t *id)
{
    fprintf(stderr, "pdutool: %s\n", reason);
    if (options->batch) {
        json_t *object = json_object();
        if (id != NULL)
            json_object_set(object, "id", id);
        json_object_set_new(object, "error", json_string(reason));
        print_object(object);
        json_decref(object);
    }
    return false;
}

static void print_result(json_t *result, json_t *id)
{
    if (id != NULL)
        json_object_set(result, "id", id);
    print_object(result);
    json_decref(result);
}

static bool decode_line(const struct options *options, enum tpdu_direction direction,
                        struct slice digits, json_t *id)
{
    struct pdu pdu;
    struct sms_fault fault;
    char reason[160];
    if (!pdu_decode(digits, direction, options->with_smsc, &pdu, &fault)) {
        snprintf(reason, sizeof(reason), "octet %zu: %s", fault.octet, fault.reason);
        return report(options, reason, id);
    }
    print_result(pdu_json_decoded(&pdu), id);
    return true;
}

/* A line of pdu-decode.jsonl. */
static bool decode_vector(const struct options *options, json_t *vector)
{
    json_t *pdu = json_object_get(vector, "pdu"), *id = json_object_get(vector, "id");
    const char *named = json_string_value(json_object_get(vector, "direction"));
    enum tpdu_direction direction = options->direction;
    if (!json_is_string(pdu))
        return report(options, "an object without a string pdu", id);
    if (named != NULL && direction == TPDU_EITHER)
        direction = strcmp(named, "from-te") == 0 ? TPDU_FROM_TE : TPDU_TO_TE;
    struct slice digits = slice_of(json_string_value(pdu), json_string_length(pdu));
    return decode_line(options, direction, digits, id);
}

static json_t *parse(const struct options *options, struct slice text)
{
    json_error_t error;
    json_t *value = json_loadb((const char *)text.data, text.len,
                               JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    char reason[256];
    if (value == NULL) {
        snprintf(reason, sizeof(reason), "octet %d: %s", error.position, error.text);
        report(options, reason, NULL);
    }
    return value;
}

static bool decode_input(const struct options *options, struct slice text)
{
    if (text.len == 0 || text.data[0] != '{')
        return decode_line(options, options->direction, text, NULL);
    json_t *vector = parse(options, text);
    bool good = vector != NULL && decode_vector(options, vector);
    json_decref(vector);
    return good;
}

static bool encode_input(const struct options *options, struct slice text)
{
    struct pdu_json_error error;
    json_t *object = parse(options, text);
    if (object == NULL)
        return false;
    json_t *input = json_object_get(object, "input"), *id = json_object_get(object, "id");
    json_t *result = pdu_json_encode(input != NULL ? input : object, &error);
    bool good = result != NULL;
    if (good)
        print_result(result, id);
    else
        report(options, error.text, id);
    json_decref(object);
    return good;
}

static bool work(const struct options *options, const char *input, size_t len)
{
    struct slice text = slice_trim(slice_of(input, len));
    return options->decode ? decode_input(options, text) : encode_input(options, text);
}

static bool work_batch(const struct options *options)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    bool good = true;
    while ((len = getline(&line, &size, stdin)) >= 0)
        good = work(options, line, (size_t)len) && good;
    free(line);
    return good;
}

/* --- command line ------------------------------------------------------------------ */

static int usage(FILE *to, int status)
{
    fputs("usage: pdutool decode [--direction to-te|from-te] [--no-smsc] HEX\n"
          "       pdutool encode JSON\n"
          "       pdutool decode|encode --batch   (lines of standard input)\n"
          "One JSON object a line, as pdutool(1) tells.\n"
          "Exit status 2 when an input is malformed.\n",
          to);
    return status;
}

static bool read_direction(const char *name, struct options *options)
{
    if (name == NULL)
        return false;
    for (int i = 0; i < TPDU_EITHER; i++) {
        options->direction = (enum tpdu_direction)i;
        if (strcmp(name, tpdu_direction_name(options->direction)) == 0)
            return true;
    }
    return false;
}

static bool read_arguments(char **arguments, struct options *options)
{
    if (arguments[0] == NULL)
        return false;
    options->decode = strcmp(arguments[0], "decode") == 0;
    if (!options->decode && strcmp(arguments[0], "encode") != 0)
        return false;
    for (char **at = arguments + 1; *at != NULL; at++) {
        if (strcmp(*at, "--batch") == 0) {
            options->batch = true;
        } else if (strcmp(*at, "--no-smsc") == 0) {
            options->with_smsc = false;
        } else if (strcmp(*at, "--direction") == 0) {
            if (!read_direction(*++at, options))
                return false;
        } else if (options->input == NULL && strncmp(*at, "--", 2) != 0) {
            options->input = *at;
        } else {
            return false;
        }
    }
    return options->batch == (options->input == NULL);
}

int main(int argc, char **argv)
{
    struct options options = {.with_smsc = true, .direction = TPDU_EITHER};
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, EXIT_SUCCESS);
    if (argc < 2 || !read_arguments(argv + 1, &options))
        return usage(stderr, EXIT_USAGE);
    bool good =
        options.batch ? work_batch(&options) : work(&options, options.input, strlen(options.input));
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("pdutool: standard output");
        return EXIT_OUTPUT;
    }
    return good ? EXIT_SUCCESS : EXIT_MALFORMED;
}
