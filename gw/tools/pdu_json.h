/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdu_json - PDUs as JSON objects in the schema of test/data/vectors/README.md,
 * for pdutool.
 */
#ifndef GW_TOOLS_PDU_JSON_H
#define GW_TOOLS_PDU_JSON_H

#include <jansson.h>

#include "gw/sms/pdu.h"

/* Why a JSON object is not a message to encode. */
struct pdu_json_error {
    char text[160]; /* "octet 3: ...", or the name of the field and what is wrong */
};

/* A decoded PDU as the object `expect`; a new reference. */
json_t *pdu_json_decoded(const struct pdu *pdu);

/* The object `input` of pdu-encode.jsonl to the object `expect`: a new reference,
 * or NULL with the reason. */
json_t *pdu_json_encode(json_t *input, struct pdu_json_error *error);

#endif
