//! When two names of an image mean the same one.

/// An image's name in its parts.
struct Name<'a> {
    /// `docker.io/library/debian`
    repository: String,
    tag: &'a str,
    digest: Option<&'a str>,
}

fn parts(text: &str) -> Name<'_> {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    // A colon before the last slash is a registry's port.
    let colon = name.rfind(':').filter(|colon| name.rfind('/').is_none_or(|slash| slash < *colon));
    let (repository, tag) = match colon {
        Some(colon) => (&name[..colon], &name[colon + 1..]),
        None => (name, "latest"),
    };
    // Docker's own images lie below “library”, which need not be said.
    let repository = match repository.strip_prefix("docker.io/") {
        Some(rest) if !rest.contains('/') => format!("docker.io/library/{rest}"),
        _ => repository.to_owned(),
    };
    Name { repository, tag, digest }
}

/// Whether a repository names the registry it is on.
fn has_registry(repository: &str) -> bool {
    repository
        .split_once('/')
        .is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost")
}

/// Whether an image called `live`, with that digest, is the one that an entry calls `wanted`. A digest counts where the
/// entry has one, and so does the registry.
pub(super) fn is(wanted: &str, live: &str, digest: Option<&str>) -> bool {
    let (wanted, live) = (parts(wanted), parts(live));
    let below = format!("/{}", wanted.repository);
    let same = wanted.repository == live.repository
        || !has_registry(&wanted.repository) && live.repository.ends_with(&below);
    let pinned = wanted.digest.is_none_or(|wanted| live.digest.or(digest) == Some(wanted));
    // With a digest, podman forgets the tag.
    let tag = wanted.digest.is_some() || wanted.tag == live.tag;
    same && pinned && tag
}

/// What a live image is called: as the entry calls it where it is that one.
pub(super) fn canonical(wanted: Option<&str>, live: &str, digest: Option<&str>) -> String {
    match wanted {
        Some(wanted) if is(wanted, live, digest) => wanted.to_owned(),
        // The entry's digest is not this one, which has to be seen.
        Some(wanted) if wanted.contains('@') && !live.contains('@') => match digest {
            Some(digest) => format!("{live}@{digest}"),
            None => live.to_owned(),
        },
        _ => live.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_what_the_entry_says_of_it() {
        for (wanted, live, same) in [
            ("registry.example/a:1", "registry.example/a:1", true),
            ("registry.example/a", "registry.example/a:latest", true),
            ("registry.example/a:1", "registry.example/a:2", false),
            ("registry.example:5000/a", "registry.example:5000/a:latest", true),
            ("registry.example/a", "other.example/a", false),
            ("debian:13", "docker.io/library/debian:13", true),
            ("docker.io/debian:13", "docker.io/library/debian:13", true),
            ("me/debian", "docker.io/me/debian:latest", true),
            ("debian", "docker.io/library/notdebian", false),
            ("registry.example/debian", "debian", false),
            ("a@sha256:1", "localhost/a:latest", true),
            ("a@sha256:2", "localhost/a:latest", false),
        ] {
            assert_eq!(is(wanted, live, Some("sha256:1")), same, "{wanted} {live}");
        }
        assert_eq!(canonical(Some("a@sha256:2"), "x/a:1", Some("sha256:1")), "x/a:1@sha256:1");
        assert_eq!(canonical(Some("a"), "localhost/a:latest", Some("sha256:1")), "a");
        assert_eq!(canonical(None, "localhost/a:1", Some("sha256:1")), "localhost/a:1");
    }
}
