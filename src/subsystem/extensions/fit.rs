//! Whether an extension can be had: it is installed, or the site has it for this Shell.

use super::steps::version_of;
use super::{ENABLED, disk, site};
use crate::core::item::{ItemKey, Record, Value};
use crate::core::names::ExtensionUuid;
use crate::core::near::nearest;
use crate::host::http::HttpError;
use crate::host::{Host, shell};
use crate::subsystem::Unfit;
use crate::words::{fill, gettext};

/// How many matches are suggested.
const CLOSE: usize = 5;
/// How much of a name is looked for where nothing goes by all of it.
const BEGINNING: usize = 3;

pub(super) fn validate(host: &Host, item: &ItemKey, set: &Record) -> Result<(), Unfit> {
    let uuid: ExtensionUuid = item.as_str().parse().map_err(Unfit::new)?;
    // Nothing has to be had to be off.
    if set.get(ENABLED) == Some(&Value::Flag(false)) {
        return Ok(());
    }
    let installed = disk::installed(host, true).unwrap_or_default();
    if installed.contains_key(&uuid) {
        return Ok(());
    }
    let named = |text: String| fill(&text, &[("extension", uuid.as_str())]);
    let Some(offer) = site::offer(host, &uuid).map_err(|error| not_asked(&uuid, &error))? else {
        let here = installed.keys().map(|uuid| uuid.as_str().to_owned());
        let close = close(uuid.as_str(), here.collect(), found(host, uuid.as_str()));
        let message = named(gettext(
            "there is no extension “{extension}”, neither here nor on the extensions site",
        ));
        return Err(Unfit { message, close, unsure: false });
    };
    let shell = shell::ask(host).ok();
    let Some(version) = version_of(host, shell.as_ref()) else {
        return Err(Unfit::unsure(gettext(
            "which version of GNOME Shell this machine has could not be told: log in to GNOME and try again",
        )));
    };
    if offer.build_for(&version).is_some() {
        return Ok(());
    }
    let shells = offer.shells().join(", ");
    let message = match shells.is_empty() {
        true => named(gettext("the extensions site has {extension}, but no version of it")),
        false => fill(
            &gettext("{extension} is not made for GNOME {version}, only for {shells}"),
            &[("extension", uuid.as_str()), ("version", &version), ("shells", &shells)],
        ),
    };
    Err(Unfit::new(message))
}

fn not_asked(uuid: &ExtensionUuid, error: &HttpError) -> Unfit {
    let text = gettext(
        "whether there is an extension “{extension}” could not be looked up: {address}: {why}",
    );
    let values: &[(&str, &str)] =
        &[("extension", uuid.as_str()), ("address", &error.address), ("why", &error.reason())];
    Unfit::unsure(fill(&text, values))
}

/// What may be meant, of what is here and what the site finds.
fn close(uuid: &str, here: Vec<String>, mut found: Vec<String>) -> Vec<String> {
    let all = here.iter().chain(&found).map(|uuid| (uuid.as_str(), Vec::new()));
    let near = nearest(uuid, all);
    if near.is_empty() {
        found.truncate(CLOSE);
        return found;
    }
    near
}

/// What the site finds for the name in a UUID, or for how it begins where that is misspelt. It only helps: where the
/// site does not answer, nothing is suggested.
fn found(host: &Host, uuid: &str) -> Vec<String> {
    let name = uuid.split('@').next().unwrap_or(uuid).replace(['-', '_', '.'], " ");
    let beginning: String = name.chars().take(BEGINNING).collect();
    let search = |text: &str| site::search(host, text).unwrap_or_default();
    match search(&name) {
        found if found.is_empty() && beginning != name => search(&beginning),
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_wherever_they_are() {
        let list = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let here = list(&["broken@lab.test", "other@x"]);
        let near = close("frech@lab.test", here, list(&["fresh@lab.test"]));
        assert_eq!(near[0], "fresh@lab.test");
        assert_eq!(close("zzz", Vec::new(), list(&["abc@d"])), ["abc@d"]);
    }
}
