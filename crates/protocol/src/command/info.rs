//! `INFO [section ...]`: <https://redis.io/commands/info/>

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::store::Request;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let names = args.from(1);
    let names: Vec<_> = names.iter().map(String::from_utf8_lossy).collect();
    let section = match names.as_slice() {
        [] => "default".to_owned(),
        names => names.join(" ").to_lowercase(),
    };
    out.outcome(&context.ask(Request::Info { section: &section })?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    #[test]
    fn the_store_tells_about_the_sections_that_are_named() {
        says("INFO", "$9\r\n# default\r\n");
        says("INFO Server STATS", "$14\r\n# server stats\r\n");
    }
}
