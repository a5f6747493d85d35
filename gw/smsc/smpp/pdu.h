/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdu - SMPP protocol data units as values (SMPP 3.4, "Short Message Peer to
 * Peer Protocol Specification", sections 3 to 5).
 *
 * One definition makes struct, packer, unpacker and printer: commands.def and
 * bodies.def. Strings are borrowed. Unpacking is total: any octets give a PDU or
 * a fault. It is lenient where SMSCs are known to be careless: strings longer
 * than the specification allows, a response without body, a message_id without
 * its NUL, rubbish behind the last optional parameter.
 */
#ifndef GW_SMSC_SMPP_PDU_H
#define GW_SMSC_SMPP_PDU_H

#include "gwlib/bytes.h"

#define SMPP_HEADER_LEN 16
#define SMPP_LENGTH_MAX (64 * 1024) /* longer is not SMPP */

/* command_id */
#define SMPP_BIND_RECEIVER      0x00000001u
#define SMPP_BIND_TRANSMITTER   0x00000002u
#define SMPP_SUBMIT_SM          0x00000004u
#define SMPP_DELIVER_SM         0x00000005u
#define SMPP_UNBIND             0x00000006u
#define SMPP_BIND_TRANSCEIVER   0x00000009u
#define SMPP_ENQUIRE_LINK       0x00000015u
#define SMPP_ALERT_NOTIFICATION 0x00000102u
#define SMPP_DATA_SM            0x00000103u
#define SMPP_RESPONSE           0x80000000u /* the bit that makes a response of a request */
#define SMPP_GENERIC_NACK       0x80000000u

/* command_status, as far as we act on it or send it */
#define SMPP_ESME_ROK          0x00u
#define SMPP_ESME_RINVMSGLEN   0x01u
#define SMPP_ESME_RINVCMDLEN   0x02u
#define SMPP_ESME_RINVCMDID    0x03u
#define SMPP_ESME_RSYSERR      0x08u
#define SMPP_ESME_RINVSRCADR   0x0Au
#define SMPP_ESME_RINVDSTADR   0x0Bu
#define SMPP_ESME_RMSGQFUL     0x14u
#define SMPP_ESME_RINVESMCLASS 0x43u
#define SMPP_ESME_RTHROTTLED   0x58u
#define SMPP_ESME_RX_T_APPN    0x64u

/* esm_class */
#define SMPP_ESM_UDHI         0x40
#define SMPP_ESM_REPLY_PATH   0x80
#define SMPP_ESM_RECEIPT      0x04 /* SMSC delivery receipt */
#define SMPP_ESM_SME_ACK      0x08 /* delivery acknowledgement of the handset */
#define SMPP_ESM_INTERMEDIATE 0x20 /* intermediate delivery notification */

/* tags of optional parameters */
#define SMPP_TLV_RECEIPTED_MESSAGE_ID  0x001E
#define SMPP_TLV_SAR_MSG_REF_NUM       0x020C
#define SMPP_TLV_SAR_TOTAL_SEGMENTS    0x020E
#define SMPP_TLV_SAR_SEGMENT_SEQNUM    0x020F
#define SMPP_TLV_NETWORK_ERROR_CODE    0x0423
#define SMPP_TLV_MESSAGE_PAYLOAD       0x0424
#define SMPP_TLV_MORE_MESSAGES_TO_SEND 0x0426
#define SMPP_TLV_MESSAGE_STATE         0x0427

#define BODY(name)          struct smpp_##name {
#define CSTRING(name, size) struct slice name;
#define OCTET(name)         uint8_t name;
#define MESSAGE(name)       struct slice name;
#define END_BODY(name)                                                                             \
    }                                                                                              \
    ;
#include "gw/smsc/smpp/bodies.def"

struct smpp_pdu {
    uint32_t command, status, sequence;
    union {
        struct smpp_bind bind;
        struct smpp_sm sm;     /* submit_sm, deliver_sm */
        struct smpp_data data; /* data_sm */
        struct smpp_text text; /* responses: system_id or message_id */
    };
    struct slice tlvs; /* optional parameters as on the wire */
};

/* A PDU of that command, everything else empty. */
struct smpp_pdu smpp_pdu_blank(uint32_t command, uint32_t sequence);

/* command_length of the PDU that starts with these octets; 0 when there are
 * fewer than four. The caller checks it against the limits. */
uint32_t smpp_pdu_length(struct slice octets);

/* Appends it. Strings are cut to what the specification allows. The message must
 * have at most 255 octets. */
void smpp_pdu_pack(struct bytes *to, const struct smpp_pdu *pdu);

/*
 * One whole PDU. False and a text for the log when it is none; the header is
 * filled in whenever there are sixteen octets. A command that is not in
 * commands.def has no body for us: see smpp_pdu_known().
 */
bool smpp_pdu_unpack(struct slice octets, struct smpp_pdu *pdu, const char **fault);
bool smpp_pdu_known(const struct smpp_pdu *pdu);

/* "submit_sm", "submit_sm_resp", "generic_nack", "unknown". */
const char *smpp_command_name(uint32_t command);
/* "Invalid Destination Address", "Unknown/Reserved". */
const char *smpp_status_text(uint32_t status);
/* For people: "name: value" items, each followed by `end`; passwords hidden. */
void smpp_pdu_print(struct bytes *to, const struct smpp_pdu *pdu, const char *end);

/* --- optional parameters ------------------------------------------------ */

struct smpp_tlv {
    uint16_t tag;
    struct slice value;
};

/* The parameter at *pos, and *pos moved past it; false at the end and where one
 * runs past it. */
bool smpp_tlv_next(struct slice tlvs, size_t *pos, struct smpp_tlv *tlv);
/* The first with that tag; false when there is none. */
bool smpp_tlv_find(struct slice tlvs, uint16_t tag, struct slice *value);
/* The value as a big-endian number of 1 to 4 octets. */
bool smpp_tlv_find_number(struct slice tlvs, uint16_t tag, uint32_t *value);
/* A value longer than 65535 octets is cut. */
void smpp_tlv_append(struct bytes *to, uint16_t tag, struct slice value);
/* length 1 to 4 octets. */
void smpp_tlv_append_number(struct bytes *to, uint16_t tag, uint32_t value, size_t length);

/* --- time ----------------------------------------------------------------- */

/* Absolute, in UTC: "YYMMDDhhmmss000+" (section 7.1.1). */
#define SMPP_TIME_LEN 16
void smpp_time_format(int64_t seconds, char text[SMPP_TIME_LEN + 1]);

#endif
