//! Commands about the connection.

use crate::command::flag::{ADMIN, ALLOW_BUSY, FAST, LOADING, NO_AUTH, NOSCRIPT, STALE};
use crate::command::table::{ALWAYS, NONE, SELF, row};
use crate::command::{
    Command, Group, auth, client_kill, client_list, client_names, client_options, client_tracking,
    echo, hello, help, ping, quit, reset, select,
};

/// What a client may send before anything else.
const FIRST: u32 = NOSCRIPT | ALWAYS | NO_AUTH | ALLOW_BUSY;
/// About other connections too.
const OTHERS: u32 = ADMIN | SELF;
const PER_CLIENT: &str = "O(N) with the number of clients";
const ANY_MOMENT: &[&str] = &["nondeterministic_output"];

#[rustfmt::skip]
pub(super) const ROWS: &[Command] = &[
    row("ping", -1, FAST, NONE, Group::Connection, "1.0.0", ping::run)
        .about("O(1)", "Answers PONG, or the argument.")
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    row("echo", 2, ALWAYS, NONE, Group::Connection, "1.0.0", echo::run)
        .about("O(1)", "Answers the argument."),
    row("auth", -2, FIRST, NONE, Group::Connection, "1.0.0", auth::run)
        .about("O(N) with the number of passwords of the user", "Makes the client the user whose password it knows."),
    row("hello", -1, FIRST, NONE, Group::Connection, "6.0.0", hello::run)
        .about("O(1)", "Chooses the version of the protocol and tells who answers."),
    row("select", 2, ALWAYS, NONE, Group::Connection, "1.0.0", select::run)
        .about("O(1)", "Chooses the database, 0 to 15."),
    row("quit", -1, FIRST, NONE, Group::Connection, "1.0.0", quit::run)
        .about("O(1)", "Ends the connection."),
    row("reset", 1, FIRST, NONE, Group::Connection, "6.2.0", reset::run)
        .about("O(1)", "Makes the connection what it was at its beginning."),
    row("client", -2, 0, NONE, Group::Connection, "2.4.0", help::run)
        .about("Depends on subcommand.", "Groups commands about the connection.")
        .over(&[
            row("client|id", 2, SELF, NONE, Group::Connection, "5.0.0", client_names::id)
                .about("O(1)", "Answers the number of the connection."),
            row("client|getname", 2, SELF, NONE, Group::Connection, "2.6.9", client_names::name)
                .about("O(1)", "Answers the name of the connection."),
            row("client|setname", 3, SELF, NONE, Group::Connection, "2.6.9", client_names::set_name)
                .about("O(1)", "Names the connection."),
            row("client|setinfo", 4, SELF, NONE, Group::Connection, "7.2.0", client_names::set_info)
                .about("O(1)", "Tells which library drives the connection."),
            row("client|info", 2, SELF, NONE, Group::Connection, "6.2.0", client_list::own)
                .about("O(1)", "Tells about the connection.").tips(ANY_MOMENT),
            row("client|list", -2, OTHERS, NONE, Group::Connection, "2.4.0", client_list::all)
                .about(PER_CLIENT, "Tells about all connections, or some.").tips(ANY_MOMENT),
            row("client|kill", -3, OTHERS, NONE, Group::Connection, "2.4.0", client_kill::run)
                .about(PER_CLIENT, "Ends connections."),
            row("client|reply", 3, SELF, NONE, Group::Connection, "3.2.0", client_options::reply)
                .about("O(1)", "Chooses which replies are sent."),
            row("client|no-evict", 3, OTHERS, NONE, Group::Connection, "7.0.0", client_options::no_evict)
                .about("O(1)", "Spares the connection when all together hold too much."),
            row("client|no-touch", 3, SELF, NONE, Group::Connection, "7.2.0", client_options::no_touch)
                .about("O(1)", "Lets the connection look at keys without their counting as used."),
            row("client|pause", -3, OTHERS, NONE, Group::Connection, "2.9.50", client_options::pause)
                .about("O(1)", "Holds up the requests of all clients, or only their writes."),
            row("client|unpause", 2, OTHERS, NONE, Group::Connection, "6.2.0", client_options::unpause)
                .about("O(N) with the number of clients that are held up", "Ends a pause."),
            row("client|unblock", -3, OTHERS, NONE, Group::Connection, "5.0.0", client_options::unblock)
                .about("O(1)", "Answers 0: no command of larder blocks."),
            row("client|tracking", -3, SELF, NONE, Group::Connection, "6.0.0", client_tracking::run)
                .about("O(1) and O(N) with the number of prefixes", "Has the client told of keys that change."),
            row("client|trackinginfo", 2, SELF, NONE, Group::Connection, "6.2.0", client_tracking::info)
                .about("O(1)", "Tells how the client is told of keys."),
            row("client|caching", 3, SELF, NONE, Group::Connection, "6.0.0", client_tracking::caching)
                .about("O(1)", "Says of the next command whether its keys are tracked."),
            row("client|getredir", 2, SELF, NONE, Group::Connection, "6.0.0", client_tracking::redirection)
                .about("O(1)", "Answers the number of the connection that is told instead."),
            row("client|help", 2, LOADING | STALE, NONE, Group::Connection, "5.0.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),
];
