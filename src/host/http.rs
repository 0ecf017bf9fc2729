//! HTTP, for what Bucket fetches itself: small answers into memory, files onto the disk.
//!
//! A transfer runs on a thread of its own, so that it can be given up at any moment. Proxies are taken from the
//! environment, certificates from the system. Whatever was fetched is in the command log.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::Host;
use super::fs::{FsError, NewFile};
use crate::core::secret;
use crate::words::{fill, gettext};

/// How long a server may take to be found and to answer, and how long a transfer may stand still.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a waiting transfer looks whether it is still wanted.
const GLANCE: Duration = Duration::from_millis(50);
/// The most an answer into memory may hold.
const ANSWER: u64 = 8 << 20;
/// The most a file may hold.
const FILE: u64 = 4 << 30;
/// How much travels from the transfer's thread at a time.
const CHUNK: usize = 64 << 10;

/// A transfer that did not succeed.
#[derive(Debug, Error)]
#[error("{address}: {trouble}")]
pub struct HttpError {
    /// The address, without what may be secret in it.
    pub address: String,
    /// What went wrong.
    pub trouble: Trouble,
}

/// What went wrong with a transfer.
#[derive(Debug, Error)]
pub enum Trouble {
    /// No answer, or the connection broke.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// The server took too long.
    #[error("it did not answer in time")]
    TooSlow,
    /// The server answered that it will not.
    #[error("the server answered {0}")]
    Status(u16),
    /// More came than makes sense.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// The address is none.
    #[error("it is not an address")]
    BadAddress,
    /// The answer is not what it should be.
    #[error("the answer makes no sense: {0}")]
    Nonsense(String),
    /// The file has another checksum.
    #[error("its checksum is {got}, not {expected}")]
    Checksum {
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] FsError),
    /// The person gave it up.
    #[error("cancelled")]
    Cancelled,
}

impl HttpError {
    /// Whether the server said that it does not have it.
    pub fn not_found(&self) -> bool {
        matches!(self.trouble, Trouble::Status(404 | 410))
    }

    /// What went wrong, for people.
    pub fn reason(&self) -> String {
        match &self.trouble {
            Trouble::Unreachable(why) => {
                fill(&gettext("it cannot be reached: {why}"), &[("why", why)])
            }
            Trouble::TooSlow => gettext("it did not answer in time"),
            Trouble::Status(404 | 410) => gettext("there is no such thing"),
            Trouble::Status(status) => {
                fill(&gettext("the server answered {status}"), &[("status", &status.to_string())])
            }
            Trouble::TooLarge(limit) => {
                let text = gettext("it is larger than {limit} bytes, so it was not taken");
                fill(&text, &[("limit", &limit.to_string())])
            }
            Trouble::BadAddress => gettext("it is not an address"),
            Trouble::Nonsense(why) => {
                fill(&gettext("the answer makes no sense: {why}"), &[("why", why)])
            }
            Trouble::Checksum { expected, got } => {
                let text = gettext(
                    "its checksum is {got}, but {expected} was expected, so it was not taken",
                );
                fill(&text, &[("got", got), ("expected", expected)])
            }
            Trouble::File(error) => error.to_string(),
            Trouble::Cancelled => gettext("it was cancelled"),
        }
    }
}

/// Fetches an answer into memory.
pub fn get(host: &Host, url: &str, cancel: &CancellationToken) -> Result<Vec<u8>, HttpError> {
    logged(host, url, || {
        let mut bytes = Vec::new();
        transfer(url, ANSWER, cancel, &mut |chunk, _| {
            bytes.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok(bytes)
    })
}

/// Fetches a JSON answer.
pub fn json<T: serde::de::DeserializeOwned>(
    host: &Host,
    url: &str,
    cancel: &CancellationToken,
) -> Result<T, HttpError> {
    let bytes = get(host, url, cancel)?;
    serde_json::from_slice(&bytes).map_err(|e| HttpError {
        address: secret::shown_address(url),
        trouble: Trouble::Nonsense(e.to_string()),
    })
}

/// Fetches a file. It appears at `path` when all of it is there, durably, has the checksum `sha256` if one is given,
/// and `check` finds nothing wrong with it; until then, and after a failure, `path` is as it was.
pub fn download(
    host: &Host,
    url: &str,
    path: &Path,
    sha256: Option<&str>,
    check: &dyn Fn(&Path) -> Result<(), String>,
    line: &mut dyn FnMut(&str),
    cancel: &CancellationToken,
) -> Result<(), HttpError> {
    logged(host, url, || {
        let mut file = NewFile::create(path)?;
        let (mut hash, mut had, mut told) = (Sha256::new(), 0u64, 0u64);
        transfer(url, FILE, cancel, &mut |chunk, total| {
            file.append(chunk)?;
            hash.update(chunk);
            had += chunk.len() as u64;
            let done = total.filter(|total| *total > 0).map(|total| had * 100 / total);
            // One line for every per cent, or for every mebibyte where the end is not known.
            let step = done.unwrap_or(had >> 20);
            if step != told {
                told = step;
                line(&progress(had, done));
            }
            Ok(())
        })?;
        let got: String = crate::core::digest::hex(&hash.finalize());
        if let Some(expected) = sha256.filter(|expected| !expected.eq_ignore_ascii_case(&got)) {
            return Err(Trouble::Checksum { expected: expected.to_owned(), got });
        }
        check(file.path()).map_err(Trouble::Nonsense)?;
        Ok(file.keep()?)
    })
}

/// "3.2 MB, 40 %"
fn progress(had: u64, done: Option<u64>) -> String {
    let size = format!("{}.{} MB", had / 1_000_000, had / 100_000 % 10);
    match done {
        Some(done) => format!("{size}, {done} %"),
        None => size,
    }
}

/// Runs a transfer and keeps it in the log of what was run.
fn logged<T>(
    host: &Host,
    url: &str,
    transfer: impl FnOnce() -> Result<T, Trouble>,
) -> Result<T, HttpError> {
    let address = secret::shown_address(url);
    let number = host.log().start(host.now(), format!("GET {address}"));
    let result = transfer().map_err(|trouble| HttpError { address, trouble });
    host.log().end(number, result.as_ref().map(drop).map_err(HttpError::reason), String::new());
    result
}

/// Takes what has come, and how much there will be in all.
type OnChunk<'a> = dyn FnMut(&[u8], Option<u64>) -> Result<(), Trouble> + 'a;

/// What the transfer's thread says.
enum News {
    /// How much is going to come, where the server says.
    Size(Option<u64>),
    Chunk(Vec<u8>),
    End(Result<(), Trouble>),
}

fn transfer(
    url: &str,
    limit: u64,
    cancel: &CancellationToken,
    on: &mut OnChunk<'_>,
) -> Result<(), Trouble> {
    let (tell, hear) = sync_channel(4);
    let url = url.to_owned();
    std::thread::Builder::new()
        .name("transfer".to_owned())
        .spawn(move || {
            let end = fetch(&url, &tell);
            // Nobody hears a transfer that was given up.
            let _ = tell.send(News::End(end));
        })
        .map_err(|error| Trouble::Unreachable(error.to_string()))?;
    listen(&hear, limit, cancel, on)
}

fn listen(
    hear: &Receiver<News>,
    limit: u64,
    cancel: &CancellationToken,
    on: &mut OnChunk<'_>,
) -> Result<(), Trouble> {
    let (mut total, mut had) = (None, 0u64);
    loop {
        if cancel.is_cancelled() {
            return Err(Trouble::Cancelled);
        }
        match hear.recv_timeout(GLANCE) {
            Ok(News::Size(size)) => total = size,
            Ok(News::Chunk(chunk)) => {
                had += chunk.len() as u64;
                if had > limit {
                    return Err(Trouble::TooLarge(limit));
                }
                on(&chunk, total)?;
            }
            Ok(News::End(end)) => return end,
            Err(RecvTimeoutError::Timeout) => (),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Trouble::Unreachable(gettext("the connection broke")));
            }
        }
    }
}

fn fetch(url: &str, tell: &SyncSender<News>) -> Result<(), Trouble> {
    // What was asked for safely is not taken from an address that is not.
    let safe = url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
    let request = agent().get(url).config().https_only(safe).build();
    let mut response = request.call().map_err(trouble)?;
    let body = response.body_mut();
    let expected = body.content_length();
    let mut reader = body.with_config().limit(u64::MAX).reader();
    let mut had = 0u64;
    if tell.send(News::Size(expected)).is_err() {
        return Err(Trouble::Cancelled);
    }
    loop {
        let mut chunk = vec![0; CHUNK];
        let n = reader.read(&mut chunk).map_err(|error| trouble(ureq::Error::from(error)))?;
        if n == 0 {
            break;
        }
        had += n as u64;
        chunk.truncate(n);
        if tell.send(News::Chunk(chunk)).is_err() {
            return Err(Trouble::Cancelled);
        }
    }
    match expected {
        Some(expected) if expected != had => {
            Err(Trouble::Unreachable(gettext("the connection broke before all of it had come")))
        }
        _ => Ok(()),
    }
}

/// One for the whole program: it keeps connections open for the next request.
fn agent() -> &'static ureq::Agent {
    static AGENT: OnceLock<ureq::Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        let roots = ureq::tls::RootCerts::PlatformVerifier;
        ureq::Agent::config_builder()
            .user_agent(concat!("Bucket/", env!("CARGO_PKG_VERSION")))
            .tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build())
            .timeout_resolve(Some(PATIENCE))
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .build()
            .new_agent()
    })
}

fn trouble(error: ureq::Error) -> Trouble {
    match error {
        ureq::Error::StatusCode(status) => Trouble::Status(status),
        ureq::Error::Timeout(_) => Trouble::TooSlow,
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Trouble::BadAddress,
        ureq::Error::RequireHttpsOnly(_) => {
            Trouble::Unreachable(gettext("it leads to an address that is not protected"))
        }
        ureq::Error::HostNotFound => {
            Trouble::Unreachable(gettext("there is no server of that name"))
        }
        ureq::Error::Io(error) => match error.kind() {
            std::io::ErrorKind::TimedOut => Trouble::TooSlow,
            std::io::ErrorKind::ConnectionRefused => {
                Trouble::Unreachable(gettext("nobody listens there"))
            }
            _ => Trouble::Unreachable(super::fs::plain(&error)),
        },
        other => Trouble::Unreachable(other.to_string()),
    }
}

/// Where a file that is only fetched to be used once is put: below the cache.
pub fn cache_path(host: &Host, name: &str) -> PathBuf {
    host.env().cache.join("bkt/downloads").join(name)
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
