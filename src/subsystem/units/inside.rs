//! Paths below the machine's root, with their links followed as the machine itself follows them.

use std::path::{Path, PathBuf};

use crate::host::Host;

/// Where an absolute path leads once all links on the way are followed: an absolute link starts at the machine's root,
/// and no number of `..` leads out of it. `None` for a circle. What is not there is where it would be.
pub(super) fn resolve(host: &Host, path: &str) -> Option<PathBuf> {
    let parts = |path: &str| -> Vec<String> { path.split('/').rev().map(str::to_owned).collect() };
    let mut rest = parts(path);
    let mut done: Vec<String> = Vec::new();
    let mut links = 0;
    while let Some(part) = rest.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => drop(done.pop()),
            _ => {
                done.push(part);
                let Ok(target) = std::fs::read_link(host.path(&done.join("/"))) else { continue };
                // As many as the kernel follows.
                links += 1;
                if links > 40 {
                    return None;
                }
                let target = target.to_str()?;
                done.pop();
                if target.starts_with('/') {
                    done.clear();
                }
                rest.extend(parts(target));
            }
        }
    }
    Some(host.path(&done.join("/")))
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::Machine;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_and_never_lead_out() {
        let machine = Machine::new();
        machine.file("usr/lib/a.service", "");
        let root = machine.dir.path();
        let link = |target: &str, name: &str| symlink(target, root.join("usr").join(name)).unwrap();
        link("/usr/lib", "abs");
        link("../../../../usr/lib", "up");
        link("circle", "circle");
        for path in [
            "/usr/lib/a.service",
            "/usr/abs/a.service",
            "/usr/up/a.service",
            "/../usr/lib/a.service",
        ] {
            assert_eq!(
                resolve(&machine.host(), path),
                Some(root.join("usr/lib/a.service")),
                "{path}"
            );
        }
        assert_eq!(resolve(&machine.host(), "/usr/circle/x"), None);
        assert_eq!(resolve(&machine.host(), "/gone/x"), Some(root.join("gone/x")));
    }
}
