//! Files in `/etc` that somebody changed: each against the image's own, which lies in `/usr/etc`.
//!
//! An image that is made with ostree keeps its defaults in `/usr/etc`. At every update what differs from them in `/etc`
//! stays as it is, and everything else becomes the new image's. So what differs is the person's, or noise that every
//! machine makes (`data/noise.json`); and a file that the manifest wants and that nobody touched comes by itself.
//!
//! What is wanted are the files that `image-config.json` puts below `/etc`, whichever module says so; what is captured
//! goes into its module `etc` and into the repository below `system/etc`. The rest of the modules is
//! [`super::image_config`]'s. Links of units and files of package repositories are compared by other subsystems, except
//! for those that a module names. A file that an image has and that was deleted here cannot be captured, because a
//! module can only add; it is told of, and so is what no repository should hold.
//!
//! A file that only a host's layer wants is in no image, since one is made for all machines: applying puts it in place.

use std::collections::BTreeSet;

use anyhow::Result;

use super::image_config::sources::{self, Content};
use super::image_config::{FILE, module};
use super::{About, Label, ManifestFile, Page, Steps, Subsystem, Unreadable, Watch};
use crate::core::ignore::{self, IgnoreRules};
use crate::core::item::{
    FieldSpec, ItemKey, Layer, LeftOut, Live, Notice, Pending, Record, Records, SubsystemId,
    Wanted, WantedItems,
};
use crate::core::names::ImagePath;
use crate::core::plan::{Change, Side};
use crate::host::fs::plain;
use crate::host::{Host, deployment};
use crate::manifest::Manifests;
use crate::words::{fill, gettext, mark};

mod cache;
mod capture;
mod steps;
mod walk;

use cache::Cache;
use walk::{Found, How, Trees};

const LARGEST: usize = sources::LARGEST;
/// As much is read of a file: one byte more says that it is too large.
const MOST_BYTES: u64 = LARGEST as u64 + 1;
/// So many names stand in a notice.
const NAMED: usize = 5;

const CONTENT: &str = "content";
const CHECKSUM: &str = "checksum";
const MODE: &str = "mode";

/// The subsystem's id.
pub const ID: SubsystemId = SubsystemId::new("etc-files");

static ABOUT: About = About {
    id: ID,
    noun: "etc-files",
    page: Page::Packages,
    title: mark("Files in /etc"),
    icon: "text-x-generic-symbolic",
    fields: &[
        FieldSpec { name: CONTENT, left_out: LeftOut::Default },
        FieldSpec { name: CHECKSUM, left_out: LeftOut::Default },
        FieldSpec { name: MODE, left_out: LeftOut::Default },
    ],
    manifests: &[ManifestFile {
        name: FILE,
        schema: || schemars::schema_for!(module::ImageConfigFile),
    }],
};

/// The files in `/etc`; keys are their absolute paths.
pub struct EtcFiles;

impl Subsystem for EtcFiles {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn live(&self, host: &Host, wanted: &WantedItems) -> Result<Records, Unreadable> {
        live(host, wanted, host.now())
    }

    fn wanted(&self, manifests: &Manifests, _host: &Host) -> Result<WantedItems> {
        let mut items = WantedItems::new();
        for (dest, placed) in sources::all(manifests)? {
            if dest.as_str().starts_with("/etc/") {
                let record = record(&placed.content, placed.mode);
                items.insert(ItemKey::new(dest), Wanted { record, layer: placed.layer });
            }
        }
        Ok(items)
    }

    fn capture(&self, manifests: &mut Manifests, changes: &[&Change]) -> Result<()> {
        changes.iter().try_for_each(|change| capture::one(manifests, change))
    }

    fn steps(&self, changes: &[&Change], host: &Host) -> Result<Steps> {
        steps::plan(changes, host)
    }

    fn label(&self, item: &ItemKey) -> Label {
        Label { title: item.to_string(), detail: String::new() }
    }

    fn field_title(&self, field: &str) -> String {
        match field {
            CONTENT => gettext("content"),
            CHECKSUM => gettext("checksum"),
            MODE => gettext("permissions"),
            _ => field.to_owned(),
        }
    }

    fn describe(&self, change: &Change) -> String {
        let sentence = match (change.side, &change.before, &change.after) {
            (Side::System, None, Some(_)) => gettext("Put {file} in place"),
            (Side::System, Some(_), Some(_)) => gettext("Change {file}"),
            (Side::System, _, None) => gettext("Take {file} back to what the image has"),
            (Side::Manifest, None, Some(_)) => gettext("Track {file}"),
            (Side::Manifest, Some(_), Some(_)) => gettext("Update {file} in the repository"),
            (Side::Manifest, _, None) => gettext("Stop tracking {file}"),
        };
        fill(&sentence, &[("file", &change.title)])
    }

    fn watch(&self, host: &Host) -> Vec<Watch> {
        vec![Watch::Tree(host.path("/etc"), 1)]
    }
}

/// What differs in `/etc`, read at the time `now`.
fn live(host: &Host, wanted: &WantedItems, now: jiff::Timestamp) -> Result<Records, Unreadable> {
    let trees = match deployment::is_image(host) {
        true => Trees::open(host).map_err(anyhow::Error::from)?,
        false => None,
    };
    let Some(trees) = trees else { return Ok(deployment::not_here(wanted)) };
    let mut records = Records::default();
    for (key, wanted) in wanted {
        let path = below(key);
        let live = compare(wanted, trees.here(path), trees.in_image(path));
        records.insert(key.clone(), live);
    }
    let mut cache = Cache::open(host, now);
    let walk = trees.walk(&mut cache);
    cache.keep(host);
    for (path, error) in walk.unread {
        let (path, why) = (format!("/etc/{path}"), plain(&error));
        let text = gettext("“{path}” could not be read: {why}");
        records.blind.push((path.clone(), fill(&text, &[("path", &path), ("why", &why)])));
    }
    if walk.too_much {
        records.blind.push(("/etc/".to_owned(), gettext("/etc holds too many files to compare")));
    }
    let noise = noise()?;
    let (mut left, mut gone) = (Vec::new(), Vec::new());
    for (path, how) in walk.found {
        let key = ItemKey::new(format!("/etc/{path}"));
        if wanted.contains_key(&key) {
            continue;
        }
        let live = match how {
            How::File => captured(&key, trees.here(&path)),
            How::Other | How::Gone => None,
        };
        match live {
            Some(live) => records.insert(key, live),
            None if noise.item(&ID, &key, None, None).is_some() => (),
            None if how == How::Gone => gone.push(key),
            None => left.push(key),
        }
    }
    let notices = [
        (gone, gettext("Deleted here, while the image has it, which no manifest can say: {files}")),
        (
            left,
            gettext(
                "Changed here and left alone, because it is no text, not a file, not for everyone to read, or has an owner or attributes that no manifest can say: {files}",
            ),
        ),
    ];
    for (keys, text) in notices.into_iter().filter(|(keys, _)| !keys.is_empty()) {
        let text = fill(&text, &[("files", &named(&keys))]);
        records.notices.push(Notice { text, remedy: None });
    }
    Ok(records)
}

/// The path of an item without `/etc/`.
fn below(key: &ItemKey) -> &str {
    key.as_str().strip_prefix("/etc/").unwrap_or(key.as_str())
}

/// A file as it is compared. Permissions that most files have are not said.
fn record(content: &Content, mode: u32) -> Record {
    let mut record = match content {
        Content::Text(text) => Record::new().with(CONTENT, text.as_str()),
        Content::Checksum(sum) => Record::new().with(CHECKSUM, sum.as_str()),
    };
    if mode != 0o644 {
        record.set(MODE, format!("{mode:04o}").as_str());
    }
    record
}

/// A file that no manifest has, if one can have it.
fn captured(key: &ItemKey, found: Found) -> Option<Live> {
    let Found::File { mode, open: true, more: false, bytes: Ok(bytes) } = found else {
        return None;
    };
    key.as_str().parse::<ImagePath>().ok()?;
    match Content::of(bytes) {
        content @ Content::Text(_) => Some(Live::known(record(&content, mode))),
        Content::Checksum(_) => None,
    }
}

/// What the machine has of a file that a manifest wants.
fn compare(wanted: &Wanted, here: Found, image: Found) -> Live {
    let default = same(&here, &image);
    let live = match here {
        Found::Nothing => Live::absent(),
        Found::File { mode, open, more, bytes: Ok(bytes) } => {
            let whole = bytes.len() <= LARGEST;
            let record = record(&Content::of(bytes), mode);
            if !open && record != wanted.record {
                return Live::unknown(gettext(
                    "it is not for everyone to read, and says something else",
                ));
            }
            if more && record != wanted.record && !default {
                return Live::unknown(gettext(
                    "it has an owner, an access list or attributes that no manifest can say, and says something else",
                ));
            }
            // What is compared by its checksum is not read as text, and the other way round.
            let comparable =
                whole && record.get(CHECKSUM).is_some() == wanted.record.get(CHECKSUM).is_some();
            if record != wanted.record
                && (!comparable || record.get(CHECKSUM).is_some())
                && !default
            {
                return Live::unknown(gettext(
                    "it is no text, or a large one, and is not the manifest's",
                ));
            }
            Live::known(record)
        }
        Found::File { bytes: Err(error), .. } | Found::Unreadable(error) => {
            return Live::unknown(plain(&error));
        }
        // What the image has there, the next one replaces.
        Found::Link(_) | Found::Other if default && wanted.layer == Layer::Shared => Live::absent(),
        Found::Link(target) => {
            let text = gettext("a link to “{target}” is where the file should be");
            return Live::unknown(fill(&text, &[("target", &target)]));
        }
        Found::Other => {
            return Live::unknown(gettext("something else is where the file should be"));
        }
    };
    if live.record() == Some(&wanted.record) {
        return live;
    }
    let mut live = live;
    if wanted.layer != Layer::Shared {
        return live;
    }
    match default {
        true => live.pending = Some(Pending::ImageBuild),
        false => {
            live.note =
                Some(gettext("It was changed on this machine, which no new image overrides"));
        }
    }
    live
}

/// Whether a file is as the image has it.
fn same(here: &Found, image: &Found) -> bool {
    match (here, image) {
        (Found::Nothing, Found::Nothing) => true,
        (
            Found::File { mode, bytes: Ok(bytes), .. },
            Found::File { mode: default_mode, bytes: Ok(default), .. },
        ) => mode == default_mode && bytes == default,
        (Found::Link(here), Found::Link(image)) => here == image,
        _ => false,
    }
}

/// The shipped noise, for what is only told of.
fn noise() -> anyhow::Result<IgnoreRules> {
    let rules: Vec<_> =
        ignore::shipped()?.into_iter().filter(|rule| rule.subsystem == ID.as_str()).collect();
    Ok(IgnoreRules::new(&[], &rules, Vec::new())?)
}

/// A few names, and how many more there are.
fn named(keys: &[ItemKey]) -> String {
    let mut names: BTreeSet<&str> = keys.iter().map(ItemKey::as_str).collect();
    let rest = names.len().saturating_sub(NAMED);
    while names.len() > NAMED {
        names.pop_last();
    }
    let list = names.into_iter().collect::<Vec<_>>().join(", ");
    match rest {
        0 => list,
        n => fill(&gettext("{files} and {n} more"), &[("files", &list), ("n", &n.to_string())]),
    }
}

#[cfg(test)]
mod tests;
