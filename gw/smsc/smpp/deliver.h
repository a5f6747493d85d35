/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliver - what an SMSC brings in deliver_sm and data_sm (SMPP 3.4 sections
 * 4.6, 4.7): a message as struct sms, or a delivery receipt.
 */
#ifndef GW_SMSC_SMPP_DELIVER_H
#define GW_SMSC_SMPP_DELIVER_H

#include "gw/smsc/smpp/pdu.h"
#include "gw/smsc/smpp/settings.h"
#include "gw/smsc/smsc.h"

/* Octets that the result points to; zero initialised, may be used again. */
struct deliver_scratch {
    struct bytes sender, receiver, text, udh, meta, id, other_id;
};
void deliver_scratch_free(struct deliver_scratch *scratch);

/* By its esm_class. */
bool deliver_is_receipt(const struct smpp_pdu *pdu);

/* The message; valid until the scratch or the PDU's octets are used again.
 * SMPP_ESME_ROK, or the status to answer with: it is damaged. */
uint32_t deliver_read_message(struct deliver_scratch *scratch, const struct smpp_settings *settings,
                              const struct smpp_pdu *pdu, struct sms *sms);

/* The receipt; false when it says no message id or no state. */
bool deliver_read_receipt(struct deliver_scratch *scratch, const struct smpp_settings *settings,
                          const struct smpp_pdu *pdu, struct smsc_report *report);

#endif
