/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration reader: Kannel's recorded parser results
 * (compat/config.jsonl), and what is ours: places, guesses, types.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gw/conf/schema.h"
#include "gwlib/conf.h"

/* --- a schema of our own --------------------------------------------------------- */

static const struct conf_variable core_variables[] = {
    {"text", CONF_STRING, NULL, 0, 0, NULL, false, CONF_USED, "A text."},
    {"greeting", CONF_STRING, "hello", 0, 0, NULL, false, CONF_USED, "With default."},
    {"number", CONF_NUMBER, "7", -5, 1000, NULL, false, CONF_USED, "A number."},
    {"any-number", CONF_NUMBER, NULL, 0, 0, NULL, false, CONF_USED, "Any number."},
    {"rate", CONF_DECIMAL, "0.5", 0, 0, NULL, false, CONF_USED, "A decimal number."},
    {"flag", CONF_BOOL, "yes", 0, 0, NULL, false, CONF_USED, "A flag."},
    {"port", CONF_PORT, NULL, 0, 0, NULL, false, CONF_USED, "A port."},
    {"allow-ip", CONF_ACL, NULL, 0, 0, NULL, false, CONF_USED, "Addresses."},
    {"pattern", CONF_REGEX, NULL, 0, 0, NULL, false, CONF_USED, "A regex."},
    {"url", CONF_URL, NULL, 0, 0, NULL, false, CONF_USED, "A URL."},
    {"kind", CONF_CHOICE, "file", 0, 0, "file|spool|none", false, CONF_USED, "A choice."},
    {"keep", CONF_DURATION, "30d", 0, 100000000, NULL, false, CONF_USED, "A duration."},
    {"old-text", CONF_STRING, NULL, 0, 0, NULL, false, CONF_DEPRECATED, "Use text."},
    {"wap", CONF_NUMBER, NULL, 0, 0, NULL, false, CONF_IGNORED, "No WAP."},
    {"x25", CONF_STRING, NULL, 0, 0, NULL, false, CONF_UNSUPPORTED, "No X.25."},
};
static const struct conf_variable user_variables[] = {
    {"username", CONF_STRING, NULL, 0, 0, NULL, true, CONF_USED, "Who."},
    {"quota", CONF_NUMBER, NULL, 0, 0, NULL, false, CONF_USED, "How much."},
};
static const struct conf_group_type groups[] = {
    {"core", false, CONF_USED, false, core_variables, 15, "The core."},
    {"user", true, CONF_USED, false, user_variables, 2, "A user."},
    {"wapbox", false, CONF_IGNORED, true, NULL, 0, "No WAP."},
    {"pager", false, CONF_UNSUPPORTED, true, NULL, 0, "No pagers."},
};
static const struct conf_schema schema = {groups, 4};

static struct conf_problems problems;

static struct conf *parse(const char *text)
{
    conf_problems_free(&problems);
    return conf_parse(slice_str(text), "t.conf", &schema, &problems);
}

static bool mentioned(const char *text)
{
    size_t i;

    for (i = 0; i < problems.count; i++) {
        if (strstr(problems.items[i].text, text) != NULL)
            return true;
    }
    return false;
}

static void show_problems(void)
{
    size_t i;

    for (i = 0; i < problems.count; i++)
        print_message("  %d %s\n", (int)problems.items[i].severity, problems.items[i].text);
}

/* Exactly one problem, of this severity, with this text. */
static void expect_one(const char *file, enum conf_severity severity, const char *text)
{
    struct conf *conf = parse(file);

    if (problems.count != 1 || strcmp(problems.items[0].text, text) != 0)
        show_problems();
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.items[0].text, text);
    assert_int_equal(problems.items[0].severity, severity);
    assert_int_equal(problems.errors, severity == CONF_ERROR ? 1 : 0);
    conf_free(conf);
}

static int free_problems(void **state)
{
    (void)state;
    conf_problems_free(&problems);
    return 0;
}

/* --- values ------------------------------------------------------------------------ */

static void values_have_their_types(void **state)
{
    struct conf *conf = parse("group = core\n"
                              "text = \"a b\"\nnumber = 0x1F\nany-number = -010\nrate = 12.25\n"
                              "flag = Off\nport = 13013\nallow-ip = 10.0.*.*;::1\n"
                              "pattern = ^\\+?\\d+$\nurl = https://h/?a=b\nkind = SPOOL\n"
                              "keep = 2h\n");
    const struct conf_group *core = conf_first(conf, "core");

    (void)state;
    show_problems();
    assert_int_equal(problems.count, 0);
    assert_string_equal(conf_group_name(core), "core");
    assert_string_equal(conf_string(core, "text"), "a b");
    assert_int_equal(conf_number(core, "number"), 31);
    assert_string_equal(conf_string(core, "number"), "0x1F");
    assert_int_equal(conf_number(core, "any-number"), -8);
    assert_true(conf_decimal(core, "rate") > 12.2499 && conf_decimal(core, "rate") < 12.2501);
    assert_false(conf_bool(core, "flag"));
    assert_int_equal(conf_number(core, "port"), 13013);
    assert_string_equal(conf_string(core, "url"), "https://h/?a=b");
    assert_string_equal(conf_string(core, "kind"), "spool");
    assert_int_equal(conf_number(core, "keep"), 7200);
    conf_free(conf);
}

static void fallbacks_count_when_nothing_is_said(void **state)
{
    struct conf *conf = parse("group = core\nnumber =\n");
    const struct conf_group *core = conf_first(conf, "core");

    (void)state;
    assert_int_equal(problems.count, 0);
    assert_null(conf_string(core, "text"));
    assert_false(conf_is_set(core, "text"));
    assert_string_equal(conf_string(core, "greeting"), "hello");
    assert_false(conf_is_set(core, "greeting"));
    assert_int_equal(conf_number(core, "number"), 7);
    assert_false(conf_is_set(core, "number"));
    assert_int_equal(conf_number(core, "any-number"), 0);
    assert_true(conf_decimal(core, "rate") > 0.4999 && conf_decimal(core, "rate") < 0.5001);
    assert_true(conf_bool(core, "flag"));
    assert_int_equal(conf_number(core, "keep"), 30 * 24 * 3600);
    conf_free(conf);
}

static void a_missing_group_has_nothing(void **state)
{
    struct conf *conf = parse("");

    (void)state;
    assert_null(conf_first(conf, "core"));
    assert_null(conf_string(NULL, "greeting"));
    assert_int_equal(conf_number(NULL, "number"), 0);
    assert_true(conf_decimal(NULL, "rate") <= 0);
    assert_false(conf_bool(NULL, "flag"));
    assert_false(conf_is_set(NULL, "text"));
    conf_free(conf);
}

static void empty_text_is_set(void **state)
{
    struct conf *conf = parse("group = core\ntext =\ngreeting = \"\"\n");
    const struct conf_group *core = conf_first(conf, "core");

    (void)state;
    assert_true(conf_is_set(core, "text"));
    assert_string_equal(conf_string(core, "text"), "");
    assert_string_equal(conf_string(core, "greeting"), "");
    conf_free(conf);
}

static void booleans(void **state)
{
    static const char *const words[] = {"true", "YES", "On", "1", "false", "no", "OFF", "0"};
    size_t i;

    (void)state;
    for (i = 0; i < 8; i++) {
        char file[64];
        struct conf *conf;

        snprintf(file, sizeof(file), "group = core\nflag = %s\n", words[i]);
        conf = parse(file);
        assert_int_equal(problems.count, 0);
        assert_int_equal(conf_bool(conf_first(conf, "core"), "flag"), i < 4);
        conf_free(conf);
    }
    expect_one("group = core\nflag = maybe\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'flag': 'maybe' is neither true, yes, on, 1 nor "
               "false, no, off, 0");
    expect_one("group = core\nflag = no # really\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'flag': 'no # really' is neither true, yes, on, 1 "
               "nor false, no, off, 0; a comment needs a line of its own");
    expect_one("group = core\nflag =\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'flag': '' is neither true, yes, on, 1 nor "
               "false, no, off, 0");
}

static void bad_numbers(void **state)
{
    (void)state;
    expect_one("group = core\nnumber = many\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'number': 'many' is not a number");
    expect_one("group = core\nnumber = 1001\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'number': '1001' is not in the range -5 to 1000");
    expect_one("group = core\nport = 65536\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'port': '65536' is not in the range 0 to 65535");
    expect_one("group = core\nport = -1\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'port': '-1' is not in the range 0 to 65535");
    expect_one("group = core\nany-number = 99999999999999999999\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'any-number': '99999999999999999999' is too "
               "large");
    expect_one("group = core\nrate = -1\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'rate': '-1' is not a number like 10 or 0.5");
    expect_one("group = core\nrate = inf\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'rate': 'inf' is not a number like 10 or 0.5");
    expect_one("group = core\nkeep = 3 fortnights\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'keep': '3 fortnights' is no duration: seconds, "
               "or a number with s, m, h, d or w");
    expect_one("group = core\nkeep = 9223372036854775807w\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'keep': '9223372036854775807w' is too long");
}

static void trailing_text_is_told(void **state)
{
    struct conf *conf;

    (void)state;
    expect_one("group = core\nport = 13013 # box\n", CONF_WARNING,
               "t.conf:2: group 'core', variable 'port': '13013 # box' is taken as '13013'; a "
               "comment needs a line of its own");
    expect_one("group = core\nnumber = 080\n", CONF_WARNING,
               "t.conf:2: group 'core', variable 'number': '080' is taken as '0', because a number "
               "that starts with 0 is octal");
    conf = parse("group = core\nport = 13013x\nrate = 2.5/s\n");
    assert_int_equal(problems.errors, 0);
    assert_int_equal(problems.count, 2);
    assert_int_equal(conf_number(conf_first(conf, "core"), "port"), 13013);
    assert_true(conf_decimal(conf_first(conf, "core"), "rate") > 2.49);
    conf_free(conf);
}

static void refused_value_gives_way_to_the_fallback(void **state)
{
    struct conf *conf = parse("group = core\nnumber = x\nkind = flie\n");
    const struct conf_group *core = conf_first(conf, "core");

    (void)state;
    assert_int_equal(problems.errors, 2);
    assert_int_equal(conf_number(core, "number"), 7);
    assert_string_equal(conf_string(core, "kind"), "file");
    assert_true(mentioned("t.conf:3: group 'core', variable 'kind': 'flie' is none of file, "
                          "spool, none; did you mean 'file'?"));
    conf_free(conf);
}

static void lists_and_patterns_are_checked(void **state)
{
    (void)state;
    conf_free(parse("group = core\nallow-ip = 10.0.0.300\n"));
    assert_int_equal(problems.errors, 1);
    assert_true(mentioned("t.conf:2: group 'core', variable 'allow-ip': "));
    conf_free(parse("group = core\npattern = a(b\n"));
    assert_int_equal(problems.errors, 1);
    assert_true(mentioned("t.conf:2: group 'core', variable 'pattern': 'a(b' is no regular"));
    expect_one("group = core\nurl = h/x\n", CONF_WARNING,
               "t.conf:2: group 'core', variable 'url': 'h/x' does not start with http:// or "
               "https://");
    conf_free(parse("group = core\nallow-ip = \"\"\nurl = %S\n"));
    assert_int_equal(problems.count, 0);
}

/* --- mistakes and guesses ------------------------------------------------------------ */

static void unknown_names_are_guessed(void **state)
{
    (void)state;
    expect_one("group = core\n# c\nnubmer = 1\n\n\n", CONF_ERROR,
               "t.conf:3: Group 'core' may not contain field 'nubmer'. Did you mean 'number'?");
    expect_one("group = core\nANY_NUMBER = 1\n", CONF_ERROR,
               "t.conf:2: Group 'core' may not contain field 'ANY_NUMBER'. Did you mean "
               "'any-number'?");
    expect_one("group = core\nusername = x\n", CONF_ERROR,
               "t.conf:2: Group 'core' may not contain field 'username'. It belongs to group "
               "'user'.");
    expect_one("group = core\nelephant = 1\n", CONF_ERROR,
               "t.conf:2: Group 'core' may not contain field 'elephant'.");
    expect_one("group = Core\ntext = x\n", CONF_ERROR,
               "t.conf:1: Group 'Core' is no valid group identifier. Did you mean 'core'?");
    expect_one("# c\n\ntext = x\n", CONF_ERROR,
               "t.conf:3: Group does not contain variable 'group'. (An empty line ends a group.)");
    expect_one("Group = core\n", CONF_ERROR,
               "t.conf:1: Group does not contain variable 'group'. Names have no capital letters.");
    expect_one("group = core\nInclude = x\n", CONF_ERROR,
               "t.conf:2: Group 'core' may not contain field 'Include'. Did you mean 'include'?");
    expect_one("group = core\ntext\n", CONF_ERROR,
               "t.conf:2: An equals sign ('=') is missing after 'text'.");
    expect_one("group = core\npassword secret\n", CONF_ERROR,
               "t.conf:2: An equals sign ('=') is missing after 'password'.");
}

static void all_mistakes_are_collected(void **state)
{
    struct conf *conf = parse("group = core\nflag = x\nnumber = y\ntxet = z\ntext = kept\n\n"
                              "group = usr\n\ngroup = user\nquota = 1\n");

    (void)state;
    assert_int_equal(problems.errors, 5);
    assert_true(mentioned("t.conf:2: "));
    assert_true(mentioned("t.conf:3: "));
    assert_true(mentioned("t.conf:4: "));
    assert_true(mentioned("t.conf:7: "));
    assert_true(mentioned("t.conf:9: group 'user': variable 'username' is missing: Who."));
    assert_string_equal(conf_string(conf_first(conf, "core"), "text"), "kept");
    assert_int_equal(conf_number(conf_first(conf, "user"), "quota"), 1);
    conf_free(conf);
}

static void a_flood_of_mistakes_is_cut(void **state)
{
    struct bytes file = {0};
    size_t i;

    (void)state;
    for (i = 0; i < 2000; i++)
        bytes_printf(&file, "x%zu = 1\n\n", i);
    conf_free(parse(bytes_str(&file)));
    assert_int_equal(problems.errors, 2000);
    assert_int_equal(problems.count, CONF_PROBLEMS_MAX + 1);
    assert_string_equal(problems.items[CONF_PROBLEMS_MAX].text,
                        "There is more, which is not shown.");
    bytes_free(&file);
}

static void repetitions_are_told(void **state)
{
    struct conf *conf;

    (void)state;
    expect_one("group = core\ntext = a\ntext = b\n", CONF_WARNING,
               "t.conf:3: group 'core', variable 'text' stands on line 2 of t.conf already; only "
               "this one counts");
    conf = parse("group = core\ntext = a\n\ngroup = user\nusername = u\n\ngroup = core\n");
    assert_int_equal(problems.count, 1);
    assert_true(mentioned("t.conf:7: group 'core' stands on line 1 of t.conf already"));
    assert_null(conf_string(conf_first(conf, "core"), "text"));
    assert_null(conf_next(conf_first(conf, "core")));
    assert_non_null(conf_first(conf, "user"));
    conf_free(conf);
    conf_free(parse("group = core\ngroup = user\nusername = u\n"));
    assert_int_equal(problems.count, 1);
    assert_true(mentioned("t.conf:2: A second 'group' in one group"));
}

static void standing_is_noted_once(void **state)
{
    (void)state;
    expect_one("group = core\nold-text = x\n", CONF_NOTE,
               "t.conf:2: group 'core', variable 'old-text' is deprecated: Use text.");
    expect_one("group = core\nwap = whatever\n", CONF_NOTE,
               "t.conf:2: group 'core', variable 'wap' has no effect: No WAP.");
    expect_one("group = core\nx25 = 1\n", CONF_ERROR,
               "t.conf:2: group 'core', variable 'x25' is not supported: No X.25.");
    expect_one("group = pager\nfoo = 1\n", CONF_ERROR,
               "t.conf:1: group 'pager' is not supported: No pagers.");
    expect_one("group = wapbox\nfoo = 1\nbar = 2\n", CONF_NOTE,
               "t.conf:1: group 'wapbox' has no effect: No WAP.");
    conf_free(parse("group = wapbox\nfoo = 1\n\ngroup = core\nwap = 1\n\ngroup = wapbox\nx = 1\n"));
    assert_int_equal(problems.count, 3); /* two notes, and a warning of repetition */
}

static void any_variable_of_a_foreign_group(void **state)
{
    struct conf *conf = parse("group = wapbox\nfoo = 1\nbar = \"2\"\n");
    const struct conf_group *group = conf_first(conf, "wapbox");

    (void)state;
    assert_string_equal(conf_string(group, "bar"), "2");
    assert_null(conf_string(group, "baz"));
    assert_true(conf_is_set(group, "foo"));
    conf_free(conf);
}

static void reports_know_their_place(void **state)
{
    struct conf *conf = parse("\ngroup = core\n\nnumber = 5\n");
    const struct conf_group *core = conf_first(conf, "core");

    (void)state;
    conf_problems_free(&problems);
    conf_free(conf);
    conf = parse("\ngroup = core\n#\nnumber = 5\n");
    core = conf_first(conf, "core");
    conf_report(&problems, CONF_ERROR, core, "number", "%d is odd", 5);
    conf_report(&problems, CONF_WARNING, core, "text", "is missing");
    conf_report(&problems, CONF_NOTE, core, NULL, "nice\nforged line");
    conf_report(&problems, CONF_ERROR, NULL, NULL, "Group 'user' is missing.");
    assert_int_equal(problems.count, 4);
    assert_int_equal(problems.errors, 2);
    assert_string_equal(problems.items[0].text,
                        "t.conf:4: group 'core', variable 'number': 5 is odd");
    assert_string_equal(problems.items[1].text,
                        "t.conf:2: group 'core', variable 'text': is missing");
    assert_string_equal(problems.items[2].text, "t.conf:2: group 'core': nice?forged line");
    assert_string_equal(problems.items[3].text, "Group 'user' is missing.");
    conf_free(conf);
}

static void nearest_words(void **state)
{
    static const char *const words[] = {"at", "smpp", "http", "fake", "loopback", NULL};

    (void)state;
    assert_string_equal(conf_nearest("SMPP", words), "smpp");
    assert_string_equal(conf_nearest("AT", words), "at");
    assert_string_equal(conf_nearest("htpp", words), "http");
    assert_string_equal(conf_nearest("smp", words), "smpp");
    assert_string_equal(conf_nearest("lopbak", words), "loopback");
    assert_string_equal(conf_nearest("loop-back", words), "loopback");
    assert_null(conf_nearest("x", words));
    assert_null(conf_nearest("cimd2", words));
    assert_null(conf_nearest("", words));
}

/* --- lines ------------------------------------------------------------------------------ */

static void expect_text(const char *line, const char *text)
{
    char file[256];
    struct conf *conf;

    snprintf(file, sizeof(file), "group = core\n%s", line);
    conf = parse(file);
    assert_string_equal(conf_string(conf_first(conf, "core"), "text"), text);
    conf_free(conf);
}

static void quotes_and_continuations(void **state)
{
    (void)state;
    expect_text("text = \"", "\"");
    expect_text("text = \"\"", "");
    expect_text("text = \"\"\"", "\"");
    expect_text("text = \"a\" and \"b\"", "a\" and \"b");
    expect_text("text = \"a\\\\\"", "a\\");
    expect_text("text = \"a\\", "\"a");
    expect_text("text = a\\", "a");
    expect_text("text = a\\\n", "a");
    expect_text("text = a\\\n\n", "a");
    expect_text("text = a\\\nb\\\n c\n", "ab c");
    expect_text("text = a\\\\\\\nflag = no\n", "a\\\\");
    expect_text("te\\\nxt = a\\\n# b\n", "a# b");
    expect_text("text = x\\\n = y\n", "x = y");
    expect_text("\v text\f=\va\r\n", "a");
    expect_text("text = \xc3\xa4\xff\n", "\xc3\xa4\xff");
}

static void blank_after_backslash_is_told(void **state)
{
    (void)state;
    expect_one("group = core\ntext = a\\\r\nflag = no\r\n", CONF_WARNING,
               "t.conf:2: The line does not go on: after its '\\' there is a blank or a carriage "
               "return.");
    conf_free(parse("group = core\n# comment \\ \ntext = \"a\\ b\\\\\"  \n"));
    assert_int_equal(problems.count, 0);
}

static void a_comment_behind_a_value_is_told(void **state)
{
    (void)state;
    expect_one("group = core\ntext = a  # b\n", CONF_WARNING,
               "t.conf:2: group 'core', variable 'text': what follows '#' is part of the value: a "
               "comment needs a line of its own, and a value with '#' is better put in quotes");
    conf_free(parse("group = core\ntext = \"a # b\"\n"));
    assert_int_equal(problems.count, 0);
    conf_free(parse("group = core\ntext = *100# or a #b\n"));
    assert_int_equal(problems.count, 0);
}

static void lines_are_counted_through_continuations(void **state)
{
    (void)state;
    expect_one("group = core\ntext = a\\\nb\\\nc\n# c \\\n d\nfoo = 1\n", CONF_ERROR,
               "t.conf:7: Group 'core' may not contain field 'foo'.");
}

static void zero_octets_are_refused(void **state)
{
    static const char file[] = "group = core\nte\0xt = a\ntext = b\n";
    struct conf *conf;

    (void)state;
    conf_problems_free(&problems);
    conf = conf_parse(slice_of(file, sizeof(file) - 1), "t.conf", &schema, &problems);
    assert_int_equal(problems.errors, 1);
    assert_true(mentioned("t.conf:2: A zero octet"));
    assert_string_equal(conf_string(conf_first(conf, "core"), "text"), "b");
    conf_free(conf);
}

/* --- files: every test in a directory of its own ------------------------------------------ */

static char start_directory[4096];
static char directory[64];

static void write_file(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

static int enter_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/conf_test.XXXXXX");
    if (getcwd(start_directory, sizeof(start_directory)) == NULL || mkdtemp(directory) == NULL)
        return -1;
    return chdir(directory);
}

static int leave_directory(void **state)
{
    char command[128];

    conf_problems_free(&problems);
    if (chdir(start_directory) != 0)
        return -1;
    snprintf(command, sizeof(command), "rm -r '%s'", directory);
    (void)state;
    return system(command);
}

static struct conf *load(const char *path)
{
    conf_problems_free(&problems);
    return conf_load(path, &schema, &problems);
}

static void unreadable_main_file(void **state)
{
    (void)state;
    conf_free(load("nosuch.conf"));
    assert_int_equal(problems.errors, 1);
    assert_string_equal(problems.items[0].text, "Failed to load main configuration file "
                                                "'nosuch.conf': No such file or directory");
    conf_free(load("."));
    assert_int_equal(problems.errors, 1);
    assert_true(mentioned("it is a directory"));
}

static void places_name_the_included_file(void **state)
{
    (void)state;
    write_text("main.conf", "group = core\n\ninclude = sub.conf\ngroup = user\nusername = b\n");
    write_text("sub.conf", "\xef\xbb\xbfgroup = user\nusername = a\nfoo = 1");
    conf_free(load("main.conf"));
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.items[0].text,
                        "sub.conf:3: Group 'user' may not contain field 'foo'.");
}

static void failed_includes_are_told_and_survived(void **state)
{
    struct conf *conf;

    (void)state;
    write_text("main.conf", "include = nosuch.conf\ninclude = /nosuch/x\ninclude =\n"
                            "include = main.conf\ninclude = /dev/null\n\ngroup = core\n");
    conf = load("main.conf");
    assert_int_equal(problems.errors, 5);
    assert_true(mentioned("main.conf:1: Failed to include 'nosuch.conf': No such file or "
                          "directory (paths start at the working directory)"));
    assert_true(mentioned("main.conf:2: Failed to include '/nosuch/x': No such file or directory"));
    assert_true(mentioned("main.conf:3: Failed to include '': No such file"));
    assert_true(mentioned("main.conf:4: Failed to include 'main.conf': recursive include"));
    assert_true(mentioned("main.conf:5: Failed to include '/dev/null': it is no regular file"));
    assert_non_null(conf_first(conf, "core"));
    conf_free(conf);
}

static void a_pipe_does_not_hang(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("pipe.conf", 0600), 0);
    write_text("main.conf", "include = pipe.conf\n");
    conf_free(load("main.conf"));
    assert_int_equal(problems.errors, 1);
}

static void directories_have_an_order(void **state)
{
    static const char *const names[] = {"a", "b", "c"};
    const struct conf_group *user;
    struct conf *conf;
    size_t i = 0;

    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    assert_int_equal(mkdir("d/sub", 0700), 0);
    write_text("d/20.conf", "group = user\nusername = b");
    write_text("d/10.conf", "group = user\nusername = a");
    write_text("d/30", "group = user\nusername = c");
    write_text("d/.hidden", "junk");
    write_text("d/10.conf~", "junk");
    assert_int_equal(symlink("d", "link"), 0);
    write_text("main.conf", "include = \"link\"\n");
    conf = load("main.conf");
    assert_int_equal(problems.count, 0);
    for (user = conf_first(conf, "user"); user != NULL; user = conf_next(user))
        assert_string_equal(conf_string(user, "username"), names[i++]);
    assert_int_equal(i, 3);
    conf_free(conf);
}

static void nesting_is_limited(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 40; i++) {
        char name[32], text[64];

        snprintf(name, sizeof(name), "%d.conf", i);
        snprintf(text, sizeof(text), "include = %d.conf\n", i + 1);
        write_text(name, text);
    }
    conf_free(load("0.conf"));
    assert_int_equal(problems.errors, 1);
    assert_true(mentioned("too many files inside one another"));
}

/* --- Kannel's results ------------------------------------------------------------------- */

/* Where our answer differs on purpose: the file loads. */
static const char *const deviations[] = {"include-substring-anywhere", "utf8-bom", NULL};

/* The very line of the mistake, which Kannel does not tell, and the text. */
static const struct {
    const char *id, *text;
} mistakes[] = {
    {"blank-with-spaces-separates", "t.conf:4: Group does not contain variable 'group'."},
    {"no-group-variable", "t.conf:1: Group does not contain variable 'group'."},
    {"unknown-variable", "t.conf:3: Group 'sms-service' may not contain field 'foo'."},
    {"unknown-group", "t.conf:1: Group 'nosuch' is no valid group identifier."},
    {"missing-equals", "t.conf:2: An equals sign ('=') is missing"},
    {"variable-case-matters",
     "t.conf:2: Group 'core' may not contain field 'Admin-Port'. Did you mean 'admin-port'?"},
    {"group-name-case-matters",
     "t.conf:1: Group 'Core' is no valid group identifier. Did you mean 'core'?"},
    {"include-in-middle-of-group", "t.conf:2: Group 'sms-service' may not contain field "
                                   "'admin-port'. It belongs to group 'core'."},
    {"include-missing", "t.conf:1: Failed to include 'nosuch.conf'"},
    {"include-cycle", "inc2.conf:1: Failed to include 't.conf': recursive include"},
    {"include-same-file-twice", "t.conf:2: Failed to include 'inc1.conf': recursive include"},
    {NULL, NULL},
};

static bool is_deviation(const char *id)
{
    size_t i;

    for (i = 0; deviations[i] != NULL; i++) {
        if (strcmp(deviations[i], id) == 0)
            return true;
    }
    return false;
}

static void write_include_files(void)
{
    write_text("inc1.conf", "group = sms-service\nkeyword = inc1\ntext = t1");
    write_text("inc2.conf", "include = t.conf\n");
    mkdir("dir", 0700);
    mkdir("dir/sub", 0700);
    write_text("dir/a.conf", "group = sms-service\nkeyword = d2\ntext = t1\n");
    write_text("dir/b.conf", "group = sms-service\nkeyword = d1\ntext = t1\n");
}

static bool group_equals(const struct conf_group *group, json_t *expected)
{
    const char *name;
    json_t *value;

    json_object_foreach(expected, name, value)
    {
        const char *text;

        if (strcmp(name, "group") == 0)
            continue;
        text = conf_string(group, name);
        if (!conf_is_set(group, name) || strcmp(text, json_string_value(value)) != 0)
            return false;
    }
    return true;
}

/* The n-th of the expected groups that have this group's name. */
static json_t *nth_of_name(json_t *expected, const char *name, size_t n)
{
    size_t i;
    json_t *group;

    json_array_foreach(expected, i, group)
    {
        if (strcmp(json_string_value(json_object_get(group, "group")), name) == 0 && n-- == 0)
            return group;
    }
    return NULL;
}

/* Kannel's order in a directory is the file system's; ours is by name. */
static void check_groups(const char *id, const struct conf *conf, json_t *expected)
{
    static const char *const names[] = {"core", "smsbox", "sms-service"};
    size_t i, total = 0;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct conf_group *group = conf_first(conf, names[i]);
        size_t n = 0;

        for (; group != NULL; group = conf_next(group), n++, total++) {
            size_t at = strcmp(id, "include-directory") == 0 && i == 2 ? 1 - n : n;

            if (!group_equals(group, nth_of_name(expected, names[i], at)))
                fail_msg("%s: group %zu differs", id, n);
        }
    }
    assert_int_equal(total, json_array_size(expected));
}

static void check_mistake(const char *id)
{
    size_t i;

    for (i = 0; mistakes[i].id != NULL && strcmp(mistakes[i].id, id) != 0; i++)
        ;
    if (mistakes[i].id == NULL)
        fail_msg("%s: no expectation", id);
    if (problems.errors == 0 || !mentioned(mistakes[i].text)) {
        show_problems();
        fail_msg("%s: expected '%s'", id, mistakes[i].text);
    }
}

static void check_case(json_t *record)
{
    const char *id = json_string_value(json_object_get(record, "id"));
    bool ok = json_is_true(json_object_get(record, "ok"));
    json_t *file = json_object_get(record, "file");
    struct conf *conf;

    write_file("t.conf", json_string_value(file), json_string_length(file));
    conf_problems_free(&problems);
    conf = conf_load("t.conf", schema_get(), &problems);
    if (!ok && !is_deviation(id)) {
        check_mistake(id);
    } else {
        if (problems.errors != 0) {
            show_problems();
            fail_msg("%s: not loaded", id);
        }
        if (ok)
            check_groups(id, conf, json_object_get(record, "groups"));
    }
    conf_free(conf);
}

static void kannels_results(void **state)
{
    FILE *file = fopen(TEST_DATA "/compat/config.jsonl", "r");
    char line[8192];
    size_t cases = 0;

    (void)state;
    assert_non_null(file);
    write_include_files();
    for (; fgets(line, sizeof(line), file) != NULL; cases++) {
        json_t *record = json_loads(line, 0, NULL);

        assert_non_null(record);
        check_case(record);
        json_decref(record);
    }
    assert_int_equal(cases, 35);
    fclose(file);
}

static void the_deviations_keep_the_values(void **state)
{
    struct conf *conf;

    (void)state;
    conf_problems_free(&problems);
    conf = conf_parse(slice_str("\xef\xbb\xbfgroup = sms-service\nkeyword = x\n"
                                "text = this will include something\n"),
                      "t.conf", schema_get(), &problems);
    assert_int_equal(problems.count, 0);
    assert_string_equal(conf_string(conf_first(conf, "sms-service"), "text"),
                        "this will include something");
    conf_free(conf);
}

/* --- the schema as text ------------------------------------------------------------------ */

static void generate_lists_every_variable(void **state)
{
    struct bytes text = {0};

    (void)state;
    conf_schema_print(&schema, &text);
    assert_non_null(strstr(bytes_str(&text), "#  Single Group\n#  The core.\n#\ngroup = core\n"));
    assert_non_null(strstr(bytes_str(&text), "\nnumber = <number -5..1000, default 7>\n"));
    assert_non_null(strstr(bytes_str(&text), "\nusername = <text, required>\n"));
    assert_non_null(strstr(bytes_str(&text), "\nkind = <file|spool|none, default file>\n"));
    assert_non_null(strstr(bytes_str(&text), "#  Multi Group\n#  A user.\n#\ngroup = user\n"));
    assert_non_null(strstr(bytes_str(&text), "\ngroup = wapbox\n"));
    bytes_free(&text);
}

#define TEST(f)  cmocka_unit_test_teardown(f, free_problems)
#define FILES(f) cmocka_unit_test_setup_teardown(f, enter_directory, leave_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_have_their_types),
        TEST(fallbacks_count_when_nothing_is_said),
        TEST(a_missing_group_has_nothing),
        TEST(empty_text_is_set),
        TEST(booleans),
        TEST(bad_numbers),
        TEST(trailing_text_is_told),
        TEST(refused_value_gives_way_to_the_fallback),
        TEST(lists_and_patterns_are_checked),
        TEST(unknown_names_are_guessed),
        TEST(all_mistakes_are_collected),
        TEST(a_flood_of_mistakes_is_cut),
        TEST(repetitions_are_told),
        TEST(standing_is_noted_once),
        TEST(any_variable_of_a_foreign_group),
        TEST(reports_know_their_place),
        TEST(nearest_words),
        TEST(quotes_and_continuations),
        TEST(blank_after_backslash_is_told),
        TEST(a_comment_behind_a_value_is_told),
        TEST(lines_are_counted_through_continuations),
        TEST(zero_octets_are_refused),
        FILES(unreadable_main_file),
        FILES(places_name_the_included_file),
        FILES(failed_includes_are_told_and_survived),
        FILES(a_pipe_does_not_hang),
        FILES(directories_have_an_order),
        FILES(nesting_is_limited),
        FILES(kannels_results),
        TEST(the_deviations_keep_the_values),
        TEST(generate_lists_every_variable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
