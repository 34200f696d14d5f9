//! The suites: what each is written in, and so how it is installed and run.

use super::needs::{Need, What};

/// A folder in `clients/`.
pub(super) struct Suite {
    /// The name of the folder.
    pub(super) name: &'static str,
    /// What it is written in.
    pub(super) language: Language,
    /// What it needs beside its language's own tools.
    pub(super) needs: &'static [Need],
}

/// Each language has one way to install what is pinned, and one to run tests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// `suite.sh`
    Shell,
    /// `*.c`, linked with hiredis
    C,
    /// `requirements.txt`, and tests for pytest
    Python,
    /// `package-lock.json`, and `*.test.mjs` for Node's own runner
    Node,
    /// `*_test.go`, with the packages of Debian
    Go,
    /// A member of this workspace
    Rust,
}

impl Language {
    /// What every suite of the language needs.
    pub(super) fn needs(self) -> &'static [Need] {
        match self {
            Self::Shell | Self::C | Self::Rust => &[],
            Self::Python => &[
                Need { what: What::Program("python3"), package: "python3" },
                Need { what: What::PythonModule("ensurepip"), package: "python3-venv" },
            ],
            Self::Node => &[
                Need { what: What::Program("node"), package: "nodejs" },
                Need { what: What::Program("npm"), package: "npm" },
            ],
            Self::Go => &[Need { what: What::Program("go"), package: "golang-go" }],
        }
    }
}

pub(super) const SUITES: [Suite; 9] = [
    Suite { name: "redis-cli", language: Language::Shell, needs: &[] },
    Suite {
        name: "hiredis",
        language: Language::C,
        needs: &[Need {
            what: What::File("/usr/include/hiredis/hiredis.h"),
            package: "libhiredis-dev",
        }],
    },
    Suite { name: "redis-py", language: Language::Python, needs: &[] },
    Suite { name: "django", language: Language::Python, needs: &[] },
    Suite { name: "node-redis", language: Language::Node, needs: &[] },
    Suite { name: "ioredis", language: Language::Node, needs: &[] },
    Suite {
        name: "redigo",
        language: Language::Go,
        needs: &[Need {
            what: What::File("/usr/share/gocode/src/github.com/gomodule/redigo"),
            package: "golang-github-gomodule-redigo-dev",
        }],
    },
    Suite {
        name: "go-redis",
        language: Language::Go,
        needs: &[Need {
            what: What::File("/usr/share/gocode/src/gopkg.in/redis.v5"),
            package: "golang-gopkg-redis.v5-dev",
        }],
    },
    Suite { name: "redis-rs", language: Language::Rust, needs: &[] },
];
