//! The extensions site: whether it has an extension, and for which versions of the Shell.

use std::collections::BTreeMap;

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::core::names::ExtensionUuid;
use crate::host::Host;
use crate::host::http::{self, HttpError};
use crate::host::shell::major;

/// The variable that names another site.
const ADDRESS: &str = "BKT_EXTENSIONS_URL";
const DEFAULT: &str = "https://extensions.gnome.org";
/// How many extensions the site tells about in one answer.
const PAGE: usize = 25;

/// What the site says of one extension.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Offer {
    /// Its UUID.
    pub uuid: String,
    /// Its name for people.
    #[serde(default)]
    pub name: String,
    /// The builds it has, by the Shell's version.
    #[serde(default, rename = "shell_version_map")]
    builds: BTreeMap<String, Build>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct Build {
    version: i64,
}

#[derive(Deserialize)]
struct Found {
    extensions: Vec<Offer>,
}

impl Offer {
    /// The newest build for this Shell.
    pub fn build_for(&self, shell: &str) -> Option<i64> {
        let fits = self.builds.iter().filter(|(made_for, _)| major(made_for) == major(shell));
        fits.map(|(_, build)| build.version).max()
    }

    /// The versions of the Shell it has a build for, the oldest first.
    pub fn shells(&self) -> Vec<String> {
        let number = |version: &&String| -> Vec<u32> {
            version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
        };
        let mut shells: Vec<&String> = self.builds.keys().collect();
        shells.sort_by_key(number);
        shells.into_iter().cloned().collect()
    }
}

/// Where the site is.
pub fn address(host: &Host) -> &str {
    host.var(ADDRESS).unwrap_or(DEFAULT).trim_end_matches('/')
}

/// What the site says of one extension; `None` where it does not have it.
pub fn offer(host: &Host, uuid: &ExtensionUuid) -> Result<Option<Offer>, HttpError> {
    let url = format!("{}/extension-info/?uuid={}", address(host), escape(uuid.as_str()));
    match http::json(host, &url, &CancellationToken::new()) {
        Ok(offer) => Ok(Some(offer)),
        Err(error) if error.not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the site says of several extensions, by UUID, in as few requests as it allows. What it does not have is left out.
pub fn offers(host: &Host, uuids: &[&str]) -> Result<BTreeMap<String, Offer>, HttpError> {
    let mut offers = BTreeMap::new();
    for some in uuids.chunks(PAGE) {
        let asked: String = some.iter().map(|uuid| format!("&uuid={}", escape(uuid))).collect();
        let url = format!(
            "{}/extension-query/?shell_version=all&n_per_page={PAGE}{asked}",
            address(host)
        );
        let found: Found = http::json(host, &url, &CancellationToken::new())?;
        offers.extend(found.extensions.into_iter().map(|offer| (offer.uuid.clone(), offer)));
    }
    Ok(offers)
}

/// The UUIDs that the site finds for `text`.
pub fn search(host: &Host, text: &str) -> Result<Vec<String>, HttpError> {
    let url = format!(
        "{}/extension-query/?search={}&shell_version=all&n_per_page={PAGE}",
        address(host),
        escape(text)
    );
    let found: Found = http::json(host, &url, &CancellationToken::new())?;
    Ok(found.extensions.into_iter().map(|offer| offer.uuid).collect())
}

/// Where the archive of an extension is: of one version, or of the newest one for this Shell.
pub fn archive(host: &Host, uuid: &str, version: Option<i64>, shell: &str) -> String {
    let (site, uuid) = (address(host), escape(uuid));
    match version {
        Some(version) => format!("{site}/api/v1/extensions/{uuid}/versions/{version}/?format=zip"),
        // Without the last part the site may give a build for another Shell.
        None => format!(
            "{site}/download-extension/{uuid}.shell-extension.zip?shell_version={}&disable_version_validation=false",
            major(shell)
        ),
    }
}

/// Text as part of an address.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'-' | b'_' | b'.' | b'~' | b'@' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_knows_the_shells_it_is_made_for() {
        let text = r#"{"uuid":"a@b","name":"A","pk":7,"shell_version_map":
            {"9":{"pk":1,"version":1},"48":{"pk":2,"version":12},"48.1":{"pk":3,"version":13},"3.38":{"pk":4,"version":2}}}"#;
        let offer: Offer = serde_json::from_str(text).unwrap();
        assert_eq!(offer.build_for("48.7"), Some(13));
        assert_eq!(offer.build_for("3.38.4"), Some(2));
        assert_eq!(offer.build_for("50"), None);
        assert_eq!(offer.shells(), ["3.38", "9", "48", "48.1"]);
    }

    #[test]
    fn a_uuid_is_safe_in_an_address() {
        assert_eq!(escape("a+b@c.d e&f"), "a%2Bb@c.d%20e%26f");
    }
}
