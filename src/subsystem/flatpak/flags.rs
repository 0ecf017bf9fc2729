//! Overrides as `flatpak override` takes them: a list of flags. Flag and key names are those of
//! flatpak-override(1) up to 1.19.

use serde_json::Map;

use super::overrides::{self, Changes, Content, Fields, Home, Store, field_name, split_field};
use super::stores::Groups;

/// A flag, whose list it adds to, and what it puts before the element.
const LISTS: [(&str, &str, &str, &str); 14] = [
    ("share", "Context", "shared", ""),
    ("unshare", "Context", "shared", "!"),
    ("socket", "Context", "sockets", ""),
    ("nosocket", "Context", "sockets", "!"),
    ("device", "Context", "devices", ""),
    ("nodevice", "Context", "devices", "!"),
    ("allow", "Context", "features", ""),
    ("disallow", "Context", "features", "!"),
    ("filesystem", "Context", "filesystems", ""),
    ("nofilesystem", "Context", "filesystems", "!"),
    ("persist", "Context", "persistent", ""),
    ("unset-env", "Context", "unset-environment", ""),
    ("usb", "USB Devices", "enumerable-devices", ""),
    ("nousb", "USB Devices", "hidden-devices", ""),
];

/// A flag, and the bus and policy it sets.
const POLICIES: [(&str, &str, &str); 7] = [
    ("talk-name", "Session Bus Policy", "talk"),
    ("own-name", "Session Bus Policy", "own"),
    ("no-talk-name", "Session Bus Policy", "none"),
    ("system-talk-name", "System Bus Policy", "talk"),
    ("system-own-name", "System Bus Policy", "own"),
    ("system-no-talk-name", "System Bus Policy", "none"),
    ("a11y-own-name", "Accessibility Bus Policy", "own"),
];

/// A flag for a permission under a condition, and its list.
const CONDITIONS: [(&str, &str); 4] = [
    ("share-if", "shared"),
    ("socket-if", "sockets"),
    ("device-if", "devices"),
    ("allow-if", "features"),
];

/// The names of all flags.
pub fn names() -> impl Iterator<Item = &'static str> {
    let lists = LISTS.iter().map(|(name, ..)| *name);
    let more = ["env", "add-policy", "remove-policy"];
    let policies = POLICIES.iter().map(|(name, ..)| *name);
    lists.chain(CONDITIONS.iter().map(|(name, _)| *name)).chain(more).chain(policies)
}

/// Adds what one flag says to `groups`. `None` where it is no flag we know.
fn add(groups: &mut Groups, flag: &str) -> Option<()> {
    let (name, value) = flag.strip_prefix("--")?.split_once('=')?;
    if value.is_empty() {
        return None;
    }
    let mut push = |group: &str, key: &str, tokens: &[String]| {
        let mut list = Store::list(groups, group, key);
        list.extend_from_slice(tokens);
        Store::set(groups, group, key, Content::List(&list));
    };
    if let Some((_, group, key, before)) = LISTS.iter().find(|(known, ..)| *known == name) {
        push(group, key, &[format!("{before}{value}")]);
        if *key == "filesystems" && flag == "--nofilesystem=host:reset" {
            push(group, key, &["!host".to_owned()]);
        }
    } else if let Some((_, group, policy)) = POLICIES.iter().find(|(known, ..)| *known == name) {
        Store::set(groups, group, value, Content::Text(policy));
    } else if let Some((_, key)) = CONDITIONS.iter().find(|(known, _)| *known == name) {
        let (permission, condition) = value.split_once(':')?;
        let plain = permission.to_owned();
        push("Context", key, &[plain, format!("if:{permission}:{condition}")]);
    } else if name == "env" {
        let (variable, text) = value.split_once('=')?;
        Store::set(groups, "Environment", variable, Content::Text(text));
    } else if let "add-policy" | "remove-policy" = name {
        let (place, element) = value.split_once('=')?;
        let (subsystem, key) = place.split_once('.')?;
        let before = if name == "add-policy" { "" } else { "!" };
        push(&format!("Policy {subsystem}"), key, &[format!("{before}{element}")]);
    } else {
        return None;
    }
    Some(())
}

/// Whether `flag` is one that we know.
pub fn is_known(flag: &str) -> bool {
    add(&mut Map::new(), flag).is_some()
}

/// What a list of flags says; later flags win.
pub fn read(flags: &[String], home: &Home) -> Fields {
    let mut fields = Fields::new();
    for flag in flags {
        fields = laid_over(fields, fields_of(flag, home));
    }
    fields
}

fn laid_over(mut fields: Fields, more: Fields) -> Fields {
    for (name, value) in more {
        if let Some((group, key, element)) = split_field(&name) {
            // A variable is either set or unset.
            match (group.as_str(), element) {
                ("Context", Some(variable)) if key == "unset-environment" => {
                    fields.remove(&field_name("Environment", &variable, None));
                }
                ("Environment", _) => {
                    fields.remove(&field_name("Context", "unset-environment", Some(&key)));
                }
                _ => (),
            }
        }
        let value = match fields.get(&name) {
            Some(before) if value.contains("if:") => conditions_of_both(before, &value),
            _ => value,
        };
        fields.insert(name, value);
    }
    fields
}

/// Conditions add up: any of them is enough.
fn conditions_of_both(before: &str, more: &str) -> String {
    let words = || before.split(' ').chain(more.split(' '));
    let mut conditions: Vec<&str> = words().filter(|word| word.starts_with("if:")).collect();
    conditions.sort_unstable();
    conditions.dedup();
    let mut all = Vec::new();
    if words().any(|word| matches!(word, "reset" | "deny")) {
        all.push("reset");
    }
    if words().any(|word| word == "allow") {
        all.push("allow");
    }
    all.extend(conditions);
    all.join(" ")
}

fn fields_of(flag: &str, home: &Home) -> Fields {
    let mut groups = Map::new();
    match add(&mut groups, flag) {
        Some(()) => overrides::read(&groups, home),
        None => Fields::new(),
    }
}

/// The flags that say what one field says; `None` where no flag can.
fn flags_for(name: &str, value: &str) -> Option<Vec<String>> {
    let (group, key, element) = split_field(name)?;
    let Some(element) = element else {
        if group == "Environment" {
            return Some(vec![format!("--env={key}={value}")]);
        }
        let (flag, ..) =
            POLICIES.iter().find(|(_, bus, policy)| *bus == group && *policy == value)?;
        return Some(vec![format!("--{flag}={key}")]);
    };
    if value.contains("if:") {
        let (flag, _) = CONDITIONS.iter().find(|(_, list)| group == "Context" && *list == key)?;
        let conditions = value.split(' ').filter_map(|word| word.strip_prefix("if:"));
        let flags = conditions.map(|condition| format!("--{flag}={element}:{condition}"));
        return Some(flags.collect());
    }
    let (before, after) = match value {
        "deny" => ("!", ""),
        "ro" => ("", ":ro"),
        "create" => ("", ":create"),
        _ => ("", ""),
    };
    if let Some(subsystem) = group.strip_prefix("Policy ") {
        let flag = if before.is_empty() { "add-policy" } else { "remove-policy" };
        return Some(vec![format!("--{flag}={subsystem}.{key}={element}")]);
    }
    let (flag, ..) = LISTS.iter().find(|(_, g, k, b)| *g == group && *k == key && *b == before)?;
    Some(vec![format!("--{flag}={element}{after}")])
}

/// The list with `changes` made, other flags left where they are; `None` where flags cannot say it.
pub fn write(flags: &[String], changes: &Changes, home: &Home) -> Option<Vec<String>> {
    let mut target = read(flags, home);
    for (name, value) in changes {
        match value {
            Some(value) => drop(target.insert(name.clone(), value.clone())),
            None => drop(target.remove(name)),
        }
    }
    let mut missing = changes.clone();
    let mut list = Vec::new();
    for flag in flags {
        let says = fields_of(flag, home);
        let Some(name) = says.keys().find(|name| changes.contains_key(*name)) else {
            list.push(flag.clone());
            continue;
        };
        // The new flag takes the place of the first that said something else.
        if let Some(Some(value)) = missing.remove(name) {
            list.extend(flags_for(name, &value)?);
        }
        for name in says.keys().filter(|name| !changes.contains_key(*name)) {
            missing.entry(name.clone()).or_insert_with(|| target.get(name).cloned());
        }
    }
    let now = read(&list, home);
    for (name, value) in missing {
        if let Some(value) = value
            && now.get(&name) != Some(&value)
        {
            list.extend(flags_for(&name, &value)?);
        }
    }
    (read(&list, home) == target).then_some(list)
}
