/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_sim - see smpp_sim.h.
 */
#include "test/support/smpp_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

void sim_send_octets(struct sim_conn *conn, struct slice octets)
{
    if (conn->conn != NULL)
        net_conn_write(conn->conn, octets);
}

void sim_send(struct sim_conn *conn, const struct smpp_pdu *pdu)
{
    struct bytes octets = {0};

    smpp_pdu_pack(&octets, pdu);
    sim_send_octets(conn, bytes_slice(&octets));
    bytes_free(&octets);
}

static void answer(struct sim_conn *conn, const struct smpp_pdu *request, uint32_t status,
                   const char *text, struct slice tlvs)
{
    struct smpp_pdu pdu = smpp_pdu_blank(request->command | SMPP_RESPONSE, request->sequence);

    pdu.status = status;
    pdu.text.text = slice_str(text);
    pdu.tlvs = tlvs;
    sim_send(conn, &pdu);
}

static void answer_submit(struct sim_conn *conn, const struct smpp_pdu *pdu)
{
    struct smpp_sim *sim = conn->sim;
    char id[40];

    snprintf(id, sizeof id, "id-%zu", ++sim->submits);
    if (!sim->silent)
        answer(conn, pdu, sim->status, sim->id != NULL ? sim->id : id, sim->resp_tlvs);
}

static void keep(struct sim_conn *conn, struct slice octets)
{
    struct smpp_sim *sim = conn->sim;
    struct sim_kept *kept = &sim->kept[sim->kept_count++];
    const char *fault = "";

    assert_true(sim->kept_count <= SIM_KEPT_MAX);
    bytes_append_slice(&kept->octets, octets);
    kept->conn = (int)(conn - sim->conns);
    if (!smpp_pdu_unpack(bytes_slice(&kept->octets), &kept->pdu, &fault))
        fail_msg("the driver sent a PDU that %s", fault);
}

static void handle(struct sim_conn *conn, struct slice octets)
{
    struct smpp_sim *sim = conn->sim;
    struct smpp_pdu pdu;
    const char *fault = NULL;

    assert_true(smpp_pdu_unpack(octets, &pdu, &fault));
    if (pdu.command == SMPP_ENQUIRE_LINK) {
        sim->enquiries++;
        if (!sim->deaf)
            answer(conn, &pdu, 0, "", slice_unset());
        return;
    }
    keep(conn, octets);
    switch (pdu.command) {
    case SMPP_BIND_RECEIVER:
    case SMPP_BIND_TRANSMITTER:
    case SMPP_BIND_TRANSCEIVER:
        if (sim->bind_status == 0)
            conn->bind = pdu.command;
        answer(conn, &pdu, sim->bind_status, "sim", slice_unset());
        break;
    case SMPP_SUBMIT_SM:
        answer_submit(conn, &pdu);
        break;
    case SMPP_UNBIND:
        answer(conn, &pdu, 0, "", slice_unset());
        break;
    default:
        break;
    }
}

static void on_readable(struct net_conn *net, void *arg)
{
    struct sim_conn *conn = arg;
    struct bytes octets = {0};
    uint32_t len;

    while (conn->conn == net && (len = smpp_pdu_length(net_conn_peek(net, 4))) > 0 &&
           net_conn_available(net) >= len) {
        bytes_clear(&octets);
        bytes_append_slice(&octets, net_conn_peek(net, len));
        net_conn_consume(net, len);
        handle(conn, bytes_slice(&octets));
    }
    bytes_free(&octets);
}

void sim_hang_up(struct sim_conn *conn)
{
    net_conn_close(conn->conn);
    conn->conn = NULL;
    conn->bind = 0;
}

static void on_closed(struct net_conn *net, const char *reason, void *arg)
{
    (void)net;
    (void)reason;
    sim_hang_up(arg);
}

static void on_accept(struct net_conn *net, void *arg)
{
    static const struct net_conn_events events = {.readable = on_readable, .closed = on_closed};
    struct smpp_sim *sim = arg;
    struct sim_conn *conn = &sim->conns[sim->conn_count++];

    assert_true(sim->conn_count <= SIM_CONNS_MAX);
    conn->sim = sim;
    conn->conn = net;
    net_conn_set_events(net, &events, conn);
}

void sim_start(struct smpp_sim *sim, struct loop *loop, int port)
{
    struct net_listen_options options = {.interface = "127.0.0.1", .port = port};
    struct bytes error = {0};

    *sim = (struct smpp_sim){.port = port};
    sim->listener = net_listen(loop, &options, on_accept, sim, &error);
    if (sim->listener == NULL)
        fail_msg("%s", bytes_str(&error));
}

void sim_stop(struct smpp_sim *sim)
{
    net_listener_close(sim->listener);
    for (int i = 0; i < sim->conn_count; i++)
        sim_hang_up(&sim->conns[i]);
    for (size_t i = 0; i < sim->kept_count; i++)
        bytes_free(&sim->kept[i].octets);
}

struct sim_conn *sim_bound(struct smpp_sim *sim, uint32_t command)
{
    for (int i = 0; i < sim->conn_count; i++)
        if (sim->conns[i].bind == command)
            return &sim->conns[i];
    fail_msg("nobody is bound as %s", smpp_command_name(command));
    return NULL;
}

const struct smpp_pdu *sim_find(const struct smpp_sim *sim, uint32_t command, size_t n)
{
    for (size_t i = 0; i < sim->kept_count; i++)
        if (sim->kept[i].pdu.command == command && n-- == 0)
            return &sim->kept[i].pdu;
    return NULL;
}

const struct smpp_pdu *sim_find_answer(const struct smpp_sim *sim, uint32_t sequence)
{
    for (size_t i = 0; i < sim->kept_count; i++)
        if ((sim->kept[i].pdu.command & SMPP_RESPONSE) != 0 &&
            sim->kept[i].pdu.sequence == sequence)
            return &sim->kept[i].pdu;
    return NULL;
}
