//! One app's permissions as rows: each with what every layer says of it, and how it can be changed.

use std::collections::BTreeSet;

use bucket::host::flatpak::Scope;
use bucket::subsystem::flatpak::catalogue::{self, Form, Group, KNOWN};
use bucket::subsystem::flatpak::check;
use bucket::subsystem::flatpak::edit::Stand;
use bucket::subsystem::flatpak::effective::{Entry, Permission, Said, Source};
use bucket::words::{fill, gettext};

use super::App;

/// How a row is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Inherit, allow, deny: which of them, if it is one of them.
    Three(Option<u32>),
    /// One of several: their titles, and which of them, if it is one of them.
    Choice(Vec<(String, Stand)>, Option<u32>),
    /// A text that can be typed anew; `unset` where the layer unsets it.
    Text { value: String, unset: bool },
    /// It can only be taken out.
    Keep,
}

/// What one layer says, in words: "Global off".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub text: String,
    /// It is this layer's word that holds.
    pub decides: bool,
    /// It is the manifest's, and not what its layer says.
    pub differs: bool,
}

/// One permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub permission: Permission,
    pub group: Group,
    pub title: String,
    /// What flatpak calls it, where that is not the title.
    pub token: Option<String>,
    /// What it lets the app do, where it has a name of its own.
    pub description: Option<String>,
    pub control: Control,
    /// What each layer says, the lowest first.
    pub parts: Vec<Part>,
    /// The layer says something of it, which can be taken back.
    pub set: bool,
    /// What else there is to know: conditions, or that flatpak does not know it.
    pub note: Option<String>,
    haystack: String,
}

impl Shown {
    /// What each layer says, in one line.
    pub fn provenance(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(" · ")
    }

    /// Whether a search finds it.
    pub fn matches(&self, search: &str) -> bool {
        self.haystack.contains(&search.to_lowercase())
    }
}

/// The rows of an app for one layer, by group, in the order they are shown. A group that nothing can be added to and
/// that has nothing is left out.
pub fn rows(app: &App, layer: Scope) -> Vec<(Group, Vec<Shown>)> {
    let Ok(permissions) = &app.permissions else { return Vec::new() };
    let mut seen: BTreeSet<Permission> = BTreeSet::new();
    let known = KNOWN.iter().map(catalogue::Known::permission);
    let others = permissions.entries.iter().map(|entry| entry.permission.clone());
    let wanted = app.only_in_manifest(layer).into_iter();
    let mut shown: Vec<Shown> = Vec::new();
    for permission in known.chain(others).chain(wanted) {
        // Two spellings of one path are one row, that of the file.
        if seen.insert(app.as_recorded(layer, &permission)) {
            shown.push(row(app, layer, &permissions.get(&permission)));
        }
    }
    let mut groups = Vec::new();
    for group in Group::ALL {
        let rows: Vec<Shown> = shown.iter().filter(|row| row.group == group).cloned().collect();
        if !rows.is_empty() || super::typed::prompt(group).is_some() {
            groups.push((group, rows));
        }
    }
    groups
}

fn row(app: &App, layer: Scope, entry: &Entry) -> Shown {
    let permission = &entry.permission;
    let group = Group::of(permission);
    let own = app.source(layer);
    let here = entry.said.iter().find(|(source, _)| *source == own).map(|(_, said)| said);
    let here = here.cloned().unwrap_or(Said::Nothing);
    let known = match permission.group.as_str() {
        "Context" => catalogue::known(&permission.key, permission.token()),
        _ => None,
    };
    let title = catalogue::title(permission);
    let token = token(permission).filter(|token| *token != title);
    let description = known.map(catalogue::Known::description);
    let parts = parts(app, layer, entry);
    let mut haystack = vec![title.clone(), group.title()];
    haystack.extend(token.clone());
    haystack.extend(description.clone());
    haystack.extend(parts.iter().map(|part| part.text.clone()));
    Shown {
        group,
        token,
        description,
        control: control(entry, &here),
        set: matches!(here, Said::Value(_) | Said::Unset),
        note: note(entry, &here),
        haystack: haystack.join("\n").to_lowercase(),
        parts,
        permission: permission.clone(),
        title,
    }
}

/// What flatpak calls it: `shared=network`.
fn token(permission: &Permission) -> Option<String> {
    let element = permission.element.as_ref()?;
    Some(match permission.group.as_str() {
        "Context" => format!("{}={element}", permission.key),
        _ => element.clone(),
    })
}

fn control(entry: &Entry, here: &Said) -> Control {
    let three = || {
        Control::Three(match here {
            Said::Nothing | Said::Resets => Some(0),
            Said::Value(value) if value == "allow" => Some(1),
            Said::Value(value) if value == "deny" => Some(2),
            Said::Value(_) | Said::Unset => None,
        })
    };
    let choice = |options: Vec<(String, Stand, &str)>| {
        let at = match here {
            Said::Nothing | Said::Resets => Some(0),
            Said::Value(value) => options.iter().position(|(.., word)| word == value),
            Said::Unset => None,
        };
        let options = options.into_iter().map(|(title, stand, _)| (title, stand)).collect();
        Control::Choice(options, at.and_then(|at| u32::try_from(at).ok()))
    };
    let value = |text: &str| Stand::Value(text.to_owned());
    let permission = &entry.permission;
    match Group::of(permission).form() {
        Form::Path if permission.token() == "host:reset" => Control::Keep,
        // What nobody says anything of yet is one that we know.
        Form::Toggle if !entry.known => Control::Keep,
        Form::Path if check::path(permission.token()).is_err() => Control::Keep,
        Form::Toggle | Form::Policy => three(),
        Form::Path => choice(vec![
            (gettext("Inherit"), Stand::Inherit, ""),
            (gettext("Allow"), Stand::Allow, "allow"),
            (gettext("Read Only"), value("ro"), "ro"),
            (gettext("Create"), value("create"), "create"),
            (gettext("Deny"), Stand::Deny, "deny"),
        ]),
        Form::Bus if check::bus_name(permission.token()).is_err() => Control::Keep,
        Form::Bus => choice(vec![
            (gettext("Inherit"), Stand::Inherit, ""),
            (gettext("See"), value("see"), "see"),
            (gettext("Talk"), value("talk"), "talk"),
            (gettext("Own"), value("own"), "own"),
            (gettext("Deny"), Stand::Deny, "none"),
        ]),
        Form::Variable => Control::Text {
            value: match here {
                Said::Value(text) => text.clone(),
                Said::Nothing | Said::Unset | Said::Resets => String::new(),
            },
            unset: *here == Said::Unset,
        },
        Form::Directory | Form::Usb | Form::Raw => Control::Keep,
    }
}

/// What there is to know beside the three positions.
fn note(entry: &Entry, here: &Said) -> Option<String> {
    if !entry.known && entry.said.iter().any(|(_, said)| *said != Said::Nothing) {
        return Some(gettext("Flatpak does not know this entry; it is kept as it is"));
    }
    let (Said::Value(value), Form::Toggle) = (here, Group::of(&entry.permission).form()) else {
        return None;
    };
    let conditions = conditions(value);
    if conditions.is_empty() {
        return None;
    }
    let text =
        gettext("Conditional: granted if {conditions}; Flatpak before 1.17 grants it always");
    Some(fill(&text, &[("conditions", &conditions)]))
}

/// The conditions of a value, any of which is enough.
fn conditions(value: &str) -> String {
    let or = gettext(" or ");
    let found = value.split(' ').filter_map(|word| word.strip_prefix("if:"));
    found.collect::<Vec<_>>().join(&or)
}

/// What a layer says, in a word or two.
pub fn said(permission: &Permission, said: &Said) -> String {
    let value = match said {
        Said::Nothing => return "–".to_owned(),
        Said::Unset => return gettext("unset"),
        Said::Resets => return gettext("off"),
        Said::Value(value) => value,
    };
    let form = Group::of(permission).form();
    match (form, value.as_str()) {
        (Form::Variable, "") => gettext("empty"),
        (Form::Variable | Form::Raw, value) => format!("“{value}”"),
        (_, "allow") => gettext("on"),
        (_, "deny" | "none") => gettext("off"),
        (Form::Path, "ro") => gettext("read only"),
        (Form::Path, "create") => gettext("create"),
        (Form::Bus, "see") => gettext("see"),
        (Form::Bus, "talk") => gettext("talk"),
        (Form::Bus, "own") => gettext("own"),
        (_, value) if value.contains("if:") => {
            fill(&gettext("on if {conditions}"), &[("conditions", &conditions(value))])
        }
        (_, value) => value.to_owned(),
    }
}

fn parts(app: &App, layer: Scope, entry: &Entry) -> Vec<Part> {
    let permission = &entry.permission;
    let own = app.source(layer);
    let text = |name: String, says: &Said| format!("{name} {}", said(permission, says));
    let mut parts = Vec::new();
    for (source, says) in &entry.said {
        let name = match source {
            Source::App => gettext("App default"),
            Source::SystemGlobal if own == Source::SystemGlobal => gettext("Every user"),
            // It is rare, and there is no room for what says nothing.
            Source::SystemGlobal if *says == Said::Nothing => continue,
            Source::SystemGlobal => gettext("System, all apps"),
            Source::SystemApp => gettext("System"),
            Source::UserGlobal if own == Source::UserGlobal => gettext("You"),
            Source::UserGlobal => gettext("Global"),
            Source::UserApp => gettext("You"),
        };
        // The manifest stands before the layer whose value it wants.
        if *source == own {
            let wanted = app.manifest(layer, permission);
            let differs = app.tracked
                && wanted != *says
                && !(matches!((&wanted, says), (Said::Nothing, Said::Resets)));
            let text = text(gettext("Manifest"), &wanted);
            let text = match differs {
                true => fill(&gettext("{manifest} (differs)"), &[("manifest", &text)]),
                false => text,
            };
            parts.push(Part { text, decides: false, differs });
        }
        let decides = entry.source == Some(*source);
        parts.push(Part { text: text(name, says), decides, differs: false });
    }
    parts
}
