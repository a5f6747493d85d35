/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gwlib/http_message: request heads and chunks as RFC 9112 has
 * them, and what Kannel takes beyond.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gwlib/http_message.h"
#include "gwlib/memory.h"

/* The text is in a block of exactly len + 1 octets, for AddressSanitizer. */
static const char *parse(const char *text, struct http_head *head, unsigned char **memory)
{
    size_t len = strlen(text);

    *memory = memory_alloc(len + 1);
    memcpy(*memory, text, len);
    return http_head_parse(*memory, len, head);
}

static void finds_the_end_of_the_head(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        {"", 0},
        {"GET / HTTP/1.0\r\n", 0},
        {"GET / HTTP/1.0\r\n\r", 0},
        {"GET / HTTP/1.0\r\n\r\n", 18},
        {"GET / HTTP/1.0\r\n\r\nrest\r\n\r\n", 18},
        {"GET / HTTP/1.0\n\nrest", 16},
        {"GET / HTTP/1.0\n\r\nrest", 17},
        {"GET / HTTP/1.0\r\nA: b\r\n c\r\n\r\n", 28},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t scanned = 0, found = 0, len = strlen(cases[i].text);

        /* as a whole, and octet by octet */
        assert_int_equal(http_head_length(slice_str(cases[i].text), &scanned), cases[i].len);
        scanned = 0;
        for (size_t n = 0; n <= len && found == 0; n++)
            found = http_head_length(slice_of(cases[i].text, n), &scanned);
        assert_int_equal(found, cases[i].len);
    }
}

static void takes_a_request_apart(void **state)
{
    struct http_head head;
    unsigned char *memory;

    (void)state;
    assert_null(parse("POST /cgi-bin/sendsms?a=b&c=%20 HTTP/1.1\r\n"
                      "Host: x\r\nX-Kannel-To:  1 2 \r\nx-empty:\r\n"
                      "Folded: one\r\n\t two\r\nContent-Length: 17\r\n\r\n",
                      &head, &memory));
    assert_true(slice_equal_str(head.method, "POST"));
    assert_string_equal(head.path, "/cgi-bin/sendsms");
    assert_true(slice_equal_str(head.query, "a=b&c=%20"));
    assert_false(head.version_1_0);
    assert_true(head.keep_alive);
    assert_false(head.chunked);
    assert_int_equal(head.content_length, 17);
    assert_int_equal(head.field_count, 5);
    assert_true(slice_equal_str(http_head_field(&head, "HOST"), "x"));
    assert_true(slice_equal_str(http_head_field(&head, "x-kannel-to"), "1 2"));
    assert_true(slice_is_set(http_head_field(&head, "X-Empty")));
    assert_int_equal(http_head_field(&head, "X-Empty").len, 0);
    assert_true(slice_equal_str(http_head_field(&head, "folded"), "one  \t two"));
    assert_false(slice_is_set(http_head_field(&head, "X-None")));
    free(memory);
}

static void assert_target(const char *target, const char *path, const char *query)
{
    struct http_head head;
    unsigned char *memory;
    char text[200];

    snprintf(text, sizeof text, "GET %s HTTP/1.0\n\n", target);
    assert_null(parse(text, &head, &memory));
    assert_string_equal(head.path, path);
    assert_int_equal(slice_is_set(head.query), query != NULL);
    if (query != NULL)
        assert_true(slice_equal_str(head.query, query));
    free(memory);
}

static void targets(void **state)
{
    (void)state;
    assert_target("/", "/", NULL);
    assert_target("/?", "/", "");
    assert_target("/a/?b?c", "/a/", "b?c");
    assert_target("http://host:13013/a?b", "/a", "b");
    assert_target("HTTPS://host/a", "/a", NULL);
    assert_target("http://host", "/", NULL);
    assert_target("http://host?q", "/", "q");
    assert_target("/a?u=http://x/y", "/a", "u=http://x/y");
    assert_target("?q", "/", "q");
    assert_target("nonsense", "nonsense", NULL);
    assert_target("/\xc3\xa9?\xff", "/\xc3\xa9", "\xff");
}

static void keep_alive_by_version_and_wish(void **state)
{
    static const struct {
        const char *text;
        bool keep_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", true},
        {"GET / HTTP/1.2\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nConnection: TE, Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nConnection: closed\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_head head;
        unsigned char *memory;

        assert_null(parse(cases[i].text, &head, &memory));
        assert_int_equal(head.keep_alive, cases[i].keep_alive);
        free(memory);
    }
}

static void refuses(void **state)
{
    static const char *const texts[] = {
        "\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1 x\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.x\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\n\r\n",
        "GET /\r HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\n: no name\r\n\r\n",
        "GET / HTTP/1.1\r\nName : blank before colon\r\n\r\n",
        "GET / HTTP/1.1\r\n Folded: first\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5a\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct http_head head;
        unsigned char *memory;

        if (parse(texts[i], &head, &memory) == NULL)
            fail_msg("accepted: %s", texts[i]);
        free(memory);
    }
}

static void refuses_nul_octets(void **state)
{
    unsigned char in_target[] = "GET /a\0b HTTP/1.1\r\n\r\n";
    unsigned char in_value[] = "GET / HTTP/1.1\r\nA: b\0c\r\n\r\n";
    struct http_head head;

    (void)state;
    assert_non_null(http_head_parse(in_target, sizeof in_target - 1, &head));
    assert_non_null(http_head_parse(in_value, sizeof in_value - 1, &head));
}

static void limits_the_number_of_headers(void **state)
{
    for (int n = HTTP_HEAD_MAX_FIELDS; n <= HTTP_HEAD_MAX_FIELDS + 1; n++) {
        struct bytes text = {0};
        struct http_head head;

        (void)state;
        bytes_append_str(&text, "GET / HTTP/1.1\r\n");
        for (int i = 0; i < n; i++)
            bytes_printf(&text, "N%d: %d\r\n", i, i);
        bytes_append_str(&text, "\r\n");
        assert_int_equal(http_head_parse(text.data, text.len, &head) == NULL,
                         n == HTTP_HEAD_MAX_FIELDS);
        bytes_free(&text);
    }
}

/* Reads the text in pieces of the given size; what was used to *used. */
static enum http_chunks_state read_in_pieces(const char *text, size_t piece, struct bytes *body,
                                             size_t max_body, size_t *used)
{
    struct http_chunks chunks = {0};
    struct slice rest = slice_str(text);

    *used = 0;
    while (!slice_is_empty(rest) && chunks.state < HTTP_CHUNKS_DONE) {
        size_t n = http_chunks_read(&chunks, slice_sub(rest, 0, piece), body, max_body);

        *used += n;
        rest = slice_sub(rest, n, rest.len);
    }
    return chunks.state;
}

static void reads_chunks_in_any_pieces(void **state)
{
    static const char text[] =
        "5\r\nhello\r\n00A;ext=\"x\"\n 0123456 \n\r\n0\r\nTrailer: x\r\n\r\nNEXT";

    (void)state;
    for (size_t piece = 1; piece < sizeof text; piece++) {
        struct bytes body = {0};
        size_t used;

        assert_int_equal(read_in_pieces(text, piece, &body, 100, &used), HTTP_CHUNKS_DONE);
        assert_string_equal(bytes_str(&body), "hello 0123456 \n");
        assert_int_equal(used, strlen(text) - 4);
        bytes_free(&body);
    }
}

static void chunks_outcome(const char *text, size_t max_body, enum http_chunks_state expected)
{
    struct bytes body = {0};
    size_t used;

    assert_int_equal(read_in_pieces(text, 1000, &body, max_body, &used), expected);
    assert_true(body.len <= max_body);
    bytes_free(&body);
}

static void broken_and_long_chunks(void **state)
{
    (void)state;
    chunks_outcome("0\r\n\r\n", 0, HTTP_CHUNKS_DONE);
    chunks_outcome("5\r\nhello\r\n0\n\n", 5, HTTP_CHUNKS_DONE);
    chunks_outcome("5\r\nhel", 5, HTTP_CHUNKS_DATA);
    chunks_outcome("x\r\n", 5, HTTP_CHUNKS_BROKEN);
    chunks_outcome("\r\n", 5, HTTP_CHUNKS_BROKEN);
    chunks_outcome("-1\r\n", 5, HTTP_CHUNKS_BROKEN);
    chunks_outcome("5\r\nhelloo\r\n", 10, HTTP_CHUNKS_BROKEN);
    chunks_outcome("6\r\nhello!\r\n0\r\n\r\n", 5, HTTP_CHUNKS_TOO_LONG);
    chunks_outcome("3\r\nabc\r\n3\r\nabc\r\n", 5, HTTP_CHUNKS_TOO_LONG);
    chunks_outcome("ffffffff\r\nx", 5, HTTP_CHUNKS_TOO_LONG);
    chunks_outcome("fffffffff", 5, HTTP_CHUNKS_TOO_LONG);
}

static void endless_trailers_and_extensions_are_too_long(void **state)
{
    static const char *const starts[] = {"0\r\n", "1;", "1\r\nx\r\n0\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct bytes text = {0};

        bytes_append_str(&text, starts[i]);
        for (int n = 0; n < 20000; n++)
            bytes_append_char(&text, 'a');
        chunks_outcome(bytes_str(&text), 10, HTTP_CHUNKS_TOO_LONG);
        bytes_free(&text);
    }
}

static void many_small_chunks_are_fine(void **state)
{
    struct bytes text = {0};

    (void)state;
    for (int n = 0; n < 100000; n++)
        bytes_append_str(&text, "1\r\nx\r\n");
    bytes_append_str(&text, "0\r\n\r\n");
    chunks_outcome(bytes_str(&text), 100000, HTTP_CHUNKS_DONE);
    bytes_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_end_of_the_head),
        cmocka_unit_test(takes_a_request_apart),
        cmocka_unit_test(targets),
        cmocka_unit_test(keep_alive_by_version_and_wish),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_nul_octets),
        cmocka_unit_test(limits_the_number_of_headers),
        cmocka_unit_test(reads_chunks_in_any_pieces),
        cmocka_unit_test(broken_and_long_chunks),
        cmocka_unit_test(endless_trailers_and_extensions_are_too_long),
        cmocka_unit_test(many_small_chunks_are_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
