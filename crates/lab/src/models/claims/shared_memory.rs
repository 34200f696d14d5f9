//! epoll shares memory with the kernel.

use larder_server::model::ModelName;

use super::{judgement, untold, verdict};
use crate::models::figures::Figures;
use crate::report::Claim;

const CLAIM: &str = "epoll shares memory with the kernel, so that nothing is copied.";

pub(super) fn judge(figures: &Figures) -> Claim {
    let mappings = |model| figures.of(model).mappings;
    let Some(epoll) = mappings(ModelName::Epoll).filter(|epoll| epoll.epolls > 0) else {
        return untold(CLAIM, "epoll was not measured.");
    };
    let uring = mappings(ModelName::Uring).map_or(String::new(), |uring| {
        format!(
            " The process of uring has {} mappings of io_uring, whose rings are shared.",
            uring.of_uring
        )
    });
    let told = format!(
        "The process that serves has {} descriptors of epoll and {} mappings of one. What is ready is copied \
         into the list that epoll_wait(2) is given, 12 bytes for each on x86-64; that is as much as is \
         active, not as much as is watched.{uring}",
        epoll.epolls, epoll.of_epoll
    );
    judgement(CLAIM, told, verdict(epoll.of_epoll > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::Mappings;
    use crate::report::Verdict;

    fn judged(epolls: usize, of_epoll: usize) -> Claim {
        let mut figures = Figures::default();
        let mappings = |of_epoll, of_uring, epolls| Some(Mappings { of_epoll, of_uring, epolls });
        figures.of_mut(ModelName::Epoll).mappings = mappings(of_epoll, 0, epolls);
        figures.of_mut(ModelName::Uring).mappings = mappings(0, 4, 1);
        judge(&figures)
    }

    #[test]
    fn memory_that_is_shared_is_mapped() {
        assert_eq!(judged(2, 0).verdict, Verdict::DoesNotHold);
        assert_eq!(judged(2, 1).verdict, Verdict::Holds);
        assert_eq!(judged(0, 0).verdict, Verdict::NotOnThisMachine);
    }

    #[test]
    fn what_is_shared_elsewhere_is_shown_beside_it() {
        assert!(judged(2, 0).figures.contains("uring has 4 mappings"));
    }
}
