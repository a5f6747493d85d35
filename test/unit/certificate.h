/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate - a self-signed certificate with its key, made for a test.
 */
#ifndef TEST_UNIT_CERTIFICATE_H
#define TEST_UNIT_CERTIFICATE_H

/* names as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1". Two PEM files;
 * valid for an hour. A failure fails the test. */
void certificate_create(const char *names, const char *cert_path, const char *key_path);

#endif
