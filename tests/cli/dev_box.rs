//! A machine whose development box is the machine itself, entered by a `toolbox` that runs what it is given.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value as Json;

use crate::sandbox::{Run, Sandbox};

/// The manifest of the box, below the machine.
pub const MANIFEST: &str = "repo/manifests/toolbox-packages.json";

/// A podman with one toolbox, and a toolbox that is this machine.
const PODMAN: &str = r#"#!/bin/sh
case "$1" in
    ps) echo '[{"Id": "12ab", "Names": ["bootc-dev"], "State": "created", "Labels": {"com.github.containers.toolbox": "true"}}]' ;;
    container) echo '[{"Id": "12ab", "Image": "34cd", "ImageName": "registry.example/dev"}]' ;;
    *) exit 125 ;;
esac
"#;
const TOOLBOX: &str =
    "#!/bin/sh\n[ \"$1 $2 $3\" = 'run --container bootc-dev' ] || exit 125\nshift 3\nexec \"$@\"\n";

/// A machine that could have boxes, and has none.
pub fn no_box() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.write(MANIFEST, "{\n  \"packages\": []\n}\n");
    program(&sandbox, "bin/podman", "#!/bin/sh\necho '[]'\n");
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    sandbox.vars.insert("PATH", path.into());
    let storage = sandbox.path("storage");
    sandbox.write("storage/db.sql", "");
    sandbox.write("storage.conf", &format!("[storage]\ngraphroot = \"{}\"\n", storage.display()));
    sandbox.vars.insert("CONTAINERS_STORAGE_CONF", sandbox.path("storage.conf").into());
    sandbox
}

/// Puts the box there.
pub fn add_box(sandbox: &Sandbox) {
    program(sandbox, "bin/podman", PODMAN);
    program(sandbox, "bin/toolbox", TOOLBOX);
}

pub fn program(sandbox: &Sandbox, below: &str, text: &str) {
    sandbox.write(below, text);
    fs::set_permissions(sandbox.path(below), fs::Permissions::from_mode(0o755)).unwrap();
}

/// `bkt dev ARGS`
pub fn dev(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut all = vec!["dev"];
    all.extend(args);
    sandbox.bkt(&all)
}

/// What the manifest says of toolchains.
pub fn said(sandbox: &Sandbox) -> Json {
    let manifest: Json = serde_json::from_str(&sandbox.read(MANIFEST)).unwrap();
    manifest["toolchains"].clone()
}

/// How each toolchain, package and tool stands, as `bkt status` has it.
pub fn survey(sandbox: &Sandbox) -> Vec<Json> {
    let report = sandbox.bkt(&["status", "toolchains", "--json"]).json();
    report["subsystems"][0]["items"].as_array().unwrap().clone()
}

pub fn drift(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let all = survey(sandbox).into_iter();
    let differs = all.filter(|item| item["state"] != "in-sync");
    let text = |item: &Json, name: &str| item[name].as_str().unwrap().to_owned();
    differs.map(|item| (text(&item, "key"), text(&item, "state"))).collect()
}
