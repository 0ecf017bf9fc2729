//! The Containerfile: what the image is built from, with sections that the manifests fill.

/// One managed section, as the manifests make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name: `SYSTEM_PACKAGES`.
    pub name: &'static str,
    /// What stands between its markers: whole lines, each with its end; empty where the manifests want nothing.
    pub body: String,
}
