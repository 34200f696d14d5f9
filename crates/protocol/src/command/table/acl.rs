//! Commands about users.

use crate::command::flag::{ADMIN, LOADING, STALE};
use crate::command::table::{NONE, SELF, row};
use crate::command::{
    Command, Group, acl_cat, acl_dry_run, acl_file, acl_genpass, acl_list, acl_log, acl_user, help,
};

/// What only those may do who may do everything.
const POWER: u32 = ADMIN | SELF;
const PER_USER: &str = "O(N) with the number of users";

#[rustfmt::skip]
pub(super) const ROWS: &[Command] = &[
    row("acl", -2, 0, NONE, Group::Server, "6.0.0", help::run)
        .about("Depends on subcommand.", "Groups commands about users.")
        .over(&[
            row("acl|cat", -2, SELF, NONE, Group::Server, "6.0.0", acl_cat::run)
                .about("O(N) with the number of commands", "Answers the categories of commands, or the commands of one."),
            row("acl|deluser", -3, POWER, NONE, Group::Server, "6.0.0", acl_user::delete)
                .about("O(N) with the number of clients", "Removes users and ends their connections."),
            row("acl|dryrun", -4, POWER, NONE, Group::Server, "7.0.0", acl_dry_run::run)
                .about("O(N) with the number of rules", "Answers whether a user may run a command, without running it."),
            row("acl|genpass", -2, SELF, NONE, Group::Server, "6.0.0", acl_genpass::run)
                .about("O(1)", "Answers a password that nobody can guess."),
            row("acl|getuser", 3, POWER, NONE, Group::Server, "6.0.0", acl_user::get)
                .about("O(N) with the number of rules", "Answers the rules of a user."),
            row("acl|list", 2, POWER, NONE, Group::Server, "6.0.0", acl_list::all)
                .about(PER_USER, "Answers the users as the lines of a file."),
            row("acl|load", 2, POWER, NONE, Group::Server, "6.0.0", acl_file::load)
                .about(PER_USER, "Takes the users that are in the file for all there are."),
            row("acl|log", -2, POWER, NONE, Group::Server, "6.0.0", acl_log::run)
                .about("O(N) with the number of entries shown", "Answers what users were denied lately."),
            row("acl|save", 2, POWER, NONE, Group::Server, "6.0.0", acl_file::save)
                .about(PER_USER, "Writes the users to the file."),
            row("acl|setuser", -3, POWER, NONE, Group::Server, "6.0.0", acl_user::set)
                .about("O(N) with the number of rules", "Makes a user or changes its rules."),
            row("acl|users", 2, POWER, NONE, Group::Server, "6.0.0", acl_list::names)
                .about(PER_USER, "Answers the names of the users."),
            row("acl|whoami", 2, SELF, NONE, Group::Server, "6.0.0", acl_list::own)
                .about("O(1)", "Answers the name of the user that the client is."),
            row("acl|help", 2, LOADING | STALE, NONE, Group::Server, "6.0.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),
];
