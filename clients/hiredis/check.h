/* What every scenario needs: connections to the servers under test, and expectations. */

#ifndef CHECK_H
#define CHECK_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

/* Whatever is not as expected ends the program with the place and the text. */
#define EXPECT(condition, ...) \
    do { \
        if (!(condition)) fail(__FILE__, __LINE__, #condition, __VA_ARGS__); \
    } while (0)

void fail(const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((format(printf, 4, 5), noreturn));

/* The value of an environment variable that has to be there; see docs/clients.md. */
const char *variable(const char *name);

/* A connection to the server whose port is in a variable. */
redisContext *connect_to(const char *port_variable);

/* A connection to a server that holds nothing. */
redisContext *connect_to_empty(void);

/* Each sends a command and expects the reply to be so. They free the reply. */
void expect_status(redisContext *context, const char *expected, const char *format, ...);
void expect_text(redisContext *context, const char *expected, const char *format, ...);
void expect_number(redisContext *context, long long expected, const char *format, ...);
void expect_error(redisContext *context, const char *start, const char *format, ...);
void expect_nil(redisContext *context, const char *format, ...);

/* The scenarios of the asynchronous interface. */
void asynchronous_commands_answer_in_order(void);
void channels_and_patterns(void);

#endif
