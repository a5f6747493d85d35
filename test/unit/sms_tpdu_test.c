/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of gw/sms/tpdu and gw/sms/pdu beyond the vectors: the reports with a
 * parameter indicator, faults and where they are found, what is tolerated, a
 * SUBMIT from message fields, and decode(encode(x)) = x for random messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gw/sms/pdu.h"
#include "gw/sms/pid.h"
#include "gw/sms/split.h"
#include "gw/sms/utf16.h"
#include "test/support/jsonl.h"

#define LITERAL(text) slice_of(text, sizeof(text) - 1)

static void decode(const char *digits, enum tpdu_direction direction, struct pdu *pdu)
{
    struct sms_fault fault;
    if (!pdu_decode(slice_str(digits), direction, true, pdu, &fault))
        fail_msg("%s: octet %zu: %s", digits, fault.octet, fault.reason);
}

static void assert_encodes(const struct pdu *pdu, const char *expected)
{
    struct pdu_line line;
    assert_true(pdu_encode(pdu, true, 0, &line, NULL));
    assert_string_equal(line.digits, expected);
    assert_int_equal(line.len, strlen(expected));
}

static void assert_content(const struct tpdu *tpdu, const char *text)
{
    assert_int_equal(tpdu->content_len, strlen(text));
    assert_memory_equal(tpdu->content, text, strlen(text));
}

/* --- the reports ---------------------------------------------------------------- */

static void handles_deliver_reports(void **state)
{
    (void)state;
    struct pdu pdu;
    decode("000000", TPDU_FROM_TE, &pdu);
    assert_int_equal(pdu.tpdu.type, TPDU_DELIVER_REPORT);
    assert_int_equal(pdu.tpdu.fcs, -1);
    assert_int_equal(pdu.tpdu.pi, 0);
    assert_false(pdu.tpdu.has_user_data);
    assert_encodes(&pdu, "000000");

    decode("0000D3077F000348690D", TPDU_FROM_TE, &pdu);
    assert_int_equal(pdu.tpdu.fcs, 0xD3);
    assert_int_equal(pdu.tpdu.pi, 7);
    assert_int_equal(pdu.tpdu.pid, 0x7F);
    assert_int_equal(pdu.tpdu.udl, 3);
    assert_content(&pdu.tpdu, "HR5");
    assert_encodes(&pdu, "0000D3077F000348690D");
}

static void handles_submit_reports(void **state)
{
    (void)state;
    struct pdu pdu;
    decode("00010070605031650300", TPDU_TO_TE, &pdu);
    assert_int_equal(pdu.tpdu.type, TPDU_SUBMIT_REPORT);
    assert_int_equal(pdu.tpdu.fcs, -1);
    assert_int_equal(timestamp_to_unix(&pdu.tpdu.scts), 1181051790);
    assert_encodes(&pdu, "00010070605031650300");

    decode("0001C40370605031650300"
           "0004",
           TPDU_TO_TE, &pdu);
    assert_int_equal(pdu.tpdu.fcs, 0xC4);
    assert_true(pdu.tpdu.has_pid && pdu.tpdu.has_dcs && !pdu.tpdu.has_user_data);
    assert_int_equal(pdu.tpdu.dcs, 4);
    assert_encodes(&pdu, "0001C403706050316503000004");
}

#define REPORT "0006D60B911326880736F4111011719551401110117195714000"

static void handles_the_tail_of_status_reports(void **state)
{
    (void)state;
    struct pdu pdu;
    decode(REPORT "0700040148", TPDU_TO_TE, &pdu);
    assert_int_equal(pdu.tpdu.pi, 7);
    assert_int_equal(pdu.tpdu.alphabet, DCS_8BIT);
    assert_content(&pdu.tpdu, "H");
    assert_int_equal(pdu.tpdu.surplus, 0);
    assert_encodes(&pdu, REPORT "0700040148");
    /* Reserved bits of the indicator mean nothing, its extensions are skipped. */
    decode(REPORT "8200"
                  "08",
           TPDU_TO_TE, &pdu);
    assert_int_equal(pdu.tpdu.pi, 0x82);
    assert_int_equal(pdu.tpdu.dcs, 8);
    assert_false(pdu.tpdu.has_pid);
    /* A tail that is cut or makes no sense does not spoil the report. */
    decode(REPORT "07", TPDU_TO_TE, &pdu);
    assert_int_equal(pdu.tpdu.st, 0);
    assert_false(pdu.tpdu.has_user_data);
    assert_int_equal(pdu.tpdu.surplus, 1);
    decode(REPORT "0500FF4142", TPDU_TO_TE, &pdu);
    assert_false(pdu.tpdu.has_user_data);
    assert_int_equal(pdu.tpdu.content_len, 0);
    assert_int_equal(pdu.tpdu.mr, 214);
    assert_string_equal(pdu.tpdu.address.text, "+31628870634");
}

/* --- what is wrong, and where ------------------------------------------------------ */

static void assert_malformed(const char *digits, enum tpdu_direction direction, size_t octet)
{
    struct pdu pdu;
    struct sms_fault fault = {9999, NULL};
    assert_false(pdu_decode(slice_str(digits), direction, true, &pdu, &fault));
    if (fault.octet != octet)
        fail_msg("%s: octet %zu, not %zu: %s", digits, fault.octet, octet, fault.reason);
    assert_non_null(fault.reason);
}

#define DELIVER "00040B911326880736F40000706050316503000631D98C56B301"

static void names_the_octet(void **state)
{
    (void)state;
    assert_malformed("", TPDU_TO_TE, 0);
    assert_malformed("0", TPDU_TO_TE, 0);
    assert_malformed("00", TPDU_TO_TE, 1);
    assert_malformed("00040", TPDU_TO_TE, 2);
    assert_malformed("0004G1", TPDU_TO_TE, 2);
    assert_malformed("0003", TPDU_TO_TE, 1);
    assert_malformed("0002", TPDU_FROM_TE, 1);
    assert_malformed("0D91", TPDU_TO_TE, 0);
    assert_malformed("0791", TPDU_TO_TE, 2);
    assert_malformed("000415", TPDU_TO_TE, 3);
    assert_malformed("00041591", TPDU_TO_TE, 2);
    assert_malformed("0044"
                     "0081"
                     "0000"
                     "70605031650300"
                     "00",
                     TPDU_TO_TE, 14);
    assert_malformed("0044"
                     "0081"
                     "0000"
                     "70605031650300"
                     "03"
                     "030000",
                     TPDU_TO_TE, 14);
    assert_malformed("0044"
                     "0081"
                     "0004"
                     "70605031650300"
                     "04"
                     "03700241",
                     TPDU_TO_TE, 15);
    assert_malformed("0044"
                     "0081"
                     "0004"
                     "70605031650300"
                     "03"
                     "05700241",
                     TPDU_TO_TE, 14);
    assert_malformed("0004"
                     "0081"
                     "0004"
                     "70605031650300"
                     "8D",
                     TPDU_TO_TE, 13);
    assert_malformed("0004"
                     "0081"
                     "0000"
                     "70605031650300"
                     "A1",
                     TPDU_TO_TE, 13);
    assert_malformed("0004"
                     "0081"
                     "0000"
                     "70605031650300"
                     "05"
                     "E8329BFD",
                     TPDU_TO_TE, 18);
}

/* Every prefix of a good PDU is refused at its end, or inside. */
static void refuses_every_prefix(void **state)
{
    (void)state;
    struct slice whole = slice_str(DELIVER);
    for (size_t len = 0; len < whole.len; len++) {
        struct pdu pdu;
        struct sms_fault fault;
        assert_false(pdu_decode(slice_sub(whole, 0, len), TPDU_TO_TE, true, &pdu, &fault));
        assert_true(fault.octet <= len / 2);
    }
}

static void tolerates_surplus(void **state)
{
    (void)state;
    struct pdu pdu;
    decode(DELIVER "FFFFFF", TPDU_TO_TE, &pdu);
    assert_int_equal(pdu.tpdu.surplus, 3);
    assert_content(&pdu.tpdu, "123456");
    decode("0004"
           "0081"
           "0008"
           "70605031650300"
           "03"
           "004100",
           TPDU_TO_TE, &pdu);
    assert_int_equal(pdu.tpdu.content_len, 2);
    char digits[600];
    snprintf(digits, sizeof(digits), "%s%0500d", DELIVER, 0);
    assert_malformed(digits, TPDU_TO_TE, 256);
}

static void works_without_service_centre(void **state)
{
    (void)state;
    struct pdu pdu;
    struct pdu_line line;
    assert_true(pdu_decode(slice_str(&DELIVER[2]), TPDU_TO_TE, false, &pdu, NULL));
    assert_false(pdu.smsc.present);
    assert_content(&pdu.tpdu, "123456");
    assert_true(pdu_encode(&pdu, false, 0, &line, NULL));
    assert_string_equal(line.digits, &DELIVER[2]);
    assert_int_equal(line.tpdu_len, strlen(DELIVER) / 2 - 1);
}

static void takes_lower_case(void **state)
{
    (void)state;
    struct pdu pdu;
    decode("00040b911326880736f40000706050316503000631d98c56b301", TPDU_TO_TE, &pdu);
    assert_encodes(&pdu, DELIVER);
}

static void hands_compressed_text_over_as_octets(void **state)
{
    (void)state;
    struct pdu pdu;
    decode("0004"
           "0081"
           "0020"
           "70605031650300"
           "03"
           "E8329B",
           TPDU_TO_TE, &pdu);
    assert_int_equal(pdu.tpdu.alphabet, DCS_8BIT);
    assert_int_equal(pdu.tpdu.content_len, 3);
    assert_encodes(&pdu, "000400810020706050316503000"
                         "3E8329B");
}

/* --- a message to send ----------------------------------------------------------------- */

static void assert_submits(const struct pdu_submit *submit, const char *expected, size_t tpdu_len)
{
    struct pdu_line line;
    struct sms_fault fault;
    if (!pdu_submit(submit, true, &line, &fault))
        fail_msg("octet %zu: %s", fault.octet, fault.reason);
    assert_string_equal(line.digits, expected);
    assert_int_equal(line.tpdu_len, tpdu_len);
    assert_true(pdu_submit(submit, false, &line, NULL));
    assert_string_equal(line.digits, expected + (slice_is_set(submit->smsc) ? 16 : 2));
}

static void submits_messages(void **state)
{
    (void)state;
    struct pdu_submit submit = pdu_submit_blank();
    /* Example of the 2N manual. */
    submit.receiver = slice_str("739431816");
    submit.content = slice_str("port2");
    submit.validity = 255;
    assert_submits(&submit, "001100098137491318F60000FF05F0B79C2E03", 18);

    submit = pdu_submit_blank();
    submit.receiver = slice_str("+491701234563");
    submit.smsc = slice_str("+491722270333");
    submit.content = LITERAL("\x04\x12");
    submit.dcs.coding = 2;
    submit.dcs.mclass = 0;
    submit.want_report = true;
    submit.rpi = 1;
    submit.pid = 65;
    submit.reference = 7;
    assert_submits(&submit,
                   "0791947122723033"
                   "A1070C91947110325436"
                   "4118"
                   "02"
                   "0412",
                   15);

    submit = pdu_submit_blank();
    submit.receiver = slice_str("12342");
    submit.udh = LITERAL("\x06\x05\x04\x15\x81\x00\x00");
    submit.content = LITERAL("\x00\x01");
    submit.dcs.coding = 1;
    assert_submits(&submit,
                   "0041"
                   "00"
                   "05812143F2"
                   "0004"
                   "09"
                   "06050415810000"
                   "0001",
                   19);
}

static void submits_question_marks(void **state)
{
    (void)state;
    struct pdu_submit submit = pdu_submit_blank();
    struct pdu_line line;
    struct bytes emoji = {0};
    submit.receiver = slice_str("1");
    for (int i = 0; i < 160; i++)
        bytes_append_str(&emoji, "\xF0\x9F\x98\x80");
    submit.content = bytes_slice(&emoji);
    struct pdu pdu;
    assert_true(pdu_submit(&submit, true, &line, NULL));
    decode(line.digits, TPDU_FROM_TE, &pdu);
    assert_int_equal(pdu.tpdu.content_len, 160);
    assert_int_equal(pdu.tpdu.content[159], '?');
    bytes_free(&emoji);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    static const char long_text[161] = {0};
    struct pdu_submit submit = pdu_submit_blank();
    struct pdu_line line = {.len = 77};
    struct sms_fault fault;
    submit.receiver = slice_str("1");
    submit.dcs.coding = 1;
    submit.content = slice_of(long_text, 141);
    assert_false(pdu_submit(&submit, true, &line, &fault));
    assert_int_equal(fault.octet, 140);
    submit.dcs.coding = 0;
    submit.content = slice_of(
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        161);
    assert_false(pdu_submit(&submit, true, &line, &fault));
    assert_int_equal(fault.octet, 160);
    submit.content = slice_str("a");
    submit.udh = LITERAL("\x02\x00");
    assert_false(pdu_submit(&submit, true, &line, &fault));
    submit.udh = slice_unset();
    submit.receiver = slice_str("much too long a name");
    assert_false(pdu_submit(&submit, true, &line, &fault));
    assert_int_equal(line.len, 77);
}

/* --- decode(encode(x)) = x -------------------------------------------------------------- */

static void random_header(struct chance *chance, struct udh *udh)
{
    unsigned char data[20];
    udh->len = 0;
    for (size_t n = chance_below(chance, 4); n > 0; n--) {
        size_t len = chance_below(chance, sizeof(data));
        chance_fill(chance, data, len);
        uint8_t id = (uint8_t)(0x30 + chance_below(chance, 0xC0));
        udh_add(udh, id, slice_of(data, len));
    }
    if (chance_below(chance, 2) == 0)
        udh_add_concat(udh, &(struct udh_concat){chance_below(chance, 2) ? 8 : 16, 3, 2, 77});
    uint8_t language = (uint8_t)chance_below(chance, 15);
    if (chance_below(chance, 3) == 0)
        udh_add(udh, UDH_LOCKING_SHIFT, slice_of(&language, 1));
    if (chance_below(chance, 3) == 0)
        udh_add(udh, UDH_SINGLE_SHIFT, slice_of(&language, 1));
}

/* Characters that have a place, so that the text survives as it is. */
static void random_text(struct chance *chance, const struct udh *udh, struct tpdu *tpdu)
{
    struct udh_info info;
    uint8_t septets[TPDU_SEPTETS_MAX];
    char text[TPDU_CONTENT_MAX];
    size_t room = split_room(DCS_GSM7, 140, udh->len);
    size_t count = chance_below(chance, room + 1);
    udh_read(udh_slice(udh), &info);
    chance_fill(chance, septets, count);
    for (size_t i = 0; i < count; i++) { /* an escape before what has a place, or none */
        septets[i] &= 0x7F;
        if (septets[i] == GSM7_ESCAPE)
            septets[i] = 'x';
    }
    if (count >= 2 && gsm7_cost('[', info.tables) == 2) {
        septets[0] = GSM7_ESCAPE;
        septets[1] = 0x3C;
    }
    size_t len = gsm7_decode(septets, count, info.tables, text);
    while (gsm7_count(slice_of(text, len), info.tables) > room ||
           !gsm7_fits(slice_of(text, len), info.tables)) {
        count = 1;
        len = gsm7_decode((const uint8_t *)"e", 1, info.tables, text);
        break;
    }
    assert_true(tpdu_set_content(tpdu, DCS_GSM7, slice_of(text, len)));
}

static void random_content(struct chance *chance, struct tpdu *tpdu)
{
    static const uint8_t codes[] = {0x00, 0x04, 0x08};
    unsigned char octets[TPDU_USER_DATA_MAX];
    enum dcs_alphabet alphabet = (enum dcs_alphabet)chance_below(chance, 3);
    tpdu->dcs = codes[alphabet];
    if (chance_below(chance, 2) == 0)
        random_header(chance, &tpdu->udh);
    tpdu->has_header = tpdu->udh.len > 0;
    if (alphabet == DCS_GSM7) {
        random_text(chance, &tpdu->udh, tpdu);
        return;
    }
    size_t len = chance_below(chance, TPDU_USER_DATA_MAX - tpdu->udh.len + 1);
    if (alphabet == DCS_UCS2)
        len -= len % 2;
    chance_fill(chance, octets, len);
    assert_true(tpdu_set_content(tpdu, alphabet, slice_of(octets, len)));
}

static void random_validity(struct chance *chance, struct validity *validity)
{
    validity->kind = (enum validity_kind)chance_below(chance, 4);
    validity->code = (uint8_t)chance_below(chance, 256);
    chance_fill(chance, validity->octets, 7);
    timestamp_from_unix(700000000 + (int64_t)chance_below(chance, 3000000000), 60, &validity->time);
}

static void random_address(struct chance *chance, struct sms_address *address)
{
    static const char digits[] = "0123456789*#";
    char text[21];
    size_t len = chance_below(chance, 21);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = digits[chance_below(chance, 12)];
    static const int toas[] = {0x81, 0x91, 0xA1, 0xD0, 0xC8};
    int toa = toas[chance_below(chance, 5)];
    if (toa == 0xD0)
        len = 1 + len % 11;
    if (len == 1)
        text[0] = '7';
    assert_true(address_from_text(slice_of(text, len), toa, address, NULL));
}

static void random_tpdu(struct chance *chance, struct tpdu *tpdu)
{
    bool submit = chance_below(chance, 2) == 0;
    tpdu_init(tpdu, submit ? TPDU_SUBMIT : TPDU_DELIVER);
    random_address(chance, &tpdu->address);
    tpdu->report = chance_below(chance, 2) != 0;
    tpdu->reply_path = chance_below(chance, 2) != 0;
    tpdu->pid = (uint8_t)chance_below(chance, 256);
    if (submit) {
        tpdu->mr = (uint8_t)chance_below(chance, 256);
        tpdu->reject_duplicates = chance_below(chance, 2) != 0;
        random_validity(chance, &tpdu->validity);
    } else {
        tpdu->more_messages = chance_below(chance, 2) != 0;
        tpdu->loop_prevention = chance_below(chance, 2) != 0;
        timestamp_from_unix(700000000 + (int64_t)chance_below(chance, 3000000000), -345,
                            &tpdu->scts);
    }
    random_content(chance, tpdu);
}

static void assert_same_tpdu(const struct tpdu *a, const struct tpdu *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->report, b->report);
    assert_int_equal(a->reply_path, b->reply_path);
    assert_int_equal(a->reject_duplicates, b->reject_duplicates);
    assert_int_equal(a->more_messages, b->more_messages);
    assert_int_equal(a->loop_prevention, b->loop_prevention);
    assert_int_equal(a->has_header, b->has_header);
    assert_int_equal(a->mr, b->mr);
    assert_int_equal(a->address.toa, b->address.toa);
    assert_string_equal(a->address.text, b->address.text);
    assert_int_equal(a->pid, b->pid);
    assert_int_equal(a->dcs, b->dcs);
    assert_memory_equal(a->scts.octets, b->scts.octets, 7);
    assert_int_equal(a->validity.kind, b->validity.kind);
    if (a->validity.kind == VALIDITY_RELATIVE)
        assert_int_equal(a->validity.code, b->validity.code);
    if (a->validity.kind == VALIDITY_ABSOLUTE)
        assert_memory_equal(a->validity.time.octets, b->validity.time.octets, 7);
    if (a->validity.kind == VALIDITY_ENHANCED)
        assert_memory_equal(a->validity.octets, b->validity.octets, 7);
    assert_true(slice_equal(udh_slice(&a->udh), udh_slice(&b->udh)));
    assert_int_equal(a->alphabet, b->alphabet);
    assert_true(slice_equal(tpdu_content(a), tpdu_content(b)));
}

static void decodes_what_it_encoded(void **state)
{
    (void)state;
    struct chance chance = {19911203};
    for (int i = 0; i < 20000; i++) {
        struct tpdu tpdu, again;
        unsigned char octets[TPDU_OCTETS_MAX];
        struct sms_fault fault;
        size_t len;
        random_tpdu(&chance, &tpdu);
        if (!tpdu_encode(&tpdu, 0, octets, &len, &fault))
            fail_msg("message %d: octet %zu: %s", i, fault.octet, fault.reason);
        assert_true(len <= 164);
        if (!tpdu_decode(slice_of(octets, len), TPDU_EITHER, &again, &fault))
            fail_msg("message %d again: octet %zu: %s", i, fault.octet, fault.reason);
        assert_same_tpdu(&tpdu, &again);
        assert_int_equal(again.surplus, 0);
    }
}

static void has_names(void **state)
{
    (void)state;
    assert_string_equal(tpdu_type_name(TPDU_STATUS_REPORT), "status-report");
    assert_string_equal(tpdu_type_name((enum tpdu_type)9), "unknown");
    assert_string_equal(tpdu_direction_name(TPDU_FROM_TE), "from-te");
    assert_string_equal(tpdu_direction_name((enum tpdu_direction)9), "unknown");
    assert_int_equal(pid_kind(0x00), PID_DEFAULT);
    assert_int_equal(pid_kind(0x32), PID_TELEMATIC);
    assert_string_equal(pid_telematic_name(0x32), "internet electronic mail");
    assert_string_equal(pid_telematic_name(0x24), "voice telephone");
    assert_string_equal(pid_telematic_name(0x38), "specific to the service centre");
    assert_string_equal(pid_telematic_name(0x33), "reserved");
    assert_string_equal(pid_telematic_name(0x40), "none");
    assert_string_equal(pid_kind_name(pid_kind(0x40)), "type 0");
    assert_string_equal(pid_kind_name(pid_kind(0x47)), "replace");
    assert_string_equal(pid_kind_name(pid_kind(0x48)), "unassigned");
    assert_string_equal(pid_kind_name(pid_kind(0x5F)), "return call");
    assert_string_equal(pid_kind_name(pid_kind(0x7D)), "data download");
    assert_string_equal(pid_kind_name(pid_kind(0x7E)), "depersonalise");
    assert_string_equal(pid_kind_name(pid_kind(0x80)), "reserved");
    assert_string_equal(pid_kind_name(pid_kind(0xFF)), "service centre specific");
    assert_string_equal(pid_kind_name((enum pid_kind)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_names),
        cmocka_unit_test(handles_deliver_reports),
        cmocka_unit_test(handles_submit_reports),
        cmocka_unit_test(handles_the_tail_of_status_reports),
        cmocka_unit_test(names_the_octet),
        cmocka_unit_test(refuses_every_prefix),
        cmocka_unit_test(tolerates_surplus),
        cmocka_unit_test(works_without_service_centre),
        cmocka_unit_test(takes_lower_case),
        cmocka_unit_test(hands_compressed_text_over_as_octets),
        cmocka_unit_test(submits_messages),
        cmocka_unit_test(submits_question_marks),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(decodes_what_it_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
