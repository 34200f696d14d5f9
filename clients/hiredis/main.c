/* A server under test, driven by hiredis. Its first failure ends the program. */

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void strings(void) {
    redisContext *context = connect_to_empty();
    expect_status(context, "PONG", "PING");
    expect_status(context, "OK", "SET a %d EX 100", 1);
    expect_nil(context, "SET a 2 NX");
    expect_text(context, "1", "SET a 41 XX GET KEEPTTL");
    expect_number(context, 42, "INCR a");
    expect_number(context, 1, "PERSIST a");
    expect_text(context, "42.5", "INCRBYFLOAT a 0.5");
    expect_number(context, 6, "APPEND a %s", "00");
    expect_text(context, "42", "GETRANGE a 0 1");
    expect_text(context, "42.500", "GETDEL a");
    expect_nil(context, "GET a");
    redisFree(context);
}

static void hashes(void) {
    redisContext *context = connect_to_empty();
    expect_number(context, 2, "HSET h name Ada age 36");
    expect_text(context, "Ada", "HGET h name");
    expect_number(context, 37, "HINCRBY h age 1");
    redisReply *reply = redisCommand(context, "HGETALL h");
    EXPECT(reply->type == REDIS_REPLY_ARRAY && reply->elements == 4, "%zu", reply->elements);
    freeReplyObject(reply);
    expect_error(context, "WRONGTYPE ", "GET h");
    expect_error(context, "ERR unknown command 'NO.SUCH.COMMAND'", "NO.SUCH.COMMAND a");
    expect_number(context, 1, "HEXISTS h name");
    redisFree(context);
}

static void any_bytes_and_big_values(void) {
    enum { MEGABYTE = 1 << 20 };
    redisContext *context = connect_to_empty();
    unsigned char key[256];
    char *value = malloc(MEGABYTE);
    for (int byte = 0; byte < 256; byte++) key[byte] = (unsigned char)byte;
    for (int at = 0; at < MEGABYTE; at++) value[at] = (char)at;
    expect_status(context, "OK", "SET %b %b", key, sizeof key, value, (size_t)MEGABYTE);
    redisReply *reply = redisCommand(context, "GET %b", key, sizeof key);
    EXPECT(reply->len == MEGABYTE && memcmp(reply->str, value, MEGABYTE) == 0, "%zu bytes",
           (size_t)reply->len);
    freeReplyObject(reply);
    free(value);
    redisFree(context);
}

static void pipelines(void) {
    redisContext *context = connect_to_empty();
    for (int number = 0; number < 10000; number++) redisAppendCommand(context, "INCR count");
    for (int number = 1; number <= 10000; number++) {
        redisReply *reply = NULL;
        EXPECT(redisGetReply(context, (void **)&reply) == REDIS_OK, "%s", context->errstr);
        EXPECT(reply->integer == number, "%lld", reply->integer);
        freeReplyObject(reply);
    }
    redisFree(context);
}

static void transactions(void) {
    redisContext *context = connect_to_empty(), *other = connect_to("CLIENTS_PORT");
    expect_status(context, "OK", "MULTI");
    expect_status(context, "QUEUED", "SET a 1");
    expect_status(context, "QUEUED", "INCR a");
    redisReply *reply = redisCommand(context, "EXEC");
    EXPECT(reply->elements == 2 && reply->element[1]->integer == 2, "%zu", reply->elements);
    freeReplyObject(reply);
    expect_status(context, "OK", "WATCH a");
    expect_status(other, "OK", "SET a theirs");
    expect_status(context, "OK", "MULTI");
    expect_status(context, "QUEUED", "SET a mine");
    expect_nil(context, "EXEC");
    expect_text(context, "theirs", "GET a");
    redisFree(other);
    redisFree(context);
}

static void lost_connections(void) {
    redisContext *context = connect_to_empty(), *other = connect_to("CLIENTS_PORT");
    redisReply *number = redisCommand(context, "CLIENT ID");
    expect_number(other, 1, "CLIENT KILL ID %lld", number->integer);
    freeReplyObject(number);
    EXPECT(redisCommand(context, "PING") == NULL, "still there");
    EXPECT(redisReconnect(context) == REDIS_OK, "%s", context->errstr);
    expect_status(context, "PONG", "PING");
    redisFree(other);
    redisFree(context);
}

static void passwords_and_users(void) {
    const char *password = variable("CLIENTS_PASSWORD");
    redisContext *context = connect_to("CLIENTS_GUARDED_PORT");
    expect_error(context, "NOAUTH ", "GET a");
    expect_error(context, "WRONGPASS ", "AUTH guess");
    expect_status(context, "OK", "AUTH %s", password);
    expect_text(context, "default", "ACL WHOAMI");
    expect_status(context, "OK", "AUTH reader %s", password);
    expect_error(context, "NOPERM ", "SET shared:a 1");
    expect_error(context, "NOPERM ", "GET private:a");
    redisFree(context);
}

#if HIREDIS_MAJOR >= 1
static void third_protocol(void) {
    redisContext *context = connect_to_empty();
    redisReply *reply = redisCommand(context, "HELLO 3");
    EXPECT(reply->type == REDIS_REPLY_MAP, "%d", reply->type);
    freeReplyObject(reply);
    expect_number(context, 1, "HSET h f v");
    reply = redisCommand(context, "HGETALL h");
    EXPECT(reply->type == REDIS_REPLY_MAP && reply->elements == 2, "%d", reply->type);
    freeReplyObject(reply);
    redisFree(context);
}
#endif

struct scenario {
    const char *name;
    void (*play)(void);
};

static const struct scenario SCENARIOS[] = {
    {"strings", strings},
    {"hashes and errors", hashes},
    {"any bytes and big values", any_bytes_and_big_values},
    {"pipelines", pipelines},
    {"transactions", transactions},
    {"lost connections", lost_connections},
    {"passwords and users", passwords_and_users},
    {"asynchronous commands answer in order", asynchronous_commands_answer_in_order},
    {"channels and patterns", channels_and_patterns},
#if HIREDIS_MAJOR >= 1
    {"RESP3", third_protocol},
#endif
};

int main(void) {
    size_t count = sizeof SCENARIOS / sizeof SCENARIOS[0];
    for (size_t at = 0; at < count; at++) {
        printf("%s ... ", SCENARIOS[at].name);
        fflush(stdout);
        SCENARIOS[at].play();
        puts("ok");
    }
    printf("hiredis %d.%d.%d: %zu passed\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH, count);
    return 0;
}
