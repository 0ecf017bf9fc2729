//! Transfers from a server that answers as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;
use crate::host::testing::Machine;

/// A server that answers each path with these bytes, and then hangs up or, where it says so, waits.
fn server(answers: &[(&str, Vec<u8>, bool)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answers: BTreeMap<String, (Vec<u8>, bool)> = answers
        .iter()
        .map(|(path, bytes, stays)| ((*path).to_owned(), (bytes.clone(), *stays)))
        .collect();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let path = first.split(' ').nth(1).unwrap();
            let (bytes, stays) = &answers[path];
            stream.write_all(bytes).unwrap();
            if *stays {
                open.push(stream);
            }
        }
    });
    address
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

fn quiet() -> (Machine, CancellationToken) {
    (Machine::new(), CancellationToken::new())
}

#[test]
fn answers_come_whole_through_redirects_or_say_what_is_wrong() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec();
    let at = server(&[
        ("/here", answer("302 Found", "Location: /there\r\n", ""), false),
        ("/there", answer("200 OK", "", "[1, 2]"), false),
        ("/gone", answer("404 Not Found", "", "no"), false),
        ("/broken", answer("503 Service Unavailable", "", ""), false),
        ("/cut", cut, false),
        ("/words", answer("200 OK", "", "<html>"), false),
    ]);
    let (machine, cancel) = quiet();
    let host = machine.host();
    let list: Vec<u8> = json(&host, &format!("{at}/here"), &cancel).unwrap();
    assert_eq!(list, [1, 2]);
    let trouble = |path: &str| json::<Vec<u8>>(&host, &format!("{at}{path}"), &cancel).unwrap_err();
    assert!(trouble("/gone").not_found());
    assert!(matches!(trouble("/broken").trouble, Trouble::Status(503)));
    assert!(matches!(trouble("/cut").trouble, Trouble::Unreachable(_)), "{:?}", trouble("/cut"));
    assert!(matches!(trouble("/words").trouble, Trouble::Nonsense(_)));
    let refused = json::<Vec<u8>>(&host, "http://127.0.0.1:9/x", &cancel).unwrap_err();
    assert!(matches!(refused.trouble, Trouble::Unreachable(_)), "{refused}");
    let bad = json::<Vec<u8>>(&host, "nonsense", &cancel).unwrap_err();
    assert!(matches!(bad.trouble, Trouble::BadAddress), "{bad}");
    let log = host.log().entries();
    assert!(
        log.iter()
            .any(|entry| entry.command.ends_with("/gone")
                && entry.outcome.as_ref().unwrap().is_err())
    );
}

#[test]
fn a_file_is_there_as_a_whole_or_not_at_all() {
    let body = "x".repeat(200_000);
    let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n{body}").into_bytes();
    let at = server(&[("/file", answer("200 OK", "", &body), false), ("/cut", cut, false)]);
    let (machine, cancel) = quiet();
    let path = machine.dir.path().join("downloads/file");
    let mut lines = Vec::new();
    let fine = |_: &Path| Ok(());
    let mut fetch = |what: &str, sha: Option<&str>, check: &dyn Fn(&Path) -> Result<(), String>| {
        let url = format!("{at}{what}");
        download(
            &machine.host(),
            &url,
            &path,
            sha,
            check,
            &mut |line| lines.push(line.to_owned()),
            &cancel,
        )
    };
    assert!(fetch("/cut", None, &fine).is_err());
    let error = fetch("/file", Some("00"), &fine).unwrap_err();
    assert!(matches!(error.trouble, Trouble::Checksum { .. }), "{error}");
    let error = fetch("/file", None, &|_| Err("not ours".to_owned())).unwrap_err();
    assert!(error.reason().contains("not ours"));
    assert!(!path.exists());
    let sha: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    fetch("/file", Some(&sha), &fine).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), body);
    assert!(fetch("/cut", None, &fine).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), body, "a failure leaves the old file");
    let left = super::super::fs::list(path.parent().unwrap()).unwrap().unwrap();
    assert_eq!(left, ["file"]);
    assert!(lines.iter().any(|line| line == "0.2 MB, 100 %"), "{lines:?}");
}

#[test]
fn a_transfer_that_stands_still_can_be_given_up() {
    let at =
        server(&[("/slow", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec(), true)]);
    let (machine, cancel) = quiet();
    let path = machine.dir.path().join("file");
    let stop = cancel.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        stop.cancel();
    });
    let url = format!("{at}/slow");
    let error = download(&machine.host(), &url, &path, None, &|_| Ok(()), &mut |_| (), &cancel)
        .unwrap_err();
    assert!(matches!(error.trouble, Trouble::Cancelled), "{error}");
    assert_eq!(super::super::fs::list(machine.dir.path()).unwrap().unwrap(), Vec::<String>::new());
}
