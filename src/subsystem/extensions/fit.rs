//! Whether an extension can be had: it is installed, or the site has it for this Shell.

use super::steps::version_of;
use super::{disk, site};
use crate::core::item::{ItemKey, Record};
use crate::core::names::ExtensionUuid;
use crate::core::near::nearest;
use crate::host::http::HttpError;
use crate::host::{Host, shell};
use crate::subsystem::Unfit;
use crate::words::{fill, gettext};

/// How many matches are suggested.
const CLOSE: usize = 5;

pub(super) fn validate(host: &Host, item: &ItemKey, _set: &Record) -> Result<(), Unfit> {
    let unfit = |message: String| Unfit { message, close: Vec::new(), unsure: false };
    let uuid: ExtensionUuid = item.as_str().parse().map_err(|error| unfit(format!("{error}")))?;
    let installed = disk::installed(host, true).unwrap_or_default();
    if installed.contains_key(&uuid) {
        return Ok(());
    }
    let named = |text: String| fill(&text, &[("extension", uuid.as_str())]);
    let Some(offer) = site::offer(host, &uuid).map_err(|error| not_asked(&uuid, &error))? else {
        let mut close =
            nearest(uuid.as_str(), installed.keys().map(|uuid| (uuid.as_str(), Vec::new())));
        close.extend(similar(host, uuid.as_str()));
        close.dedup();
        close.truncate(CLOSE);
        let message = named(gettext(
            "there is no extension “{extension}”, neither here nor on the extensions site",
        ));
        return Err(Unfit { message, close, unsure: false });
    };
    let shell = shell::ask(host).ok();
    let Some(version) = version_of(host, shell.as_ref()) else {
        let message = gettext(
            "which version of GNOME Shell this machine has could not be told: log in to GNOME and try again",
        );
        return Err(Unfit { message, close: Vec::new(), unsure: true });
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
    Err(unfit(message))
}

fn not_asked(uuid: &ExtensionUuid, error: &HttpError) -> Unfit {
    let text = gettext(
        "whether there is an extension “{extension}” could not be looked up: {address}: {why}",
    );
    let values: &[(&str, &str)] =
        &[("extension", uuid.as_str()), ("address", &error.address), ("why", &error.reason())];
    Unfit { message: fill(&text, values), close: Vec::new(), unsure: true }
}

/// What the site finds for the name in a UUID. It only helps: where the site does not answer, nothing is suggested.
fn similar(host: &Host, uuid: &str) -> Vec<String> {
    let name = uuid.split('@').next().unwrap_or(uuid);
    let words = name.replace(['-', '_', '.'], " ");
    let found = site::search(host, &words).unwrap_or_default();
    let near = nearest(uuid, found.iter().map(|uuid| (uuid.as_str(), Vec::new())));
    if near.is_empty() { found } else { near }
}
