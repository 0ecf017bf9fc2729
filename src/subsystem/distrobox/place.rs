//! Paths as `distrobox.json` has them: below the person's home they begin with `~/`, so that they mean the same elsewhere.

use std::path::{Path, PathBuf};

use crate::host::Host;

/// The one spelling of a path: `~/…` below the home, however the home is written, and no slash at the end.
pub(super) fn short(home: &Path, path: &str) -> String {
    let path = match path.trim_end_matches('/') {
        "" => return path.to_owned(),
        path => path,
    };
    if matches!(path, "~" | "$HOME" | "${HOME}") {
        return "~".to_owned();
    }
    for prefix in ["~/", "$HOME/", "${HOME}/"] {
        if let Some(rest) = path.strip_prefix(prefix) {
            return format!("~/{}", rest.trim_start_matches('/'));
        }
    }
    for home in homes(home) {
        match Path::new(path).strip_prefix(&home) {
            Ok(rest) if rest.as_os_str().is_empty() => return "~".to_owned(),
            Ok(rest) => return format!("~/{}", rest.display()),
            Err(_) => (),
        }
    }
    path.to_owned()
}

/// Where the person's home is, and what else leads there: on an atomic system `/home` is a link to `/var/home`.
fn homes(home: &Path) -> Vec<PathBuf> {
    let mut homes = vec![home.to_owned()];
    for (one, other) in [("/var/home", "/home"), ("/home", "/var/home")] {
        homes.extend(home.strip_prefix(one).ok().map(|rest| Path::new(other).join(rest)));
    }
    homes
}

/// The path itself.
pub(super) fn full(host: &Host, short: &str) -> String {
    let home = &host.env().home;
    match short.strip_prefix('~') {
        Some("") => home.display().to_string(),
        Some(rest) if rest.starts_with('/') => format!("{}{rest}", home.display()),
        _ => short.to_owned(),
    }
}

/// Whether it is below the person's home, which a box shares with the machine.
pub(super) fn is_below_home(short: &str) -> bool {
    short.starts_with("~/")
}

/// A volume in its one spelling: where it is on the machine, where it is in the box, and its options.
pub(super) fn volume(home: &Path, text: &str) -> String {
    let part = |(number, part): (usize, &str)| match number {
        0 | 1 => short(home, part),
        _ => part.to_owned(),
    };
    text.split(':').enumerate().map(part).collect::<Vec<_>>().join(":")
}

/// A volume as podman takes it.
pub(super) fn full_volume(host: &Host, volume: &str) -> String {
    let part = |(number, part): (usize, &str)| match number {
        0 | 1 => full(host, part),
        _ => part.to_owned(),
    };
    volume.split(':').enumerate().map(part).collect::<Vec<_>>().join(":")
}

/// What a path ends in.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The directory of a path.
pub(super) fn dir_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_has_one_spelling() {
        let home = Path::new("/var/home/me");
        for path in ["~/x/y", "$HOME/x/y", "${HOME}//x/y/", "/var/home/me/x/y", "/home/me/x/y/"] {
            assert_eq!(short(home, path), "~/x/y");
        }
        for path in ["~", "$HOME", "/home/me/", "/var/home/me"] {
            assert_eq!(short(home, path), "~");
        }
        for path in ["/", "/home/mean/x", "/opt/x", "~other/x"] {
            assert_eq!(short(home, path), path);
        }
        assert_eq!(volume(home, "/home/me/a:/home/me/b:ro"), "~/a:~/b:ro");
        assert_eq!(volume(home, "data:/data"), "data:/data");
    }
}
