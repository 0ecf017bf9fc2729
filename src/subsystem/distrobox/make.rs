//! The command line that makes a box.

use std::io::Read;
use std::path::Path;

use super::{
    ENV, FLAGS, HOME, HOSTNAME, IMAGE, INIT, INIT_HOOKS, NVIDIA, PATH, PRE_INIT_HOOKS, ROOT,
    UNSHARE, VOLUME, flags, live, place,
};
use crate::core::item::{Record, Value};
use crate::core::names::{BoxPackage, ContainerName, ImageRef};
use crate::core::plan::Command;
use crate::host::Host;
use crate::words::{fill, gettext};

/// So long is a host's name at most.
const HOSTNAME_LENGTH: usize = 64;

/// How `distrobox create` takes its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// Version 1 is a script, which puts a command line together and has the shell read it.
    ByShell,
    /// As they are.
    Plainly,
}

impl Taken {
    fn by(host: &Host) -> Self {
        let dirs =
            || host.var("PATH").unwrap_or_default().split(':').filter(|dir| dir.starts_with('/'));
        let names = ["distrobox-create", "distrobox"];
        let mut places =
            names.iter().flat_map(|name| dirs().map(move |dir| Path::new(dir).join(name)));
        match places.find_map(|path| is_script(&path)) {
            Some(false) => Self::Plainly,
            Some(true) | None => Self::ByShell,
        }
    }

    /// A text that stands between single quotes there.
    fn single(self, text: &str) -> String {
        match self {
            Self::ByShell => text.replace('\'', r"'\''"),
            Self::Plainly => text.to_owned(),
        }
    }

    /// A text that stands between double quotes there.
    fn double(self, text: &str) -> String {
        match self {
            Self::ByShell => text.chars().fold(String::new(), |mut out, c| {
                if matches!(c, '\\' | '"' | '$' | '`') {
                    out.push('\\');
                }
                out.push(c);
                out
            }),
            Self::Plainly => text.to_owned(),
        }
    }
}

/// Whether a file is a script; `None` where there is none.
fn is_script(path: &Path) -> Option<bool> {
    let mut start = [0; 2];
    let mut file = std::fs::File::open(path).ok()?;
    Some(file.read_exact(&mut start).is_ok() && &start == b"#!")
}

/// Makes sure that distrobox can be told of what a record says. The error is for people.
pub(super) fn fits(host: &Host, record: &Record) -> Result<(), String> {
    let image = record.text(IMAGE).unwrap_or_default();
    image.parse::<ImageRef>().map_err(|error| error.to_string())?;
    let cannot = |value: &str| {
        let text = gettext(
            "“{value}” cannot be handed to distrobox: it has white space or a character that a shell minds",
        );
        fill(&text, &[("value", value)])
    };
    for volume in volumes(record) {
        let full = place::full_volume(host, volume);
        let plain =
            |b: u8| b.is_ascii_alphanumeric() || b"/._-:,=@+%".contains(&b) || !b.is_ascii();
        if full.is_empty() || !full.bytes().all(plain) {
            return Err(cannot(volume));
        }
    }
    if let Some(home) = record.text(HOME) {
        let full = place::full(host, home);
        let minded = |c: char| c.is_control() || "\"$`\\*?[".contains(c);
        if !full.starts_with('/') || full.contains("  ") || full.contains(minded) {
            return Err(cannot(home));
        }
    }
    if let Some(name) = record.text(HOSTNAME) {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if name.len() > HOSTNAME_LENGTH || name.starts_with('-') || !name.bytes().all(plain) {
            let text = gettext("“{name}” is no host name: up to 64 letters, digits, “-” and “.”");
            return Err(fill(&text, &[("name", name)]));
        }
    }
    // Single spaces between words are all that the script keeps.
    let kept = |text: &str| !text.contains("  ") && !text.chars().any(char::is_control);
    for word in podman_flags(host, record) {
        if !kept(&word) {
            return Err(cannot(&word));
        }
    }
    for field in [INIT_HOOKS, PRE_INIT_HOOKS] {
        if let Some(hook) = record.text(field).filter(|hook| !kept(hook)) {
            return Err(cannot(hook));
        }
    }
    Ok(())
}

pub(super) fn volumes(record: &Record) -> impl Iterator<Item = &str> {
    let set = match record.get(VOLUME) {
        Some(Value::Set(set)) => Some(set),
        _ => None,
    };
    set.into_iter().flat_map(|set| set.iter())
}

/// The options for podman beside volumes, each a word.
fn podman_flags(host: &Host, record: &Record) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (name, value) in record.under(ENV) {
        if let Value::Text(value) = value {
            words.push(format!("--env={name}={value}"));
        }
    }
    if let Some(path) = record.text(PATH) {
        let own = path.split(':').map(|dir| place::full(host, dir));
        let all: Vec<String> = own.chain(live::STANDARD_PATH.map(str::to_owned)).collect();
        words.push(format!("--env=PATH={}", all.join(":")));
    }
    words.extend(flags::parse(record.text(FLAGS)).unwrap_or_default().rest);
    words
}

/// Makes a box of that name, which is not started. It asks nothing, and its image is here.
pub(super) fn command(
    host: &Host,
    name: &ContainerName,
    record: &Record,
    packages: &[BoxPackage],
) -> Command {
    let taken = Taken::by(host);
    let image = record.text(IMAGE).unwrap_or_default();
    let mut command = Command::new("distrobox").args([
        "create",
        "--yes",
        "--name",
        name.as_str(),
        "--image",
        image,
    ]);
    if let Some(home) = record.text(HOME) {
        command = command.args(["--home", &place::full(host, home)]);
    }
    if let Some(hostname) = record.text(HOSTNAME) {
        command = command.args(["--hostname", hostname]);
    }
    let switches = [(ROOT, "--root"), (INIT, "--init"), (NVIDIA, "--nvidia")];
    for (field, switch) in switches {
        if record.get(field) == Some(&Value::Flag(true)) {
            command = command.arg(switch);
        }
    }
    if let Some(Value::Set(unshare)) = record.get(UNSHARE) {
        command = command.args(unshare.iter().map(|what| format!("--unshare-{what}")));
    }
    for volume in volumes(record) {
        command = command.args(["--volume", &place::full_volume(host, volume)]);
    }
    let flags = podman_flags(host, record);
    if !flags.is_empty() {
        let flags = flags::join(flags.iter().map(String::as_str));
        command = command.args(["--additional-flags", &flags]);
    }
    if !packages.is_empty() {
        let packages: Vec<&str> = packages.iter().map(BoxPackage::as_str).collect();
        command = command.args(["--additional-packages", &packages.join(" ")]);
    }
    if let Some(hooks) = record.text(INIT_HOOKS) {
        command = command.args(["--init-hooks", &taken.single(hooks)]);
    }
    if let Some(hooks) = record.text(PRE_INIT_HOOKS) {
        command = command.args(["--pre-init-hooks", &taken.double(hooks)]);
    }
    command
}
