//! One package's header, as rpm stores it.
//!
//! Two numbers, how many entries and how many bytes of data; then the entries, each a tag, a type, where its data
//! begin and how many there are; then the data. All numbers are big-endian, of 32 bits. The format is described in rpm's
//! manual: <https://rpm-software-management.github.io/rpm/manual/format_header.html>.

use std::fmt;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const SUMMARY: u32 = 1004;
const ARCH: u32 = 1022;

const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// The length of one entry.
const ENTRY: usize = 16;

/// What is read of a package's header.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its epoch, where it has one.
    pub epoch: Option<u32>,
    /// Its version.
    pub version: String,
    /// Its release.
    pub release: String,
    /// Its architecture; empty for what has none.
    pub arch: String,
    /// One line about it, in no language but the packager's.
    pub summary: String,
}

/// `name-epoch:version-release.arch`, the epoch where there is one: as `rpm -q` and rpm-ostree write it.
impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.evr())?;
        if self.arch.is_empty() { Ok(()) } else { write!(f, ".{}", self.arch) }
    }
}

impl Package {
    /// `epoch:version-release`, the epoch where there is one.
    pub fn evr(&self) -> String {
        let epoch = self.epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
        format!("{epoch}{}-{}", self.version, self.release)
    }
}

/// Reads a header; the error says what is wrong with it.
pub fn parse(blob: &[u8]) -> Result<Package, &'static str> {
    const SHORT: &str = "it ends too early";
    let entries = number(blob, 0).ok_or(SHORT)?;
    let length = number(blob, 4).ok_or(SHORT)?;
    let entries_end =
        usize::try_from(entries).ok().and_then(|n| n.checked_mul(ENTRY)?.checked_add(8));
    let entries_end = entries_end.ok_or(SHORT)?;
    let data_end = usize::try_from(length).ok().and_then(|n| entries_end.checked_add(n));
    let index = blob.get(8..entries_end).ok_or(SHORT)?;
    let data = data_end.and_then(|end| blob.get(entries_end..end)).ok_or(SHORT)?;
    let mut package = Package::default();
    for entry in index.chunks_exact(ENTRY) {
        let field = |at| number(entry, at).ok_or(SHORT);
        let (tag, kind, offset) = (field(0)?, field(4)?, field(8)?);
        let text = || text(data, kind, offset);
        match tag {
            NAME => package.name = text()?,
            VERSION => package.version = text()?,
            RELEASE => package.release = text()?,
            ARCH => package.arch = text()?,
            SUMMARY => package.summary = text()?,
            EPOCH if kind == INT32 => {
                let at = usize::try_from(offset).map_err(|_| SHORT)?;
                package.epoch = Some(number(data, at).ok_or("the epoch lies behind its end")?);
            }
            _ => (),
        }
    }
    match package.name.is_empty() || package.version.is_empty() {
        true => Err("it has no name or no version"),
        false => Ok(package),
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// A text, or the first of several: the one in the packager's own language.
fn text(data: &[u8], kind: u32, offset: u32) -> Result<String, &'static str> {
    if !matches!(kind, STRING | STRING_ARRAY | I18N_STRING) {
        return Err("a text is of another type");
    }
    let rest = usize::try_from(offset).ok().and_then(|at| data.get(at..));
    let rest = rest.ok_or("a text lies behind its end")?;
    let end = rest.iter().position(|byte| *byte == 0).ok_or("a text has no end")?;
    Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
}
