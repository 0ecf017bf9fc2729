//! The development box: what it has, what it wants, and what it cannot have.

use crate::sandbox::Sandbox;

#[test]
fn what_a_box_cannot_have_says_what_to_use() {
    let sandbox = Sandbox::new();
    let refused = |args: &[&str], instead: &str| {
        sandbox.bkt(args).exits(2).says(instead);
    };
    refused(&["dev", "flatpak", "add", "org.gnome.Boxes"], "bkt flatpak add org.gnome.Boxes");
    refused(&["dev", "flatpak"], "Use: bkt flatpak");
    refused(&["dev", "flatpak", "--help"], "bkt flatpak --help");
    refused(&["dev", "extension", "enable", "a@b"], "bkt extension enable a@b");
    refused(&["dev", "gsetting", "set", "a", "b", "--", "-1"], "bkt gsetting set a b -- -1");
    refused(&["dev", "shim", "add", "podman"], "bkt shim add podman");
    refused(&["dev", "image", "dnf", "install", "x"], "bkt dev dnf install");
    refused(&["dev", "admin", "bootc", "status"], "bkt admin bootc status");
}
