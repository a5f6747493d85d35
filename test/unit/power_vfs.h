/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_vfs - an SQLite VFS for tests: files in memory that know what of them
 * has been synced. It can lose power at a given call, and can let calls fail.
 *
 * It assumes of a disk what SQLite assumes of one (powersafe overwrite): octets
 * that are not written do not change. A sector of 512 octets that was written
 * and not synced is, after a power cut, there, not there, or half there.
 */
#ifndef TEST_POWER_VFS_H
#define TEST_POWER_VFS_H

#include <stdbool.h>

/* Makes it the default VFS. Once a process. */
void power_register(void);
/* No files, no trouble, calls counted from 0. */
void power_reset(unsigned seed);
/* Power goes at that call (write, truncate or sync); all calls fail from then on. */
void power_cut_at(long call);
/* That call and `count` - 1 more answer the error. */
void power_fail_at(long call, long count, int error);
/* Calls so far. */
long power_calls(void);
bool power_is_cut(void);
/* The machine is on again: what is on the disk now is what survived. */
void power_on(void);

#endif
