/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name resolution: see net_resolve.h. A lookup is freed by whoever sees it
 * last: by the loop when the result arrives there, by the thread when it finds
 * that nobody wants the result. After a cancellation the thread does not touch
 * the loop, which may be gone.
 */
#include "gwlib/net_resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gwlib/memory.h"

#define RESOLVER_STACK ((size_t)512 * 1024)

struct net_lookup {
    struct loop *loop;
    char *host;
    char port[12];
    net_lookup_fn *fn;
    void *arg;
    pthread_mutex_t lock; /* guards cancelled against the thread */
    bool cancelled;
    int error; /* of getaddrinfo() */
    struct addrinfo *addresses;
};

static void lookup_free(struct net_lookup *lookup)
{
    if (lookup->addresses != NULL)
        freeaddrinfo(lookup->addresses);
    pthread_mutex_destroy(&lookup->lock);
    free(lookup->host);
    free(lookup);
}

/* On the loop: the result is there. */
static void lookup_deliver(void *arg)
{
    struct net_lookup *lookup = arg;
    struct addrinfo *addresses = lookup->addresses;

    /* The thread posted us with the lock held; let it leave. */
    pthread_mutex_lock(&lookup->lock);
    pthread_mutex_unlock(&lookup->lock);
    if (!lookup->cancelled) {
        lookup->addresses = NULL;
        lookup->fn(addresses, addresses == NULL ? gai_strerror(lookup->error) : NULL, lookup->arg);
    }
    lookup_free(lookup);
}

static void lookup_ask(struct net_lookup *lookup, int flags)
{
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICSERV | flags, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    lookup->error = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->addresses);
    if (lookup->error != 0)
        lookup->addresses = NULL;
}

static void *lookup_thread(void *arg)
{
    struct net_lookup *lookup = arg;
    bool unwanted;

    lookup_ask(lookup, 0);
    pthread_mutex_lock(&lookup->lock);
    unwanted = lookup->cancelled;
    if (!unwanted)
        loop_post(lookup->loop, lookup_deliver, lookup);
    pthread_mutex_unlock(&lookup->lock);
    if (unwanted)
        lookup_free(lookup);
    return NULL;
}

/* Signals are the loop's business: the thread gets none. */
static bool start_thread(struct net_lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int failed;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, RESOLVER_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread, &attributes, lookup_thread, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return !failed;
}

struct net_lookup *net_lookup_start(struct loop *loop, const char *host, int port,
                                    net_lookup_fn *fn, void *arg)
{
    struct net_lookup *lookup = memory_zalloc(1, sizeof(*lookup));

    lookup->loop = loop;
    lookup->host = memory_strdup(host);
    lookup->fn = fn;
    lookup->arg = arg;
    snprintf(lookup->port, sizeof(lookup->port), "%d", port);
    pthread_mutex_init(&lookup->lock, NULL);

    lookup_ask(lookup, AI_NUMERICHOST);
    if (lookup->error == EAI_NONAME && start_thread(lookup))
        return lookup;
    loop_post(loop, lookup_deliver, lookup);
    return lookup;
}

void net_lookup_cancel(struct net_lookup *lookup)
{
    if (lookup == NULL)
        return;
    pthread_mutex_lock(&lookup->lock);
    lookup->cancelled = true;
    pthread_mutex_unlock(&lookup->lock);
}
