/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gwtool.c - load generators, peers and sinks for the gateway benchmark.
 *
 * One single-threaded epoll program with sub-commands, so that nothing but a
 * C compiler is needed:
 *
 *   gwtool httpload  closed- or open-loop HTTP GET client, keep-alive
 *   gwtool peer      client side of the "smsc = fake" line protocol
 *   gwtool smppsim   SMPP 3.4 SMSC: submit_sm sink, receipts, MO source
 *   gwtool modems    GSM modems on pseudo terminals that answer at once
 *   gwtool sink      HTTP server that answers every request with a short text
 *   gwtool lim-*     physical limits of the machine
 *
 * Live counters are kept in a shared mmap()ed file (-S FILE) of 64-bit words
 * that the harness reads while the program runs:
 *   0 ready  1 received  2 first rx ns  3 last rx ns  4 sent  5 first tx ns
 *   6 last tx ns  7 errors  8 connections now  9 acknowledged  10 receipts sent
 *   11 receipts acknowledged  12 unexpected/duplicated
 * Times are CLOCK_MONOTONIC nanoseconds.  A summary is printed as one JSON
 * object on stdout at the end (SIGTERM/SIGINT ends peers and sinks).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
enum { S_READY, S_RX, S_RX0, S_RX1, S_TX, S_TX0, S_TX1, S_ERR, S_CONN, S_ACK,
       S_DLR, S_DLRACK, S_ODD, S_MAX = 32 };
static uint64_t stats_local[S_MAX], *st = stats_local;
static volatile sig_atomic_t stop_flag;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}
static void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, " (%s)\n", strerror(errno));
    exit(2);
}
static void *xrealloc(void *p, size_t n)
{
    p = realloc(p, n);
    if (!p) die("out of memory");
    return p;
}
static void on_stop(int s) { (void)s; stop_flag = 1; }
static void setup(const char *statfile)
{
    struct sigaction sa = { .sa_handler = on_stop };
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (statfile) {
        int fd = open(statfile, O_RDWR | O_CREAT | O_TRUNC, 0600);
        if (fd < 0 || ftruncate(fd, sizeof stats_local)) die("stats %s", statfile);
        st = mmap(NULL, sizeof stats_local, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (st == MAP_FAILED) die("mmap");
        close(fd);
    }
}
static void mark_rx(void) { uint64_t t = now_ns(); if (!st[S_RX]) st[S_RX0] = t; st[S_RX1] = t; }
static void mark_tx(void) { uint64_t t = now_ns(); if (!st[S_TX]) st[S_TX0] = t; st[S_TX1] = t; }

/* growing byte buffer with a read offset */
struct buf { char *p; size_t off, len, cap; };
static void buf_room(struct buf *b, size_t n)
{
    if (b->off && (b->off == b->len || b->cap - b->len < n)) {
        memmove(b->p, b->p + b->off, b->len - b->off);
        b->len -= b->off;
        b->off = 0;
    }
    if (b->cap - b->len < n) {
        b->cap = (b->len + n) * 2 < 4096 ? 4096 : (b->len + n) * 2;
        b->p = xrealloc(b->p, b->cap);
    }
}
static void buf_add(struct buf *b, const void *d, size_t n)
{
    buf_room(b, n);
    memcpy(b->p + b->len, d, n);
    b->len += n;
}
static void buf_reset(struct buf *b) { b->off = b->len = 0; }
/* read all there is; 0 = would block, -1 = closed or broken */
static int buf_fill(int fd, struct buf *b)
{
    for (;;) {
        buf_room(b, 65536);
        ssize_t n = read(fd, b->p + b->len, b->cap - b->len - 1);
        if (n > 0) {
            b->len += n;
            if ((size_t)n < 60000) return 0;
        } else if (n == 0)
            return -1;
        else if (errno == EINTR)
            continue;
        else
            return errno == EAGAIN ? 0 : -1;
    }
}
static int buf_flush(int fd, struct buf *b)
{
    while (b->off < b->len) {
        ssize_t n = write(fd, b->p + b->off, b->len - b->off);
        if (n > 0) b->off += n;
        else if (n < 0 && errno == EINTR) continue;
        else return (n < 0 && errno == EAGAIN) ? 1 : -1;
    }
    buf_reset(b);
    return 0;
}

/* growing vector of ids, written as text at the end */
struct vec { uint64_t *v; size_t n, cap; };
static void vec_add(struct vec *v, uint64_t x)
{
    if (v->n == v->cap) v->v = xrealloc(v->v, (v->cap = v->cap ? v->cap * 2 : 4096) * 8);
    v->v[v->n++] = x;
}
static void vec_dump(struct vec *v, const char *file)
{
    if (!file) return;
    FILE *f = fopen(file, "w");
    if (!f) die("%s", file);
    for (size_t i = 0; i < v->n; i++) fprintf(f, "%llu\n", (unsigned long long)v->v[i]);
    fclose(f);
}

static void nonblock(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }
static void nodelay(int fd) { int one = 1; setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); }
static int tcp_connect(int port, int blocking)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);
    if (fd < 0) die("socket");
    nodelay(fd);
    /* not blocking: a refusal on loopback is known at once, a full accept
     * queue (SYN dropped) is not, and shows up as a late EPOLLOUT */
    if (connect(fd, (struct sockaddr *)&a, sizeof a) && errno != EINPROGRESS) { close(fd); return -1; }
    return fd;
}
static int tcp_listen(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1024)) die("listen %d", port);
    return fd;
}
static int ep_new(void) { int e = epoll_create1(EPOLL_CLOEXEC); if (e < 0) die("epoll"); return e; }
static void ep_set(int ep, int op, int fd, uint32_t events, void *ptr)
{
    struct epoll_event ev = { .events = events, .data.ptr = ptr };
    epoll_ctl(ep, op, fd, &ev);
}
static int cmp_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}
struct lat { uint32_t *us; size_t n, cap; };
static void lat_add(struct lat *l, uint64_t ns)
{
    if (l->n == l->cap) l->us = xrealloc(l->us, (l->cap = l->cap ? l->cap * 2 : 65536) * 4);
    l->us[l->n++] = ns / 1000 > 0xffffffffu ? 0xffffffffu : ns / 1000;
}
static void lat_print(struct lat *l)
{
    qsort(l->us, l->n, 4, cmp_u32);
#define PCT(q) (l->n ? l->us[(size_t)((l->n - 1) * (q))] : 0)
    printf("\"p50_us\":%u,\"p90_us\":%u,\"p99_us\":%u,\"p999_us\":%u,\"max_us\":%u",
           PCT(.50), PCT(.90), PCT(.99), PCT(.999), PCT(1.0));
}

/* ------------------------------------------------------------------ httpload */
struct hc { int fd, busy, close_after; uint64_t id, t0, retry_at; struct buf in, out; };

/* 1 = a complete response is at the head of the buffer */
static int http_parse(struct buf *b, int *status, char **body, size_t *blen, int *closing, size_t *used)
{
    char *s = b->p + b->off, *e;
    size_t n = b->len - b->off;
    if (n < 12) return 0;
    b->p[b->len] = 0;
    if (!(e = memmem(s, n, "\r\n\r\n", 4))) return 0;
    *status = atoi(s + 9);
    *closing = !strncmp(s, "HTTP/1.0", 8);
    long cl = -1;
    for (char *h = memchr(s, '\n', n); h && h < e; h = memchr(h, '\n', e - h + 2)) {
        h++;
        if (!strncasecmp(h, "Content-Length:", 15)) cl = atol(h + 15);
        else if (!strncasecmp(h, "Connection: close", 17)) *closing = 1;
        else if (!strncasecmp(h, "Connection: keep", 16)) *closing = 0;
    }
    e += 4;
    if (cl < 0) cl = 0;
    if (s + n < e + cl) return 0;
    *body = e;
    *blen = cl;
    *used = e + cl - s;
    return 1;
}

static int cmd_httpload(int argc, char **argv)
{
    int port = 0, conns = 1, o, secs = 60, maxerr = 0, closing_mode = 0;
    uint64_t count = 1000, id0 = 1, rate = 0;
    const char *path = "/", *statf = NULL, *okf = NULL, *allf = NULL;
    while ((o = getopt(argc, argv, "p:c:n:t:u:i:o:O:S:R:x:k")) != -1) switch (o) {
        case 'p': port = atoi(optarg); break;
        case 'c': conns = atoi(optarg); break;
        case 'n': count = strtoull(optarg, 0, 10); break;
        case 't': secs = atoi(optarg); break;
        case 'u': path = optarg; break;
        case 'i': id0 = strtoull(optarg, 0, 10); break;
        case 'o': okf = optarg; break;
        case 'O': allf = optarg; break;
        case 'S': statf = optarg; break;
        case 'R': rate = strtoull(optarg, 0, 10); break;
        case 'x': maxerr = atoi(optarg); break;
        case 'k': closing_mode = 1; break;   /* a new connection per request */
        default: return 2;
    }
    setup(statf);
    int ep = ep_new();
    struct hc *c = calloc(conns, sizeof *c);
    struct lat lat = {0};
    struct vec ok = {0}, all = {0};
    uint64_t next = id0, last = id0 + count, done = 0, accepted = 0, queued = 0, rejected = 0, errors = 0;
    uint64_t statuses[6] = {0};
    uint64_t start = now_ns(), deadline = start + (uint64_t)secs * 1000000000ull, end = start;
    int inflight = 0;
    char req[8192], sample[160] = "";
    for (int i = 0; i < conns; i++) c[i].fd = -1;
    /* connect everything at once, outside the timed part */
    if (!closing_mode) {
        for (int i = 0; i < conns; i++)
            if ((c[i].fd = tcp_connect(port, 0)) >= 0) ep_set(ep, EPOLL_CTL_ADD, c[i].fd, EPOLLOUT, &c[i]);
        int left = 0;
        for (int i = 0; i < conns; i++) left += c[i].fd >= 0;
        while (left && !stop_flag && now_ns() - start < 10000000000ull) {
            struct epoll_event ev[64];
            int n = epoll_wait(ep, ev, 64, 100);
            for (int k = 0; k < n; k++) {
                struct hc *h = ev[k].data.ptr;
                left--;
                if (ev[k].events & (EPOLLERR | EPOLLHUP)) { close(h->fd); h->fd = -1; }
                else ep_set(ep, EPOLL_CTL_MOD, h->fd, EPOLLIN, h);
            }
        }
    }
    double connect_ms = (now_ns() - start) / 1e6;
    end = start = now_ns();
    deadline = start + (uint64_t)secs * 1000000000ull;
    st[S_READY] = 1;
    while (!stop_flag) {
        uint64_t t = now_ns();
        uint64_t wait_ns = 1000000000;
        if (t > deadline) break;
        if (next >= last && !inflight) break;
        if (maxerr && errors >= (uint64_t)maxerr) break;
        for (int i = 0; i < conns && next < last; i++) {
            if (c[i].busy) continue;
            if (rate) {
                uint64_t due = start + (next - id0) * 1000000000ull / rate;
                if (due > t) { if (due - t < wait_ns) wait_ns = due - t; break; }
            }
            if (c[i].fd < 0) {
                if (c[i].retry_at > t) { if (wait_ns > 20000000) wait_ns = 20000000; continue; }
                if ((c[i].fd = tcp_connect(port, 0)) < 0) {
                    errors++; st[S_ERR]++;
                    c[i].retry_at = t + 20000000;
                    if (wait_ns > 20000000) wait_ns = 20000000;
                    continue;
                }
                buf_reset(&c[i].in);
                buf_reset(&c[i].out);
                ep_set(ep, EPOLL_CTL_ADD, c[i].fd, EPOLLIN, &c[i]);
            }
            /* build the request: every {id} in the path is replaced */
            char *w = req, *we = req + sizeof req - 200;
            w += sprintf(w, "GET ");
            for (const char *s = path; *s && w < we;) {
                if (!strncmp(s, "{id}", 4)) { w += sprintf(w, "%llu", (unsigned long long)next); s += 4; }
                else *w++ = *s++;
            }
            w += sprintf(w, " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: %s\r\n\r\n", port,
                         closing_mode ? "close" : "keep-alive");
            c[i].id = next++;
            c[i].t0 = rate ? start + (c[i].id - id0) * 1000000000ull / rate : now_ns();
            c[i].busy = 1;
            inflight++;
            if (!st[S_TX]) st[S_TX0] = c[i].t0;
            st[S_TX1] = c[i].t0;
            st[S_TX]++;
            if (allf) vec_add(&all, c[i].id);
            buf_add(&c[i].out, req, w - req);
            int r = buf_flush(c[i].fd, &c[i].out);
            if (r == 1) ep_set(ep, EPOLL_CTL_MOD, c[i].fd, EPOLLIN | EPOLLOUT, &c[i]);
            /* a broken connection is noticed by the read side */
        }
        struct epoll_event ev[128];
        struct timespec ts = { wait_ns / 1000000000, wait_ns % 1000000000 };
        int n = epoll_pwait2(ep, ev, 128, &ts, NULL);
        for (int k = 0; k < n; k++) {
            struct hc *h = ev[k].data.ptr;
            if (ev[k].events & EPOLLOUT)
                if (buf_flush(h->fd, &h->out) != 1)
                    ep_set(ep, EPOLL_CTL_MOD, h->fd, EPOLLIN, h);
            if (!(ev[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
            int gone = buf_fill(h->fd, &h->in) < 0, status, closing = 0;
            char *body; size_t blen, used;
            if (h->busy && http_parse(&h->in, &status, &body, &blen, &closing, &used)) {
                uint64_t e = now_ns();
                end = e;
                lat_add(&lat, e - h->t0);
                done++;
                mark_rx();
                st[S_RX]++;
                h->busy = 0;
                inflight--;
                if (status >= 100 && status < 600) statuses[status / 100]++;
                if (status >= 200 && status < 300) {
                    accepted++;
                    st[S_ACK]++;
                    if (blen && body[0] == '3') queued++;
                    if (okf) vec_add(&ok, h->id);
                    if (!*sample) snprintf(sample, sizeof sample, "%d %.*s", status, (int)(blen < 60 ? blen : 60), body);
                } else {
                    rejected++;
                    snprintf(sample, sizeof sample, "%d %.*s", status, (int)(blen < 60 ? blen : 60), body);
                }
                h->in.off += used;
                if (h->in.off == h->in.len) buf_reset(&h->in);
            }
            if (gone || closing || (closing_mode && !h->busy)) {
                if (h->busy) { h->busy = 0; inflight--; errors++; st[S_ERR]++; }
                close(h->fd);
                h->fd = -1;
                h->retry_at = gone && !closing_mode ? now_ns() + 5000000 : 0;
            }
        }
    }
    vec_dump(&ok, okf);
    vec_dump(&all, allf);
    for (char *s = sample; *s; s++) if (*s == '"' || *s == '\\' || (unsigned char)*s < 32) *s = ' ';
    double wall = (end - start) / 1e9;
    printf("{\"connect_ms\":%.2f,\"requests\":%llu,\"answered\":%llu,\"accepted\":%llu,\"queued\":%llu,\"rejected\":%llu,\"errors\":%llu,"
           "\"unanswered\":%d,\"wall_s\":%.4f,\"rate\":%.1f,\"s2xx\":%llu,\"s4xx\":%llu,\"s5xx\":%llu,\"sample\":\"%s\",",
           connect_ms, (unsigned long long)(next - id0), (unsigned long long)done, (unsigned long long)accepted,
           (unsigned long long)queued, (unsigned long long)rejected, (unsigned long long)errors, inflight, wall,
           wall > 0 ? accepted / wall : 0.0, (unsigned long long)statuses[2],
           (unsigned long long)statuses[4], (unsigned long long)statuses[5], sample);
    lat_print(&lat);
    printf("}\n");
    return 0;
}

/* ---------------------------------------------------------------------- peer */
struct pc { int fd, port; uint64_t retry_at; struct buf in, out; };

static int cmd_peer(int argc, char **argv)
{
    int port = 0, nports = 1, o, window = 100;
    uint64_t mo_n = 0, mo_next = 1, id0 = 1;
    const char *statf = NULL, *logf = NULL, *delayf = NULL;
    while ((o = getopt(argc, argv, "p:k:m:w:L:S:i:g:")) != -1) switch (o) {
        case 'p': port = atoi(optarg); break;
        case 'k': nports = atoi(optarg); break;
        case 'm': mo_n = strtoull(optarg, 0, 10); break;
        case 'w': window = atoi(optarg); break;
        case 'L': logf = optarg; break;
        case 'S': statf = optarg; break;
        case 'i': id0 = strtoull(optarg, 0, 10); break;
        case 'g': delayf = optarg; break;   /* MO starts when this file exists */
        default: return 2;
    }
    setup(statf);
    int ep = ep_new();
    struct pc *c = calloc(nports, sizeof *c);
    struct vec log = {0};
    struct lat lat = {0};
    uint64_t *sent_at = mo_n ? calloc(mo_n + 1, 8) : NULL, replies = 0;
    mo_next = id0;
    for (int i = 0; i < nports; i++) { c[i].fd = -1; c[i].port = port + i; }
    while (!stop_flag) {
        uint64_t t = now_ns();
        int wait_ms = 500;
        for (int i = 0; i < nports; i++) if (c[i].fd < 0) {
            if (c[i].retry_at > t) { wait_ms = 20; continue; }
            c[i].fd = tcp_connect(c[i].port, 1);
            if (c[i].fd >= 0) nonblock(c[i].fd);
            if (c[i].fd < 0) { c[i].retry_at = t + 20000000; wait_ms = 20; continue; }
            buf_reset(&c[i].in);
            buf_reset(&c[i].out);
            ep_set(ep, EPOLL_CTL_ADD, c[i].fd, EPOLLIN, &c[i]);
            st[S_CONN]++;
        }
        if (mo_n && delayf) { if (access(delayf, F_OK) == 0) delayf = NULL; else wait_ms = 5; }
        /* keep at most `window' MO messages without a reply */
        if (mo_n && !delayf && c[0].fd >= 0 && mo_next < id0 + mo_n) {
            int put = 0;
            while (mo_next < id0 + mo_n && (mo_next - id0) - replies < (uint64_t)window) {
                char line[128];
                int n = sprintf(line, "46701234567 1000 text %llu\n", (unsigned long long)mo_next);
                buf_add(&c[0].out, line, n);
                sent_at[mo_next - id0] = now_ns();
                mark_tx();
                st[S_TX]++;
                mo_next++;
                put = 1;
            }
            if (put && buf_flush(c[0].fd, &c[0].out) == 1)
                ep_set(ep, EPOLL_CTL_MOD, c[0].fd, EPOLLIN | EPOLLOUT, &c[0]);
        }
        struct epoll_event ev[64];
        int n = epoll_wait(ep, ev, 64, wait_ms);
        for (int k = 0; k < n; k++) {
            struct pc *p = ev[k].data.ptr;
            if (ev[k].events & EPOLLOUT)
                if (buf_flush(p->fd, &p->out) != 1) ep_set(ep, EPOLL_CTL_MOD, p->fd, EPOLLIN, p);
            if (!(ev[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
            int gone = buf_fill(p->fd, &p->in) < 0;
            char *nl;
            while (p->in.off < p->in.len && (nl = memchr(p->in.p + p->in.off, '\n', p->in.len - p->in.off))) {
                *nl = 0;
                char *line = p->in.p + p->in.off, *sp = memrchr(line, ' ', nl - line);
                /* a text with a line break comes as several lines: count the first only */
                if (!sp) { p->in.off = nl + 1 - p->in.p; continue; }
                uint64_t id = sp ? strtoull(sp + 1 + strspn(sp + 1, "abcdefghijklmnopqrstuvwxyz"), 0, 10) : 0;
                mark_rx();
                st[S_RX]++;
                if (logf) vec_add(&log, id);
                if (mo_n) {
                    if (id >= id0 && id < id0 + mo_n && sent_at[id - id0]) {
                        lat_add(&lat, now_ns() - sent_at[id - id0]);
                        sent_at[id - id0] = 0;
                        replies++;
                    } else st[S_ODD]++;
                }
                p->in.off = nl + 1 - p->in.p;
            }
            if (p->in.off == p->in.len) buf_reset(&p->in);
            if (gone) {
                close(p->fd);
                p->fd = -1;
                p->retry_at = now_ns() + 20000000;
                st[S_CONN]--;
            }
        }
        st[S_READY] = 1;
    }
    vec_dump(&log, logf);
    printf("{\"received\":%llu,\"sent\":%llu,\"odd\":%llu,", (unsigned long long)st[S_RX],
           (unsigned long long)st[S_TX], (unsigned long long)st[S_ODD]);
    lat_print(&lat);
    printf("}\n");
    return 0;
}

/* ------------------------------------------------------------------- smppsim */
struct sc { int fd, rx, ep_out; uint32_t gen; uint64_t unacked; struct buf in, out; };
struct later { uint64_t due, msgno; uint32_t seq, gen; struct sc *conn; char src[24], dst[24]; };
struct ring { struct later *v; size_t head, n, cap; };
static void ring_add(struct ring *r, struct later *l)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 1024;
        struct later *v = xrealloc(NULL, cap * sizeof *v);
        for (size_t i = 0; i < r->n; i++) v[i] = r->v[(r->head + i) % r->cap];
        free(r->v);
        r->v = v;
        r->head = 0;
        r->cap = cap;
    }
    r->v[(r->head + r->n++) % r->cap] = *l;
}
static uint32_t get32(const char *p) { uint32_t x; memcpy(&x, p, 4); return ntohl(x); }
static void put32(char *p, uint32_t x) { x = htonl(x); memcpy(p, &x, 4); }
static void pdu_hdr(char *p, uint32_t len, uint32_t cmd, uint32_t status, uint32_t seq)
{
    put32(p, len); put32(p + 4, cmd); put32(p + 8, status); put32(p + 12, seq);
}
static void smpp_deliver(struct sc *c, uint32_t seq, const char *src, const char *dst, int esm, const char *text, int tlen)
{
    char p[512], *w = p + 16;
    *w++ = 0;
    *w++ = strlen(src) < 7 ? 0 : 1; *w++ = 1; w = stpcpy(w, src) + 1;
    *w++ = strlen(dst) < 7 ? 0 : 1; *w++ = 1; w = stpcpy(w, dst) + 1;   /* a short code is not international */
    *w++ = esm; *w++ = 0; *w++ = 0; *w++ = 0; *w++ = 0; *w++ = 0; *w++ = 0; *w++ = 0; *w++ = 0;
    *w++ = tlen;
    memcpy(w, text, tlen);
    w += tlen;
    pdu_hdr(p, w - p, 5, 0, seq);
    buf_add(&c->out, p, w - p);
}
#define DLR_SEQ 0x40000000u
#define OPEN_RECEIPTS 1000
/* Receipts without an answer: sent again when the connection was lost or the
 * answer was bad, as SMSCs do (-r). */
static struct { struct later v[OPEN_RECEIPTS]; size_t n; } unheard;
static void receipt_answered(uint32_t seq, uint32_t status, struct ring *dlr)
{
    for (size_t i = 0; i < unheard.n; i++) {
        if ((DLR_SEQ | (unheard.v[i].msgno & 0x3fffffff)) != seq) continue;
        if (status) { unheard.v[i].due = now_ns() + 100000000; ring_add(dlr, &unheard.v[i]); }
        memmove(&unheard.v[i], &unheard.v[i + 1], (--unheard.n - i) * sizeof unheard.v[0]);
        return;
    }
}
static void receipts_unheard(struct ring *dlr)
{
    for (size_t i = 0; i < unheard.n; i++) ring_add(dlr, &unheard.v[i]);
    unheard.n = 0;
}

static int cmd_smppsim(int argc, char **argv)
{
    int port = 0, o, window = 50, want_dlr = 0;
    uint64_t mo_n = 0, id0 = 1, delay_ms = 0, dlr_ms = 0, no_dlr = 0;
    int quickack = 0, repeat = 0;
    const char *statf = NULL, *logf = NULL, *ackf = NULL, *gate = NULL;
    while ((o = getopt(argc, argv, "p:m:w:L:A:S:i:g:d:D:N:qr")) != -1) switch (o) {
        case 'N': no_dlr = strtoull(optarg, 0, 10); break;   /* the first N receipts never come */
        case 'r': repeat = 1; break;                          /* receipts without an answer */
        case 'q': quickack = 1; break;                        /* do not delay TCP acknowledgements */
        case 'p': port = atoi(optarg); break;
        case 'm': mo_n = strtoull(optarg, 0, 10); break;
        case 'w': window = atoi(optarg); break;
        case 'L': logf = optarg; break;      /* ids of submitted messages */
        case 'A': ackf = optarg; break;      /* ids of MO messages acknowledged */
        case 'S': statf = optarg; break;
        case 'i': id0 = strtoull(optarg, 0, 10); break;
        case 'g': gate = optarg; break;
        case 'd': delay_ms = strtoull(optarg, 0, 10); break;  /* submit_sm_resp delay */
        case 'D': want_dlr = 1; dlr_ms = strtoull(optarg, 0, 10); break;
        default: return 2;
    }
    setup(statf);
    int ep = ep_new(), ls = tcp_listen(port);
    nonblock(ls);
    ep_set(ep, EPOLL_CTL_ADD, ls, EPOLLIN, NULL);
    struct ring resp = {0}, dlr = {0};
    struct vec log = {0}, acked = {0};
    static struct sc conns[256];
    for (int i = 0; i < 256; i++) conns[i].fd = -1;
    struct sc *rxc = NULL;
    uint64_t mo_next = id0, msgno = 0, mo_open = 0, dlr_open = 0;
    uint32_t nack = 0;
    st[S_READY] = 1;
    while (!stop_flag) {
        uint64_t t = now_ns();
        int wait_ms = 500;
        if (gate) { if (access(gate, F_OK) == 0) gate = NULL; else wait_ms = 5; }
        /* responses whose time has come */
        while (resp.n && resp.v[resp.head].due <= t) {
            struct later *l = &resp.v[resp.head];
            if (l->conn->fd >= 0 && l->conn->gen == l->gen) {
                char p[40];
                int n = sprintf(p + 16, "%08llX", (unsigned long long)l->msgno) + 1;
                pdu_hdr(p, 16 + n, 0x80000004u, 0, l->seq);
                buf_add(&l->conn->out, p, 16 + n);
            }
            resp.head = (resp.head + 1) % resp.cap;
            resp.n--;
        }
        if (resp.n) { int64_t ms = (resp.v[resp.head].due - t) / 1000000 + 1; if (ms < wait_ms) wait_ms = ms; }
        while (dlr.n && dlr.v[dlr.head].due <= t && rxc && dlr_open < 1000) {
            struct later *l = &dlr.v[dlr.head];
            char txt[200];
            int n = sprintf(txt, "id:%08llX sub:001 dlvrd:001 submit date:2611210000 done date:2611210000 stat:DELIVRD err:000 text:-",
                            (unsigned long long)l->msgno);
            smpp_deliver(rxc, DLR_SEQ | (l->msgno & 0x3fffffff), l->dst, l->src, 4, txt, n);
            st[S_DLR]++;
            dlr_open++;
            if (repeat && unheard.n < OPEN_RECEIPTS) unheard.v[unheard.n++] = *l;
            dlr.head = (dlr.head + 1) % dlr.cap;
            dlr.n--;
        }
        if (dlr.n && dlr_open < 1000) { int64_t ms = dlr.v[dlr.head].due > t ? (dlr.v[dlr.head].due - t) / 1000000 + 1 : 1; if (ms < wait_ms) wait_ms = ms; }
        if (mo_n && !gate && rxc) while (mo_next < id0 + mo_n && mo_open < (uint64_t)window) {
            char txt[32], from[32];
            int n = sprintf(txt, "%llu", (unsigned long long)mo_next);
            sprintf(from, "4670%llu", (unsigned long long)mo_next);
            smpp_deliver(rxc, (uint32_t)mo_next, from, "1000", 0, txt, n);
            mark_tx();
            st[S_TX]++;
            mo_next++;
            mo_open++;
        }
        for (int i = 0; i < 256; i++) if (conns[i].fd >= 0 && conns[i].out.len) {
            int r = buf_flush(conns[i].fd, &conns[i].out);
            if ((r == 1) != conns[i].ep_out) {
                conns[i].ep_out = r == 1;
                ep_set(ep, EPOLL_CTL_MOD, conns[i].fd, EPOLLIN | (r == 1 ? EPOLLOUT : 0), &conns[i]);
            }
        }
        struct epoll_event ev[64];
        int n = epoll_wait(ep, ev, 64, wait_ms);
        for (int k = 0; k < n; k++) {
            struct sc *c = ev[k].data.ptr;
            if (!c) {
                int fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd < 0) continue;
                nodelay(fd);
                for (int i = 0; i < 256; i++) if (conns[i].fd < 0) { c = &conns[i]; break; }
                if (!c) { close(fd); continue; }
                c->fd = fd; c->rx = 0; c->gen++; c->ep_out = 0;
                buf_reset(&c->in);
                buf_reset(&c->out);
                ep_set(ep, EPOLL_CTL_ADD, fd, EPOLLIN, c);
                st[S_CONN]++;
                continue;
            }
            if (c->fd < 0 || !(ev[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
            int gone = buf_fill(c->fd, &c->in) < 0;
            if (quickack) { int one = 1; setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one); }
            for (;;) {
                size_t have = c->in.len - c->in.off;
                char *p = c->in.p + c->in.off;
                if (have < 16) break;
                uint32_t len = get32(p), cmd = get32(p + 4), status = get32(p + 8), seq = get32(p + 12);
                if (len < 16 || len > 65536) { gone = 1; st[S_ERR]++; break; }
                if (have < len) break;
                char r[64];
                switch (cmd) {
                case 1: case 2: case 9:
                    strcpy(r + 16, "gwsim");
                    pdu_hdr(r, 22, cmd | 0x80000000u, 0, seq);
                    buf_add(&c->out, r, 22);
                    if (cmd != 2) { c->rx = 1; rxc = c; mo_open = 0; dlr_open = 0; }
                    break;
                case 6: case 0x15:
                    pdu_hdr(r, 16, cmd | 0x80000000u, 0, seq);
                    buf_add(&c->out, r, 16);
                    break;
                case 4: {
                    struct later l = { .seq = seq, .gen = c->gen, .conn = c, .msgno = ++msgno };
                    char *e = p + len, *q = p + 16;
                    q += strnlen(q, e - q) + 1;
                    q += 2; snprintf(l.src, sizeof l.src, "%s", q); q += strnlen(q, e - q) + 1;
                    q += 2; snprintf(l.dst, sizeof l.dst, "%s", q); q += strnlen(q, e - q) + 1;
                    q += 3; q += strnlen(q, e - q) + 1; q += strnlen(q, e - q) + 1;
                    int reg = q < e ? *q : 0;
                    q += 4;
                    int slen = q < e ? (unsigned char)*q : 0;
                    q++;
                    mark_rx();
                    st[S_RX]++;
                    if (logf) {
                        char txt[300];
                        snprintf(txt, sizeof txt, "%.*s", slen, q);
                        char *sp = strrchr(txt, ' ');
                        sp = sp ? sp + 1 : txt;
                        vec_add(&log, strtoull(sp + strspn(sp, "abcdefghijklmnopqrstuvwxyz"), 0, 10));
                    }
                    l.due = delay_ms ? now_ns() + delay_ms * 1000000 : 0;
                    ring_add(&resp, &l);
                    if (want_dlr && (reg & 1) && no_dlr) no_dlr--;
                    else if (want_dlr && (reg & 1)) {
                        l.due = now_ns() + (dlr_ms + delay_ms) * 1000000;
                        ring_add(&dlr, &l);
                    }
                    break;
                }
                case 0x80000005u:
                    if (seq & DLR_SEQ) { st[S_DLRACK] += status == 0; if (dlr_open) dlr_open--; receipt_answered(seq, status, &dlr); }
                    else {
                        if (mo_open) mo_open--;
                        if (status == 0) { st[S_ACK]++; if (ackf) vec_add(&acked, seq); }
                        else { st[S_ERR]++; nack = status; }
                    }
                    break;
                default:
                    break;
                }
                c->in.off += len;
            }
            if (c->in.off == c->in.len) buf_reset(&c->in);
            if (gone) {
                close(c->fd);
                c->fd = -1;
                c->gen++;
                st[S_CONN]--;
                if (rxc == c) { rxc = NULL; receipts_unheard(&dlr); dlr_open = 0; for (int i = 0; i < 256; i++) if (conns[i].fd >= 0 && conns[i].rx) rxc = &conns[i]; }
            }
        }
    }
    vec_dump(&log, logf);
    vec_dump(&acked, ackf);
    printf("{\"submits\":%llu,\"mo_sent\":%llu,\"mo_acked\":%llu,\"receipts\":%llu,\"receipts_acked\":%llu,\"errors\":%llu,\"last_nack\":%u}\n",
           (unsigned long long)st[S_RX], (unsigned long long)st[S_TX], (unsigned long long)st[S_ACK],
           (unsigned long long)st[S_DLR], (unsigned long long)st[S_DLRACK], (unsigned long long)st[S_ERR], nack);
    return 0;
}

/* ---------------------------------------------------------------------- sink */
struct kc { int fd, ep_out; struct buf in, out; };
static int cmd_sink(int argc, char **argv)
{
    int port = 0, o, echo = 0;
    const char *statf = NULL, *logf = NULL, *body = "ok";
    while ((o = getopt(argc, argv, "p:b:L:S:e")) != -1) switch (o) {
        case 'p': port = atoi(optarg); break;
        case 'b': body = optarg; break;
        case 'L': logf = optarg; break;
        case 'S': statf = optarg; break;
        case 'e': echo = 1; break;          /* answer with the id= value */
        default: return 2;
    }
    setup(statf);
    int ep = ep_new(), ls = tcp_listen(port);
    nonblock(ls);
    ep_set(ep, EPOLL_CTL_ADD, ls, EPOLLIN, NULL);
    struct vec log = {0};
    st[S_READY] = 1;
    while (!stop_flag) {
        struct epoll_event ev[128];
        int n = epoll_wait(ep, ev, 128, 500);
        for (int k = 0; k < n; k++) {
            struct kc *c = ev[k].data.ptr;
            if (!c) {
                int fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd < 0) continue;
                nodelay(fd);
                c = calloc(1, sizeof *c);
                c->fd = fd;
                ep_set(ep, EPOLL_CTL_ADD, fd, EPOLLIN, c);
                st[S_CONN]++;
                st[S_DLR]++;                /* connections ever */
                continue;
            }
            int gone = 0;
            if (ev[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) gone = buf_fill(c->fd, &c->in) < 0;
            char *s, *e;
            while (c->in.off < c->in.len && (c->in.p[c->in.len] = 0, s = c->in.p + c->in.off,
                   e = memmem(s, c->in.len - c->in.off, "\r\n\r\n", 4))) {
                long cl = 0;
                int close_it = 0;
                for (char *h = strchr(s, '\n'); h && h < e; h = strchr(h, '\n')) {
                    h++;
                    if (!strncasecmp(h, "Content-Length:", 15)) cl = atol(h + 15);
                    if (!strncasecmp(h, "Connection: close", 17)) close_it = 1;
                }
                if (e + 4 + cl > c->in.p + c->in.len) break;
                uint64_t id = 0;
                char *eol = strchr(s, '\r'), *q = memmem(s, eol - s, "id=", 3);
                if (q) { q += 3; q += strspn(q, "abcdefghijklmnopqrstuvwxyz+"); id = strtoull(q, 0, 10); }
                mark_rx();
                st[S_RX]++;
                if (logf) vec_add(&log, id);
                char r[256], b[64];
                int bl = echo ? sprintf(b, "%llu", (unsigned long long)id) : snprintf(b, sizeof b, "%s", body);
                int rl = sprintf(r, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n%s\r\n%s",
                                 bl, close_it ? "Connection: close\r\n" : "", b);
                buf_add(&c->out, r, rl);
                c->in.off = e + 4 + cl - c->in.p;
                if (close_it) gone = 2;
            }
            if (c->in.off == c->in.len) buf_reset(&c->in);
            int r = gone == 1 ? 0 : buf_flush(c->fd, &c->out);
            if (r < 0) gone = 1;
            if (gone) { close(c->fd); free(c->in.p); free(c->out.p); free(c); st[S_CONN]--; continue; }
            if ((r == 1) != c->ep_out) {
                c->ep_out = r == 1;
                ep_set(ep, EPOLL_CTL_MOD, c->fd, EPOLLIN | (r == 1 ? EPOLLOUT : 0), c);
            }
        }
    }
    vec_dump(&log, logf);
    printf("{\"received\":%llu,\"connections\":%llu}\n", (unsigned long long)st[S_RX], (unsigned long long)st[S_DLR]);
    return 0;
}

/* -------------------------------------------------------------------- limits */
static double bench_sync(const char *file, int bytes, int per_sync, double secs, int mode)
{
    int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | (mode == 2 ? O_DSYNC : 0), 0600);
    if (fd < 0) die("%s", file);
    char b[65536];
    memset(b, 'x', sizeof b);
    if (mode == 3) { for (int i = 0; i < 512; i++) if (write(fd, b, sizeof b) < 0) die("write"); fsync(fd); lseek(fd, 0, SEEK_SET); }
    uint64_t t0 = now_ns(), end = t0 + secs * 1e9, n = 0, t;
    do {
        for (int i = 0; i < per_sync; i++) { if (write(fd, b, bytes) != bytes) die("write"); n++; }
        if (mode == 1 || mode == 3) fdatasync(fd);
        t = now_ns();
    } while (t < end && n * bytes < 30u << 20);
    close(fd);
    unlink(file);
    return n / ((t - t0) / 1e9);
}
static int tcp_pair(int sv[2])
{
    int ls = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t al = sizeof a;
    if (bind(ls, (void *)&a, al) || listen(ls, 1) || getsockname(ls, (void *)&a, &al)) die("pair");
    sv[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(sv[0], (void *)&a, al)) die("connect");
    sv[1] = accept(ls, NULL, NULL);
    close(ls);
    nodelay(sv[0]);
    nodelay(sv[1]);
    return 0;
}
static int echo_fd;
static void *echo_main(void *x)
{
    char b[65536];
    ssize_t n;
    (void)x;
    while ((n = read(echo_fd, b, sizeof b)) > 0) if (write(echo_fd, b, n) != n) break;
    return NULL;
}
static int cmd_limits(int argc, char **argv)
{
    int o;
    const char *dir = ".";
    while ((o = getopt(argc, argv, "d:")) != -1) { if (o == 'd') dir = optarg; else return 2; }
    char f[512];
    snprintf(f, sizeof f, "%s/gwtool.limits.%d", dir, (int)getpid());
    printf("{\"write_200B_per_s\":%.0f", bench_sync(f, 200, 1, 2, 0));
    printf(",\"write_fdatasync_append_200B_per_s\":%.0f", bench_sync(f, 200, 1, 3, 1));
    printf(",\"fdatasync_every_16_msgs_per_s\":%.0f", bench_sync(f, 200, 16, 3, 1));
    printf(",\"fdatasync_every_64_msgs_per_s\":%.0f", bench_sync(f, 200, 64, 3, 1));
    printf(",\"fdatasync_every_256_msgs_per_s\":%.0f", bench_sync(f, 200, 256, 3, 1));
    printf(",\"fdatasync_preallocated_200B_per_s\":%.0f", bench_sync(f, 200, 1, 3, 3));
    printf(",\"o_dsync_append_200B_per_s\":%.0f", bench_sync(f, 200, 1, 3, 2));
    /* create + write + close + unlink, as a spool directory does */
    uint64_t t0 = now_ns(), n = 0;
    char b[200];
    memset(b, 'x', sizeof b);
    while (now_ns() - t0 < 2000000000ull) {
        int fd = open(f, O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (fd < 0 || write(fd, b, sizeof b) < 0) die("spool");
        close(fd);
        unlink(f);
        n++;
    }
    printf(",\"create_write_unlink_per_s\":%.0f", n / ((now_ns() - t0) / 1e9));
    int sv[2];
    tcp_pair(sv);
    echo_fd = sv[1];
    pthread_t th;
    pthread_create(&th, NULL, echo_main, NULL);
    t0 = now_ns(); n = 0;
    while (now_ns() - t0 < 2000000000ull) {
        if (write(sv[0], b, 100) != 100 || recv(sv[0], b, 100, MSG_WAITALL) != 100) die("pingpong");
        n++;
    }
    printf(",\"tcp_pingpong_100B_per_s\":%.0f", n / ((now_ns() - t0) / 1e9));
    /* batches of 16 messages of 100 bytes there and back */
    static char big[1600];
    t0 = now_ns(); n = 0;
    while (now_ns() - t0 < 2000000000ull) {
        if (write(sv[0], big, 1600) != 1600 || recv(sv[0], big, 1600, MSG_WAITALL) != 1600) die("batch");
        n += 16;
    }
    printf(",\"tcp_batch16_100B_msgs_per_s\":%.0f", n / ((now_ns() - t0) / 1e9));
    close(sv[0]);
    t0 = now_ns(); n = 0;
    while (now_ns() - t0 < 2000000000ull) {
        char *av[] = { "/bin/true", NULL };
        pid_t pid;
        int ws;
        if (posix_spawn(&pid, av[0], NULL, NULL, av, environ)) die("spawn");
        waitpid(pid, &ws, 0);
        n++;
    }
    printf(",\"spawn_wait_true_per_s\":%.0f}\n", n / ((now_ns() - t0) / 1e9));
    return 0;
}

/* ------------------------------------------------------------------ modems */
struct modem { int fd, slave; struct buf in; bool typing; unsigned reference; uint64_t taken; };

static const char *modem_answer(const char *line)
{
    static const struct { const char *command, *answer; } known[] = {
        { "AT+CPIN?", "\r\n+CPIN: READY\r\n\r\nOK\r\n" },
        { "AT+CREG?", "\r\n+CREG: 0,1\r\n\r\nOK\r\n" },
        { "AT+CSMS=?", "\r\n+CSMS: (0,1)\r\n\r\nOK\r\n" },
        { "AT+CPMS?", "\r\n+CPMS: \"SM\",0,20,\"SM\",0,20,\"SM\",0,20\r\n\r\nOK\r\n" },
        { "AT+CNMI=?", "\r\n+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)\r\n\r\nOK\r\n" },
        { "AT+CNMI?", "\r\n+CNMI: 2,1,0,1,0\r\n\r\nOK\r\n" },
        { "AT+CSQ", "\r\n+CSQ: 20,0\r\n\r\nOK\r\n" },
        { "AT", "\r\nOK\r\n" },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strncmp(line, known[i].command, strlen(known[i].command))) return known[i].answer;
    return "";
}

static void modem_says(struct modem *m, const char *text)
{
    size_t len = strlen(text);
    if (write(m->fd, text, len) != (ssize_t)len) st[S_ERR]++;
}

/* One command line or, behind the prompt, one PDU. */
static void modem_hears(struct modem *m, const char *line)
{
    char answer[64];
    if (m->typing) {
        m->typing = false;
        m->taken++;
        snprintf(answer, sizeof answer, "\r\n+CMGS: %u\r\n\r\nOK\r\n", m->reference++ & 255);
        mark_rx();
        st[S_RX]++;
        modem_says(m, answer);
    } else if (!strncmp(line, "AT+CMGS=", 8)) {
        m->typing = true;
        modem_says(m, "\r\n> ");
    } else {
        modem_says(m, modem_answer(line));
    }
}

static void modem_read(struct modem *m)
{
    if (buf_fill(m->fd, &m->in) < 0) { st[S_ERR]++; return; }
    for (size_t i = m->in.off; i < m->in.len; i++) {
        char *start = m->in.p + m->in.off, c = m->in.p[i];
        if (c != '\r' && c != 0x1a) continue;
        m->in.p[i] = 0;
        m->in.off = i + 1;
        while (*start == 0x1b || *start == '\n') start++;
        modem_hears(m, start);
    }
}

static void modem_open(struct modem *m, const char *link)
{
    struct termios line;
    char name[64];
    m->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (m->fd < 0 || grantpt(m->fd) || unlockpt(m->fd) || ptsname_r(m->fd, name, sizeof name)) die("pty");
    m->slave = open(name, O_RDWR | O_NOCTTY); /* stays open: the gateway comes and goes */
    if (m->slave < 0 || tcgetattr(m->slave, &line)) die("%s", name);
    cfmakeraw(&line);
    tcsetattr(m->slave, TCSANOW, &line);
    if (symlink(name, link)) die("symlink %s", link);
}

static int cmd_modems(int argc, char **argv)
{
    const char *statfile = NULL, *path = NULL;
    int o, count = 1, ep = epoll_create1(0);
    while ((o = getopt(argc, argv, "S:k:l:")) != -1)
        switch (o) {
        case 'S': statfile = optarg; break;
        case 'k': count = atoi(optarg); break;
        case 'l': path = optarg; break;
        default: return 2;
        }
    if (!path || count < 1) { fprintf(stderr, "usage: gwtool modems -l PATH [-k COUNT]\n"); return 2; }
    setup(statfile);
    struct modem *all = calloc(count, sizeof *all);
    for (int i = 0; i < count; i++) {
        char link[4096];
        struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &all[i] };
        snprintf(link, sizeof link, "%s.%d", path, i);
        modem_open(&all[i], link);
        epoll_ctl(ep, EPOLL_CTL_ADD, all[i].fd, &ev);
    }
    st[S_READY] = 1;
    while (!stop_flag) {
        struct epoll_event ev[64];
        int n = epoll_wait(ep, ev, 64, 200);
        for (int i = 0; i < n; i++) modem_read(ev[i].data.ptr);
    }
    uint64_t least = all[0].taken;
    for (int i = 1; i < count; i++) if (all[i].taken < least) least = all[i].taken;
    printf("{\"received\": %llu, \"least\": %llu}\n", (unsigned long long)st[S_RX], (unsigned long long)least);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) { fprintf(stderr, "usage: gwtool httpload|peer|smppsim|modems|sink|limits ...\n"); return 2; }
    const char *c = argv[1];
    argc--; argv++;
    if (!strcmp(c, "httpload")) return cmd_httpload(argc, argv);
    if (!strcmp(c, "peer")) return cmd_peer(argc, argv);
    if (!strcmp(c, "smppsim")) return cmd_smppsim(argc, argv);
    if (!strcmp(c, "modems")) return cmd_modems(argc, argv);
    if (!strcmp(c, "sink")) return cmd_sink(argc, argv);
    if (!strcmp(c, "limits")) return cmd_limits(argc, argv);
    return 2;
}
