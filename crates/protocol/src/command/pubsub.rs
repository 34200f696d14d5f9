//! `SUBSCRIBE|UNSUBSCRIBE|PSUBSCRIBE|PUNSUBSCRIBE|PUBLISH|PUBSUB`:
//! <https://redis.io/docs/latest/develop/interact/pubsub/>

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::args::Args;
use crate::client::kept_for;
use crate::command::{Context, Done, lookup};
use crate::error::Error;
use crate::frame::Out;

/// `SUBSCRIBE channel [channel ...]`
pub(super) fn subscribe(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    admit(args, context)?;
    for channel in args.from(1).iter() {
        if !context.client.channels.contains(channel) {
            let channel = context.hub.channels.subscribe(channel, &context.client.card);
            context.client.keeps(kept_for(&channel), 0);
            context.client.channels.insert(channel);
        }
        confirm("subscribe", Some(channel), context, out);
    }
    Ok(())
}

/// `PSUBSCRIBE pattern [pattern ...]`
pub(super) fn subscribe_patterns(
    args: &Args<'_>,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
) -> Done {
    admit(args, context)?;
    for pattern in args.from(1).iter() {
        if !context.client.patterns.contains(pattern) {
            let pattern = context.hub.channels.subscribe_pattern(pattern, &context.client.card);
            context.client.keeps(kept_for(&pattern), 0);
            context.client.patterns.insert(pattern);
        }
        confirm("psubscribe", Some(pattern), context, out);
    }
    Ok(())
}

/// `UNSUBSCRIBE [channel ...]`
pub(super) fn unsubscribe(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let named = named(args, &context.client.channels);
    for channel in &named {
        if context.client.channels.remove(&**channel) {
            context.client.keeps(0, kept_for(channel));
            context.hub.channels.unsubscribe(channel, &context.client.card);
        }
        confirm("unsubscribe", Some(channel), context, out);
    }
    if named.is_empty() {
        confirm("unsubscribe", None, context, out);
    }
    Ok(())
}

/// `PUNSUBSCRIBE [pattern ...]`
pub(super) fn unsubscribe_patterns(
    args: &Args<'_>,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
) -> Done {
    let named = named(args, &context.client.patterns);
    for pattern in &named {
        if context.client.patterns.remove(&**pattern) {
            context.client.keeps(0, kept_for(pattern));
            context.hub.channels.unsubscribe_pattern(pattern, &context.client.card);
        }
        confirm("punsubscribe", Some(pattern), context, out);
    }
    if named.is_empty() {
        confirm("punsubscribe", None, context, out);
    }
    Ok(())
}

/// `PUBLISH channel message`: answers how many clients are told.
pub(super) fn publish(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.integer(count(context.hub.channels.publish(&args[1], &args[2])));
    Ok(())
}

/// `PUBSUB CHANNELS [pattern]`
pub(super) fn channels(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    if args.len() > 3 {
        return Err(lookup::wrong_subcommand(args).into());
    }
    let names = context.hub.channels.names(args.at(2));
    out.array(names.len());
    names.iter().for_each(|name| out.bulk(name));
    Ok(())
}

/// `PUBSUB NUMSUB [channel ...]`
pub(super) fn counts(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let names = args.from(2);
    out.array(2 * names.len());
    for name in names.iter() {
        out.bulk(name);
        out.integer(count(context.hub.channels.count(name)));
    }
    Ok(())
}

/// `PUBSUB NUMPAT`
pub(super) fn patterns(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.integer(count(context.hub.channels.patterns()));
    Ok(())
}

/// What is named, or everything when nothing is.
fn named(args: &Args<'_>, all: &BTreeSet<Arc<[u8]>>) -> Vec<Arc<[u8]>> {
    match args.len() {
        1 => all.iter().cloned().collect(),
        _ => args.from(1).iter().map(Arc::from).collect(),
    }
}

fn admit(args: &Args<'_>, context: &Context<'_>) -> Result<(), Error> {
    let wanted = context.client.subscriptions() + args.len() - 1;
    match wanted > context.hub.limits.subscriptions_max {
        true => Err(Error::plain(
            "this client would listen to more channels than limits.subscriptions_max allows: \
             unsubscribe from some, or use a pattern",
        )),
        false => Ok(()),
    }
}

/// Tells what the client listens to now: a message of its own for each channel.
fn confirm(what: &str, name: Option<&[u8]>, context: &Context<'_>, out: &mut Out<'_>) {
    out.push(3);
    out.bulk(what.as_bytes());
    match name {
        Some(name) => out.bulk(name),
        None => out.null(),
    }
    out.integer(count(context.client.subscriptions()));
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
