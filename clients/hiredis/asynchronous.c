/* The asynchronous interface, driven by a loop of poll(2). */

#include "check.h"

#include <hiredis/async.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 10000 };

struct loop {
    redisAsyncContext *context;
    short interest;
    bool open;
};

static void add_read(void *data) { ((struct loop *)data)->interest |= POLLIN; }
static void remove_read(void *data) { ((struct loop *)data)->interest &= ~POLLIN; }
static void add_write(void *data) { ((struct loop *)data)->interest |= POLLOUT; }
static void remove_write(void *data) { ((struct loop *)data)->interest &= ~POLLOUT; }
static void clean_up(void *data) { ((struct loop *)data)->open = false; }

static void begin(struct loop *loop) {
    redisAsyncContext *context =
        redisAsyncConnect(variable("CLIENTS_HOST"), atoi(variable("CLIENTS_PORT")));
    EXPECT(context != NULL && context->err == 0, "%s", context ? context->errstr : "no memory");
    *loop = (struct loop){.context = context, .open = true};
    context->ev.data = loop;
    context->ev.addRead = add_read;
    context->ev.delRead = remove_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = remove_write;
    context->ev.cleanup = clean_up;
    add_write(loop);
}

static void turn(struct loop *loop) {
    struct pollfd socket = {.fd = loop->context->c.fd, .events = loop->interest};
    EXPECT(poll(&socket, 1, PATIENCE_MS) == 1, "nothing happens");
    if (socket.revents & (POLLOUT | POLLERR)) redisAsyncHandleWrite(loop->context);
    if (loop->open && socket.revents & (POLLIN | POLLHUP)) redisAsyncHandleRead(loop->context);
}

static void end(struct loop *loop) {
    redisAsyncDisconnect(loop->context);
    while (loop->open) turn(loop);
}

static void count_in_order(redisAsyncContext *context, void *reply, void *data) {
    (void)context;
    long long *count = data;
    EXPECT(reply != NULL, "no reply");
    EXPECT(((redisReply *)reply)->integer == ++*count, "out of order at %lld", *count);
}

void asynchronous_commands_answer_in_order(void) {
    redisFree(connect_to_empty());
    struct loop loop;
    long long count = 0;
    begin(&loop);
    for (int number = 0; number < 1000; number++) {
        redisAsyncCommand(loop.context, count_in_order, &count, "INCR count");
    }
    while (count < 1000) turn(&loop);
    end(&loop);
}

struct seen {
    int subscribed;
    char messages[64];
};

static void note_message(redisAsyncContext *context, void *answer, void *data) {
    (void)context;
    redisReply *reply = answer;
    struct seen *seen = data;
    if (reply == NULL) return; /* The connection ends. */
    const char *kind = reply->element[0]->str;
    if (strcmp(kind, "subscribe") == 0 || strcmp(kind, "psubscribe") == 0) seen->subscribed++;
    if (strcmp(kind, "message") == 0 || strcmp(kind, "pmessage") == 0) {
        strcat(seen->messages, reply->element[reply->elements - 1]->str);
    }
}

void channels_and_patterns(void) {
    redisContext *publisher = connect_to_empty();
    struct loop loop;
    struct seen seen = {0};
    begin(&loop);
    redisAsyncCommand(loop.context, note_message, &seen, "SUBSCRIBE news");
    redisAsyncCommand(loop.context, note_message, &seen, "PSUBSCRIBE sport.*");
    while (seen.subscribed < 2) turn(&loop);
    expect_number(publisher, 1, "PUBLISH news hello,");
    expect_number(publisher, 1, "PUBLISH sport.golf par");
    while (strlen(seen.messages) < strlen("hello,par")) turn(&loop);
    EXPECT(strcmp(seen.messages, "hello,par") == 0, "%s", seen.messages);
    redisAsyncFree(loop.context);
    redisFree(publisher);
}
