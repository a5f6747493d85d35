/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callbacks - see callbacks.h.
 */
#include "gw/smsbox/callbacks.h"

#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "gw/smsbox/escapes.h"
#include "gwlib/log.h"

/* Of the message, else of the user or service that it names; NULL without. To
 * be freed. */
static char *url_pattern(const struct callbacks *callbacks, const struct sms *sms)
{
    if (sms->dlr_url.len > 0)
        return slice_to_str(sms->dlr_url);
    const struct user *user = users_by_name(callbacks->users, sms->service);
    if (user != NULL && user->dlr_url != NULL)
        return slice_to_str(slice_str(user->dlr_url));
    const struct service *service = services_by_name(callbacks->services, sms->service);
    return service != NULL ? slice_to_str(slice_str(service->dlr_url)) : NULL;
}

static void on_answer(const struct http_answer *answer, void *arg)
{
    struct job *job = arg;
    bool taken = answer->status != 0 && answer->status < 500;
    job_finish(job, taken ? ACK_SUCCESS : ACK_FAILED_TEMPORARY);
}

static void fetch(struct callbacks *callbacks, struct job *job, const char *pattern)
{
    struct bytes url = {0};
    struct escapes escapes = escapes_begin(job_sms(job), slice_unset(), true, (int64_t)time(NULL));
    escapes_expand(&escapes, pattern, &url);
    struct http_request request = {.url = bytes_str(&url)};
    fetch_start(callbacks->fetcher, &request, on_answer, job);
    bytes_free(&url);
}

static bool is_http(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

void callbacks_start(struct callbacks *callbacks, struct job *job)
{
    const struct sms *sms = job_sms(job);
    log_info("Starting delivery report <%.*s> from <%.*s>", (int)sms->service.len,
             sms->service.len > 0 ? (const char *)sms->service.data : "", (int)sms->sender.len,
             sms->sender.len > 0 ? (const char *)sms->sender.data : "");
    char *pattern = url_pattern(callbacks, sms);
    if (pattern != NULL && is_http(pattern)) {
        fetch(callbacks, job, pattern);
    } else {
        if (pattern != NULL)
            log_error("dlr-url <%s> is no URL with http:// or https://, the report goes nowhere",
                      pattern);
        job_finish(job, ACK_SUCCESS);
    }
    free(pattern);
}
