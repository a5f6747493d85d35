/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sms_bench - how many single-part PDUs a second one core encodes (message fields
 * to the hex line of AT+CMGS) and decodes (hex line to struct with UTF-8 text),
 * by kind of content. Allocations in the loops are counted: there must be none.
 *
 *     test/bench/sms_bench [SECONDS for each row, default 1]
 *
 * The aim is 2 million a second each way for the full text of 160 septets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gw/sms/pdu.h"

/* The linker sends every allocation of ours here (--wrap). */
static unsigned long allocations;
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    allocations++;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    allocations++;
    return __real_realloc(p, n);
}

struct kind {
    const char *name;
    const char *piece; /* repeated to fill one part */
    size_t piece_len;
    size_t times;
    int coding;
};

static const struct kind kinds[] = {
    {"GSM 7-bit, 160 letters", "Dear customer, your code is 4711", 32, 5, 0},
    {"GSM 7-bit, 40 letters", "your code 4711 is", 17, 2, 0},
    {"GSM 7-bit, 153 with umlauts",
     "Sch\xC3\xB6ne Gr\xC3\xBC\xC3\x9F"
     "e, \xC3\x85sa",
     21, 9, 0},
    {"GSM 7-bit, 80 extension characters", "[]{}~^|\\", 8, 10, 0},
    {"UCS-2, 70 units", "\x04\x31\x04\x38\x04\x3C\x00\x20\x04\x30", 10, 14, 2},
    {"8-bit, 140 octets", "\x00\xFF\x10\x20\x7F\x80\x01", 7, 20, 1},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(const struct kind *kind, struct pdu_submit *submit, struct bytes *content)
{
    for (size_t i = 0; i < kind->times; i++)
        bytes_append(content, kind->piece, kind->piece_len);
    *submit = pdu_submit_blank();
    submit->receiver = slice_str("+491701234567");
    submit->content = bytes_slice(content);
    submit->dcs.coding = kind->coding;
    submit->validity = 167;
    submit->want_report = true;
}

static void refuse(const struct kind *kind, const struct sms_fault *fault)
{
    fprintf(stderr, "%s: octet %zu: %s\n", kind->name, fault->octet, fault->reason);
    exit(1);
}

static double encode_rate(const struct kind *kind, double seconds)
{
    struct bytes content = {0};
    struct pdu_submit submit;
    struct pdu_line line;
    struct sms_fault fault;
    unsigned long rounds = 0, before;
    fill(kind, &submit, &content);
    before = allocations;
    double begin = now(), spent;
    do {
        for (int i = 0; i < 1000; i++, rounds++) {
            submit.reference = (uint8_t)rounds;
            if (!pdu_submit(&submit, true, &line, &fault))
                refuse(kind, &fault);
        }
        spent = now() - begin;
    } while (spent < seconds);
    if (allocations != before)
        printf("%lu allocations while encoding\n", allocations - before);
    bytes_free(&content);
    return (double)rounds / spent;
}

/* The line of a DELIVER with that content. */
static void deliver_line(const struct kind *kind, struct pdu_line *line)
{
    struct bytes content = {0};
    struct pdu_submit submit;
    struct pdu pdu = {0};
    struct sms_fault fault;
    static const uint8_t codes[] = {0x00, 0x04, 0x08};
    fill(kind, &submit, &content);
    address_from_text(slice_str("+491722270333"), ADDRESS_TOA_AUTO, &pdu.smsc, NULL);
    tpdu_init(&pdu.tpdu, TPDU_DELIVER);
    address_from_text(submit.receiver, ADDRESS_TOA_AUTO, &pdu.tpdu.address, NULL);
    timestamp_from_unix(1795000000, 60, &pdu.tpdu.scts);
    pdu.tpdu.dcs = codes[kind->coding];
    tpdu_set_content(&pdu.tpdu, (enum dcs_alphabet)kind->coding, submit.content);
    if (!pdu_encode(&pdu, true, '?', line, &fault))
        refuse(kind, &fault);
    bytes_free(&content);
}

static double decode_rate(const struct kind *kind, double seconds)
{
    struct pdu_line line;
    struct pdu pdu;
    struct sms_fault fault;
    unsigned long rounds = 0, before, octets = 0;
    deliver_line(kind, &line);
    before = allocations;
    double begin = now(), spent;
    do {
        for (int i = 0; i < 1000; i++, rounds++) {
            if (!pdu_decode(slice_of(line.digits, line.len), TPDU_TO_TE, true, &pdu, &fault))
                refuse(kind, &fault);
            octets += pdu.tpdu.content_len;
        }
        spent = now() - begin;
    } while (spent < seconds);
    if (allocations != before || octets == 0)
        printf("%lu allocations while decoding\n", allocations - before);
    return (double)rounds / spent;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1.0;
    printf("%-36s %14s %14s\n", "single-part PDUs a second, one core", "encode", "decode");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        printf("%-36s %14.0f %14.0f\n", kinds[i].name, encode_rate(&kinds[i], seconds),
               decode_rate(&kinds[i], seconds));
    return 0;
}
