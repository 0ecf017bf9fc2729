//! What the application remembers, in GSettings; where the schema is not installed, nothing is remembered.

use relm4::gtk::gio;
use relm4::gtk::gio::prelude::*;

/// The schema's id, and the application's.
pub const APP_ID: &str = "org.bkt.Bucket";

/// The application's settings.
#[derive(Clone, Debug)]
pub struct Settings(Option<gio::Settings>);

impl Settings {
    /// Opens them. `gio::Settings::new` would end the process where the schema is missing.
    pub fn open() -> Self {
        let schema = gio::SettingsSchemaSource::default()
            .and_then(|source| source.lookup(APP_ID, true))
            .map(|schema| gio::Settings::new_full(&schema, None::<&gio::SettingsBackend>, None));
        if schema.is_none() {
            tracing::warn!("the GSettings schema {APP_ID} is not installed: nothing is remembered");
        }
        Self(schema)
    }

    pub fn int(&self, key: &str, otherwise: i32) -> i32 {
        self.0.as_ref().map_or(otherwise, |settings| settings.int(key))
    }

    pub fn bool(&self, key: &str) -> bool {
        self.0.as_ref().is_some_and(|settings| settings.boolean(key))
    }

    pub fn text(&self, key: &str) -> String {
        self.0.as_ref().map(|settings| settings.string(key).to_string()).unwrap_or_default()
    }

    pub fn set(&self, key: &str, value: impl Into<relm4::gtk::glib::Variant>) {
        if let Some(settings) = &self.0
            && let Err(error) = settings.set_value(key, &value.into())
        {
            tracing::warn!("“{key}” was not remembered: {error}");
        }
    }
}
