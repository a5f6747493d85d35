/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls - OpenSSL contexts for servers and clients. TLS 1.2 or later. Clients
 * verify their peer (name and chain) against the given CA file or the system's
 * store; there is no switch that turns it off silently.
 */
#ifndef GWLIB_TLS_H
#define GWLIB_TLS_H

#include "gwlib/bytes.h"

struct tls_context;
struct ssl_st;

/* PEM files; the certificate file may hold a chain. ciphers: an OpenSSL list or
 * NULL. NULL with the reason appended to *error. */
struct tls_context *tls_server_create(const char *cert_file, const char *key_file,
                                      const char *ciphers, struct bytes *error);

/* ca_file NULL: the system's CAs. certkey_file: own certificate or NULL. */
struct tls_context *tls_client_create(const char *ca_file, const char *certkey_file,
                                      const char *ciphers, struct bytes *error);
void tls_free(struct tls_context *context);

/* A new session, owned by the caller; host is verified by clients (NULL for
 * servers). gwlib only. */
struct ssl_st *tls_session(struct tls_context *context, const char *host);

#endif
