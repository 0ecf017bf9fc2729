//! The journal: each call of `bkt` is a new process, so every undo here is one from a new process.

use std::fs;

use crate::sandbox::{Sandbox, items};

#[test]
fn undo_and_redo_give_every_byte_back() {
    let mut sandbox = Sandbox::new();
    let before = "{ \"settings\": [ /* none */ ] }";
    fs::write(sandbox.manifest(), before).unwrap();
    sandbox.set("k01", "a");
    sandbox.bkt(&["capture"]).exits(0).says("bkt undo 1");
    let after = fs::read_to_string(sandbox.manifest()).unwrap();
    sandbox.bkt(&["undo"]).exits(0);
    assert_eq!(fs::read_to_string(sandbox.manifest()).unwrap(), before);
    assert_eq!(sandbox.drift(), items(&[("k01", "unmanaged")]));
    sandbox.bkt(&["redo"]).exits(0);
    assert_eq!(fs::read_to_string(sandbox.manifest()).unwrap(), after);
    assert!(sandbox.drift().is_empty());
    sandbox.bkt(&["redo"]).exits(1).says("nothing to redo");
    sandbox.bkt(&["undo", "1"]).exits(0);
    sandbox.bkt(&["undo"]).exits(1).says("nothing to undo");
    sandbox.bkt(&["undo", "1"]).exits(1).says("already undone");
    sandbox.bkt(&["undo", "99"]).exits(1).says("bkt history");
    let history = sandbox.bkt(&["history"]).exits(0);
    assert_eq!(history.out.lines().count(), 4, "{history:?}");
    history.says("undone by 4").says("Undo of 1").says("Redo");
}

#[test]
fn an_apply_is_undone_on_the_system() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "mine");
    sandbox.manifest_of(&[("k01", "theirs"), ("k02", "new")]);
    sandbox.in_session(&["apply"]).exits(0);
    assert_eq!(sandbox.value("k02").as_deref(), Some("new"));
    sandbox.in_session(&["undo", "-n"]).exits(0).says("Reset org.bkt.test k02");
    assert_eq!(sandbox.value("k02").as_deref(), Some("new"));
    sandbox.in_session(&["undo"]).exits(0);
    assert_eq!(sandbox.value("k01").as_deref(), Some("mine"));
    assert_eq!(sandbox.value("k02"), None);
    assert_eq!(sandbox.wanted(), items(&[("k01", "theirs"), ("k02", "new")]));
    // The base is what it was, too.
    assert_eq!(sandbox.drift(), items(&[("k01", "conflict"), ("k02", "missing")]));
}

#[test]
fn what_has_moved_is_not_undone() {
    let mut sandbox = Sandbox::new();
    sandbox.set("k01", "a");
    sandbox.set("k02", "b");
    sandbox.bkt(&["capture"]).exits(0);
    sandbox.manifest_of(&[("k01", "edited"), ("k02", "b")]);
    let run = sandbox.bkt(&["undo"]).exits(5);
    run.says("it has moved since").says("1 change made");
    assert_eq!(sandbox.wanted(), items(&[("k01", "edited")]));
    // Nothing else of it stands, so nothing more is undone.
    sandbox.set("k03", "c");
    sandbox.bkt(&["capture", "-i", "k03"]).exits(0);
    sandbox.manifest_of(&[("k01", "edited"), ("k03", "edited")]);
    sandbox.bkt(&["undo"]).exits(1).says("it has moved since");
    assert_eq!(sandbox.wanted(), items(&[("k01", "edited"), ("k03", "edited")]));
}
