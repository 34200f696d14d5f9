#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *file, int line, const char *condition, const char *format, ...) {
    fprintf(stderr, "%s:%d: expected %s: ", file, line, condition);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

const char *variable(const char *name) {
    const char *value = getenv(name);
    EXPECT(value != NULL, "%s is not set", name);
    return value;
}

redisContext *connect_to(const char *port_variable) {
    struct timeval patience = {10, 0};
    int port = atoi(variable(port_variable));
    redisContext *context = redisConnectWithTimeout(variable("CLIENTS_HOST"), port, patience);
    EXPECT(context != NULL && context->err == 0, "%s", context ? context->errstr : "no memory");
    redisSetTimeout(context, patience);
    return context;
}

redisContext *connect_to_empty(void) {
    redisContext *context = connect_to("CLIENTS_PORT");
    expect_status(context, "OK", "FLUSHALL");
    return context;
}

static redisReply *ask(redisContext *context, int type, const char *format, va_list arguments) {
    redisReply *reply = redisvCommand(context, format, arguments);
    EXPECT(reply != NULL, "%s: %s", format, context->errstr);
    EXPECT(reply->type == type, "%s: type %d, not %d (%s)", format, reply->type, type,
           reply->str ? reply->str : "no text");
    return reply;
}

static void expect_string(redisContext *context, int type, const char *expected, size_t length,
                          const char *format, va_list arguments) {
    redisReply *reply = ask(context, type, format, arguments);
    EXPECT(strncmp(reply->str, expected, length) == 0, "%s: %s", format, reply->str);
    freeReplyObject(reply);
}

void expect_status(redisContext *context, const char *expected, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    expect_string(context, REDIS_REPLY_STATUS, expected, strlen(expected) + 1, format, arguments);
    va_end(arguments);
}

void expect_text(redisContext *context, const char *expected, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    expect_string(context, REDIS_REPLY_STRING, expected, strlen(expected) + 1, format, arguments);
    va_end(arguments);
}

void expect_error(redisContext *context, const char *start, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    expect_string(context, REDIS_REPLY_ERROR, start, strlen(start), format, arguments);
    va_end(arguments);
}

void expect_number(redisContext *context, long long expected, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = ask(context, REDIS_REPLY_INTEGER, format, arguments);
    va_end(arguments);
    EXPECT(reply->integer == expected, "%s: %lld", format, reply->integer);
    freeReplyObject(reply);
}

void expect_nil(redisContext *context, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    freeReplyObject(ask(context, REDIS_REPLY_NIL, format, arguments));
    va_end(arguments);
}
