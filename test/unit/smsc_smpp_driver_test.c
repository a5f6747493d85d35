/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMPP driver's life with an SMSC that answers as it is told: binds, windows,
 * losses, patience, bad input, ends. What stands in the PDUs is the subject of the
 * tests of submit, deliver and receipt; here it is only what Debian's bearerbox
 * told its boxes about answers and receipts (compat/smpp.jsonl).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "test/support/jsonl.h"
#include "test/support/smpp_sim.h"
#include "test/support/smsc_owner.h"

static struct owner owner;
static struct smpp_sim sim;

/* %d is the simulator's port. */
#define COMMON                                                                                     \
    "smsc = smpp\nsmsc-id = S1\nhost = 127.0.0.1\nsmsc-username = u\nsmsc-password = p\n"          \
    "system-type = VMA\nreconnect-delay = 0\n"

static void create(const char *variables, const char *more)
{
    struct bytes text = {0};
    int port = owner_free_port();

    bytes_printf(&text, COMMON "port = %d\n", port);
    if (strstr(variables, "transceiver") == NULL)
        bytes_printf(&text, "receive-port = %d\n", port);
    bytes_append_str(&text, variables);
    owner_create(&owner, bytes_str(&text), more);
    sim_start(&sim, owner.loop, port);
    bytes_free(&text);
}

static void start_with(const char *variables, const char *more)
{
    struct bytes text = {0};

    bytes_printf(&text, "transceiver-mode = true\n%s", variables);
    create(bytes_str(&text), more);
    bytes_free(&text);
    smsc_start(owner.smsc);
    owner_wait_state(&owner, SMSC_ONLINE);
}

/* A transceiver that is online. */
static void start(const char *variables)
{
    start_with(variables, NULL);
}

static void finish(void)
{
    smsc_stop(owner.smsc);
    owner_wait_state(&owner, SMSC_DEAD);
    sim_stop(&sim);
    owner_destroy(&owner);
}

static struct sim_conn *transceiver(void)
{
    return sim_bound(&sim, SMPP_BIND_TRANSCEIVER);
}

struct expected {
    uint32_t command;
    size_t count;
};

static bool has_kept(struct owner *o, void *arg)
{
    const struct expected *expected = arg;

    (void)o;
    return sim_find(&sim, expected->command, expected->count - 1) != NULL;
}

static void wait_for(uint32_t command, size_t count)
{
    struct expected expected = {command, count};

    owner_run_until(&owner, has_kept, &expected);
}

static bool has_answer(struct owner *o, void *sequence)
{
    (void)o;
    return sim_find_answer(&sim, *(uint32_t *)sequence) != NULL;
}

/* The status in the answer to a request of the simulator. */
static uint32_t wait_for_answer(uint32_t sequence)
{
    owner_run_until(&owner, has_answer, &sequence);
    return sim_find_answer(&sim, sequence)->status;
}

static void deliver(struct sim_conn *conn, uint32_t sequence, uint8_t esm_class, const char *text)
{
    struct smpp_pdu pdu = smpp_pdu_blank(SMPP_DELIVER_SM, sequence);

    pdu.sm.source_addr = slice_str("4670");
    pdu.sm.destination_addr = slice_str("1000");
    pdu.sm.esm_class = esm_class;
    pdu.sm.short_message = slice_str(text);
    sim_send(conn, &pdu);
}

/* --- sessions -------------------------------------------------------------------------- */

static void a_transceiver_binds(void **state)
{
    const struct smpp_pdu *bind;
    char name[60];

    (void)state;
    start("address-range = ^46\nbind-addr-ton = 1\nbind-addr-npi = 8");
    bind = sim_find(&sim, SMPP_BIND_TRANSCEIVER, 0);
    assert_true(slice_equal_str(bind->bind.system_id, "u"));
    assert_true(slice_equal_str(bind->bind.password, "p"));
    assert_true(slice_equal_str(bind->bind.system_type, "VMA"));
    assert_true(slice_equal_str(bind->bind.address_range, "^46"));
    assert_int_equal(bind->bind.interface_version, 0x34);
    assert_int_equal(bind->bind.addr_ton, 1);
    assert_int_equal(bind->bind.addr_npi, 8);
    snprintf(name, sizeof name, "SMPP:127.0.0.1:%d/%d:u:VMA", sim.port, sim.port);
    assert_string_equal(smsc_name(owner.smsc), name); /* as on Debian's status page */
    assert_int_equal(smsc_room(owner.smsc), 10);
    assert_int_equal(sim.conn_count, 1);
    finish();
}

static bool both_are_bound(struct owner *o, void *arg)
{
    (void)o;
    (void)arg;
    return sim.conn_count == 2 && sim.conns[0].bind != 0 && sim.conns[1].bind != 0;
}

static void transmitter_and_receiver(void **state)
{
    (void)state;
    create("", NULL);
    smsc_start(owner.smsc);
    owner_run_until(&owner, both_are_bound, NULL);
    owner_wait_state(&owner, SMSC_ONLINE);
    owner_send_text(&owner, "out");
    owner_wait(&owner, "accepted 1 id=id-1");
    deliver(sim_bound(&sim, SMPP_BIND_RECEIVER), 7, 0, "in");
    assert_int_equal(wait_for_answer(7), 0);
    assert_int_equal(sim.kept[sim.kept_count - 1].conn,
                     sim_bound(&sim, SMPP_BIND_RECEIVER) - sim.conns);
    owner_forget(&owner);
    sim_hang_up(sim_bound(&sim, SMPP_BIND_RECEIVER)); /* sending goes on */
    owner_wait(&owner, "state online (receiver: closed by the other side)");
    owner_wait(&owner, "state online ()");
    owner_forget(&owner);
    sim_hang_up(sim_bound(&sim, SMPP_BIND_TRANSMITTER));
    owner_wait(&owner, "state re-connecting (transmitter: closed by the other side)");
    owner_wait(&owner, "state online ()");
    finish();
}

static void a_refused_bind_is_tried_again(void **state)
{
    (void)state;
    create("transceiver-mode = true", NULL);
    sim.bind_status = 0x0E;
    smsc_start(owner.smsc);
    owner_wait(&owner, "state re-connecting (transceiver: bind refused: "
                       "0x0000000e/Invalid Password)");
    sim.bind_status = 0;
    owner_wait_state(&owner, SMSC_ONLINE);
    finish();
}

static void an_smsc_that_is_not_there(void **state)
{
    int port;

    (void)state;
    create("transceiver-mode = true", NULL);
    port = sim.port;
    sim_stop(&sim);
    smsc_start(owner.smsc);
    owner_wait(&owner, "state re-connecting (transceiver: Connection refused)");
    sim_start(&sim, owner.loop, port);
    owner_wait_state(&owner, SMSC_ONLINE);
    finish();
}

static bool was_asked(struct owner *o, void *arg)
{
    (void)o;
    (void)arg;
    return sim.enquiries > 0;
}

static void a_silent_link_is_asked_and_given_up(void **state)
{
    (void)state;
    start("enquire-link-interval = 1\nconnection-timeout = 2");
    sim.deaf = true;
    owner_run_until(&owner, was_asked, NULL);
    assert_int_equal(smsc_state(owner.smsc), SMSC_ONLINE);
    owner_wait(&owner, "state re-connecting (transceiver: nothing heard for 2 s)");
    owner_wait_state(&owner, SMSC_ONLINE);
    finish();
}

static void questions_of_the_smsc_are_answered(void **state)
{
    struct smpp_pdu enquiry = smpp_pdu_blank(SMPP_ENQUIRE_LINK, 41);
    struct smpp_pdu unbind = smpp_pdu_blank(SMPP_UNBIND, 42);

    (void)state;
    start("");
    sim_send(transceiver(), &enquiry);
    assert_int_equal(wait_for_answer(41), 0);
    sim_send(transceiver(), &unbind);
    assert_int_equal(wait_for_answer(42), 0);
    owner_wait(&owner, "unbound by the SMSC");
    owner_wait_state(&owner, SMSC_ONLINE);
    finish();
}

/* --- bad input ---------------------------------------------------------------------------- */

static void commands_that_are_not_known(void **state)
{
    (void)state;
    start("");
    sim_send_octets(transceiver(), slice_of("\0\0\0\x12\0\0\0\x03\0\0\0\0\0\0\0\x2Bxx", 18));
    assert_int_equal(wait_for_answer(43), SMPP_ESME_RINVCMDID);
    assert_non_null(sim_find(&sim, SMPP_GENERIC_NACK, 0));
    finish();
}

static void damaged_pdus_are_refused(void **state)
{
    (void)state;
    start("");
    sim_send_octets(transceiver(), slice_of("\0\0\0\x12\0\0\0\x05\0\0\0\0\0\0\0\x2Cxx", 18));
    assert_int_equal(wait_for_answer(44), SMPP_ESME_RINVCMDLEN);
    owner_send_text(&owner, "still there");
    owner_wait_answers(&owner, 1);
    finish();
}

static void what_is_not_smpp_ends_the_session(void **state)
{
    static const char *const rubbish[] = {"HTTP/1.0 400 Bad Request\r\n\r\n", "\0\0\0\x0F"};

    (void)state;
    start("");
    sim_send_octets(transceiver(), slice_str(rubbish[0]));
    owner_wait(&owner, "state re-connecting (transceiver: what came is not SMPP)");
    owner_wait_state(&owner, SMSC_ONLINE);
    owner_forget(&owner);
    sim_send_octets(transceiver(), slice_of(rubbish[1], 4));
    owner_wait(&owner, "what came is not SMPP");
    owner_wait_state(&owner, SMSC_ONLINE);
    finish();
}

static void answers_to_nothing(void **state)
{
    struct smpp_pdu pdu = smpp_pdu_blank(SMPP_SUBMIT_SM | SMPP_RESPONSE, 4711);

    (void)state;
    start("");
    pdu.text.text = slice_str("x");
    sim_send(transceiver(), &pdu);
    owner_send_text(&owner, "fine");
    owner_wait_answers(&owner, 1);
    assert_int_equal(owner.accepted, 1);
    finish();
}

/* --- submits ---------------------------------------------------------------------------------- */

static void a_window_of_submits(void **state)
{
    (void)state;
    start("max-pending-submits = 2");
    sim.silent = true;
    owner_send_text(&owner, "a");
    owner_send_text(&owner, "b");
    assert_false(smsc_has_room(owner.smsc));
    wait_for(SMPP_SUBMIT_SM, 2);
    for (size_t i = 2; i-- > 0;) { /* in the other order */
        struct smpp_pdu pdu = smpp_pdu_blank(SMPP_SUBMIT_SM | SMPP_RESPONSE,
                                             sim_find(&sim, SMPP_SUBMIT_SM, i)->sequence);

        pdu.text.text = slice_str(i == 0 ? "first" : "second");
        sim_send(transceiver(), &pdu);
    }
    owner_wait(&owner, "accepted 2 id=second text= meta=?smpp_resp?\nready\n"
                       "accepted 1 id=first");
    finish();
}

static void a_lost_session_leaves_submits_uncertain(void **state)
{
    (void)state;
    start("");
    sim.silent = true;
    owner_send_text(&owner, "a");
    owner_send_text(&owner, "b");
    wait_for(SMPP_SUBMIT_SM, 2);
    sim_hang_up(transceiver());
    owner_wait_answers(&owner, 2);
    assert_true(owner_saw(&owner, "state re-connecting (transceiver: closed by the other side)\n"
                                  "failed 1 uncertain text=connection lost meta=\nfailed 2"));
    owner_wait_state(&owner, SMSC_ONLINE);
    finish();
}

/* The SMSC reads nothing: what the kernel took is uncertain, the rest had never
 * left and can be sent again without harm. */
static void what_was_never_sent_is_not_uncertain(void **state)
{
    enum { COUNT = 400, BIG = 32000 };
    char text[BIG + 1];

    (void)state;
    memset(text, 'x', BIG);
    text[BIG] = '\0';
    start("max-pending-submits = 500");
    net_conn_pause(transceiver()->conn, true);
    for (int i = 0; i < COUNT; i++)
        owner_send_text(&owner, text);
    owner_run_ms(&owner, 50);
    sim_hang_up(transceiver());
    owner_wait_answers(&owner, COUNT);
    assert_true(owner_saw(&owner, "failed 1 uncertain"));
    assert_true(owner_saw(&owner, "failed 400 temporary"));
    finish();
}

static bool is_throttled(struct owner *o, void *arg)
{
    (void)arg;
    return o->failed > 0;
}

static void throttling_pauses_a_second(void **state)
{
    int64_t begin;

    (void)state;
    start("");
    sim.status = SMPP_ESME_RTHROTTLED;
    owner_send_text(&owner, "a");
    owner_run_until(&owner, is_throttled, NULL);
    begin = loop_now(owner.loop);
    assert_true(owner_saw(&owner, "failed 1 temporary text=0x00000058/Throttling error"));
    assert_int_equal(smsc_state(owner.smsc), SMSC_ONLINE);
    assert_false(smsc_has_room(owner.smsc));
    owner_forget(&owner);
    owner_wait(&owner, "ready");
    assert_true(loop_now(owner.loop) - begin >= 950);
    finish();
}

static void no_answer_and_queued_again(void **state)
{
    (void)state;
    start("wait-ack = 1");
    sim.silent = true;
    owner_send_text(&owner, "a");
    owner_wait(&owner, "failed 1 uncertain text=no answer from the SMSC");
    assert_int_equal(smsc_state(owner.smsc), SMSC_ONLINE);
    finish();
}

static void no_answer_and_connected_anew(void **state)
{
    (void)state;
    start("wait-ack = 1\nwait-ack-expire = 0");
    sim.silent = true;
    owner_send_text(&owner, "a");
    owner_wait(&owner, "state re-connecting (transceiver: no answer to submit_sm)\nfailed 1 "
                       "uncertain");
    owner_wait_state(&owner, SMSC_ONLINE);
    finish();
}

static void no_answer_and_waited_for(void **state)
{
    struct smpp_pdu pdu = smpp_pdu_blank(SMPP_SUBMIT_SM | SMPP_RESPONSE, 0);

    (void)state;
    start("wait-ack = 1\nwait-ack-expire = 2");
    sim.silent = true;
    owner_send_text(&owner, "a");
    owner_run_ms(&owner, 1300);
    assert_int_equal(owner.failed, 0);
    pdu.sequence = sim_find(&sim, SMPP_SUBMIT_SM, 0)->sequence;
    sim_send(transceiver(), &pdu);
    owner_wait(&owner, "accepted 1");
    finish();
}

static void a_nack_is_an_answer(void **state)
{
    struct smpp_pdu nack = smpp_pdu_blank(SMPP_GENERIC_NACK, 0);

    (void)state;
    start("");
    sim.silent = true;
    owner_send_text(&owner, "a");
    wait_for(SMPP_SUBMIT_SM, 1);
    nack.sequence = sim_find(&sim, SMPP_SUBMIT_SM, 0)->sequence;
    nack.status = SMPP_ESME_RINVCMDID;
    sim_send(transceiver(), &nack);
    owner_wait(&owner, "failed 1 permanent text=0x00000003/Invalid Command ID");
    finish();
}

static void an_address_that_does_not_fit(void **state)
{
    struct sms sms = sms_blank();

    (void)state;
    start("");
    sms.sender = slice_str("1");
    sms.receiver = slice_str("123456789012345678901");
    sms.msgdata = slice_str("x");
    owner_send(&owner, &sms, false);
    owner_wait(&owner, "failed 1 permanent text=0x0000000b/Invalid Destination Address");
    finish();
}

static void ids_are_compared_as_configured(void **state)
{
    (void)state;
    start("msg-id-type = 1"); /* hexadecimal in answers, decimal in receipts */
    sim.id = "0000001A";
    owner_send_text(&owner, "a");
    owner_wait(&owner, "accepted 1 id=26 ");
    deliver(transceiver(), 9, SMPP_ESM_RECEIPT, "id:0026 stat:DELIVRD");
    owner_wait(&owner, "reported 26 1");
    finish();
}

static void named_parameters_of_answers(void **state)
{
    (void)state;
    start_with("", "group = smpp-tlv\nname = cost\ntag = 0x1400\ntype = integer\nlength = 2\n");
    sim.resp_tlvs = slice_of("\x14\x00\x00\x02\x01\x02", 6);
    owner_send_text(&owner, "a");
    owner_wait(&owner, "accepted 1 id=id-1 text= meta=?smpp_resp?cost=258&\n");
    finish();
}

/* --- arrivals
 * ------------------------------------------------------------------------------------- */

static void acknowledged_after_it_was_stored(void **state)
{
    (void)state;
    start("");
    owner.holds = true;
    deliver(transceiver(), 11, 0, "first");
    owner_wait(&owner, "received 4670->1000 first");
    owner_run_ms(&owner, 20);
    assert_null(sim_find_answer(&sim, 11));
    owner_store(&owner, true);
    assert_int_equal(wait_for_answer(11), SMPP_ESME_ROK);
    deliver(transceiver(), 12, 0, "second");
    owner_wait(&owner, "second");
    owner_store(&owner, false);
    assert_int_equal(wait_for_answer(12), SMPP_ESME_RX_T_APPN);
    assert_int_equal(sim_find_answer(&sim, 12)->command, SMPP_DELIVER_SM | SMPP_RESPONSE);
    finish();
}

static void stored_when_the_session_is_another(void **state)
{
    (void)state;
    start("");
    owner.holds = true;
    deliver(transceiver(), 13, 0, "x");
    owner_wait(&owner, "received");
    sim_hang_up(transceiver());
    owner_wait_state(&owner, SMSC_RECONNECTING);
    owner_wait_state(&owner, SMSC_ONLINE);
    owner_store(&owner, true);
    owner_run_ms(&owner, 20);
    assert_null(sim_find_answer(&sim, 13)); /* the number means nothing there */
    finish();
}

#define ARRIVALS_MAX 2000 /* as in arrivals.c */

static bool has_received(struct owner *o, void *count)
{
    return o->received >= *(size_t *)count;
}

static void wait_received(size_t count)
{
    owner_run_until(&owner, has_received, &count);
}

/* Not the session is full, but the driver: another one makes no difference. */
static void too_many_waiting_outlast_the_session(void **state)
{
    (void)state;
    start("");
    owner.holds = true;
    for (uint32_t i = 0; i < ARRIVALS_MAX + 5; i++)
        deliver(transceiver(), 100 + i, 0, "x");
    wait_received(ARRIVALS_MAX);
    owner_run_ms(&owner, 20);
    assert_int_equal(owner.received, ARRIVALS_MAX);
    owner_forget(&owner);
    sim_hang_up(transceiver()); /* who does not read sees that when he writes */
    owner_send_text(&owner, "one");
    owner_run_ms(&owner, 20);
    if (smsc_state(owner.smsc) == SMSC_ONLINE)
        owner_send_text(&owner, "two");
    owner_wait_state(&owner, SMSC_RECONNECTING);
    owner_wait_state(&owner, SMSC_ONLINE);
    size_t before = owner.received;
    deliver(transceiver(), 13, 0, "y");
    owner_run_ms(&owner, 50);
    assert_int_equal(owner.received, before);
    owner_store(&owner, true);
    owner_wait(&owner, "y");
    owner_store(&owner, true);
    assert_int_equal(wait_for_answer(13), SMPP_ESME_ROK);
    finish();
}

static void isolated_it_says_try_later(void **state)
{
    (void)state;
    start("");
    smsc_set_receiving(owner.smsc, false);
    deliver(transceiver(), 14, 0, "x");
    assert_int_equal(wait_for_answer(14), SMPP_ESME_RX_T_APPN);
    owner_send_text(&owner, "but sends");
    owner_wait_answers(&owner, 1);
    smsc_set_receiving(owner.smsc, true);
    deliver(transceiver(), 15, 0, "x");
    assert_int_equal(wait_for_answer(15), SMPP_ESME_ROK);
    finish();
}

static void a_receipt_that_says_nothing(void **state)
{
    (void)state;
    start("");
    deliver(transceiver(), 16, SMPP_ESM_RECEIPT, "hello");
    assert_int_equal(wait_for_answer(16), SMPP_ESME_ROK);
    assert_int_equal(owner.reported, 0);
    finish();
}

static void a_damaged_header_is_refused(void **state)
{
    (void)state;
    start("");
    deliver(transceiver(), 17, SMPP_ESM_UDHI, "\x09\x00\x03");
    assert_int_equal(wait_for_answer(17), SMPP_ESME_RINVESMCLASS); /* as Debian's */
    assert_int_equal(owner.received, 0);
    finish();
}

/* --- the end
 * ---------------------------------------------------------------------------------------- */

static void a_stop_lets_answers_come(void **state)
{
    struct smpp_pdu pdu = smpp_pdu_blank(SMPP_SUBMIT_SM | SMPP_RESPONSE, 0);

    (void)state;
    start("");
    sim.silent = true;
    owner_send_text(&owner, "a");
    wait_for(SMPP_SUBMIT_SM, 1);
    smsc_stop(owner.smsc);
    owner_run_ms(&owner, 50);
    assert_int_equal(smsc_state(owner.smsc), SMSC_DISCONNECTED);
    assert_null(sim_find(&sim, SMPP_UNBIND, 0));
    pdu.sequence = sim_find(&sim, SMPP_SUBMIT_SM, 0)->sequence;
    sim_send(transceiver(), &pdu);
    owner_wait(&owner, "accepted 1");
    wait_for(SMPP_UNBIND, 1);
    owner_wait(&owner, "state dead");
    smsc_start(owner.smsc);
    owner_wait_state(&owner, SMSC_ONLINE);
    finish();
}

static void a_stop_does_not_wait_for_ever(void **state)
{
    (void)state;
    start("");
    sim.silent = true;
    owner.holds = true;
    owner_send_text(&owner, "a");
    deliver(transceiver(), 18, 0, "x");
    owner_wait(&owner, "received");
    smsc_stop(owner.smsc);
    owner_wait(&owner, "state dead");
    assert_true(owner_saw(&owner, "failed 1 uncertain"));
    sim_stop(&sim);
    owner_destroy(&owner); /* and only now it is stored */
}

static void a_stop_while_connecting(void **state)
{
    (void)state;
    create("transceiver-mode = true", NULL);
    smsc_start(owner.smsc);
    finish();
}

/* --- recorded
 * -------------------------------------------------------------------------------------- */

static void use_record_number(json_t *mt, const char *name, int32_t *value)
{
    json_t *number = json_object_get(mt, name);

    if (json_is_integer(number))
        *value = (int32_t)json_integer_value(number);
}

static size_t send_record(json_t *record)
{
    json_t *mt = json_object_get(record, "mt");
    struct sms sms = sms_blank();

    sms.sender = slice_str("999");
    sms.receiver = slice_str("3581");
    sms.msgdata = slice_str("mt");
    sms.dlr_mask = 31;
    if (slice_is_set(jsonl_string(mt, "receiver")))
        sms.receiver = jsonl_string(mt, "receiver");
    use_record_number(mt, "dlr_mask", &sms.dlr_mask);
    return owner_send(&owner, &sms, true);
}

static void append_text(struct bytes *to, json_t *object, const char *name)
{
    bytes_append_slice(to, jsonl_string(object, name));
}

/* "NACK/..." as the driver says it: "0x0000000b/..."; made by the bearerbox. */
static void expect_refusal(size_t submit, json_t *report)
{
    struct slice text = jsonl_string(report, "msgdata");
    struct bytes line = {0};

    bytes_printf(&line, "failed %zu permanent text=", submit);
    bytes_append_slice(&line, slice_sub(text, strlen("NACK/"), text.len));
    bytes_append_str(&line, " meta=?smpp_resp?\n");
    owner_wait(&owner, bytes_str(&line));
    bytes_free(&line);
}

static bool is_about(json_t *report, json_t *record)
{
    struct slice receiver = jsonl_string(json_object_get(record, "mt"), "receiver");

    return slice_equal(jsonl_string(report, "receiver"),
                       slice_is_set(receiver) ? receiver : slice_str("3581"));
}

static void replay_refusal(json_t *record)
{
    json_t *report;
    size_t i, submit;
    bool temporary = true;

    sim.status = (uint32_t)json_integer_value(json_object_get(record, "resp_status"));
    submit = send_record(record);
    json_array_foreach(json_object_get(record, "to_box"), i, report)
    {
        if (!is_about(report, record))
            continue; /* another message's, which ran out of tries */
        expect_refusal(submit, report);
        temporary = false;
    }
    owner_wait_answers(&owner, submit);
    if (temporary)
        assert_true(owner_saw(&owner, "temporary"));
    sim.status = 0;
}

/* The report as Debian's bearerbox passed it on, without what it adds itself. */
static void expect_report(json_t *report)
{
    struct slice meta = jsonl_string(report, "meta_data");
    const char *group = strstr((const char *)meta.data, "?smpp?");
    struct bytes line = {0};

    bytes_append_str(&line, "reported ");
    append_text(&line, report, "foreign_id");
    bytes_printf(&line, " %d ", (int)json_integer_value(json_object_get(report, "dlr_mask")));
    append_text(&line, report, "msgdata");
    bytes_printf(&line, " meta=%s account=", group);
    append_text(&line, report, "account");
    bytes_append_char(&line, '\n');
    owner_wait(&owner, bytes_str(&line));
    bytes_free(&line);
}

static void replay_receipt(json_t *record)
{
    static const char tlvs[] = "\x00\x1E\x00\x04"
                               "442\0"
                               "\x04\x27\x00\x01\x02";
    struct smpp_pdu pdu = smpp_pdu_blank(SMPP_DELIVER_SM, 77);
    struct slice receipt = jsonl_string(record, "receipt");
    json_t *report;
    size_t i;

    pdu.sm.esm_class = SMPP_ESM_RECEIPT;
    pdu.sm.short_message = receipt;
    if (receipt.len == 0) /* the record tells only that it was in parameters */
        pdu.tlvs = slice_of(tlvs, sizeof tlvs - 1);
    sim_send(transceiver(), &pdu);
    owner_wait(&owner, "reported");
    json_array_foreach(json_object_get(record, "to_box"), i,
                       report) if (slice_is_set(jsonl_string(report, "account")))
        expect_report(report);
}

static size_t replayed;

static void replay(json_t *record)
{
    json_t *status = json_object_get(record, "resp_status");

    start("");
    if (slice_is_set(jsonl_string(record, "receipt")))
        replay_receipt(record);
    else if (json_integer_value(status) != 0)
        replay_refusal(record);
    else
        return finish();
    replayed++;
    finish();
}

static void as_recorded(void **state)
{
    (void)state;
    jsonl_each(TEST_DATA "/compat/smpp.jsonl", replay);
    assert_true(replayed > 20);
}

static void mistakes_are_told(void **state)
{
    char *text =
        owner_mistakes("smsc = smpp\nservice-type = toolong\nalt-charset = klingon",
                       "group = smpp-tlv\nname = x\ntag = 1\nlength = 9\ntype = integer\n");

    (void)state;
    assert_non_null(strstr(text, "'host'"));
    assert_non_null(strstr(text, "'port'"));
    assert_non_null(strstr(text, "'smsc-username'"));
    assert_non_null(strstr(text, "'service-type'"));
    assert_non_null(strstr(text, "klingon"));
    assert_non_null(strstr(text, "1 to 4 octets"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transceiver_binds),
        cmocka_unit_test(transmitter_and_receiver),
        cmocka_unit_test(a_refused_bind_is_tried_again),
        cmocka_unit_test(an_smsc_that_is_not_there),
        cmocka_unit_test(a_silent_link_is_asked_and_given_up),
        cmocka_unit_test(questions_of_the_smsc_are_answered),
        cmocka_unit_test(commands_that_are_not_known),
        cmocka_unit_test(damaged_pdus_are_refused),
        cmocka_unit_test(what_is_not_smpp_ends_the_session),
        cmocka_unit_test(answers_to_nothing),
        cmocka_unit_test(a_window_of_submits),
        cmocka_unit_test(a_lost_session_leaves_submits_uncertain),
        cmocka_unit_test(what_was_never_sent_is_not_uncertain),
        cmocka_unit_test(throttling_pauses_a_second),
        cmocka_unit_test(no_answer_and_queued_again),
        cmocka_unit_test(no_answer_and_connected_anew),
        cmocka_unit_test(no_answer_and_waited_for),
        cmocka_unit_test(a_nack_is_an_answer),
        cmocka_unit_test(an_address_that_does_not_fit),
        cmocka_unit_test(ids_are_compared_as_configured),
        cmocka_unit_test(named_parameters_of_answers),
        cmocka_unit_test(acknowledged_after_it_was_stored),
        cmocka_unit_test(stored_when_the_session_is_another),
        cmocka_unit_test(too_many_waiting_outlast_the_session),
        cmocka_unit_test(isolated_it_says_try_later),
        cmocka_unit_test(a_receipt_that_says_nothing),
        cmocka_unit_test(a_damaged_header_is_refused),
        cmocka_unit_test(a_stop_lets_answers_come),
        cmocka_unit_test(a_stop_does_not_wait_for_ever),
        cmocka_unit_test(a_stop_while_connecting),
        cmocka_unit_test(as_recorded),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
