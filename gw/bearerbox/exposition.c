/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics page: see exposition.h. A function for each row of the table
 * writes its samples; all samples of a metric stand together, as the format
 * wants it.
 */
#include "gw/bearerbox/exposition.h"

#include "config.h"

#include <inttypes.h>

#include "gw/bearerbox/boxes.h"
#include "gw/bearerbox/dispatch.h"
#include "gw/bearerbox/links.h"
#include "gwlib/charset.h"

/* Where to write, and which metric. */
struct page {
    const struct gateway *gateway;
    struct bytes *to;
    const char *name;
};

void exposition_escape(struct bytes *to, struct slice value)
{
    size_t pos = 0;

    while (pos < value.len) {
        long code_point = charset_utf8_next(value, &pos);

        if (code_point == '\n') {
            bytes_append_str(to, "\\n");
            continue;
        }
        if (code_point == '\\' || code_point == '"')
            bytes_append_char(to, '\\');
        charset_utf8_append(to, (unsigned long)code_point);
    }
}

/* --- samples ------------------------------------------------------------------------ */

/* `name{` or `name{label="value"` and so on; sample() ends it. */
static void label(const struct page *page, bool first, const char *name, const char *value)
{
    bytes_printf(page->to, "%s%s=\"", first ? "{" : ",", name);
    exposition_escape(page->to, slice_str(value));
    bytes_append_char(page->to, '"');
}

static void begin(const struct page *page)
{
    bytes_printf(page->to, "kantele_%s", page->name);
}

static void plain(const struct page *page, int64_t value)
{
    begin(page);
    bytes_printf(page->to, " %" PRId64 "\n", value);
}

static void end(const struct page *page, int64_t value)
{
    bytes_printf(page->to, "} %" PRId64 "\n", value);
}

static void with_label(const struct page *page, const char *name, const char *value, int64_t number)
{
    begin(page);
    label(page, true, name, value);
    end(page, number);
}

/* --- the gateway ---------------------------------------------------------------------- */

static void put_info(const struct page *page)
{
    with_label(page, "version", PACKAGE_VERSION, 1);
}

static void put_state(const struct page *page)
{
    static const char *const words[] = {"running", "isolated", "suspended", "going down"};

    for (int i = 0; i < 4; i++)
        with_label(page, "state", words[i], page->gateway->state == (enum gateway_state)i);
}

static void put_uptime_seconds(const struct page *page)
{
    plain(page, (loop_now(page->gateway->loop) - page->gateway->started_ms) / 1000);
}

static void put_sms_received_total(const struct page *page)
{
    plain(page, (int64_t)page->gateway->sms_received.total);
}

static void put_sms_sent_total(const struct page *page)
{
    plain(page, (int64_t)page->gateway->sms_sent.total);
}

static void put_dlr_received_total(const struct page *page)
{
    plain(page, (int64_t)page->gateway->dlr_received.total);
}

static void put_dlr_sent_total(const struct page *page)
{
    plain(page, (int64_t)page->gateway->dlr_sent.total);
}

static void put_store_messages(const struct page *page)
{
    struct store_counts counts = store_counts(page->gateway->store);

    with_label(page, "kind", "live", counts.live);
    with_label(page, "kind", "mt_waiting", counts.mt_waiting);
    with_label(page, "kind", "mo_waiting", counts.mo_waiting);
    with_label(page, "kind", "reports_awaited", counts.reports_awaited);
    with_label(page, "kind", "held", counts.held);
    with_label(page, "kind", "dead", counts.dead);
    with_label(page, "kind", "unmatched", counts.unmatched);
}

static void put_store_healthy(const struct page *page)
{
    plain(page, store_health(page->gateway->store) == NULL);
}

static void put_store_bytes(const struct page *page)
{
    plain(page, store_file_size(page->gateway->store));
}

static void put_boxes(const struct page *page)
{
    plain(page, (int64_t)boxes_count(page->gateway->boxes));
}

/* Two boxes without a name may come from one address: each metric only once. */
struct box_sum {
    const struct page *page;
    const struct box_status *of;
    bool seen_before;
    int64_t queue;
};

static bool same_box(const struct box_status *a, const struct box_status *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->address, b->address) == 0;
}

static void sum_box(const struct box_status *box, void *arg)
{
    struct box_sum *sum = arg;

    if (same_box(box, sum->of))
        sum->queue += (int64_t)box->queue;
}

struct boxes_done {
    const struct page *page;
    struct bytes names; /* of boxes that were written, each ended by LF */
};

static void put_box(const struct box_status *box, void *arg)
{
    struct boxes_done *done = arg;
    struct box_sum sum = {done->page, box, false, 0};
    struct slice rest = bytes_slice(&done->names), name;
    struct bytes own = {0};

    bytes_printf(&own, "%s %s", box->address, box->id);
    while (slice_next_item(&rest, '\n', &name))
        if (slice_equal(name, bytes_slice(&own)))
            sum.seen_before = true;
    if (!sum.seen_before) {
        boxes_each(done->page->gateway->boxes, sum_box, &sum);
        begin(done->page);
        label(done->page, true, "box", box->id);
        label(done->page, false, "address", box->address);
        end(done->page, sum.queue);
        bytes_printf(&done->names, "%s\n", bytes_str(&own));
    }
    bytes_free(&own);
}

static void put_box_queue(const struct page *page)
{
    struct boxes_done done = {page, {0}};

    boxes_each(page->gateway->boxes, put_box, &done);
    bytes_free(&done.names);
}

static void put_box_given_again_total(const struct page *page)
{
    plain(page, (int64_t)boxes_given_again(page->gateway->boxes));
}

/* --- connections -------------------------------------------------------------------------- */

#define EACH_BEARER(page, bearer)                                                                  \
    for (const struct bearer *bearer = links_first((page)->gateway->links); (bearer) != NULL;      \
         (bearer) = (bearer)->next)

static void of_bearer(const struct page *page, const struct bearer *bearer, int64_t value)
{
    with_label(page, "smsc", bearer->key, value);
}

static bool is_measure(enum smsc_fact fact)
{
    return fact == SMSC_FACT_SIGNAL || fact == SMSC_FACT_PATIENCE || fact == SMSC_FACT_BALANCE ||
           fact == SMSC_FACT_LIMIT;
}

/* Label names have no '-'. */
static void fact_label(const struct page *page, enum smsc_fact fact, const char *value)
{
    char name[32];
    size_t len = 0;

    for (const char *c = smsc_fact_name(fact); *c != '\0' && len < sizeof name - 1; c++)
        name[len++] = *c;
    for (size_t i = 0; i < len; i++)
        if (name[i] == '-')
            name[i] = '_';
    name[len] = '\0';
    label(page, false, name, value);
}

static void put_smsc_info(const struct page *page)
{
    EACH_BEARER(page, bearer)
    {
        const char *id = smsc_id(bearer->smsc);

        begin(page);
        label(page, true, "smsc", bearer->key);
        label(page, false, "id", id != NULL ? id : "");
        label(page, false, "name", smsc_name(bearer->smsc));
        for (enum smsc_fact fact = 0; fact < SMSC_FACTS; fact++)
            if (!is_measure(fact) && *smsc_fact(bearer->smsc, fact) != '\0')
                fact_label(page, fact, smsc_fact(bearer->smsc, fact));
        end(page, 1);
    }
}

static void put_smsc_state(const struct page *page)
{
    EACH_BEARER(page, bearer)
    for (enum smsc_state state = SMSC_CONNECTING; state <= SMSC_DEAD; state++) {
        begin(page);
        label(page, true, "smsc", bearer->key);
        label(page, false, "state", smsc_state_name(state));
        end(page, smsc_state(bearer->smsc) == state);
    }
}

static void put_smsc_online_seconds(const struct page *page)
{
    EACH_BEARER(page, bearer)
    of_bearer(page, bearer, smsc_online_seconds(bearer->smsc));
}

static void put_smsc_sms_received_total(const struct page *page)
{
    EACH_BEARER(page, bearer)
    of_bearer(page, bearer, (int64_t)bearer->sms_received.total);
}

static void put_smsc_sms_sent_total(const struct page *page)
{
    EACH_BEARER(page, bearer)
    of_bearer(page, bearer, (int64_t)bearer->sms_sent.total);
}

static void put_smsc_dlr_received_total(const struct page *page)
{
    EACH_BEARER(page, bearer)
    of_bearer(page, bearer, (int64_t)bearer->dlr_received.total);
}

static void put_smsc_dlr_sent_total(const struct page *page)
{
    EACH_BEARER(page, bearer)
    of_bearer(page, bearer, (int64_t)bearer->dlr_sent.total);
}

static void put_smsc_failed_total(const struct page *page)
{
    EACH_BEARER(page, bearer)
    of_bearer(page, bearer, (int64_t)bearer->failed);
}

static void put_smsc_queued(const struct page *page)
{
    EACH_BEARER(page, bearer)
    of_bearer(page, bearer, dispatch_queue(bearer).messages);
}

static void put_smsc_oldest_seconds(const struct page *page)
{
    EACH_BEARER(page, bearer)
    of_bearer(page, bearer, dispatch_queue(bearer).oldest_s);
}

/* A number as the format wants it: `-73`, `12.50`. */
static bool is_number(const char *text)
{
    struct slice value = slice_str(text);
    size_t point = slice_find(value, '.', 0);
    long whole, fraction = 0;

    return slice_to_number(slice_sub(value, 0, point), -999999999, 999999999, &whole) &&
           (point == value.len ||
            (value.data[point + 1] != '-' && value.data[point + 1] != '+' &&
             slice_to_number(slice_sub(value, point + 1, value.len), 0, 999999999, &fraction)));
}

static void put_measure(const struct page *page, enum smsc_fact fact)
{
    EACH_BEARER(page, bearer)
    {
        const char *value = smsc_fact(bearer->smsc, fact);

        if (!is_number(value))
            continue;
        begin(page);
        label(page, true, "smsc", bearer->key);
        bytes_printf(page->to, "} %s\n", value);
    }
}

static void put_smsc_signal_dbm(const struct page *page)
{
    put_measure(page, SMSC_FACT_SIGNAL);
}

static void put_smsc_balance(const struct page *page)
{
    put_measure(page, SMSC_FACT_BALANCE);
}

static void put_smsc_events_total(const struct page *page)
{
    EACH_BEARER(page, bearer)
    for (enum smsc_tally tally = 0; tally < SMSC_TALLIES; tally++) {
        begin(page);
        label(page, true, "smsc", bearer->key);
        label(page, false, "event", smsc_tally_name(tally));
        end(page, (int64_t)smsc_tally(bearer->smsc, tally));
    }
}

/* --- the page --------------------------------------------------------------------------------- */

static const struct {
    const char *name, *type, *help;
    void (*put)(const struct page *page);
} metrics[] = {
#define METRIC(symbol, type, help) {#symbol, #type, help, put_##symbol},
#include "gw/bearerbox/metrics_table.def"
};

void exposition_print(const struct gateway *gateway, struct bytes *to)
{
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        struct page page = {gateway, to, metrics[i].name};

        bytes_printf(to, "# HELP kantele_%s %s\n# TYPE kantele_%s %s\n", metrics[i].name,
                     metrics[i].help, metrics[i].name, metrics[i].type);
        metrics[i].put(&page);
    }
}
