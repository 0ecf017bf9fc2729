//! Changing single permissions of an app, or of all apps, in one layer: as fields of their item, so that the plan, the
//! manifest and the file on the machine change by exactly that.

use super::apps::home;
use super::catalogue::{Form, Group};
use super::effective::Permission;
use super::{Item, check, flags, overrides};
use crate::core::item::Record;
use crate::host::Host;
use crate::host::flatpak::Scope;
use crate::words::{fill, gettext};

/// What a layer is to say of a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Nothing: what lower layers say holds.
    Inherit,
    /// That it is granted; of a path, that it may be written to.
    Allow,
    /// That it is not; of a variable, that it is unset; of a bus name, the policy `none`.
    Deny,
    /// A path's mode (`ro`, `create`), a variable's text, a bus policy.
    Value(String),
    /// That it is granted where any of these conditions holds. Only permissions with names of their own.
    If(Vec<String>),
}

/// Fields of an item that are set and cleared, as `Edit::Put` takes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Fields with their new values.
    pub set: Record,
    /// Fields that go away.
    pub clear: Vec<String>,
}

/// The fields of `item` to set and clear so that `layer` says `stands`. An error says which entry cannot be so.
///
/// The person's layer holds for an app of either scope, every user's for system-wide apps only.
pub fn fields(
    host: &Host,
    item: &Item,
    layer: Scope,
    stands: &[(Permission, Stand)],
) -> Result<Fields, String> {
    let holds = match item {
        Item::App(scope, _) => layer == Scope::User || *scope == Scope::System,
        Item::Global(scope) => layer == *scope,
    };
    if !holds {
        return Err(gettext(
            "overrides for every user hold for apps that are installed for every user only",
        ));
    }
    let mut fields = Fields::default();
    for (permission, stand) in stands {
        one(host, layer, permission, stand, &mut fields)?;
    }
    Ok(fields)
}

/// The same for flags as `flatpak override` takes them.
pub fn of_flags(host: &Host, item: &Item, layer: Scope, list: &[String]) -> Result<Fields, String> {
    if let Some(flag) = list.iter().find(|flag| !flags::is_known(flag)) {
        let text = gettext("“{flag}” says nothing: it should be like --filesystem=~/Games");
        return Err(fill(&text, &[("flag", flag)]));
    }
    let mut all = Fields::default();
    for (name, value) in flags::read(list, &home(layer, host)) {
        let Some(permission) = Permission::of_field(&name) else { continue };
        let conditions: Vec<String> = value
            .split(' ')
            .filter_map(|word| word.strip_prefix("if:"))
            .map(str::to_owned)
            .collect();
        let text = permission.group == "Environment";
        let stand = match value.as_str() {
            _ if text => Stand::Value(value.clone()),
            "allow" => Stand::Allow,
            "deny" | "unset" => Stand::Deny,
            _ if !conditions.is_empty() => Stand::If(conditions),
            _ => Stand::Value(value.clone()),
        };
        let one = fields(host, item, layer, &[(permission, stand)])?;
        for gone in one.clear {
            clear(&mut all, gone);
        }
        for (name, field) in one.set.0 {
            all.clear.retain(|gone| *gone != name);
            // A flag adds its condition to those of lower layers: it does not begin with a denial.
            let flagged = crate::core::item::Value::Text(value.clone());
            let field = if value.contains("if:") && !text { flagged } else { field };
            all.set.0.insert(name, field);
        }
    }
    Ok(all)
}

fn one(
    host: &Host,
    layer: Scope,
    permission: &Permission,
    stand: &Stand,
    fields: &mut Fields,
) -> Result<(), String> {
    let name = |permission: &Permission| format!("{}/{}", layer.as_str(), permission.field());
    let form = Group::of(permission).form();
    if form == Form::Variable {
        let set = Permission::key("Environment", permission.token());
        let unset = Permission::element("Context", "unset-environment", permission.token());
        let (put, drop) = match stand {
            Stand::Inherit => (None, vec![&set, &unset]),
            Stand::Deny => (Some((&unset, "unset")), vec![&set]),
            Stand::Value(text) => (Some((&set, text.as_str())), vec![&unset]),
            Stand::Allow | Stand::If(_) => {
                let text = gettext("say what the variable {name} is to be");
                return Err(fill(&text, &[("name", permission.token())]));
            }
        };
        if put.is_some() {
            check::variable(permission.token())?;
        }
        for gone in drop {
            clear(fields, name(gone));
        }
        if let Some((permission, value)) = put {
            put_field(fields, name(permission), value);
        }
        return Ok(());
    }
    let permission = match (form, permission.element.as_deref()) {
        (Form::Path, Some(path)) if path != "host:reset" => {
            let path = overrides::canonical_path(path, &home(layer, host))
                .map_or_else(|| path.to_owned(), |(path, _)| path);
            Permission { element: Some(path), ..permission.clone() }
        }
        _ => permission.clone(),
    };
    if *stand == Stand::Inherit {
        clear(fields, name(&permission));
        return Ok(());
    }
    let impossible = || {
        let text = gettext("“{permission}” cannot be changed so");
        Err(fill(&text, &[("permission", permission.token())]))
    };
    let value = match (form, stand) {
        (Form::Toggle | Form::Path | Form::Policy, Stand::Deny) => "deny".to_owned(),
        (Form::Toggle | Form::Path | Form::Policy | Form::Directory | Form::Usb, Stand::Allow) => {
            "allow".to_owned()
        }
        (Form::Path, Stand::Value(mode)) if matches!(mode.as_str(), "ro" | "create") => {
            mode.clone()
        }
        (Form::Bus, Stand::Deny) => "none".to_owned(),
        (Form::Bus, Stand::Allow) => "talk".to_owned(),
        (Form::Bus, Stand::Value(policy)) if check::POLICIES.contains(&policy.as_str()) => {
            policy.clone()
        }
        (Form::Toggle, Stand::If(conditions)) if !conditions.is_empty() => {
            let mut words = Vec::new();
            for condition in conditions {
                words.push(format!("if:{}", check::condition(condition)?));
            }
            words.sort();
            words.dedup();
            format!("reset allow {}", words.join(" "))
        }
        (Form::Directory | Form::Usb, Stand::Deny) => {
            let text = gettext("“{permission}” can be added or taken out, not denied");
            return Err(fill(&text, &[("permission", permission.token())]));
        }
        _ => return impossible(),
    };
    judge(form, &permission, &value)?;
    put_field(fields, name(&permission), &value);
    Ok(())
}

/// The reason why a permission may not be set, if there is one.
fn judge(form: Form, permission: &Permission, value: &str) -> Result<(), String> {
    let token = permission.token();
    match form {
        Form::Path if token == "host:reset" && value == "deny" => Ok(()),
        Form::Path => check::path(token).map(drop),
        Form::Directory => check::directory(token).map(drop),
        Form::Bus => check::bus_name(token).map(drop),
        Form::Usb => check::usb(token).map(drop),
        Form::Toggle if !check::is_known(permission, value) => {
            let names = super::catalogue::KNOWN
                .iter()
                .filter(|known| known.key == permission.key)
                .map(|known| known.token)
                .collect::<Vec<_>>();
            let text = gettext("flatpak knows no “{token}” here: there are {known}");
            Err(fill(&text, &[("token", token), ("known", &names.join(", "))]))
        }
        _ => Ok(()),
    }
}

fn clear(fields: &mut Fields, name: String) {
    fields.set.0.remove(&name);
    if !fields.clear.contains(&name) {
        fields.clear.push(name);
    }
}

fn put_field(fields: &mut Fields, name: String, value: &str) {
    fields.clear.retain(|gone| *gone != name);
    fields.set.set(name, value);
}
