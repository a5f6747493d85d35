/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault - why octets or a text were refused, and where.
 *
 * Functions of this floor that can refuse take a struct sms_fault pointer (NULL
 * is fine) and fill it in only when they return false.
 */
#ifndef GW_SMS_FAULT_H
#define GW_SMS_FAULT_H

#include <stdbool.h>
#include <stddef.h>

struct sms_fault {
    size_t octet;       /* counted from 0, from the beginning of what was given */
    const char *reason; /* a constant, without position: "address longer than 20 digits" */
};

/* Fills it in and returns false, for `return sms_fault(...)`. */
static inline bool sms_fault(struct sms_fault *fault, size_t octet, const char *reason)
{
    if (fault != NULL)
        *fault = (struct sms_fault){octet, reason};
    return false;
}

#endif
