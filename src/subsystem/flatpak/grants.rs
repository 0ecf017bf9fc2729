//! What portals were allowed at run time: the permission store, read from its files. It is shown, and never captured.
//!
//! `~/.local/share/flatpak/db/TABLE` is a GVDB of `main` (a table of `va{sas}`: data, and permissions by app)
//! and `apps`.

use std::path::PathBuf;

use serde::Serialize;

use crate::host::{Host, fs};
use crate::words::{fill, gettext};

/// What one app was allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Grant {
    /// The app's id; empty for programs outside any sandbox.
    pub app: String,
    /// The table: `notifications`, `devices`, `location`, `documents`.
    pub table: String,
    /// What it is about: a device, a document, a kind.
    pub id: String,
    /// What was decided: `yes`, `read`, `EXACT`.
    pub permissions: Vec<String>,
}

/// Where portals keep them.
pub fn dir(host: &Host) -> PathBuf {
    host.env().data.join("flatpak/db")
}

/// Every grant, in order.
pub fn grants(host: &Host) -> Result<Vec<Grant>, String> {
    let dir = dir(host);
    let tables = fs::list(&dir).map_err(|error| error.to_string())?.unwrap_or_default();
    let mut grants = Vec::new();
    for table in tables {
        let path = dir.join(&table);
        // Files that are being written have names like `devices.AB12CD`.
        if table.contains('.') {
            continue;
        }
        let bytes = fs::read_bytes(&path).map_err(|error| error.to_string())?;
        if let Some(bytes) = bytes {
            read(&table, bytes, &mut grants).map_err(|why| {
                let text = gettext("“{path}” is damaged: {why}");
                fill(&text, &[("path", &path.display().to_string()), ("why", &why)])
            })?;
        }
    }
    grants.sort();
    Ok(grants)
}

fn read(table: &str, bytes: Vec<u8>, grants: &mut Vec<Grant>) -> Result<(), String> {
    let file = gvdb::read::File::from_bytes(bytes.into()).map_err(|error| error.to_string())?;
    let root = file.hash_table().map_err(|error| error.to_string())?;
    let main = match root.get_hash_table("main") {
        Ok(main) => main,
        Err(_) => return Ok(()),
    };
    for key in main.keys() {
        let id = key.map_err(|error| error.to_string())?;
        let stored = main.get_gvariant(&id).map_err(|error| error.to_string())?;
        let value = stored
            .as_variant()
            .filter(|value| value.type_().as_str() == "(va{sas})" && value.is_normal_form())
            .ok_or_else(|| gettext("it is not what flatpak writes"))?;
        for app in value.child_value(1).iter() {
            let (name, permissions) = (app.child_value(0), app.child_value(1));
            grants.push(Grant {
                app: name.str().unwrap_or_default().to_owned(),
                table: table.to_owned(),
                id: id.to_string(),
                permissions: permissions
                    .iter()
                    .filter_map(|p| p.str().map(str::to_owned))
                    .collect(),
            });
        }
    }
    Ok(())
}
