//! The registry of models: every model that a name can choose.

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::str::FromStr;
use std::sync::Arc;

use super::local::Local;
use super::pool::Pool;
use super::prefork::Prefork;
use super::process::Process;
use super::reactors::Reactors;
use super::single::{Epoll, Poll, Select};
use super::tasks::Tasks;
use super::thread_each::ThreadEach;
use super::uring::Uring;
use super::{Capabilities, Model, Options, Service, Shutdown};

macro_rules! registry {
    ($($(#[$doc:meta])+ $model:ident,)+) => {
        /// Names a [`Model`]; parses from and prints as [`Model::NAME`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ModelName {
            $($(#[$doc])+ $model,)+
        }

        impl ModelName {
            /// Every model, the default first.
            pub const ALL: &[Self] = &[$(Self::$model,)+];

            /// The name as written in a configuration.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$model => $model::NAME,)+ }
            }

            /// Where the model differs from the others.
            pub const fn capabilities(self) -> Capabilities {
                match self { $(Self::$model => $model::CAPABILITIES,)+ }
            }

            /// Runs the model; see [`Model::run`].
            ///
            /// # Errors
            ///
            /// When the loop or the runtime cannot be set up.
            pub fn run<S: Service>(
                self,
                listeners: Vec<TcpListener>,
                service: Arc<S>,
                options: Options,
                shutdown: Shutdown,
            ) -> io::Result<()> {
                match self {
                    $(Self::$model => $model::run(listeners, service, options, shutdown),)+
                }
            }
        }
    };
}

registry! {
    /// An epoll loop per core.
    Reactors,
    /// A process per connection.
    Process,
    /// A fixed set of processes that share the listeners.
    Prefork,
    /// A thread per connection.
    ThreadEach,
    /// A fixed set of threads, a connection each.
    Pool,
    /// One loop on `select`.
    Select,
    /// One loop on `poll`.
    Poll,
    /// One loop on `epoll`.
    Epoll,
    /// An io_uring per core.
    Uring,
    /// A task per connection on one thread.
    Local,
    /// A task per connection on a work-stealing pool of threads.
    Tasks,
}

impl Default for ModelName {
    fn default() -> Self {
        Self::ALL[0]
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ModelName {
    type Err = UnknownModel;

    fn from_str(name: &str) -> Result<Self, UnknownModel> {
        let known = Self::ALL.iter().find(|model| model.as_str() == name);
        known.copied().ok_or_else(|| UnknownModel { name: name.to_owned() })
    }
}

/// The name of no [`Model`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownModel {
    /// The name that was asked for.
    pub name: String,
}

impl fmt::Display for UnknownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown model '{}'; known are:", self.name)?;
        for (i, model) in ModelName::ALL.iter().enumerate() {
            write!(f, "{} {model}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownModel {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_to_its_model() {
        for &model in ModelName::ALL {
            assert_eq!(model.to_string().parse(), Ok(model));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = "threads".parse::<ModelName>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown model 'threads'; known are: reactors, process, prefork, thread, pool, select, poll, epoll, \
             uring, local, tasks"
        );
    }
}
