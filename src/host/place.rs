//! Files with their permissions, and symbolic links: read as they are, put in their places durably and atomically.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use super::fs::{FsError, error, file_name, sync_parent};
use crate::core::plan::Node;

/// So large is no file that is put in place: a program, which is not read to find that out.
const LARGEST: u64 = 1024 * 1024;

/// What is at `path`; a link is not followed. What is neither a text file of up to 1 MiB nor a link is an error.
pub fn read(path: &Path) -> Result<Option<Node>, FsError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(error("read", path)(e)),
    };
    let node = || -> io::Result<Node> {
        if metadata.is_symlink() {
            let target = fs::read_link(path)?.into_os_string().into_string();
            let target = target.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            return Ok(Node::Link { target });
        }
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mode = metadata.permissions().mode() & 0o7777;
        Ok(Node::File { text: fs::read_to_string(path)?, mode })
    };
    node().map(Some).map_err(error("read", path))
}

/// Puts `node` at `path`, or takes away what is there. What was there is replaced at once; directories are made as
/// needed.
pub fn put(path: &Path, node: Option<&Node>) -> Result<(), FsError> {
    let Some(node) = node else {
        return match fs::remove_file(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result.and_then(|()| sync_parent(path)).map_err(error("removed", path)),
        };
    };
    let parent = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).map_err(error("written", path))?;
    super::fs::tidy_beside(path)?;
    let temporary = parent.join(format!(".{}.{}", file_name(path), uuid::Uuid::new_v4().simple()));
    let made = make(&temporary, node).and_then(|()| fs::rename(&temporary, path));
    if let Err(e) = made {
        // The error that matters is the one above; what is left is a temporary file.
        let _ = fs::remove_file(&temporary);
        return Err(error("written", path)(e));
    }
    sync_parent(path).map_err(error("written", path))
}

fn make(place: &Path, node: &Node) -> io::Result<()> {
    match node {
        Node::Link { target } => symlink(target, place),
        Node::File { text, mode } => {
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(place)?;
            file.write_all(text.as_bytes())?;
            // Whatever the umask says.
            file.set_permissions(fs::Permissions::from_mode(*mode))?;
            file.sync_all()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_what_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some/where/x");
        assert_eq!(read(&path).unwrap(), None);
        let nodes = [
            Some(Node::File { text: "a".to_owned(), mode: 0o755 }),
            Some(Node::File { text: "a".to_owned(), mode: 0o600 }),
            Some(Node::Link { target: "../nowhere".to_owned() }),
            Some(Node::File { text: String::new(), mode: 0o777 }),
            None,
            None,
        ];
        for node in nodes {
            put(&path, node.as_ref()).unwrap();
            assert_eq!(read(&path).unwrap(), node);
            let names = super::super::fs::list(path.parent().unwrap()).unwrap().unwrap();
            assert_eq!(names.len(), usize::from(node.is_some()), "nothing is left beside it");
        }
        // A link's target is not what is replaced.
        let target = dir.path().join("target");
        fs::write(&target, "mine").unwrap();
        symlink(&target, &path).unwrap();
        put(&path, Some(&Node::File { text: "x".to_owned(), mode: 0o644 })).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
        assert!(read(dir.path()).is_err());
        // Reading a pipe would wait for whoever writes into it.
        let pipe = dir.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(read(&pipe).unwrap_err().source.kind(), io::ErrorKind::InvalidData);
        fs::write(&path, vec![b'x'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(read(&path).unwrap_err().source.kind(), io::ErrorKind::InvalidData);
    }
}
