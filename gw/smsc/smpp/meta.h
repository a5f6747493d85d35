/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meta - optional parameters of SMPP as meta-data of a message and back. Which
 * parameters have a name is said by groups smpp-tlv; others are not seen.
 * Meta-data are groups of url-encoded items: "?smpp?name=value&name=value&".
 */
#ifndef GW_SMSC_SMPP_META_H
#define GW_SMSC_SMPP_META_H

#include "gw/smsc/smpp/settings.h"

/* Appends the parameters that the message's group smpp asks for, and those with
 * a constant. Values that do not fit are left out. */
void meta_append_tlvs(struct bytes *tlvs, const struct smpp_settings *settings,
                      struct slice meta_data);

/* Appends "?group?" and the named parameters among tlvs. */
void meta_append_group(struct bytes *meta, const struct smpp_settings *settings, const char *group,
                       struct slice tlvs);
/* One more item of the group that was appended last. */
void meta_append_item(struct bytes *meta, const char *name, struct slice value);

#endif
