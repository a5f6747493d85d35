/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL contexts and sessions: see tls.h. Host names are checked after RFC
 * 9525 (no partial wildcards), addresses against the certificate's IP entries.
 */
#include "gwlib/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "gwlib/log.h"
#include "gwlib/memory.h"

struct tls_context {
    SSL_CTX *ctx;
    bool server;
};

/* Adds what OpenSSL has to say, and empties its queue. */
static void append_reason(struct bytes *error, const char *what, const char *file)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    if (file != NULL)
        bytes_printf(error, "%s `%s': ", what, file);
    else
        bytes_printf(error, "%s: ", what);
    bytes_append_str(error, reason != NULL ? reason : "not possible");
    ERR_clear_error();
}

/* A daemon has nobody to ask for the passphrase of a key. */
static int no_passphrase(char *to, int size, int writing, void *arg)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)arg;
    return 0;
}

static struct tls_context *create_context(bool server)
{
    struct tls_context *context = memory_zalloc(1, sizeof(*context));

    ERR_clear_error();
    context->server = server;
    context->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (context->ctx == NULL)
        log_panic("OpenSSL gives no TLS context.");
    SSL_CTX_set_min_proto_version(context->ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(context->ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                          SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context->ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(context->ctx, no_passphrase);
    return context;
}

static bool use_ciphers(struct tls_context *context, const char *ciphers, struct bytes *error)
{
    if (ciphers == NULL || SSL_CTX_set_cipher_list(context->ctx, ciphers) == 1)
        return true;
    append_reason(error, "TLS ciphers", ciphers);
    return false;
}

static bool use_certificate(struct tls_context *context, const char *cert_file,
                            const char *key_file, struct bytes *error)
{
    if (SSL_CTX_use_certificate_chain_file(context->ctx, cert_file) != 1) {
        append_reason(error, "certificate", cert_file);
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(context->ctx, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context->ctx) != 1) {
        append_reason(error, "private key", key_file);
        return false;
    }
    return true;
}

static bool trust(struct tls_context *context, const char *ca_file, struct bytes *error)
{
    int trusted = ca_file != NULL ? SSL_CTX_load_verify_locations(context->ctx, ca_file, NULL)
                                  : SSL_CTX_set_default_verify_paths(context->ctx);

    SSL_CTX_set_verify(context->ctx, SSL_VERIFY_PEER, NULL);
    if (trusted == 1)
        return true;
    append_reason(error, "trusted certificates", ca_file);
    return false;
}

struct tls_context *tls_server_create(const char *cert_file, const char *key_file,
                                      const char *ciphers, struct bytes *error)
{
    static const unsigned char session_scope[] = "kantele";
    struct tls_context *context = create_context(true);

    SSL_CTX_set_session_id_context(context->ctx, session_scope, sizeof(session_scope) - 1);
    if (use_certificate(context, cert_file, key_file, error) &&
        use_ciphers(context, ciphers, error))
        return context;
    tls_free(context);
    return NULL;
}

struct tls_context *tls_client_create(const char *ca_file, const char *certkey_file,
                                      const char *ciphers, struct bytes *error)
{
    struct tls_context *context = create_context(false);

    if (trust(context, ca_file, error) &&
        (certkey_file == NULL || use_certificate(context, certkey_file, certkey_file, error)) &&
        use_ciphers(context, ciphers, error))
        return context;
    tls_free(context);
    return NULL;
}

void tls_free(struct tls_context *context)
{
    if (context == NULL)
        return;
    SSL_CTX_free(context->ctx);
    free(context);
}

static bool is_address(const char *host)
{
    unsigned char octets[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, octets) == 1 || inet_pton(AF_INET6, host, octets) == 1;
}

/* Only the peer that was meant will do. */
static bool expect_host(SSL *ssl, const char *host)
{
    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct ssl_st *tls_session(struct tls_context *context, const char *host)
{
    SSL *ssl = SSL_new(context->ctx);

    if (ssl == NULL)
        log_panic("OpenSSL gives no TLS session.");
    if (context->server)
        return ssl;
    LOG_ASSERT(host != NULL);
    if (!expect_host(ssl, host)) {
        /* A name that cannot be checked matches no certificate: with this one
         * the handshake fails rather than trusting anybody. */
        LOG_ASSERT(SSL_set1_host(ssl, "invalid.invalid") == 1);
        ERR_clear_error();
    }
    return ssl;
}
