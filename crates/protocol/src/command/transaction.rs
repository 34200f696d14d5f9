//! `MULTI|EXEC|DISCARD|WATCH|UNWATCH`: <https://redis.io/docs/latest/develop/interact/transactions/>
//!
//! The requests of a transaction run one after the other. Where keys have no source nothing of
//! other clients comes between. Where all keys are of one keyspace that writes through they run as a
//! whole, and what they write is one transaction of the source. Elsewhere each request is as atomic as
//! on its own.

use crate::args::Args;
use crate::client::{Transaction, Watched, kept_for};
use crate::command::{Context, Done, Stop};
use crate::error::Error;
use crate::frame::Out;

/// `MULTI`
pub(super) fn begin(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if context.client.transaction.is_some() {
        return Err(Error::plain("MULTI calls can not be nested").into());
    }
    context.client.transaction = Some(Transaction::default());
    out.simple("OK");
    Ok(())
}

/// `EXEC`
pub(super) fn execute(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let Some(transaction) = context.client.transaction.take() else {
        return Err(Error::plain("EXEC without MULTI").into());
    };
    let has_changed = has_changed(context)?;
    if !transaction.is_refused && !has_changed {
        // The keys stay watched until nobody else can change them.
        return Err(Stop::Script(transaction.requests));
    }
    context.hub.unwatch(context.client);
    if transaction.is_refused {
        let text = "Transaction discarded because of previous errors.";
        return Err(Error::new("EXECABORT", text).into());
    }
    out.null_array();
    Ok(())
}

/// `DISCARD`
pub(super) fn discard(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if context.client.transaction.take().is_none() {
        return Err(Error::plain("DISCARD without MULTI").into());
    }
    context.hub.unwatch(context.client);
    out.simple("OK");
    Ok(())
}

/// `WATCH key [key ...]`
pub(super) fn watch(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if context.client.transaction.is_some() {
        return Err(Error::plain("WATCH inside MULTI is not allowed").into());
    }
    for key in args.from(1).iter() {
        watch_one(key, context)?;
    }
    out.simple("OK");
    Ok(())
}

/// `UNWATCH`
pub(super) fn unwatch(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    context.hub.unwatch(context.client);
    out.simple("OK");
    Ok(())
}

fn watch_one(key: &[u8], context: &mut Context<'_>) -> Result<(), Stop> {
    let database = context.client.database;
    // Before the look: what changes after it is then known.
    if !context.hub.watches.add(key, database, &context.client.card) {
        return Ok(());
    }
    let present = match admit_watch(context).and_then(|()| context.inspect(key)) {
        Ok(present) => present,
        Err(stop) => {
            context.hub.watches.remove(key, database, &context.client.card);
            return Err(stop);
        }
    };
    context.client.keeps(kept_for(key), 0);
    context.client.watched.push(Watched { key: key.into(), database, was_there: false });
    if let (Some(particulars), Some(watched)) = (present, context.client.watched.last_mut()) {
        watched.was_there = !particulars.is_copy;
        context.hub.watches.note_present(key, database, &context.client.card);
    }
    Ok(())
}

fn admit_watch(context: &Context<'_>) -> Result<(), Stop> {
    if context.client.watched.len() >= context.hub.limits.watches_max {
        let text = "this client watches as many keys as limits.watches_max allows: UNWATCH first";
        return Err(Error::plain(text).into());
    }
    Ok(())
}

/// Whether a watched key has changed. One that has expired is told of only once it is swept out.
pub(crate) fn has_changed(context: &mut Context<'_>) -> Result<bool, Stop> {
    if context.client.card.is_spoilt() {
        return Ok(true);
    }
    let watched = std::mem::take(&mut context.client.watched);
    let mut has_changed = false;
    for Watched { key, database, .. } in watched.iter().filter(|watched| watched.was_there) {
        has_changed |= context.inspect_in(*database, key)?.is_none();
    }
    context.client.watched = watched;
    Ok(has_changed)
}

#[cfg(test)]
mod tests {
    use crate::testing::{WRONG_TYPE, replies, says};

    #[test]
    fn requests_are_queued_and_run_together() {
        says(
            "MULTI\nSET a 1\nINCR a\nGET a\nEXEC\nPING",
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n+PONG\r\n",
        );
        says("MULTI\nEXEC", "+OK\r\n*0\r\n");
    }

    #[test]
    fn a_request_that_fails_does_not_stop_the_others() {
        let replies = format!("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n{WRONG_TYPE}+PONG\r\n");
        says("HSET h f v\nMULTI\nGET h\nPING\nEXEC", &format!(":1\r\n{replies}"));
    }

    #[test]
    fn a_request_that_is_refused_discards_all() {
        let abort = "-EXECABORT Transaction discarded because of previous errors.\r\n";
        let said = replies("MULTI\nSET a 1\nFOO\nEXEC\nEXISTS a");
        assert!(said.ends_with(&format!("{abort}:0\r\n")), "{said}");
        let said = replies("MULTI\nGET\nEXEC\nEXEC");
        assert!(said.ends_with(&format!("{abort}-ERR EXEC without MULTI\r\n")), "{said}");
    }

    #[test]
    fn an_exec_that_is_refused_itself_discards_all() {
        let abort = "-EXECABORT Transaction discarded because of:";
        let arity = format!("{abort} wrong number of arguments for 'exec' command\r\n");
        let script = "WATCH a\nMULTI\nSET a 1\nEXEC x\nSET a 2\nMULTI\nEXEC";
        says(script, &format!("+OK\r\n+OK\r\n+QUEUED\r\n{arity}+OK\r\n+OK\r\n*0\r\n"));
        says("EXEC x", &arity);
        let said = replies("ACL SETUSER default >x\nRESET\nEXEC");
        assert!(said.ends_with(&format!("{abort} NOAUTH Authentication required.\r\n")), "{said}");
        let said = replies("ACL SETUSER default -exec\nMULTI\nEXEC\nEXEC");
        let denied = "NOPERM this user has no permissions to run the 'exec' command";
        assert!(said.ends_with(&format!("{abort} {denied}\r\n").repeat(2)), "{said}");
        let said = replies("SUBSCRIBE a\nEXEC");
        assert!(said.contains(&format!("{abort} Can't execute 'exec': only")), "{said}");
    }

    #[test]
    fn transactions_do_not_nest() {
        says("MULTI\nMULTI\nEXEC", "+OK\r\n-ERR MULTI calls can not be nested\r\n*0\r\n");
        says("MULTI\nWATCH a\nEXEC", "+OK\r\n-ERR WATCH inside MULTI is not allowed\r\n*0\r\n");
        says("DISCARD\nEXEC", "-ERR DISCARD without MULTI\r\n-ERR EXEC without MULTI\r\n");
    }

    #[test]
    fn discarded_requests_do_not_run() {
        says("MULTI\nSET a 1\nDISCARD\nEXISTS a", "+OK\r\n+QUEUED\r\n+OK\r\n:0\r\n");
    }

    #[test]
    fn a_database_chosen_within_holds_on() {
        says(
            "MULTI\nSELECT 1\nSET a 1\nEXEC\nGET a\nSELECT 0\nGET a",
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n$1\r\n1\r\n+OK\r\n$-1\r\n",
        );
    }

    #[test]
    fn a_whole_sees_what_it_has_done() {
        says(
            "MULTI\nSET whole:a 1\nINCR whole:a\nGET whole:a\nEXEC\nGET whole:a",
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n$1\r\n2\r\n",
        );
    }

    #[test]
    fn a_whole_that_cannot_be_carried_out_is_one_error() {
        let said = replies("MULTI\nSET whole:a 1\nSET whole:b poison\nEXEC\nEXISTS whole:a\nPING");
        assert!(said.ends_with("+QUEUED\r\n-UNKNOWN who knows\r\n:0\r\n+PONG\r\n"), "{said}");
        let said = replies("MULTI\nSET whole:away 1\nEXEC\nPING");
        assert!(said.ends_with("+QUEUED\r\n-TRYAGAIN it is away\r\n+PONG\r\n"), "{said}");
    }

    #[test]
    fn a_request_of_a_whole_that_fails_does_not_stop_the_others() {
        let said =
            replies("HSET whole:h f v\nMULTI\nGET whole:h\nSET whole:a 1\nEXEC\nGET whole:a");
        assert!(said.ends_with(&format!("*2\r\n{WRONG_TYPE}+OK\r\n$1\r\n1\r\n")), "{said}");
    }

    #[test]
    fn a_whole_answers_only_what_the_client_wants_to_hear() {
        let script = "CLIENT REPLY OFF\nMULTI\nSET whole:a poison\nEXEC\nMULTI\nSET whole:a 1\n\
                      EXEC\nCLIENT REPLY ON\nGET whole:a";
        says(script, "+OK\r\n$1\r\n1\r\n");
    }
}
