/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a login dialogue: see login.h.
 */
#include "gw/smsc/at/login.h"

#define LINE_KEPT 512 /* octets: a prompt is at the end */
#define MENUS_MAX 20  /* a menu that takes no answer is no reason to go on for ever */

void at_login_init(struct at_login *login, const struct at_login_words *words)
{
    *login = (struct at_login){.words = words};
}

void at_login_clear(struct at_login *login)
{
    bytes_free(&login->line);
}

bool at_login_is_wanted(const struct at_login_words *words)
{
    return words->user != NULL || words->password != NULL || words->menu_prompt != NULL;
}

/* --- prompts ---------------------------------------------------------------------- */

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 'a' - 'A') : c;
}

static bool ends_with(struct slice text, struct slice end)
{
    if (end.len == 0 || text.len < end.len)
        return false;
    for (size_t i = 0; i < end.len; i++)
        if (lower(text.data[text.len - end.len + i]) != lower(end.data[i]))
            return false;
    return true;
}

/* The end of the line is one of the usual words, or the one that was configured. */
static bool is_prompt(struct slice line, const char *configured, const char *const *usual)
{
    line = slice_trim(line);
    if (ends_with(line, slice_str("last login:")))
        return false;
    if (configured != NULL)
        return ends_with(line, slice_trim(slice_str(configured)));
    for (; *usual != NULL; usual++)
        if (ends_with(line, slice_str(*usual)))
            return true;
    return false;
}

static void end_line(struct at_login *login)
{
    if (login->passwords > 0 && slice_equal_str(slice_trim(bytes_slice(&login->line)), "OK"))
        login->accepted = true;
    bytes_clear(&login->line);
}

void at_login_take(struct at_login *login, struct slice text)
{
    struct slice menu = slice_trim(slice_str(login->words->menu_prompt));

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\r' || text.data[i] == '\n') {
            end_line(login);
            continue;
        }
        if (login->line.len >= LINE_KEPT)
            bytes_consume(&login->line, LINE_KEPT / 2);
        bytes_append_char(&login->line, text.data[i] == '\0' ? ' ' : text.data[i]);
        if (login->menus < MENUS_MAX && ends_with(bytes_slice(&login->line), menu))
            login->menu_seen = true;
    }
}

enum at_login_asks at_login_asks(const struct at_login *login)
{
    static const char *const users[] = {"login:", "username:", "user name:", "user:", NULL};
    static const char *const passwords[] = {"password:", "passwd:", NULL};
    struct slice line = bytes_slice(&login->line);

    if (login->menu_seen && login->words->menu_answer != NULL)
        return AT_LOGIN_MENU;
    if (is_prompt(line, login->words->password_prompt, passwords))
        return login->passwords > 0 ? AT_LOGIN_REFUSED : AT_LOGIN_PASSWORD;
    if (is_prompt(line, login->words->user_prompt, users))
        return login->users > 0 ? AT_LOGIN_REFUSED : AT_LOGIN_USER;
    return AT_LOGIN_NOTHING;
}

/* --- answers ----------------------------------------------------------------------- */

const char *at_login_answer(const struct at_login *login, enum at_login_asks asked)
{
    switch (asked) {
    case AT_LOGIN_USER:
        return login->words->user;
    case AT_LOGIN_PASSWORD:
        return login->words->password;
    case AT_LOGIN_MENU:
        return login->words->menu_answer;
    default:
        return NULL;
    }
}

void at_login_answered(struct at_login *login, enum at_login_asks asked)
{
    login->users += asked == AT_LOGIN_USER;
    login->passwords += asked == AT_LOGIN_PASSWORD;
    login->menus += asked == AT_LOGIN_MENU;
    login->menu_seen = false;
    bytes_clear(&login->line);
}

bool at_login_is_complete(const struct at_login *login)
{
    const struct at_login_words *words = login->words;

    return (words->user == NULL || login->users > 0 || login->passwords > 0) &&
           (words->password == NULL || login->passwords > 0) &&
           (words->menu_prompt == NULL || login->menus > 0);
}
