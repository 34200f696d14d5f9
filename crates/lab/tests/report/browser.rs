//! A headless Chromium, spoken to by its DevTools protocol.
//!
//! The protocol goes over two pipes: messages are JSON, each with a zero byte behind it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than a busy machine needs for any answer.
const PATIENCE: Duration = Duration::from_secs(60);

const PROGRAM: &str = "chromium";
/// What it says besides, in the folder of its profile.
const LOG: &str = "log";

/// The browser reads and writes the descriptors 3 and 4; a shell puts its own input and output there.
const START: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>&2";

const OPTIONS: [&str; 9] = [
    "--headless",
    "--remote-debugging-pipe",
    // The pages are ours, and as root there is no sandbox.
    "--no-sandbox",
    "--disable-gpu",
    // Containers have little of /dev/shm.
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--window-size=1280,900",
];

/// A running browser. It ends when this is dropped.
pub(crate) struct Browser {
    process: Child,
    requests: ChildStdin,
    messages: Receiver<Value>,
    last_number: u64,
    /// What it has said besides answers.
    events: Vec<Value>,
    /// Removed after the browser has ended.
    profile: TempDir,
}

/// What became of a page.
#[derive(Debug)]
pub(crate) struct Visit {
    /// What the script gave.
    pub(crate) value: Value,
    /// Errors, warnings and anything else that a console shows.
    pub(crate) console: Vec<String>,
    /// The addresses of all that was asked for, the page itself first.
    pub(crate) fetched: Vec<String>,
}

impl Browser {
    pub(crate) fn start() -> Self {
        assert!(is_installed(), "install {PROGRAM}, as `cargo xtask test` does on Debian");
        let profile = TempDir::new().unwrap();
        let mut process = Command::new("sh")
            .args(["-c", START, PROGRAM])
            .args(OPTIONS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(profile.path().join(LOG)).unwrap())
            .spawn()
            .unwrap();
        let requests = process.stdin.take().unwrap();
        let messages = received(process.stdout.take().unwrap());
        Self { process, requests, messages, last_number: 0, events: Vec::new(), profile }
    }

    /// Loads a file in a page of its own, then evaluates `script` in it.
    pub(crate) fn visit(&mut self, file: &Path, script: &str) -> Visit {
        let address = format!("file://{}", file.display());
        let target = self.call(None, "Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call(None, "Target.attachToTarget", attach);
        let session = session["sessionId"].as_str().unwrap().to_owned();
        let page = Some(session.as_str());
        for domain in ["Page", "Network", "Runtime", "Log"] {
            self.call(page, &format!("{domain}.enable"), json!({}));
        }
        self.call(page, "Page.navigate", json!({ "url": address }));
        self.wait_for("Page.loadEventFired");
        let asked = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.call(page, "Runtime.evaluate", asked);
        self.call(None, "Target.closeTarget", json!({ "targetId": target["targetId"] }));
        let events = std::mem::take(&mut self.events);
        Visit { value: answer["result"]["value"].clone(), ..Visit::of(&events) }
    }

    /// Asks for something and waits for the answer.
    fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.last_number += 1;
        let mut request = json!({ "id": self.last_number, "method": method, "params": parameters });
        if let Some(session) = session {
            request["sessionId"] = session.into();
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).unwrap();
        loop {
            let message = self.next(method);
            if message["id"] == self.last_number {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn wait_for(&mut self, event: &str) {
        while !self.events.iter().any(|message| message["method"] == event) {
            let message = self.next(event);
            self.events.push(message);
        }
    }

    fn next(&mut self, awaited: &str) -> Value {
        let message = self.messages.recv_timeout(PATIENCE);
        message.unwrap_or_else(|error| {
            let log = fs::read_to_string(self.profile.path().join(LOG)).unwrap_or_default();
            panic!("the browser did not answer {awaited}: {error}; it said:\n{log}")
        })
    }
}

impl Drop for Browser {
    /// Asked to end, it takes its helpers with it.
    fn drop(&mut self) {
        let asked = self.requests.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        while asked.is_ok() && self.messages.recv_timeout(PATIENCE).is_ok() {}
        // By now it has ended, or never will by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Visit {
    fn of(events: &[Value]) -> Self {
        let of =
            |method: &'static str| events.iter().filter(move |event| event["method"] == method);
        let told = of("Runtime.consoleAPICalled").chain(of("Runtime.exceptionThrown"));
        let console = told.chain(of("Log.entryAdded")).map(|event| event["params"].to_string());
        let requests =
            of("Network.requestWillBeSent").map(|event| &event["params"]["request"]["url"]);
        Self {
            value: Value::Null,
            console: console.collect(),
            fetched: requests.filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}

/// The messages of the browser, until it ends.
fn received(output: ChildStdout) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for message in BufReader::new(output).split(0) {
            let message = message.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            if message.is_none_or(|message| sender.send(message).is_err()) {
                return;
            }
        }
    });
    receiver
}

fn is_installed() -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(PROGRAM).is_file())
}
