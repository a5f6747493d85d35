/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml - the XML form of a message: POSTed to sendsms, answered by applications,
 * and sent to them by post-xml.
 *
 * Read with libxml2, without network, without a DTD, without entities of the
 * document's own. Specification: Kannel 1.4.5, as recorded in test/data/compat.
 */
#ifndef GW_SMSBOX_XML_H
#define GW_SMSBOX_XML_H

#include "gw/smsbox/form.h"

/*
 * Fills the form from <message><submit>...: credentials, receivers, text and
 * all. False when it is not well-formed or has no such element; the form is
 * then as it was. The text is UTF-8, form->charset says so.
 */
bool xml_read_form(struct form *form, struct slice document);

/* The document that post-xml sends for an MO. sms->receiver is what it says as
 * "da"; the handset is told only with send_sender. charset: that of the XML
 * declaration. */
struct xml_order {
    const struct sms *sms;
    struct slice text; /* without the keyword, if that is wanted */
    struct slice service;
    const char *charset;
    bool send_sender;
    int64_t now;
};
void xml_write_mo(struct bytes *to, const struct xml_order *order);

#endif
