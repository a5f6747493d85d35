/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parachute - option -P: a parent that starts the box again when it crashes.
 *
 * The parent only waits. It passes SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 and
 * SIGUSR2 on; it ends with the child when that ends by itself (status 0 or 1)
 * or was told to stop; else it starts it again, after 1 s at first and up to
 * 60 s when the crashes go on.
 */
#ifndef GWLIB_PARACHUTE_H
#define GWLIB_PARACHUTE_H

/*
 * Returns in the child; the parent never returns. At a crash the program
 * `script` (NULL: none) is run with the name of the box and the number of
 * crashes so far, without a shell and without waiting for it. To be called
 * before there are threads.
 */
void parachute_open(const char *box, const char *script);

#endif
