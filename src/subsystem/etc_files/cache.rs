//! Which files of `/etc` were found to say the same as the image's, kept: a survey that knows it only looks at both.
//!
//! `$XDG_CACHE_HOME/bkt/etc-files` names the deployment in its first line, because the files of an image that is
//! mounted from a digest may have the same numbers and times in every image. Each line after it is one pair: device,
//! inode, size, and times of content and of the inode, of both files. There is no line for a pair that
//! differs, and nothing of what is in a file; so a damaged line can only be one that nobody looks for.
//!
//! A file may be written twice in one tick of the clock, and then its times say nothing of the second write. So a pair
//! is only kept if both files had been left alone for a while when they were compared.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;

use rustix::fs::Stat;

use crate::host::{Host, deployment, fs};

/// The version of the file; one of another is not read.
const VERSION: &str = "1";
/// So long has a file to have been left alone: file systems tell times apart by up to two seconds.
const MARGIN: i128 = 2_000_000_000;
/// Inodes with a time before this have none of their own, as in images: what is written into them would not show.
const NO_TIME: i128 = 86_400_000_000_000;

/// What is known of pairs of files, and what was learned.
#[derive(Debug)]
pub struct Cache {
    path: PathBuf,
    /// The first line.
    head: String,
    /// Whether the image's files are those of a deployment that the first line names.
    named: bool,
    /// When the survey began, in nanoseconds.
    now: i128,
    /// The pairs that are known, and whether they were met.
    known: HashMap<String, bool>,
    /// Those that are new.
    learned: Vec<String>,
}

impl Cache {
    /// Reads what is known. What cannot be read, is damaged or of another version or deployment, is nothing.
    pub fn open(host: &Host, now: jiff::Timestamp) -> Self {
        let deployments = deployment::read(host).ok().flatten();
        let checksum = deployments.map(|all| all.booted.checksum).unwrap_or_default();
        let named = !checksum.is_empty() && checksum.bytes().all(|b| b.is_ascii_hexdigit());
        let head = format!("{VERSION} {}", if named { &checksum } else { "-" });
        let path = host.env().cache.join("bkt/etc-files");
        let text = fs::read(&path).ok().flatten().unwrap_or_default();
        let known = match text.split_once('\n') {
            Some((first, rest)) if first == head => {
                rest.lines().map(|pair| (pair.to_owned(), false)).collect()
            }
            _ => HashMap::new(),
        };
        let now = now.as_nanosecond();
        Self { path, head, named, now, known, learned: Vec::new() }
    }

    /// Whether two files, looked at before, say the same: as is known, or as `compare` finds.
    pub fn same(
        &mut self,
        mine: &Stat,
        image: &Stat,
        compare: impl FnOnce() -> rustix::io::Result<bool>,
    ) -> rustix::io::Result<bool> {
        let mut pair = String::new();
        for stat in [mine, image] {
            // Writing into a text does not fail.
            let _ = write!(
                pair,
                "{} {} {} {}.{:09} {}.{:09} ",
                stat.st_dev,
                stat.st_ino,
                stat.st_size,
                stat.st_mtime,
                stat.st_mtime_nsec,
                stat.st_ctime,
                stat.st_ctime_nsec
            );
        }
        pair.pop();
        if let Some(met) = self.known.get_mut(&pair) {
            *met = true;
            return Ok(true);
        }
        let same = compare()?;
        if same && self.settled(changed(mine)) && self.settled(changed(image)) {
            self.learned.push(pair);
        }
        Ok(same)
    }

    /// Whether a later write into a file would have shown in its time.
    fn settled(&self, changed: i128) -> bool {
        changed <= self.now - MARGIN && (self.named || changed > NO_TIME)
    }

    /// Writes down what was learned, and forgets what was not met. Not in a dry run.
    pub fn keep(self, host: &Host) {
        if self.learned.is_empty() || host.is_dry() {
            return;
        }
        let mut pairs = self.learned;
        pairs.extend(self.known.into_iter().filter(|(_, met)| *met).map(|(pair, _)| pair));
        // Two names of one file are one pair.
        pairs.sort();
        pairs.dedup();
        let lines: String = pairs.iter().flat_map(|pair| [pair.as_str(), "\n"]).collect();
        // A cache that cannot be written costs time, not this answer.
        if let Err(error) = fs::write(&self.path, Some(&format!("{}\n{lines}", self.head))) {
            tracing::debug!("what was found in /etc was not kept: {error}");
        }
    }
}

fn changed(stat: &Stat) -> i128 {
    i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec)
}
