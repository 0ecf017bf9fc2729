//! Overrides as fields, one per permission, so that they merge permission by permission.
//!
//! | keyfile | field | value |
//! |---|---|---|
//! | `[Context] sockets=x11;` | `Context/sockets/x11` | `allow` |
//! | `[Context] sockets=!x11;` | `Context/sockets/x11` | `deny` |
//! | `[Context] sockets=!x11;x11;if:x11:!has-wayland;` | `Context/sockets/x11` | `reset allow if:!has-wayland` |
//! | `[Context] filesystems=~/Games:ro;` | `Context/filesystems/~/Games` | `ro` (also `allow`, `create`, `deny`) |
//! | `[Context] unset-environment=A;` | `Context/unset-environment/A` | `unset` |
//! | `[Environment] A=b` | `Environment/A` | `b` |
//! | `[Session Bus Policy] org.x=talk` | `Session Bus Policy/org.x` | `talk` |
//! | a key we do not know | `Group/key` | its value as it is written |
//!
//! The vocabulary is that of flatpak-metadata(5) up to 1.19. The order of a list's elements, `:rw` and a final
//! semicolon mean nothing to flatpak and are not in the fields. A “/” in a group's name is written `%2F`.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::item::{Record, Value};

/// The permissions of one layer: what stands behind `user/` or `system/` in a record.
pub type Fields = BTreeMap<String, String>;

/// What keeps overrides in groups of keys: a keyfile, or that keyfile as JSON.
pub trait Store {
    /// Every group and key.
    fn entries(&self) -> Vec<(String, String)>;
    /// A list's elements.
    fn list(&self, group: &str, key: &str) -> Vec<String>;
    /// A text.
    fn text(&self, group: &str, key: &str) -> String;
    /// A value as a keyfile would have it, escapes included.
    fn raw(&self, group: &str, key: &str) -> String;
    /// Sets a value.
    fn set(&mut self, group: &str, key: &str, content: Content<'_>);
    /// Takes a key out, and its group if that leaves it empty.
    fn remove(&mut self, group: &str, key: &str);
}

/// A value to be stored.
pub enum Content<'a> {
    /// A list.
    List(&'a [String]),
    /// A text.
    Text(&'a str),
    /// A value as a keyfile has it.
    Raw(&'a str),
}

/// The directories that `~` stands for.
#[derive(Clone, Debug, Default)]
pub enum Home {
    /// None: the layer is every user's.
    #[default]
    Nobody,
    /// The person's, perhaps under two names (`/home` may be a link to `/var/home`).
    These(Vec<String>),
    /// Anyone's: for finding an entry that was read before as the person's.
    Anybody,
}

impl Home {
    /// The person's home directory.
    pub fn of(home: &std::path::Path) -> Self {
        let home = home.to_string_lossy().trim_end_matches('/').to_owned();
        let other = match home.strip_prefix("/var/home/") {
            Some(rest) => Some(format!("/home/{rest}")),
            None => home.strip_prefix("/home/").map(|rest| format!("/var/home/{rest}")),
        };
        Self::These(std::iter::once(home).chain(other).collect())
    }

    fn tilde(&self, path: String) -> String {
        let below = |home: &str| {
            let rest = path.strip_prefix(home)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("~{rest}"))
        };
        let found = match self {
            Self::Nobody => None,
            Self::These(homes) => homes.iter().find_map(|home| below(home)),
            Self::Anybody => ["/home/", "/var/home/"].iter().find_map(|top| {
                let name = path.strip_prefix(top)?.split('/').next()?;
                below(&format!("{top}{name}"))
            }),
        };
        found.unwrap_or(path)
    }
}

/// How the values of a key are built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Permissions that can be denied and, in newer versions, made conditional.
    Permissions,
    /// Paths with a mode.
    Paths,
    /// Names that are simply there.
    Names,
    /// Variables to be unset.
    Unset,
    /// Text.
    Text,
    /// Nothing we know.
    Raw,
}

fn kind(group: &str, key: &str) -> Kind {
    match (group, key) {
        ("Context", "shared" | "sockets" | "devices" | "features") => Kind::Permissions,
        ("Context", "filesystems") => Kind::Paths,
        ("Context", "persistent") => Kind::Names,
        ("Context", "unset-environment") => Kind::Unset,
        ("Environment", _) => Kind::Text,
        ("Session Bus Policy" | "System Bus Policy" | "Accessibility Bus Policy", _) => Kind::Text,
        ("USB Devices", "enumerable-devices" | "hidden-devices") => Kind::Names,
        (group, _) if group.starts_with("Policy ") => Kind::Permissions,
        _ => Kind::Raw,
    }
}

fn escape(part: &str) -> String {
    part.replace('%', "%25").replace('/', "%2F")
}

fn unescape(part: &str) -> String {
    part.replace("%2F", "/").replace("%25", "%")
}

fn is_list(kind: Kind) -> bool {
    !matches!(kind, Kind::Text | Kind::Raw)
}

/// The field of a key, or of one element of a list.
pub fn field_name(group: &str, key: &str, element: Option<&str>) -> String {
    match element {
        Some(element) => format!("{}/{}/{element}", escape(group), escape(key)),
        None => format!("{}/{key}", escape(group)),
    }
}

/// A field's name for people: the permission or variable itself, and what kind it is where that is not plain.
pub fn title(name: &str) -> String {
    match split_field(name) {
        Some((group, key, Some(element))) if group == "Context" => match key.as_str() {
            "filesystems" | "persistent" => element,
            _ => format!("{key}: {element}"),
        },
        Some((_, key, Some(element))) => format!("{key}: {element}"),
        Some((_, key, None)) => key,
        None => name.to_owned(),
    }
}

/// A field's group, key and, in a list, element.
pub fn split_field(name: &str) -> Option<(String, String, Option<String>)> {
    let (group, rest) = name.split_once('/')?;
    let group = unescape(group);
    if let Some((key, element)) = rest.split_once('/') {
        let key = unescape(key);
        if is_list(kind(&group, &key)) {
            return Some((group, key, Some(element.to_owned())));
        }
    }
    Some((group, rest.to_owned(), None))
}

/// One element of a list: the permission it is about, and what it says of it.
fn read_token(kind: Kind, token: &str, home: &Home) -> (String, Word) {
    match kind {
        Kind::Permissions => {
            if let Some((name, condition)) =
                token.strip_prefix("if:").and_then(|rest| rest.split_once(':'))
                && !name.is_empty()
                && !condition.is_empty()
                && !condition.contains(' ')
            {
                return (name.to_owned(), Word::If(condition.to_owned()));
            }
            match token.strip_prefix('!') {
                Some(name) => (name.to_owned(), Word::Deny),
                None => (token.to_owned(), Word::Allow),
            }
        }
        Kind::Paths => {
            let (denied, path) = match token.strip_prefix('!') {
                Some(path) => (true, path),
                None => (false, token),
            };
            let (path, mode) = match split_mode(path) {
                // A denial's mode means nothing, but for “reset”, which is a permission of its own.
                Some((bare, "rw" | "ro" | "create")) if denied => (bare, Word::Deny),
                Some((bare, "rw")) => (bare, Word::Allow),
                Some((bare, "ro")) => (bare, Word::Mode("ro")),
                Some((bare, "create")) => (bare, Word::Mode("create")),
                _ if denied => (path, Word::Deny),
                _ => (path, Word::Allow),
            };
            (home.tilde(plain_path(path)), mode)
        }
        Kind::Unset => (token.to_owned(), Word::Unset),
        Kind::Names | Kind::Text | Kind::Raw => (token.to_owned(), Word::Allow),
    }
}

enum Word {
    Allow,
    Deny,
    Unset,
    Mode(&'static str),
    If(String),
}

/// What follows a path's first colon that is not escaped.
fn split_mode(path: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, c) in path.char_indices() {
        if c == ':' && !escaped {
            return Some((&path[..at], &path[at + 1..]));
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// A path as flatpak reads it: “//”, “/./” and a final “/” are nothing, “~” is “home” and “home/x” is “~/x”.
fn plain_path(path: &str) -> String {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let mut parts: Vec<&str> =
        rest.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let first = match (first, parts.is_empty()) {
        ("", true) => return path.get(..1).unwrap_or_default().to_owned(),
        ("~", true) => "home",
        ("home", false) => "~",
        (first, _) => first,
    };
    parts.insert(0, first);
    parts.join("/")
}

/// The spelling that fields give a path, with its mode; `None` where it is no path but a denial.
pub fn canonical_path(typed: &str, home: &Home) -> Option<(String, &'static str)> {
    match read_token(Kind::Paths, typed, home) {
        (path, Word::Allow) => Some((path, "allow")),
        (path, Word::Mode(mode)) => Some((path, mode)),
        _ => None,
    }
}

/// Reads every permission.
pub fn read(store: &dyn Store, home: &Home) -> Fields {
    let mut fields = Fields::new();
    let mut unset = BTreeSet::new();
    for (group, key) in store.entries() {
        let kind = kind(&group, &key);
        match kind {
            Kind::Text => {
                let text = store.text(&group, &key);
                let text = if group == "Environment" { text } else { text.trim().to_owned() };
                fields.insert(field_name(&group, &key, None), text);
            }
            Kind::Raw => {
                fields.insert(field_name(&group, &key, None), store.raw(&group, &key));
            }
            _ => {
                for (element, value) in read_list(kind, &store.list(&group, &key), home) {
                    if kind == Kind::Unset {
                        unset.insert(field_name("Environment", &element, None));
                    }
                    fields.insert(field_name(&group, &key, Some(&element)), value);
                }
            }
        }
    }
    // Unsetting wins; the empty value beside it is there for versions that cannot unset.
    fields.retain(|name, _| !unset.contains(name));
    fields
}

#[derive(Default)]
struct Permission {
    reset: bool,
    plain: Option<&'static str>,
    conditions: BTreeSet<String>,
}

fn read_list(kind: Kind, tokens: &[String], home: &Home) -> BTreeMap<String, String> {
    let mut permissions: BTreeMap<String, Permission> = BTreeMap::new();
    for token in tokens.iter().filter(|token| !token.is_empty()) {
        let (name, word) = read_token(kind, token, home);
        let permission = permissions.entry(name).or_default();
        match word {
            Word::Allow => permission.plain = Some("allow"),
            Word::Unset => permission.plain = Some("unset"),
            Word::Mode(mode) => permission.plain = Some(mode),
            Word::Deny => {
                permission.reset = true;
                permission.plain = Some("deny");
            }
            Word::If(condition) => {
                permission.conditions.insert(condition);
            }
        }
    }
    let value = |permission: Permission| {
        let plain = permission.plain.unwrap_or_default();
        if permission.conditions.is_empty() {
            return plain.to_owned();
        }
        let mut words = Vec::new();
        if permission.reset {
            words.push("reset".to_owned());
        }
        if plain == "allow" {
            words.push(plain.to_owned());
        }
        words.extend(permission.conditions.into_iter().map(|condition| format!("if:{condition}")));
        words.join(" ")
    };
    permissions.into_iter().map(|(name, permission)| (name, value(permission))).collect()
}

/// The elements that say of `element` what `value` says.
fn tokens(kind: Kind, element: &str, value: &str) -> Vec<String> {
    match (kind, value) {
        (Kind::Permissions | Kind::Paths, "deny") => vec![format!("!{element}")],
        (Kind::Paths, "ro" | "create") => vec![format!("{element}:{value}")],
        (Kind::Permissions, value) if value.contains("if:") => value
            .split(' ')
            .map(|word| match word.strip_prefix("if:") {
                Some(condition) => format!("if:{element}:{condition}"),
                None if word == "reset" => format!("!{element}"),
                None => element.to_owned(),
            })
            .collect(),
        _ => vec![element.to_owned()],
    }
}

/// Writes those permissions that go from one value to another, and touches nothing else.
///
/// `home` says how elements that are to be replaced may be spelled.
pub fn write(store: &mut dyn Store, changes: &Changes, home: &Home) {
    for (name, value) in changes {
        let Some((group, key, element)) = split_field(name) else { continue };
        let kind = kind(&group, &key);
        let Some(element) = element else {
            match value {
                Some(text) if kind == Kind::Text => store.set(&group, &key, Content::Text(text)),
                Some(raw) => store.set(&group, &key, Content::Raw(raw)),
                None => store.remove(&group, &key),
            }
            continue;
        };
        let mut list = store.list(&group, &key);
        let is_it = |token: &String| read_token(kind, token, home).0 == element;
        let at = list.iter().position(is_it).unwrap_or(list.len());
        list.retain(|token| !is_it(token));
        let new = value.as_ref().map(|value| tokens(kind, &element, value)).unwrap_or_default();
        list.splice(at..at, new);
        if list.is_empty() {
            store.remove(&group, &key);
        } else {
            store.set(&group, &key, Content::List(&list));
        }
        if kind == Kind::Unset {
            // What `flatpak override` writes: versions that cannot unset see an empty value.
            match value {
                Some(_) => store.set("Environment", &element, Content::Text("")),
                None if !changes.contains_key(&field_name("Environment", &element, None)) => {
                    store.remove("Environment", &element);
                }
                None => (),
            }
        }
    }
}

/// Fields that change, with their new value.
pub type Changes = BTreeMap<String, Option<String>>;

/// What has to change for `old` to become `new`.
pub fn changes(old: &Fields, new: &Fields) -> Changes {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| (name.clone(), new.get(name).cloned()))
        .collect()
}

/// The permissions of one layer of a record.
pub fn of_record(record: Option<&Record>, layer: &str) -> Fields {
    let prefix = format!("{layer}/");
    record
        .into_iter()
        .flat_map(|record| record.0.iter())
        .filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?.to_owned(), text(value)?)))
        .collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// Adds the permissions of one layer to a record.
pub fn into_record(record: &mut Record, layer: &str, fields: &Fields) {
    for (name, value) in fields {
        record.set(format!("{layer}/{name}"), value.as_str());
    }
}
