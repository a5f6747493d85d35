# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
#
# prepare.sh - what quickstart and runtests have in common: Debian packages and
# the build. Sourced, not run; the caller has set -eu and sets TOP (the source
# tree) and SELF (its name, for messages).

# A package, or alternatives: the first is installed when none is there.
BUILD_PACKAGES="gcc make autoconf automake pkgconf|pkg-config python3 curl|wget
 libevent-dev libssl-dev
 libcurl4-openssl-dev|libcurl4-gnutls-dev|libcurl4-nss-dev libxml2-dev libsqlite3-dev
 libjansson-dev libpcre2-dev libserialport-dev uthash-dev"
# The tests: their library, a second compiler with the fuzzer, and other people's
# gateways and phones as peers.
TEST_PACKAGES="libcmocka-dev clang llvm sqlite3 kannel kannel-extras smstools gammu
 python3-gammu npm|nodejs xz-utils
 mandoc"

say() { printf '%s: %s\n' "$SELF" "$*"; }
die() { printf '%s: %s\n' "$SELF" "$*" >&2; exit 1; }

installed() {
    [ "$(dpkg-query -W -f='${Status}' "$1" 2>/dev/null)" = "install ok installed" ]
}

# Prints what is missing of a list of packages.
missing_packages() {
    local choice name found
    for choice in "$@"; do
        found=
        for name in ${choice//|/ }; do
            if installed "$name"; then found=yes; fi
        done
        [ -n "$found" ] || echo "${choice%%|*}"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "this needs root: run it as root, install sudo, or run: $*"
    fi
}

# Daemons of the packages (kannel, smstools) must not start: they would hold
# ports and devices. policy-rc.d is Debian's way to say so; what was there before
# is left alone.
without_daemons() {
    local policy=/usr/sbin/policy-rc.d made='' status=0
    if [ ! -e "$policy" ]; then
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy"
        made=yes
    fi
    "$@" || status=$?
    [ -z "$made" ] || as_root rm -f "$policy"
    return $status
}

# install_packages "LIST": installs what is missing, and says so.
install_packages() {
    command -v dpkg-query >/dev/null || {
        say "no dpkg here: going on without installing packages (see README.md for what is needed)"
        return 0
    }
    local missing
    # shellcheck disable=SC2086
    missing=$(missing_packages $1)
    [ -n "$missing" ] || return 0
    say "installing with apt-get: ${missing//$'\n'/ }"
    as_root apt-get update -q >/dev/null || say "apt-get update failed; trying with the lists there are"
    # shellcheck disable=SC2086
    without_daemons as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
        --no-install-recommends $missing >/dev/null || die "apt-get could not install: ${missing//$'\n'/ }"
}

# The fuzzer's runtime is a package of clang's version on newer releases.
install_fuzzer() {
    local probe version
    probe=$(mktemp -d)
    echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n > 9 ? 0 : 0; }' \
        > "$probe/f.c"
    if ! clang -fsanitize=fuzzer,address "$probe/f.c" -o "$probe/f" 2>/dev/null; then
        version=$(clang -dumpversion | cut -d. -f1)
        install_packages "libclang-rt-$version-dev"
        clang -fsanitize=fuzzer,address "$probe/f.c" -o "$probe/f" ||
            die "clang cannot build a fuzz harness here"
    fi
    rm -rf "$probe"
}

# run_logged LOG COMMAND...: the output goes to LOG; its end is shown on failure.
run_logged() {
    local log=$1
    shift
    if ! "$@" >>"$log" 2>&1; then
        grep -nE 'error:|Error |warning:' "$log" | tail -n 20
        tail -n 15 "$log"
        say "failed: $*"
        say "the whole output is in $log"
        return 1
    fi
}

make_configure() {
    if [ ! -x "$TOP/configure" ] || [ "$TOP/configure.ac" -nt "$TOP/configure" ] ||
        [ ! -e "$TOP/Makefile.in" ] || [ "$TOP/Makefile.am" -nt "$TOP/Makefile.in" ]; then
        mkdir -p "$TOP/build"
        : > "$TOP/build/autoreconf.log"
        run_logged "$TOP/build/autoreconf.log" autoreconf -i "$TOP"
    fi
}

# configure_tree DIR [ARGUMENT...]: configured anew when the arguments or configure changed.
configure_tree() {
    local dir=$1
    shift
    mkdir -p "$dir"
    : > "$dir/build.log"
    if [ ! -e "$dir/Makefile" ] || [ "$TOP/configure" -nt "$dir/config.status" ] ||
        [ "$(cat "$dir/arguments" 2>/dev/null)" != "$*" ]; then
        (cd "$dir" && run_logged build.log "$TOP/configure" "$@") || return 1
        echo "$*" > "$dir/arguments"
    fi
}

jobs_here() { nproc 2>/dev/null || echo 2; }
