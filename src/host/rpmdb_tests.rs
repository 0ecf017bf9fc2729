//! The rpm database of `tests/rpmdb`, which rpm itself made, and what else may be there instead.

use std::fs;
use std::path::Path;

use super::*;
use crate::host::deployment::{Deployment, Origin};
use crate::host::testing::Machine;

/// Made by `tests/rpmdb/make`; `tests/rpmdb/packages` is what `rpm -qa` says of it.
const MADE: &[u8] = include_bytes!("../../tests/rpmdb/rpmdb.sqlite");
const LISTED: &str = include_str!("../../tests/rpmdb/packages");

fn machine() -> Machine {
    let machine = Machine::new();
    machine.file("usr/share/rpm/rpmdb.sqlite", MADE);
    machine
}

fn left(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn name_of(line: &str) -> &str {
    line.split('\t').next().unwrap()
}

#[test]
fn it_says_what_rpm_says() {
    let machine = machine();
    let database = Rpmdb::of(machine.dir.path()).unwrap();
    let listed: BTreeSet<_> = LISTED.lines().map(|line| name_of(line).to_owned()).collect();
    assert!(listed.len() > 3);
    assert_eq!(database.names().unwrap(), listed);
    let line = |package: &Package| {
        let epoch = package.epoch.map_or("(none)".to_owned(), |epoch| epoch.to_string());
        let Package { name, version, release, arch, summary, .. } = package;
        format!("{name}\t{epoch}\t{version}\t{release}\t{arch}\t{summary}")
    };
    let mut all: Vec<_> = database.packages().unwrap().iter().map(line).collect();
    all.sort();
    let mut listed: Vec<_> = LISTED.lines().collect();
    listed.sort_unstable();
    assert_eq!(all, listed);
    // No lock was taken and nothing was written, by root either.
    assert_eq!(left(&machine.dir.path().join("usr/share/rpm")), ["rpmdb.sqlite"]);
    assert_eq!(fs::read(database.path()).unwrap(), MADE);
}

#[test]
fn files_of_other_readers_stay_and_a_log_is_not_passed_over() {
    let machine = machine();
    let (log, shared) = ("usr/share/rpm/rpmdb.sqlite-wal", "usr/share/rpm/rpmdb.sqlite-shm");
    machine.file(log, "");
    machine.file(shared, "in use");
    let database = Rpmdb::of(machine.dir.path()).unwrap();
    assert!(database.names().unwrap().contains("plain"));
    let dir = machine.dir.path().join("usr/share/rpm");
    assert_eq!(left(&dir), ["rpmdb.sqlite", "rpmdb.sqlite-shm", "rpmdb.sqlite-wal"]);
    assert_eq!(fs::read(dir.join("rpmdb.sqlite-shm")).unwrap(), b"in use");
    machine.file(log, "a change");
    let error = database.names().unwrap_err();
    assert!(matches!(error, RpmdbError::Open(_)), "{error}");
}

#[test]
fn other_formats_and_broken_files_are_said() {
    let machine = Machine::new();
    let fail = || Rpmdb::of(machine.dir.path()).and_then(|db| db.names()).unwrap_err().to_string();
    assert!(fail().contains("there is no rpm database in"), "{}", fail());
    machine.file("usr/share/rpm/Packages", "bdb");
    assert!(fail().contains("Berkeley DB"), "{}", fail());
    machine.file("usr/share/rpm/Packages.db", "ndb");
    assert!(fail().contains("the format ndb"), "{}", fail());
    machine
        .file("usr/share/rpm/rpmdb.sqlite", "no database at all, and long enough to be looked at");
    assert!(fail().contains("not a database"), "{}", fail());
    let path = machine.file("usr/share/rpm/rpmdb.sqlite", "");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE Other (key)").unwrap();
    assert!(fail().contains("no such table: Name"), "{}", fail());
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE Packages (hnum, blob); INSERT INTO Packages VALUES (1, x'00')")
        .unwrap();
    let error = Rpmdb::of(machine.dir.path()).unwrap().packages().unwrap_err().to_string();
    assert!(error.contains("broken header: it ends too early"), "{error}");
}

#[test]
fn links_mean_the_image_they_are_in() {
    let machine = Machine::new();
    machine.file("usr/lib/sysimage/rpm/rpmdb.sqlite", MADE);
    machine.file("usr/share/x", "");
    let link = machine.dir.path().join("usr/share/rpm");
    for target in ["/usr/lib/sysimage/rpm", "../lib/sysimage/rpm"] {
        std::os::unix::fs::symlink(target, &link).unwrap();
        let database = Rpmdb::of(machine.dir.path()).unwrap();
        assert!(database.path().starts_with(machine.dir.path()), "{database:?}");
        assert!(database.names().is_ok());
        fs::remove_file(&link).unwrap();
    }
    std::os::unix::fs::symlink("rpm", &link).unwrap();
    assert!(Rpmdb::of(machine.dir.path()).is_ok());
    // A path that a reader of addresses would cut off.
    let odd = machine.file("a?b#c%41/usr/share/rpm/rpmdb.sqlite", MADE);
    let root = odd.ancestors().nth(4).unwrap();
    assert!(Rpmdb::of(root).unwrap().names().is_ok());
}

fn deployment(machine: &Machine, checksum: &str) -> Deployment {
    Deployment {
        stateroot: "os".into(),
        checksum: checksum.into(),
        serial: 0,
        dir: machine.dir.path().to_owned(),
        origin: Origin::default(),
    }
}

#[test]
fn what_was_read_once_is_not_read_again() {
    let machine = machine();
    let host = machine.host();
    let here = deployment(&machine, "abc0");
    let names = cache::names(&host, &here).unwrap();
    assert!(names.has("plain") && !names.has("gpg-pubkey"));
    // Without ostree, what was written into an overlay is seen too: nothing is kept of it.
    let bare = Deployment { stateroot: String::new(), ..deployment(&machine, "abc2") };
    assert_eq!(cache::names(&host, &bare).unwrap(), names);
    fs::remove_dir_all(machine.dir.path().join("usr")).unwrap();
    assert_eq!(cache::names(&host, &here).unwrap(), names);
    assert!(cache::names(&host, &bare).is_err());
    // Another deployment is another matter, and so is one whose checksum names no file.
    assert!(cache::names(&host, &deployment(&machine, "abc1")).is_err());
    assert!(cache::names(&host, &deployment(&machine, "../abc0")).is_err());
    // What is not whole is not believed, wherever it ends.
    let file = machine.dir.path().join("home/.cache/bkt/packages/abc0.names");
    let good = fs::read_to_string(&file).unwrap();
    let mut all: Vec<String> = (0..good.len()).map(|end| good[..end].to_owned()).collect();
    all.extend([format!("{good}x\n"), good.replacen('2', "1", 1), good.replacen(" 0", " x", 1)]);
    for bad in all {
        fs::write(&file, &bad).unwrap();
        assert!(cache::names(&host, &here).is_err(), "{bad:?}");
    }
    fs::write(&file, good).unwrap();
    assert_eq!(cache::names(&host, &here).unwrap(), names);
}

#[test]
fn a_package_of_one_architecture_is_found() {
    let machine = machine();
    let here = deployment(&machine, "abc0");
    let build = |name: &str, arch: &str| {
        let build = cache::build(&here, name, arch).unwrap();
        (build.base, build.here)
    };
    assert_eq!(build("multi", "i686"), (true, true));
    assert_eq!(
        (build("multi", "s390x"), build("gone", "noarch")),
        ((false, false), (false, false))
    );
}

/// What cannot be seen is not taken for what is not there: what was layered would be taken for the image's own.
#[test]
fn a_base_that_is_closed_is_not_passed_over() {
    use std::os::unix::fs::symlink;
    let machine = machine();
    let dir = machine.dir.path().join("usr/lib/sysimage");
    fs::create_dir_all(&dir).unwrap();
    // As good as a closed directory, also for root.
    symlink("rpm-ostree-base-db", dir.join("rpm-ostree-base-db")).unwrap();
    let error = Rpmdb::of_base(machine.dir.path()).unwrap_err();
    assert!(matches!(error, RpmdbError::Closed { .. }), "{error}");
    fs::remove_file(dir.join("rpm-ostree-base-db")).unwrap();
    assert!(Rpmdb::of_base(machine.dir.path()).is_ok());
}

#[test]
fn a_cache_that_is_not_whole_is_made_again_and_old_ones_go() {
    let machine = machine();
    let host = machine.host();
    let here = deployment(&machine, "abc0");
    let names = cache::names(&host, &here).unwrap();
    let dir = machine.dir.path().join("home/.cache/bkt/packages");
    let good = fs::read(dir.join("abc0.names")).unwrap();
    fs::write(dir.join("abc0.names"), "{").unwrap();
    assert_eq!(cache::names(&host, &here).unwrap(), names);
    assert_eq!(fs::read(dir.join("abc0.names")).unwrap(), good);
    for number in 0..30 {
        cache::names(&host, &deployment(&machine, &format!("{number:04x}"))).unwrap();
    }
    assert_eq!(left(&dir).len(), 12);
    assert!(dir.join("001d.names").exists());
}

#[test]
fn what_the_base_has_is_told_from_what_was_layered() {
    let machine = machine();
    let base = machine.file("usr/lib/sysimage/rpm-ostree-base-db/rpmdb.sqlite", "");
    Connection::open(&base)
        .unwrap()
        .execute_batch("CREATE TABLE Name (key, hnum, idx); INSERT INTO Name VALUES ('plain', 1, 0), ('gone', 2, 0)")
        .unwrap();
    let names = cache::names(&machine.host(), &deployment(&machine, "abc0")).unwrap();
    assert!(names.base.contains("plain") && !names.added.contains("plain"));
    assert!(names.added.contains("epochal") && names.has("epochal"));
    assert!(names.base.contains("gone") && names.removed.contains("gone") && !names.has("gone"));
}

#[test]
fn a_header_cut_anywhere_is_an_error_and_no_crash() {
    let machine = machine();
    let database = Rpmdb::of(machine.dir.path()).unwrap();
    let read = |row: &rusqlite::Row| row.get::<_, Vec<u8>>(0);
    let blobs = database.query("SELECT blob FROM Packages", [], read).unwrap();
    for blob in blobs {
        assert!(header::parse(&blob).is_ok());
        for end in 0..blob.len() {
            assert!(header::parse(&blob[..end]).is_err(), "{end}");
        }
        for at in 0..blob.len().min(600) {
            let mut odd = blob.clone();
            odd[at] ^= 0xff;
            // Whatever comes of it: it comes to an end.
            let _ = header::parse(&odd);
        }
    }
}

proptest::proptest! {
    #[test]
    fn a_list_has_what_it_was_made_of(
        names in proptest::collection::btree_set("[a-zé+-]{1,4}", 0..40),
        other in "[a-zé+-]{0,5}",
    ) {
        let list: cache::NameList = names.iter().map(String::as_str).collect();
        proptest::prop_assert!(names.iter().all(|name| list.contains(name)));
        proptest::prop_assert_eq!(list.contains(&other), names.contains(&other));
        proptest::prop_assert!(list.iter().eq(names.iter()));
        proptest::prop_assert_eq!(list.is_empty(), names.is_empty());
    }
}

#[test]
fn what_is_on_top_is_read_again_when_the_database_was_written() {
    let machine = machine();
    let place = "ostree/deploy/os/deploy/abc0.0";
    machine.file(&format!("{place}/usr/share/rpm/rpmdb.sqlite"), MADE);
    let here = Deployment {
        dir: machine.dir.path().join(place),
        stateroot: "os".to_owned(),
        ..deployment(&machine, "abc0")
    };
    let host = machine.host();
    let running = machine.dir.path().join("usr/share/rpm/rpmdb.sqlite");
    let written = |seconds: u64| {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        for path in [&running, &here.dir.join("usr/share/rpm/rpmdb.sqlite")] {
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_modified(if *path == running { time } else { std::time::UNIX_EPOCH }).unwrap();
        }
    };
    let on_top = || cache::on_top(&host, &here).unwrap();
    // ostree gives every file the same time.
    written(0);
    assert_eq!(on_top(), None);
    written(1);
    assert_eq!(on_top(), Some(cache::OnTop::default()));
    let change =
        |sql: &str| rusqlite::Connection::open(&running).unwrap().execute(sql, []).unwrap();
    assert_eq!(
        change("UPDATE Name SET key = 'on-top' WHERE hnum = (SELECT min(hnum) FROM Name)"),
        1
    );
    written(2);
    let changed = on_top().unwrap();
    assert_eq!(changed.added.iter().collect::<Vec<_>>(), ["on-top"]);
    assert_eq!(changed.removed.iter().count(), 1);
    // What was read of this state is kept: the database itself is not read, whatever is in it.
    let size = usize::try_from(fs::metadata(&running).unwrap().len()).unwrap();
    fs::write(&running, vec![b'x'; size]).unwrap();
    written(2);
    assert_eq!(on_top().unwrap(), changed);
    written(3);
    assert!(cache::on_top(&host, &here).is_err());
    machine.file("usr/share/rpm/rpmdb.sqlite-wal", "log");
    assert!(matches!(cache::on_top(&host, &here), Err(RpmdbError::Busy(_))));
    // Without ostree the two cannot be told apart.
    let bare = Deployment { stateroot: String::new(), ..here.clone() };
    assert_eq!(cache::on_top(&host, &bare).unwrap(), None);
}

#[test]
fn what_was_read_while_somebody_wrote_is_not_believed() {
    let machine = machine();
    let database = Rpmdb::of(machine.dir.path()).unwrap();
    let read = |meanwhile: &dyn Fn()| {
        let before = database.stamp().unwrap();
        database.undisturbed(&before, || {
            let names = database.names();
            meanwhile();
            names
        })
    };
    assert_eq!(read(&|| ()).unwrap(), database.names().unwrap());
    let longer = [MADE, b"x"].concat();
    let error = read(&|| fs::write(database.path(), &longer).unwrap());
    assert!(matches!(error, Err(RpmdbError::Busy(_))), "{error:?}");
    // A writer logs first, and what could not be read then is no fault of the database.
    let log = database.path().with_extension("sqlite-wal");
    let error = read(&|| fs::write(&log, "a log").unwrap());
    assert!(matches!(error, Err(RpmdbError::Busy(_))), "{error:?}");
}
