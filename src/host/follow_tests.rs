use std::fs;

use super::*;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn file(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    /// Follows each path under its own name; one that ends in `/**` with two levels below it.
    fn follow(&self, paths: &[&'static str]) -> Follower<&'static str> {
        let followed = paths.iter().map(|tag| {
            let (path, depth) = tag.strip_suffix("/**").map_or((*tag, 0), |path| (path, 2));
            Followed { path: self.path(path), depth, tag: *tag }
        });
        Follower::new(followed.collect()).unwrap()
    }
}

fn changes(follower: &mut Follower<&'static str>) -> Vec<&'static str> {
    follower.changes().unwrap().into_iter().collect()
}

#[test]
fn only_what_changed_is_told() {
    let place = Place::new();
    place.file("a/one", "1");
    place.file("a/two", "2");
    place.file("b/three", "3");
    let mut follower = place.follow(&["a/one", "a/two", "b"]);
    assert!(changes(&mut follower).is_empty());
    place.file("a/one", "new");
    place.file("a/other", "new");
    assert_eq!(changes(&mut follower), ["a/one"]);
    assert!(changes(&mut follower).is_empty());
    place.file("b/new", "");
    assert_eq!(changes(&mut follower), ["b"]);
    fs::remove_file(place.path("b/three")).unwrap();
    fs::remove_file(place.path("a/two")).unwrap();
    assert_eq!(changes(&mut follower), ["a/two", "b"]);
}

#[test]
fn reading_is_no_change() {
    let place = Place::new();
    place.file("a/one", "1");
    let mut follower = place.follow(&["a/one", "a"]);
    fs::read(place.path("a/one")).unwrap();
    fs::read_dir(place.path("a")).unwrap().count();
    assert!(changes(&mut follower).is_empty());
}

#[test]
fn a_file_that_is_renamed_over_stays_followed() {
    let place = Place::new();
    place.file("a/one", "1");
    let mut follower = place.follow(&["a/one"]);
    for _ in 0..3 {
        place.file("a/.one.new", "2");
        assert!(changes(&mut follower).is_empty());
        fs::rename(place.path("a/.one.new"), place.path("a/one")).unwrap();
        assert_eq!(changes(&mut follower), ["a/one"]);
    }
    // A file still being written is no news; what it holds in the end is.
    let mut file = fs::File::create(place.path("a/one")).unwrap();
    std::io::Write::write_all(&mut file, b"half").unwrap();
    assert!(changes(&mut follower).is_empty());
    drop(file);
    assert_eq!(changes(&mut follower), ["a/one"]);
}

#[test]
fn what_does_not_exist_yet_is_followed_as_it_comes_and_goes() {
    let place = Place::new();
    let mut follower = place.follow(&["x/y/z/file", "x/y/dir"]);
    let both = ["x/y/dir", "x/y/z/file"];
    for _ in 0..2 {
        // What does not bring it is no news.
        fs::create_dir(place.path("x")).unwrap();
        assert!(changes(&mut follower).is_empty());
        fs::create_dir(place.path("x/y")).unwrap();
        assert!(changes(&mut follower).is_empty());
        fs::create_dir(place.path("x/y/dir")).unwrap();
        assert_eq!(changes(&mut follower), ["x/y/dir"]);
        place.file("x/y/dir/entry", "");
        assert_eq!(changes(&mut follower), ["x/y/dir"]);
        fs::create_dir(place.path("x/y/z")).unwrap();
        assert!(changes(&mut follower).is_empty());
        place.file("x/y/z/file", "");
        assert_eq!(changes(&mut follower), ["x/y/z/file"]);
        fs::remove_dir_all(place.path("x")).unwrap();
        assert_eq!(changes(&mut follower), both);
    }
    // Made at once, before anybody looks.
    place.file("x/y/dir/entry", "");
    place.file("x/y/z/file", "");
    assert_eq!(changes(&mut follower), both);
    place.file("x/y/z/file", "again");
    place.file("x/y/dir/entry", "again");
    assert_eq!(changes(&mut follower), both);
}

#[test]
fn a_directory_on_the_way_may_be_exchanged() {
    let place = Place::new();
    place.file("repo/manifests/hosts/me/a.json", "1");
    place.file("next/manifests/hosts/me/a.json", "2");
    let mut follower = place.follow(&["repo/manifests/hosts/me/a.json"]);
    fs::rename(place.path("repo"), place.path("old")).unwrap();
    assert_eq!(changes(&mut follower), ["repo/manifests/hosts/me/a.json"]);
    fs::rename(place.path("next"), place.path("repo")).unwrap();
    assert_eq!(changes(&mut follower), ["repo/manifests/hosts/me/a.json"]);
    place.file("old/manifests/hosts/me/a.json", "3");
    assert!(changes(&mut follower).is_empty(), "the old one is nobody's business any more");
    place.file("repo/manifests/hosts/me/a.json", "4");
    assert_eq!(changes(&mut follower), ["repo/manifests/hosts/me/a.json"]);
}

#[test]
fn directories_below_are_followed_as_deep_as_asked() {
    let place = Place::new();
    place.file("ext/a/metadata.json", "");
    let mut follower = place.follow(&["ext/**", "ext"]);
    place.file("ext/a/metadata.json", "new");
    assert_eq!(changes(&mut follower), ["ext/**"]);
    fs::create_dir(place.path("ext/b")).unwrap();
    assert_eq!(changes(&mut follower), ["ext", "ext/**"]);
    place.file("ext/b/metadata.json", "");
    assert_eq!(changes(&mut follower), ["ext/**"]);
    fs::create_dir(place.path("ext/b/schemas")).unwrap();
    assert_eq!(changes(&mut follower), ["ext/**"]);
    place.file("ext/b/schemas/gschemas.compiled", "");
    assert_eq!(changes(&mut follower), ["ext/**"]);
    fs::create_dir(place.path("ext/b/schemas/deep")).unwrap();
    changes(&mut follower);
    place.file("ext/b/schemas/deep/file", "");
    assert!(changes(&mut follower).is_empty());
}

#[test]
fn a_link_is_followed_at_both_ends() {
    let place = Place::new();
    place.file("dotfiles/one", "1");
    fs::create_dir(place.path("a")).unwrap();
    std::os::unix::fs::symlink(place.path("dotfiles/one"), place.path("a/one")).unwrap();
    let mut follower = place.follow(&["a/one"]);
    place.file("dotfiles/one", "2");
    assert_eq!(changes(&mut follower), ["a/one"]);
    fs::remove_file(place.path("a/one")).unwrap();
    assert_eq!(changes(&mut follower), ["a/one"]);
    place.file("dotfiles/one", "3");
    assert!(changes(&mut follower).is_empty());
}

#[test]
fn no_watch_is_left_behind() {
    let place = Place::new();
    let mut follower = place.follow(&["x/y/file"]);
    let before = follower.watches.len();
    for _ in 0..5 {
        place.file("x/y/file", "");
        changes(&mut follower);
        fs::rename(place.path("x"), place.path("old")).unwrap();
        changes(&mut follower);
        fs::remove_dir_all(place.path("old")).unwrap();
        changes(&mut follower);
    }
    assert_eq!(follower.watches.len(), before);
}
