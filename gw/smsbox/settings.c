/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings - groups core and smsbox.
 *
 * Defaults come from the schema; here are only those that depend on another
 * group.
 */
#include "gw/smsbox/settings.h"

#define DEFAULT_BEARERBOX_PORT 13001
#define DEFAULT_MAX_PENDING    512

/* Unset and empty are the same for these. */
static const char *text_or_null(const struct conf_group *group, const char *name)
{
    const char *value = conf_string(group, name);
    return value != NULL && *value != '\0' ? value : NULL;
}

static const char *text_or(const struct conf_group *group, const char *name, const char *fallback)
{
    const char *value = text_or_null(group, name);
    return value != NULL ? value : fallback;
}

static void read_bearer(struct settings *s, const struct conf_group *core,
                        const struct conf_group *box)
{
    s->box_id = text_or_null(box, "smsbox-id");
    s->bearerbox_host = text_or(box, "bearerbox-host", "localhost");
    s->bearerbox_port = (int)conf_number(box, "bearerbox-port");
    if (s->bearerbox_port == 0)
        s->bearerbox_port = (int)conf_number(core, "smsbox-port");
    if (s->bearerbox_port == 0)
        s->bearerbox_port = DEFAULT_BEARERBOX_PORT;
    s->bearerbox_tls = conf_is_set(box, "bearerbox-port-ssl") ? conf_bool(box, "bearerbox-port-ssl")
                                                              : conf_bool(core, "smsbox-port-ssl");
}

static void read_sendsms(struct settings *s, const struct conf_group *box)
{
    s->sendsms_port = (int)conf_number(box, "sendsms-port");
    s->sendsms_tls = conf_bool(box, "sendsms-port-ssl");
    s->sendsms_interface = text_or_null(box, "sendsms-interface");
    s->sendsms_url = text_or(box, "sendsms-url", "/cgi-bin/sendsms");
    s->sendsms_chars = text_or(box, "sendsms-chars", "0123456789 +-");
    s->global_sender = text_or_null(box, "global-sender");
    s->immediate_reply = conf_bool(box, "immediate-sendsms-reply");
}

/* An empty text is a wish here: nothing is said then. */
static const char *said(const struct conf_group *box, const char *name, const char *fallback)
{
    const char *value = conf_string(box, name);
    return value != NULL ? value : fallback;
}

static void read_services(struct settings *s, const struct conf_group *box)
{
    s->text_couldnotfetch = said(box, "reply-couldnotfetch", "Could not fetch content, sorry.");
    s->text_couldnotrepresent =
        said(box, "reply-couldnotrepresent", "Result could not be represented as an SMS message.");
    s->text_requestfailed = said(box, "reply-requestfailed", "Request Failed");
    s->text_emptymessage = said(box, "reply-emptymessage", "<Empty reply from service provider>");
    s->mo_recode = conf_bool(box, "mo-recode");
    s->loop_guard_answers = conf_number(box, "loop-guard-answers");
    s->request_retries = (unsigned)conf_number(box, "http-request-retry");
    s->retry_delay_s = (unsigned)conf_number(box, "http-queue-delay");
    s->max_pending = (unsigned)conf_number(box, "max-pending-requests");
    if (s->max_pending == 0)
        s->max_pending = DEFAULT_MAX_PENDING;
    s->http_timeout_s = (unsigned)conf_number(box, "http-timeout");
    s->sms_length = (size_t)conf_number(box, "sms-length");
}

struct settings settings_read(const struct conf *conf)
{
    const struct conf_group *core = conf_first(conf, "core");
    const struct conf_group *box = conf_first(conf, "smsbox");
    struct settings settings = {0};
    read_bearer(&settings, core, box);
    read_sendsms(&settings, box);
    read_services(&settings, box);
    return settings;
}
