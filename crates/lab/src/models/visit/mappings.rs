//! Whether a model shares memory with the kernel: what it maps of the kernel's.

use std::fs;

use super::Visit;
use crate::models::figures::Mappings;

impl Visit<'_> {
    /// Looks at the address space and at the descriptors of the first process.
    pub(super) fn mappings(&mut self) {
        let process = self.larder.process();
        let Ok(maps) = fs::read_to_string(format!("/proc/{process}/maps")) else { return };
        let descriptors =
            fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        let targets = descriptors.filter_map(|entry| fs::read_link(entry.path()).ok());
        let epolls = targets.filter(|target| target.as_os_str() == EPOLL).count();
        self.figures.of_mut(self.model).mappings = Some(parse(&maps, epolls));
    }
}

const EPOLL: &str = "anon_inode:[eventpoll]";
const URING: &str = "anon_inode:[io_uring]";

fn parse(maps: &str, epolls: usize) -> Mappings {
    let count = |name| maps.lines().filter(|line| line.ends_with(name)).count();
    Mappings { of_epoll: count(EPOLL), of_uring: count(URING), epolls }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_known_by_the_name_behind_it() {
        let maps = "7f00-7f01 rw-s 00000000 00:0f 1 anon_inode:[io_uring]\n\
                    7f02-7f03 rw-p 00000000 00:00 0 [heap]\n";
        assert_eq!(parse(maps, 2), Mappings { of_epoll: 0, of_uring: 1, epolls: 2 });
    }
}
