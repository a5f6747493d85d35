/* SPDX-License-Identifier: Apache-2.0 */
/*
 * submit - a message as submit_sm (SMPP 3.4 section 4.4.1), with Kannel's rules
 * for types of number, data coding, receipts and times.
 */
#ifndef GW_SMSC_SMPP_SUBMIT_H
#define GW_SMSC_SMPP_SUBMIT_H

#include "gw/smsc/smpp/pdu.h"
#include "gw/smsc/smpp/settings.h"
#include "gw/smsc/smsc.h"

/* Octets that a composed PDU points to; zero initialised, may be used again. */
struct submit_scratch {
    struct bytes source, destination, message, tlvs;
    char schedule[SMPP_TIME_LEN + 1], validity[SMPP_TIME_LEN + 1];
};
void submit_scratch_free(struct submit_scratch *scratch);

/*
 * The PDU, without sequence number; valid until the scratch is used again.
 * SMPP_ESME_ROK, or the status with which an SMSC would refuse it: then it
 * cannot be sent at all.
 */
uint32_t submit_compose(struct submit_scratch *scratch, const struct smpp_settings *settings,
                        const struct smsc_submit *submit, int64_t now, struct smpp_pdu *pdu);

#endif
