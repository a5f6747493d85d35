/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl - access lists by address, as in Kannel's *-deny-ip and *-allow-ip.
 *
 * A list is ';'-separated; each item is an IPv4 pattern where "*" stands for
 * one number between dots ("10.0.*.*"), or an address or prefix in CIDR form
 * ("192.0.2.0/24", "2001:db8::/32", "::1"). The rule: no deny list: allowed;
 * matches allow: allowed; matches deny: refused; else allowed. The deny pattern
 * "*.*.*.*" also refuses every IPv6 address, because that is what people who
 * write it mean. IPv4 addresses mapped into IPv6 are treated as IPv4.
 */
#ifndef GWLIB_ACL_H
#define GWLIB_ACL_H

#include <stdbool.h>

#include "gwlib/bytes.h"

struct acl;

/* deny and allow may be NULL. NULL and a text in *error (to which it is
 * appended) when an item is not a pattern. */
struct acl *acl_create(const char *deny, const char *allow, struct bytes *error);
void acl_free(struct acl *acl);

/* The rule of Kannel's smsc groups (connect-allow-ip): a client is accepted
 * only when the list names it; NULL accepts everybody. */
struct acl *acl_create_only(const char *allow, struct bytes *error);

/* address is the text form, without port; acl NULL allows everybody. */
bool acl_allows(const struct acl *acl, const char *address);

#endif
