/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login - what a gateway asks before it lets a modem be spoken to: a user, a
 * password, a word of a menu. Looks at the text only; who has the connection
 * writes the answers.
 *
 * A prompt is what stands at the end of the text without a line end, compared
 * without case. "Last login:" in a greeting is none.
 */
#ifndef GW_SMSC_AT_LOGIN_H
#define GW_SMSC_AT_LOGIN_H

#include "gwlib/bytes.h"

/* Every pointer may be NULL. A prompt that is NULL means the usual ones. */
struct at_login_words {
    const char *user_prompt, *user;
    const char *password_prompt, *password;
    const char *menu_prompt, *menu_answer; /* whenever the prompt appears */
};

enum at_login_asks {
    AT_LOGIN_NOTHING,
    AT_LOGIN_USER,
    AT_LOGIN_PASSWORD,
    AT_LOGIN_MENU,
    AT_LOGIN_REFUSED /* asked again for what was given */
};

struct at_login {
    const struct at_login_words *words;
    struct bytes line;           /* the last, unfinished one */
    bool menu_seen;              /* its prompt, not yet answered */
    bool accepted;               /* "OK" came after the password */
    int users, passwords, menus; /* that were given */
};

/* words must outlive it. */
void at_login_init(struct at_login *login, const struct at_login_words *words);
void at_login_clear(struct at_login *login);
void at_login_take(struct at_login *login, struct slice text);
/* When the text has come to a rest: what it asks for. */
enum at_login_asks at_login_asks(const struct at_login *login);
/* That was answered: the next prompt is another one. */
void at_login_answered(struct at_login *login, enum at_login_asks asked);
/* The text for it, without a line end; NULL: nothing is configured. */
const char *at_login_answer(const struct at_login *login, enum at_login_asks asked);
/* Whether all that is configured was asked for and given. */
bool at_login_is_complete(const struct at_login *login);
/* Whether anything is configured. */
bool at_login_is_wanted(const struct at_login_words *words);

#endif
