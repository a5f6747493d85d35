/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_sim - an SMSC for one test, on the test's own loop: takes binds, keeps what
 * it gets, and answers as it is told.
 */
#ifndef TEST_SUPPORT_SMPP_SIM_H
#define TEST_SUPPORT_SMPP_SIM_H

#include "gw/smsc/smpp/pdu.h"
#include "gwlib/net.h"

#define SIM_KEPT_MAX  64
#define SIM_CONNS_MAX 4

/* A PDU with the octets that it points to. */
struct sim_kept {
    struct bytes octets;
    struct smpp_pdu pdu;
    int conn; /* index of the connection that brought it */
};

struct sim_conn {
    struct smpp_sim *sim;
    struct net_conn *conn; /* NULL when it is gone */
    uint32_t bind;         /* command of its bind; 0: not bound */
};

struct smpp_sim {
    struct net_listener *listener;
    int port;
    struct sim_conn conns[SIM_CONNS_MAX];
    int conn_count;
    struct sim_kept kept[SIM_KEPT_MAX]; /* all but enquire_link */
    size_t kept_count;
    size_t enquiries, submits;
    bool silent;          /* does not answer submit_sm */
    bool deaf;            /* does not answer enquire_link */
    uint32_t bind_status; /* for binds */
    uint32_t status;      /* for submit_sm */
    const char *id;       /* message_id for submit_sm; NULL: "id-1", "id-2", ... */
    struct slice resp_tlvs;
};

void sim_start(struct smpp_sim *sim, struct loop *loop, int port);
void sim_stop(struct smpp_sim *sim);

/* The connection that is bound by that command; fails the test without. */
struct sim_conn *sim_bound(struct smpp_sim *sim, uint32_t command);
void sim_send(struct sim_conn *conn, const struct smpp_pdu *pdu);
void sim_send_octets(struct sim_conn *conn, struct slice octets);
void sim_hang_up(struct sim_conn *conn);

/* The n-th kept PDU (from 0) with that command, or NULL. */
const struct smpp_pdu *sim_find(const struct smpp_sim *sim, uint32_t command, size_t n);
/* The answer to the request with that sequence number, or NULL. */
const struct smpp_pdu *sim_find_answer(const struct smpp_sim *sim, uint32_t sequence);

#endif
