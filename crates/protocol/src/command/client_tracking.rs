//! `CLIENT TRACKING|TRACKINGINFO|CACHING|GETREDIR`: <https://redis.io/commands/client-tracking/>
//!
//! What a change is: a write by any strategy, an invalidation, an expiry, an eviction of the copy,
//! and a load that brings another one. A client that does not want to hear of its own changes
//! (`NOLOOP`) still does in a keyspace with a source, where a write is carried out elsewhere.

use crate::args::Args;
use crate::client::{Selection, Tracking};
use crate::command::{Context, Done};
use crate::error::{Error, c_string};
use crate::frame::Out;
use crate::hub::TrackingTerms;

/// How many prefixes a client may track: each is compared with all others.
const PREFIXES_MAX: usize = 1000;

/// `CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`
pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let options = Options::read(args, context)?;
    if args.is(2, "ON") {
        begin(options, context)?;
    } else if args.is(2, "OFF") {
        context.hub.tracking.rest(context.client.id());
        context.client.tracking = None;
    } else {
        return Err(Error::syntax().into());
    }
    out.simple("OK");
    Ok(())
}

/// `CLIENT GETREDIR`
pub(super) fn redirection(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    out.integer(redirect(context.client.tracking.as_ref()));
    Ok(())
}

/// `CLIENT CACHING YES|NO`
pub(super) fn caching(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let Some(tracking) = &mut context.client.tracking else {
        let text = "CLIENT CACHING can be called only when the client is in tracking mode with \
                    OPTIN or OPTOUT mode enabled";
        return Err(Error::plain(text).into());
    };
    let (wanted, mode, word) = match (args.is(2, "YES"), args.is(2, "NO")) {
        (true, _) => (Selection::OptIn, "OPTIN", "YES"),
        (_, true) => (Selection::OptOut, "OPTOUT", "NO"),
        _ => return Err(Error::syntax().into()),
    };
    if tracking.selection != wanted {
        let text =
            format!("CLIENT CACHING {word} is only valid when tracking is enabled in {mode} mode.");
        return Err(Error::plain(text).into());
    }
    tracking.caching = Some(wanted == Selection::OptIn);
    out.simple("OK");
    Ok(())
}

/// `CLIENT TRACKINGINFO`
pub(super) fn info(_: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let tracking = context.client.tracking.as_ref();
    out.map(3);
    out.bulk(b"flags");
    let flags = flags(tracking);
    out.set(flags.len());
    flags.iter().for_each(|flag| out.bulk(flag.as_bytes()));
    out.bulk(b"redirect");
    out.integer(redirect(tracking));
    out.bulk(b"prefixes");
    let prefixes = match tracking.map(|tracking| &tracking.selection) {
        Some(Selection::Broadcast(prefixes)) => prefixes.as_slice(),
        _ => &[],
    };
    out.array(prefixes.len());
    prefixes.iter().for_each(|prefix| out.bulk(prefix));
    Ok(())
}

/// -1 without tracking, 0 without a redirection.
fn redirect(tracking: Option<&Tracking>) -> i64 {
    tracking.map_or(-1, |tracking| tracking.redirect.unwrap_or(0).cast_signed())
}

fn flags(tracking: Option<&Tracking>) -> Vec<&'static str> {
    let Some(tracking) = tracking else { return vec!["off"] };
    let mut flags = vec!["on"];
    flags.extend(match tracking.selection {
        Selection::Read => None,
        Selection::OptIn => Some("optin"),
        Selection::OptOut => Some("optout"),
        Selection::Broadcast(_) => Some("bcast"),
    });
    match tracking.caching {
        Some(true) => flags.push("caching-yes"),
        Some(false) => flags.push("caching-no"),
        None => {}
    }
    if tracking.no_loop {
        flags.push("noloop");
    }
    if tracking.is_broken {
        flags.push("broken_redirect");
    }
    flags
}

#[derive(Default)]
struct Options<'a> {
    redirect: Option<u64>,
    prefixes: Vec<&'a [u8]>,
    broadcast: bool,
    opt_in: bool,
    opt_out: bool,
    no_loop: bool,
}

impl<'a> Options<'a> {
    fn read(args: &Args<'a>, context: &Context<'_>) -> Result<Self, Error> {
        let (mut options, mut place) = (Self::default(), 3);
        while place < args.len() {
            let value = args.at(place + 1);
            if args.is(place, "REDIRECT") && value.is_some() {
                options.redirect(args.integer(place + 1), context)?;
                place += 1;
            } else if let (true, Some(prefix)) = (args.is(place, "PREFIX"), value) {
                options.prefixes.push(prefix);
                place += 1;
            } else if args.is(place, "BCAST") {
                options.broadcast = true;
            } else if args.is(place, "OPTIN") {
                options.opt_in = true;
            } else if args.is(place, "OPTOUT") {
                options.opt_out = true;
            } else if args.is(place, "NOLOOP") {
                options.no_loop = true;
            } else {
                return Err(Error::syntax());
            }
            place += 1;
        }
        Ok(options)
    }

    fn redirect(&mut self, id: Result<i64, Error>, context: &Context<'_>) -> Result<(), Error> {
        if self.redirect.is_some() {
            return Err(Error::plain("A client can only redirect to a single other client"));
        }
        let id = u64::try_from(id?).unwrap_or_default();
        if context.hub.clients.find(id).is_none() {
            return Err(Error::plain("The client ID you want redirect to does not exist"));
        }
        self.redirect = Some(id);
        Ok(())
    }

    /// Refuses what does not go together, or not with what holds already.
    fn check(&self, present: Option<&Tracking>) -> Result<(), Error> {
        let mode = |tracking: &Tracking| matches!(tracking.selection, Selection::Broadcast(_));
        let switches_opt = present.is_some_and(|tracking| {
            self.opt_in && tracking.selection == Selection::OptOut
                || self.opt_out && tracking.selection == Selection::OptIn
        });
        let text = if !self.broadcast && !self.prefixes.is_empty() {
            "PREFIX option requires BCAST mode to be enabled"
        } else if present.is_some_and(|tracking| mode(tracking) != self.broadcast) {
            "You can't switch BCAST mode on/off before disabling tracking for this client, and \
             then re-enabling it with a different mode."
        } else if self.broadcast && (self.opt_in || self.opt_out) {
            "OPTIN and OPTOUT are not compatible with BCAST"
        } else if self.opt_in && self.opt_out {
            "You can't specify both OPTIN mode and OPTOUT mode"
        } else if switches_opt {
            "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and \
             then re-enabling it with a different mode."
        } else {
            return self.check_prefixes(present);
        };
        Err(Error::plain(text))
    }

    /// No prefix may cover another: a change would be told twice.
    fn check_prefixes(&self, present: Option<&Tracking>) -> Result<(), Error> {
        let existing: &[Box<[u8]>] = match present.map(|tracking| &tracking.selection) {
            Some(Selection::Broadcast(prefixes)) => prefixes,
            _ => &[],
        };
        if existing.len() + self.prefixes.len() > PREFIXES_MAX {
            let text =
                format!("a client may track at most {PREFIXES_MAX} prefixes: use shorter ones");
            return Err(Error::plain(text));
        }
        let overlap = |a: &[u8], b: &[u8]| a.starts_with(b) || b.starts_with(a);
        for (place, prefix) in self.prefixes.iter().enumerate() {
            if let Some(other) = existing.iter().find(|other| overlap(prefix, other)) {
                return Err(overlapping(prefix, other, "an existing prefix"));
            }
            let later = &self.prefixes[place + 1..];
            if let Some(other) = later.iter().find(|other| overlap(prefix, other)) {
                return Err(overlapping(prefix, other, "another provided prefix"));
            }
        }
        Ok(())
    }

    fn selection(&self, present: Option<&Tracking>) -> Selection {
        if !self.broadcast {
            return match (self.opt_in, self.opt_out) {
                (true, _) => Selection::OptIn,
                (_, true) => Selection::OptOut,
                _ => Selection::Read,
            };
        }
        let mut prefixes = match present.map(|tracking| &tracking.selection) {
            Some(Selection::Broadcast(prefixes)) => prefixes.clone(),
            _ => Vec::new(),
        };
        prefixes.extend(self.prefixes.iter().map(|prefix| Box::from(*prefix)));
        if self.prefixes.is_empty() {
            // Every key.
            prefixes.push(Box::default());
        }
        prefixes.sort();
        prefixes.dedup();
        Selection::Broadcast(prefixes)
    }
}

fn overlapping(prefix: &[u8], other: &[u8], which: &str) -> Error {
    Error::repeating(&[
        b"Prefix '",
        c_string(prefix),
        b"' overlaps with ",
        which.as_bytes(),
        b" '",
        c_string(other),
        b"'. Prefixes for a single client must not overlap.",
    ])
}

fn begin(options: Options<'_>, context: &mut Context<'_>) -> Result<(), Error> {
    options.check(context.client.tracking.as_ref())?;
    let selection = options.selection(context.client.tracking.as_ref());
    let Options { redirect, no_loop, broadcast: by_prefix, .. } = options;
    let terms = TrackingTerms { redirect, no_loop, by_prefix };
    let (id, table) = (context.client.id(), &context.hub.tracking);
    table.join(id, terms);
    if let Selection::Broadcast(prefixes) = &selection {
        prefixes.iter().for_each(|prefix| table.broadcast(id, prefix));
    }
    let shown = redirect.unwrap_or(0);
    context.client.card.tally.redirect.store(shown, std::sync::atomic::Ordering::Relaxed);
    context.client.tracking =
        Some(Tracking { selection, redirect, no_loop, ..Tracking::default() });
    Ok(())
}
