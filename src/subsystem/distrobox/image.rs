//! When two names of an image mean the same one.

/// Where the images of a registry lie that belong to nobody else there.
const OWN: &str = "library";

/// An image's name in its parts.
struct Name<'a> {
    /// `registry.example/library/debian`
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
    // A registry's own images lie below “library”, which need not be said.
    let repository = match repository.split_once('/') {
        Some((registry, name)) if is_registry(registry) && !name.contains('/') => {
            format!("{registry}/{OWN}/{name}")
        }
        _ => repository.to_owned(),
    };
    Name { repository, tag, digest }
}

/// Whether a repository names the registry it is on.
fn has_registry(repository: &str) -> bool {
    repository.split_once('/').is_some_and(|(first, _)| is_registry(first))
}

/// Whether the first part of a name is a registry. Images of this machine's own are on one too.
fn is_registry(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost"
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
            ("debian:13", "registry.example/library/debian:13", true),
            ("registry.example/debian:13", "registry.example/library/debian:13", true),
            ("registry.example/me/debian", "registry.example/library/debian", false),
            ("me/debian", "registry.example/me/debian:latest", true),
            ("debian", "registry.example/library/notdebian", false),
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
