//! Entries of `distrobox.json` as a `distrobox.ini`, quoted so that distrobox makes the same boxes of it.

use serde_json::{Map, Value as Json};

use super::{UNSHARE, layers};
use crate::core::names::ContainerName;
use crate::core::sh;
use crate::subsystem::distrobox::flags::{self, Flags};
use crate::subsystem::distrobox::hooks;
use crate::words::{fill, gettext};

/// A written file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Its text.
    pub text: String,
    /// What has no place in it.
    pub left: Vec<Left>,
}

/// A part of an entry that is not in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The box.
    pub name: String,
    /// The key in its entry, with what of it is meant where that is not all: `bins.from`.
    pub key: String,
    /// Why not, for people: a part of a sentence.
    pub why: String,
}

/// Writes boxes, each with its entry as in `distrobox.json`.
pub fn write<'b>(
    boxes: impl IntoIterator<Item = (&'b ContainerName, &'b Map<String, Json>)>,
) -> Written {
    let mut written = Written::default();
    for (name, entry) in boxes {
        let mut section = Section { name, lines: Vec::new(), left: &mut written.left };
        section.entry(entry);
        if !written.text.is_empty() {
            written.text.push('\n');
        }
        written.text += &format!("[{name}]\n");
        for line in section.lines {
            written.text += &line;
            written.text.push('\n');
        }
    }
    written
}

struct Section<'s> {
    name: &'s ContainerName,
    lines: Vec<String>,
    left: &'s mut Vec<Left>,
}

impl Section<'_> {
    fn leave(&mut self, key: &str, why: String) {
        self.left.push(Left { name: self.name.to_string(), key: key.to_owned(), why });
    }

    /// Writes `key=value`, which is quoted already; `of` is where that comes from.
    fn line(&mut self, of: &str, key: &str, value: &str) {
        match fits(key, value) {
            Some(line) => self.lines.push(line),
            None => self.unreadable(of, value),
        }
    }

    fn unreadable(&mut self, of: &str, value: &str) {
        let text = gettext("distrobox cannot read {value} from a file");
        self.leave(of, fill(&text, &[("value", value)]));
    }

    fn entry(&mut self, entry: &Map<String, Json>) {
        let (mut volumes, mut options) = (Vec::new(), Vec::new());
        for (key, value) in entry {
            match (key.as_str(), value) {
                ("image" | "hostname" | "home", Json::String(text)) if text.is_empty() => {
                    self.leave(key, gettext("it is empty"));
                }
                ("image" | "hostname", Json::String(text)) => {
                    self.line(key, key, &layers::twice(text))
                }
                ("home", Json::String(text)) => self.home(text),
                ("pull" | "init" | "root" | "nvidia", Json::Bool(on)) => {
                    self.line(key, key, if *on { "true" } else { "false" });
                }
                ("packages", value) => self.packages(key, value),
                ("exported_apps", value) => self.words(key, "exported_apps", value),
                ("bins", Json::Object(bins)) => self.bins(bins),
                ("init_hooks" | "pre_init_hooks", value) => self.hooks(key, value),
                ("volume", value) => {
                    for volume in texts(value) {
                        match sh::is_plain(volume.trim_start_matches('~')) {
                            true => self.line(key, "volume", &layers::twice(volume)),
                            false => volumes.push(volume),
                        }
                    }
                }
                ("unshare", value) => self.unshare(key, value),
                ("additional_flags", value) => options.push((key, value)),
                ("env", Json::Object(env)) => self.env(env),
                _ => self.leave(key, gettext("there is no such key in a distrobox.ini")),
            }
        }
        for volume in volumes {
            self.flag("volume", &["--volume", volume]);
        }
        for (of, value) in options {
            match flags::parse(texts(value)) {
                Err(why) => self.leave(of, why),
                Ok(Flags { env, volumes, rest }) => {
                    for (name, value) in env {
                        self.flag(of, &["--env", &format!("{name}={value}")]);
                    }
                    for volume in volumes {
                        self.flag(of, &["--volume", &volume]);
                    }
                    self.flag(of, &rest.iter().map(String::as_str).collect::<Vec<_>>());
                }
            }
        }
    }

    fn home(&mut self, home: &str) {
        // It stands between double quotes where podman is run, and as it is where its directory is made.
        match home.contains(['$', '`', '"', '\\']) || home.contains("  ") {
            true => {
                let text = gettext("distrobox cannot have {value} for a home directory");
                self.leave("home", fill(&text, &[("value", home)]));
            }
            false => self.line("home", "home", &layers::twice(home)),
        }
    }

    fn packages(&mut self, of: &str, value: &Json) {
        let packages = texts(value).join(" ");
        if !packages.is_empty() {
            self.line(of, "additional_packages", &layers::twice(&packages));
        }
    }

    /// A list whose elements are told apart by spaces.
    fn words(&mut self, of: &str, key: &str, value: &Json) {
        let mut fit = Vec::new();
        for text in texts(value) {
            match sh::is_plain(text) {
                true => fit.push(text),
                false => {
                    let text =
                        fill(&gettext("distrobox takes “{value}” apart"), &[("value", text)]);
                    self.leave(of, text);
                }
            }
        }
        if !fit.is_empty() {
            self.line(of, key, &layers::once(&fit.join(" ")));
        }
    }

    fn bins(&mut self, bins: &Map<String, Json>) {
        for (key, value) in bins {
            let of = format!("bins.{key}");
            match (key.as_str(), value) {
                ("also", value) => self.words(&of, "exported_bins", value),
                ("to", Json::String(to)) => self.line(&of, "exported_bins_path", &layers::once(to)),
                ("from", value) if !texts(value).is_empty() => {
                    self.leave(
                        &of,
                        gettext("a distrobox.ini names programs, and no directories of them"),
                    );
                }
                (_, value) if texts(value).is_empty() && value.is_array() => (),
                _ => self.leave(&of, gettext("there is no such key in a distrobox.ini")),
            }
        }
    }

    fn hooks(&mut self, key: &str, value: &Json) {
        let mut hooks: Vec<String> =
            texts(value).into_iter().map(|hook| hooks::joined([hook])).collect();
        hooks.retain(|hook| !hook.is_empty());
        loop {
            // Quotes in one decide how all are written, and not those in one that is not.
            let all: Vec<&str> = hooks.iter().map(String::as_str).collect();
            let texts = layers::hooks_written(&all, key == "pre_init_hooks");
            match texts.iter().position(|text| fits(key, text).is_none()) {
                Some(at) => {
                    let hook = hooks.remove(at);
                    self.unreadable(key, &hook);
                }
                None => return texts.iter().for_each(|text| self.line(key, key, text)),
            }
        }
    }

    fn unshare(&mut self, of: &str, value: &Json) {
        let names = texts(value);
        if names.contains(&"all") || UNSHARE.iter().all(|one| names.contains(one)) {
            return self.line(of, "unshare_all", "true");
        }
        for name in names {
            match UNSHARE.contains(&name) {
                true => self.line(of, &format!("unshare_{name}"), "true"),
                false => self.leave(of, gettext("there is no such key in a distrobox.ini")),
            }
        }
    }

    fn env(&mut self, env: &Map<String, Json>) {
        for (name, value) in env {
            let of = format!("env.{name}");
            match value.as_str() {
                _ if name.is_empty() || name.contains('=') => {
                    self.leave(&of, gettext("it is no variable's name"));
                }
                Some(value) => self.flag(&of, &["--env", &format!("{name}={value}")]),
                None => self.leave(&of, gettext("it is no text")),
            }
        }
    }

    fn flag(&mut self, of: &str, words: &[&str]) {
        if words.iter().any(|word| word.contains("  ")) {
            let text = gettext("distrobox makes one space of several in {value}");
            return self.leave(of, fill(&text, &[("value", &words.join(" "))]));
        }
        let text: Vec<String> = words.iter().map(|word| layers::flag(word)).collect();
        if !text.is_empty() {
            self.line(of, "additional_flags", &layers::twice(&text.join(" ")));
        }
    }
}

/// The line `key=value`, where distrobox reads it as it is.
fn fits(key: &str, value: &str) -> Option<String> {
    let line = format!("{key}={value}");
    // Distrobox separates the values of a repeated key by this sign; hooks go in another way.
    let apart = line.contains('¤') && !key.ends_with("init_hooks");
    let whole = layers::stripped(&line) == line && !line.chars().any(char::is_control);
    (whole && !apart).then_some(line)
}

/// The texts of a list, or the one text that stands in its place.
fn texts(value: &Json) -> Vec<&str> {
    match value {
        Json::String(text) => vec![text],
        Json::Array(list) => list.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}
