/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status page: see status.h.
 *
 * Monitoring scripts read it with line tools, so words, order and white space
 * are those of the recorded pages. What Kannel does not have stands in lines and
 * elements of its own: why a connection is not online, and what is wrong with
 * the store.
 */
#include "gw/bearerbox/status.h"

#include <inttypes.h>

#include "gw/bearerbox/boxes.h"
#include "gw/bearerbox/dispatch.h"
#include "gw/bearerbox/links.h"
#include "gwlib/daemon.h"

#define HTML_INDENT "&nbsp;&nbsp;&nbsp;&nbsp;"

/* Where to write, and how. */
struct page {
    const struct gateway *gateway;
    enum status_format format;
    struct bytes *to;
    int64_t now;
};

void status_escape(struct bytes *to, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = text.data[i];

        if (c == '&')
            bytes_append_str(to, "&amp;");
        else if (c == '<')
            bytes_append_str(to, "&lt;");
        else if (c == '>')
            bytes_append_str(to, "&gt;");
        else
            bytes_append_char(to, c < 0x20 && c != '\n' && c != '\t' ? '?' : c);
    }
}

/* A value from the configuration or from outside. */
static void put(const struct page *page, const char *value)
{
    if (page->format == STATUS_TEXT)
        bytes_append_str(page->to, value);
    else
        status_escape(page->to, slice_str(value));
}

static const char *line_break(enum status_format format)
{
    switch (format) {
    case STATUS_HTML:
        return "<br>\n";
    case STATUS_WML:
        return "<br/>\n";
    default:
        return "\n";
    }
}

/* --- the values ------------------------------------------------------------------- */

static const char *state_word(enum gateway_state state)
{
    switch (state) {
    case GATEWAY_RUNNING:
        return "running";
    case GATEWAY_ISOLATED:
        return "isolated";
    case GATEWAY_SUSPENDED:
        return "suspended";
    case GATEWAY_SHUTDOWN:
        break;
    }
    return "going down";
}

static void put_duration(const struct page *page, int64_t seconds)
{
    bytes_printf(page->to, "%" PRId64 "d %" PRId64 "h %" PRId64 "m %" PRId64 "s", seconds / 86400,
                 seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

static void put_state(const struct page *page)
{
    bytes_printf(page->to, "%s, uptime ", state_word(page->gateway->state));
    put_duration(page, (page->now - page->gateway->started_ms) / 1000);
}

static void put_rates(const struct page *page, const struct counter *counter)
{
    struct counter_rates rates = counter_rates(counter, page->now);

    bytes_printf(page->to, "%.2f,%.2f,%.2f", rates.minute, rates.five_minutes, rates.overall);
}

/* Rates of a connection are zero unless it is online. */
static void put_link_rates(const struct page *page, const struct bearer *bearer,
                           const struct counter *counter)
{
    if (smsc_state(bearer->smsc) == SMSC_ONLINE)
        put_rates(page, counter);
    else
        bytes_append_str(page->to, "0.00,0.00,0.00");
}

static void put_link_state(const struct page *page, const struct bearer *bearer)
{
    bytes_append_str(page->to, smsc_state_name(smsc_state(bearer->smsc)));
    if (smsc_state(bearer->smsc) == SMSC_ONLINE)
        bytes_printf(page->to, " %" PRId64 "s", smsc_online_seconds(bearer->smsc));
}

static void put_version(const struct page *page)
{
    struct bytes version = {0};

    daemon_version("bearerbox", &version);
    put(page, bytes_str(&version));
    bytes_free(&version);
}

static int64_t store_size(const struct gateway *gateway)
{
    return gateway->store_is_volatile ? -1 : store_counts(gateway->store).live;
}

/* --- text, HTML and WML ------------------------------------------------------------ */

struct traffic {
    int64_t mo_queued, mt_queued, size, reports;
};

static struct traffic traffic_now(const struct gateway *gateway)
{
    struct store_counts counts = store_counts(gateway->store);

    return (struct traffic){counts.mo_waiting, counts.mt_waiting, store_size(gateway),
                            counts.reports_awaited};
}

static void put_two_rates(const struct page *page, const char *kind, const struct counter *in,
                          const struct counter *out)
{
    bytes_printf(page->to, "%s: inbound (", kind);
    put_rates(page, in);
    bytes_append_str(page->to, ") msg/sec, outbound (");
    put_rates(page, out);
    bytes_append_str(page->to, ") msg/sec");
}

static void put_traffic(const struct page *page)
{
    const struct gateway *gateway = page->gateway;
    struct traffic traffic = traffic_now(gateway);
    bool text = page->format == STATUS_TEXT;
    const char *open = text ? "" : " <p>", *close = text ? "\n\n" : "</p>\n\n";
    const char *next = text ? "\n" : page->format == STATUS_HTML ? "<br>\n " : "<br/>\n ";

    bytes_printf(page->to, "%sStatus: ", open);
    put_state(page);
    bytes_printf(page->to, "%s%sWDP: received 0 (0 queued), sent 0 (0 queued)%s", close, open,
                 close);
    bytes_printf(page->to,
                 "%sSMS: received %" PRIu64 " (%" PRId64 " queued), sent %" PRIu64 " (%" PRId64
                 " queued), store size %" PRId64 "%s",
                 open, gateway->sms_received.total, traffic.mo_queued, gateway->sms_sent.total,
                 traffic.mt_queued, traffic.size, next);
    put_two_rates(page, "SMS", &gateway->sms_received, &gateway->sms_sent);
    bytes_printf(page->to, "%s%sDLR: received %" PRIu64 ", sent %" PRIu64 "%s", close, open,
                 gateway->dlr_received.total, gateway->dlr_sent.total, next);
    put_two_rates(page, "DLR", &gateway->dlr_received, &gateway->dlr_sent);
    bytes_printf(page->to, "%sDLR: %" PRId64 " queued, using internal storage%s", next,
                 traffic.reports, close);
    if (!gateway->store_is_volatile)
        bytes_printf(page->to, "%sStore: %.1f MiB on disk%s", open,
                     (double)store_file_size(gateway->store) / 1048576, close);
    if (store_counts(gateway->store).held > 0)
        bytes_printf(page->to, "%sStore: %" PRId64 " messages held, see gwstore(1)%s", open,
                     store_counts(gateway->store).held, close);
    if (store_counts(gateway->store).dead > 0)
        bytes_printf(page->to, "%sStore: %" PRId64 " messages dead, see gwstore(1)%s", open,
                     store_counts(gateway->store).dead, close);
    if (store_counts(gateway->store).unmatched > 0)
        bytes_printf(page->to, "%sStore: %" PRId64 " reports without a message, see gwstore(1)%s",
                     open, store_counts(gateway->store).unmatched, close);
    if (store_health(gateway->store) != NULL) {
        bytes_printf(page->to, "%sStore: in trouble, ", open);
        put(page, store_health(gateway->store));
        bytes_append_str(page->to, close);
    }
}

static const char *indent(const struct page *page)
{
    switch (page->format) {
    case STATUS_HTML:
        return HTML_INDENT;
    case STATUS_TEXT:
        return "    ";
    default:
        return "";
    }
}

static void put_box(const struct box_status *box, void *arg)
{
    const struct page *page = arg;

    bytes_printf(page->to, "%ssmsbox:", indent(page));
    put(page, *box->id != '\0' ? box->id : "(none)");
    bytes_append_str(page->to, ", IP ");
    put(page, box->address);
    bytes_printf(page->to, " (%zu queued), (on-line ", box->queue);
    put_duration(page, box->online_seconds);
    bytes_printf(page->to, ") %s %s", box->tls ? "using SSL" : "", line_break(page->format));
}

static void put_link_name(const struct page *page, const struct bearer *bearer)
{
    const char *id = smsc_id(bearer->smsc), *admin_id = smsc_admin_id(bearer->smsc);

    if (page->format == STATUS_WML)
        return;
    bytes_append_str(page->to, page->format == STATUS_HTML ? HTML_INDENT "<b>" : "    ");
    put(page, id != NULL ? id : "unknown");
    bytes_append_str(page->to, page->format == STATUS_HTML ? "</b>[" : "[");
    put(page, admin_id != NULL ? admin_id : "unknown");
    bytes_printf(page->to, "]%s", indent(page));
}

static void put_link(const struct page *page, const struct bearer *bearer)
{
    put_link_name(page, bearer);
    put(page, smsc_name(bearer->smsc));
    bytes_append_str(page->to, " (");
    put_link_state(page, bearer);
    bytes_printf(page->to, ", rcvd: sms %" PRIu64 " (", bearer->sms_received.total);
    put_link_rates(page, bearer, &bearer->sms_received);
    bytes_printf(page->to, ") / dlr %" PRIu64 " (", bearer->dlr_received.total);
    put_link_rates(page, bearer, &bearer->dlr_received);
    bytes_printf(page->to, "), sent: sms %" PRIu64 " (", bearer->sms_sent.total);
    put_link_rates(page, bearer, &bearer->sms_sent);
    bytes_printf(page->to, ") / dlr %" PRIu64 " (", bearer->dlr_sent.total);
    put_link_rates(page, bearer, &bearer->dlr_sent);
    bytes_printf(page->to, "), failed %" PRIu64 ", queued %" PRId64 " msgs)%s", bearer->failed,
                 dispatch_queue(bearer).messages, line_break(page->format));
    if (*smsc_detail(bearer->smsc) != '\0') {
        bytes_printf(page->to, "%s%s", indent(page), indent(page));
        put(page, smsc_detail(bearer->smsc));
        bytes_append_str(page->to, line_break(page->format));
    }
}

/* "signal -71, operator X, reopened 2": what is known and what was counted. */
static void put_knowledge(const struct page *page, const struct bearer *bearer)
{
    struct bytes line = {0};
    int64_t oldest = dispatch_queue(bearer).oldest_s;

    if (oldest > 0)
        bytes_printf(&line, ", oldest waits %" PRId64 "s", oldest);
    for (enum smsc_fact fact = 0; fact < SMSC_FACTS; fact++)
        if (*smsc_fact(bearer->smsc, fact) != '\0')
            bytes_printf(&line, ", %s %s", smsc_fact_name(fact), smsc_fact(bearer->smsc, fact));
    for (enum smsc_tally tally = 0; tally < SMSC_TALLIES; tally++)
        if (smsc_tally(bearer->smsc, tally) > 0)
            bytes_printf(&line, ", %s %" PRIu64, smsc_tally_name(tally),
                         smsc_tally(bearer->smsc, tally));
    if (line.len > 0) {
        bytes_printf(page->to, "%s%s", indent(page), indent(page));
        put(page, bytes_str(&line) + strlen(", "));
        bytes_append_str(page->to, line_break(page->format));
    }
    bytes_free(&line);
}

static void put_connections(const struct page *page)
{
    bool text = page->format == STATUS_TEXT;
    const char *open = text ? "" : "<p>", *close = text ? "\n\n" : "</p>\n\n";

    bytes_printf(page->to, "%sBox connections:%s", open, line_break(page->format));
    if (boxes_count(page->gateway->boxes) == 0)
        bytes_printf(page->to, "%sNo boxes connected%s", indent(page), line_break(page->format));
    boxes_each(page->gateway->boxes, put_box, (void *)page);
    bytes_printf(page->to, "%s%sSMSC connections:%s", close, open, line_break(page->format));
    if (links_first(page->gateway->links) == NULL)
        bytes_printf(page->to, "%sNo SMSC connections%s", indent(page), line_break(page->format));
    for (struct bearer *bearer = links_first(page->gateway->links); bearer != NULL;
         bearer = bearer->next) {
        put_link(page, bearer);
        put_knowledge(page, bearer);
    }
    bytes_append_str(page->to, close);
}

static void print_lines(const struct page *page)
{
    put_version(page);
    bytes_append_str(page->to, page->format == STATUS_TEXT ? "\n\n" : "</p>\n\n");
    put_traffic(page);
    put_connections(page);
    if (page->format != STATUS_TEXT)
        bytes_append_str(page->to, "<p>");
}

/* --- XML ------------------------------------------------------------------------------ */

static void put_element(const struct page *page, int depth, const char *name, const char *value)
{
    for (int i = 0; i < depth; i++)
        bytes_append_char(page->to, '\t');
    bytes_printf(page->to, "<%s>", name);
    put(page, value);
    bytes_printf(page->to, "</%s>\n", name);
}

static void put_rate_element(const struct page *page, int depth, const char *name,
                             const struct bearer *bearer, const struct counter *counter)
{
    for (int i = 0; i < depth; i++)
        bytes_append_char(page->to, '\t');
    bytes_printf(page->to, "<%s>", name);
    if (bearer != NULL)
        put_link_rates(page, bearer, counter);
    else
        put_rates(page, counter);
    bytes_printf(page->to, "</%s>\n", name);
}

static void put_xml_traffic(const struct page *page)
{
    const struct gateway *gateway = page->gateway;
    struct traffic traffic = traffic_now(gateway);

    bytes_append_str(page->to, "\t<wdp>\n"
                               "\t\t<received><total>0</total><queued>0</queued></received>\n"
                               "\t\t<sent><total>0</total><queued>0</queued></sent>\n"
                               "\t</wdp>\n\t<sms>\n");
    bytes_printf(page->to,
                 "\t\t<received><total>%" PRIu64 "</total><queued>%" PRId64
                 "</queued></received>\n\t\t<sent><total>%" PRIu64 "</total><queued>%" PRId64
                 "</queued></sent>\n\t\t<storesize>%" PRId64 "</storesize>\n",
                 gateway->sms_received.total, traffic.mo_queued, gateway->sms_sent.total,
                 traffic.mt_queued, traffic.size);
    put_rate_element(page, 2, "inbound", NULL, &gateway->sms_received);
    put_rate_element(page, 2, "outbound", NULL, &gateway->sms_sent);
    bytes_printf(page->to,
                 "\t\t</sms>\n\t<dlr>\n\t\t<received><total>%" PRIu64 "</total></received>\n"
                 "\t\t<sent><total>%" PRIu64 "</total></sent>\n",
                 gateway->dlr_received.total, gateway->dlr_sent.total);
    put_rate_element(page, 2, "inbound", NULL, &gateway->dlr_received);
    put_rate_element(page, 2, "outbound", NULL, &gateway->dlr_sent);
    bytes_printf(page->to,
                 "\t\t<queued>%" PRId64 "</queued>\n\t\t<storage>internal</storage>\n\t</dlr>\n",
                 traffic.reports);
    if (!gateway->store_is_volatile)
        bytes_printf(page->to, "\t<store-octets>%" PRId64 "</store-octets>\n",
                     store_file_size(gateway->store));
    if (store_counts(gateway->store).held > 0)
        bytes_printf(page->to, "\t<store-held>%" PRId64 "</store-held>\n",
                     store_counts(gateway->store).held);
    if (store_counts(gateway->store).dead > 0)
        bytes_printf(page->to, "\t<store-dead>%" PRId64 "</store-dead>\n",
                     store_counts(gateway->store).dead);
    if (store_counts(gateway->store).unmatched > 0)
        bytes_printf(page->to, "\t<store-unmatched>%" PRId64 "</store-unmatched>\n",
                     store_counts(gateway->store).unmatched);
    if (store_health(gateway->store) != NULL)
        put_element(page, 1, "store-trouble", store_health(gateway->store));
}

static void put_xml_box(const struct box_status *box, void *arg)
{
    const struct page *page = arg;

    bytes_append_str(page->to, "\n\t<box>\n\t\t<type>smsbox</type>\n");
    put_element(page, 2, "id", box->id);
    put_element(page, 2, "IP", box->address);
    bytes_printf(page->to, "\t\t<queue>%zu</queue>\n\t\t<status>on-line ", box->queue);
    put_duration(page, box->online_seconds);
    bytes_printf(page->to, "</status>\n\t\t<ssl>%s</ssl>\n\t</box>", box->tls ? "yes" : "no");
}

static void put_xml_counts(const struct page *page, const char *name, const struct bearer *bearer,
                           const struct counter *received, const struct counter *sent)
{
    bytes_printf(page->to,
                 "\t\t<%s>\n\t\t\t<received>%" PRIu64 "</received>\n\t\t\t<sent>%" PRIu64
                 "</sent>\n",
                 name, received->total, sent->total);
    put_rate_element(page, 3, "inbound", bearer, received);
    put_rate_element(page, 3, "outbound", bearer, sent);
    bytes_printf(page->to, "\t\t</%s>\n", name);
}

static void put_xml_knowledge(const struct page *page, const struct bearer *bearer)
{
    struct dispatch_queue queue = dispatch_queue(bearer);

    if (queue.oldest_s > 0)
        bytes_printf(page->to, "\t\t<oldest>%" PRId64 "</oldest>\n", queue.oldest_s);
    for (enum smsc_fact fact = 0; fact < SMSC_FACTS; fact++)
        if (*smsc_fact(bearer->smsc, fact) != '\0')
            put_element(page, 2, smsc_fact_name(fact), smsc_fact(bearer->smsc, fact));
    for (enum smsc_tally tally = 0; tally < SMSC_TALLIES; tally++)
        if (smsc_tally(bearer->smsc, tally) > 0)
            bytes_printf(page->to, "\t\t<%s>%" PRIu64 "</%s>\n", smsc_tally_name(tally),
                         smsc_tally(bearer->smsc, tally), smsc_tally_name(tally));
}

static void put_xml_link(const struct page *page, const struct bearer *bearer, bool first)
{
    const char *id = smsc_id(bearer->smsc), *admin_id = smsc_admin_id(bearer->smsc);

    bytes_printf(page->to, "%s<smsc>\n", first ? "\t" : "");
    put_element(page, 2, "name", smsc_name(bearer->smsc));
    put_element(page, 2, "admin-id", admin_id != NULL ? admin_id : "unknown");
    put_element(page, 2, "id", id != NULL ? id : "unknown");
    bytes_append_str(page->to, "\t\t<status>");
    put_link_state(page, bearer);
    bytes_append_str(page->to, "</status>\n");
    if (*smsc_detail(bearer->smsc) != '\0')
        put_element(page, 2, "detail", smsc_detail(bearer->smsc));
    put_xml_knowledge(page, bearer);
    bytes_printf(page->to, "\t\t<failed>%" PRIu64 "</failed>\n\t\t<queued>%" PRId64 "</queued>\n",
                 bearer->failed, dispatch_queue(bearer).messages);
    put_xml_counts(page, "sms", bearer, &bearer->sms_received, &bearer->sms_sent);
    put_xml_counts(page, "dlr", bearer, &bearer->dlr_received, &bearer->dlr_sent);
    bytes_append_str(page->to, "\t</smsc>\n");
}

static void print_xml(const struct page *page)
{
    const struct links *links = page->gateway->links;
    size_t count = 0;

    for (struct bearer *bearer = links_first(links); bearer != NULL; bearer = bearer->next)
        count++;
    bytes_append_str(page->to, "<version>");
    put_version(page);
    bytes_append_str(page->to, "</version>\n<status>");
    put_state(page);
    bytes_append_str(page->to, "</status>\n");
    put_xml_traffic(page);
    bytes_append_str(page->to, "<boxes>");
    boxes_each(page->gateway->boxes, put_xml_box, (void *)page);
    bytes_printf(page->to, "</boxes>\n<smscs><count>%zu</count>\n", count);
    for (struct bearer *bearer = links_first(links); bearer != NULL; bearer = bearer->next)
        put_xml_link(page, bearer, bearer == links_first(links));
    bytes_append_str(page->to, "</smscs>\n");
}

void status_print(const struct gateway *gateway, enum status_format format, struct bytes *to)
{
    struct page page = {gateway, format, to, loop_now(gateway->loop)};

    if (format == STATUS_XML)
        print_xml(&page);
    else
        print_lines(&page);
}
