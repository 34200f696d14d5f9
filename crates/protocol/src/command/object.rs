//! `OBJECT ENCODING|FREQ|IDLETIME|REFCOUNT key`: <https://redis.io/commands/object/>. They look at
//! the copy without using it, and do not load.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::Out;
use crate::settings::{Settings, place};
use crate::store::Particulars;

/// `OBJECT ENCODING`
pub(super) fn encoding(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    match context.inspect(&args[2])? {
        Some(particulars) => out.bulk(particulars.encoding.as_bytes()),
        None => out.null(),
    }
    Ok(())
}

/// `OBJECT IDLETIME`
pub(super) fn idle_time(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    tell(args, context, out, |particulars, settings| match counts_frequency(settings) {
        false => Ok(i64::try_from(particulars.idle_s).unwrap_or(i64::MAX)),
        true => Err(untracked("is selected, idle time")),
    })
}

/// `OBJECT FREQ`
pub(super) fn frequency(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    tell(args, context, out, |particulars, settings| match counts_frequency(settings) {
        true => Ok(particulars.frequency.into()),
        false => Err(untracked("is not selected, access frequency")),
    })
}

/// `OBJECT REFCOUNT`: what Redis shares it tells by the largest number.
pub(super) fn references(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    tell(args, context, out, |particulars, _| {
        Ok(if particulars.is_shared { i32::MAX.into() } else { 1 })
    })
}

fn tell(
    args: &Args<'_>,
    context: &mut Context<'_>,
    out: &mut Out<'_>,
    tell: impl FnOnce(Particulars, &Settings) -> Result<i64, Error>,
) -> Done {
    match context.inspect(&args[2])? {
        Some(particulars) => out.integer(tell(particulars, &context.hub.settings)?),
        None => out.null(),
    }
    Ok(())
}

/// Whether the policy of eviction is one that wants frequencies instead of times.
fn counts_frequency(settings: &Settings) -> bool {
    settings.choice(place::MAXMEMORY_POLICY).ends_with("lfu")
}

fn untracked(what: &str) -> Error {
    Error::plain(format!(
        "An LFU maxmemory policy {what} not tracked. Please note that when switching between \
         policies at runtime LRU and LFU data will take some time to adjust."
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[test]
    fn the_copy_is_told_of() {
        let script = "SET a x\nOBJECT ENCODING a\nOBJECT IDLETIME a\nOBJECT REFCOUNT a";
        says(script, "+OK\r\n$3\r\nraw\r\n:5\r\n:1\r\n");
        says("OBJECT ENCODING x\nOBJECT FREQ x\nOBJECT REFCOUNT x", &"$-1\r\n".repeat(3));
    }

    #[test]
    fn small_integers_are_shared() {
        says("SET near:a 9999\nOBJECT REFCOUNT near:a", "+OK\r\n:2147483647\r\n");
        says("SET near:a 10000\nOBJECT REFCOUNT near:a", "+OK\r\n:1\r\n");
    }

    #[test]
    fn the_policy_says_whether_times_or_frequencies_are_kept() {
        assert!(replies("SET a x\nOBJECT FREQ a").contains("LFU maxmemory policy is not selected"));
        let lfu = "SET a x\nCONFIG SET maxmemory-policy allkeys-lfu";
        says(&format!("{lfu}\nOBJECT FREQ a"), "+OK\r\n+OK\r\n:3\r\n");
        let said = replies(&format!("{lfu}\nOBJECT IDLETIME a"));
        assert!(said.contains("-ERR An LFU maxmemory policy is selected, idle time not"), "{said}");
    }
}
