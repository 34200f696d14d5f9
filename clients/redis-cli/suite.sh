#!/bin/sh
# A server under test, driven by redis-cli. The first difference ends it. See docs/clients.md.
set -eu

passed=0
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

cli() { redis-cli -h "$CLIENTS_HOST" "$@" 2>"$errors"; }
open() { cli -p "$CLIENTS_PORT" "$@"; }
guarded() { cli -p "$CLIENTS_GUARDED_PORT" "$@"; }

# expect NAME EXPECTED ACTUAL
expect() {
    if [ "$2" != "$3" ]; then
        printf '%s\nexpected: %s\nactual:   %s\n' "$1" "$2" "$3" >&2
        cat "$errors" >&2
        exit 1
    fi
    passed=$((passed + 1))
    echo "$1 ... ok"
}

# expect_start NAME START ACTUAL
expect_start() {
    case $3 in
    "$2"*) expect "$1" "$2" "$2" ;;
    *) expect "$1" "$2..." "$3" ;;
    esac
}

expect "a flush leaves nothing" "OK
0" "$(printf 'FLUSHALL\nDBSIZE\n' | open)"
expect "commands come from a file" "OK
1
42
hello world
ERR value is not an integer or out of range" "$(printf 'SET a "hello world"\nINCR n\nINCRBY n 41\nGET a\nINCR a\n' | open | sed '/^$/d')"
expect "databases have numbers" "0" "$(open -n 5 EXISTS a)"
expect "a command is repeated" "43
44
45" "$(open -r 3 INCR n)"
expect "hashes are shown as JSON in RESP3" '{"age":"36","name":"Ada"}' \
    "$(open -3 HSET h age 36 name Ada >/dev/null; open -3 --json HGETALL h)"
expect "a value is read from standard input" "from a pipe" \
    "$(printf 'from a pipe' | open -x SET piped >/dev/null; open GET piped)"
expect "keys are scanned" "a
h
n
piped" "$(open --scan | sort)"
expect "keys are scanned by a pattern" "piped" "$(open --scan --pattern 'pip*')"
expect "a transaction is carried out as one" "OK
QUEUED
QUEUED
46
46" "$(printf 'MULTI\nINCR n\nGET n\nEXEC\n' | open)"
expect "many commands are sent at once" "errors: 0, replies: 1000" \
    "$(seq 1000 | sed 's/.*/SET key:& &/' | open --pipe | tail -n 1)"
expect "what was sent is there" "1004" "$(open DBSIZE)"
expect_start "an unknown command is named" "ERR unknown command 'NO.SUCH.COMMAND'" "$(open NO.SUCH.COMMAND a)"
expect_start "a wrong type is said" "WRONGTYPE " "$(open INCR h)"
expect "biggest keys are looked for" "1" "$(open --bigkeys | grep -c '^Biggest string found')"

expect_start "without a password nothing is answered" "NOAUTH " "$(guarded GET a)"
expect "a user has a name and a password" "application" \
    "$(guarded --user application --pass "$CLIENTS_PASSWORD" ACL WHOAMI)"
expect_start "a user can do no more than is granted" "NOPERM " \
    "$(guarded --user reader --pass "$CLIENTS_PASSWORD" SET shared:a 1)"
expect "the server shows its certificate" "PONG" \
    "$(cli -p "$CLIENTS_GUARDED_TLS_PORT" --tls --cacert "$CLIENTS_CERTIFICATES/authority.pem" --pass "$CLIENTS_PASSWORD" PING)"

mutual() { cli -p "$CLIENTS_MUTUAL_TLS_PORT" --tls --cacert "$CLIENTS_CERTIFICATES/authority.pem" "$@"; }
expect "clients show their certificates" "PONG" \
    "$(mutual --cert "$CLIENTS_CERTIFICATES/client.pem" --key "$CLIENTS_CERTIFICATES/client.key" PING)"
expect "clients without a certificate are refused" "refused" "$(mutual PING || echo refused)"

echo "redis-cli: $passed passed"
