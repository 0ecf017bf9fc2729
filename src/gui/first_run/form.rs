//! What the dialog that clones or creates has been told, and whether it is right. No widget is known here.

use std::path::{Path, PathBuf};

use bucket::core::names::{ImageRef, RepoName};
use bucket::core::workflow::ForgeKind;
use bucket::engine::clone;
use bucket::engine::explain::explain;
use bucket::manifest::template::Answers;
use bucket::words::gettext;

use super::{Order, Way};

/// The home directory, as people write it.
const HOME: &str = "~";

/// What the dialog has been told.
#[derive(Debug)]
pub struct Form {
    pub way: Way,
    /// The name of a new distribution, or the address of one to clone.
    pub what: String,
    /// The image that a new one is built on.
    pub base: String,
    /// Where a new one will be hosted.
    pub forge: ForgeKind,
    /// Where it goes, as people write it.
    pub folder: String,
    home: Option<PathBuf>,
    /// What the folder is in, for as long as it is called as the distribution is.
    parent: Option<String>,
    /// The folder of the file chooser: it is the one if it can be, and else the one that it is in.
    chosen: Option<PathBuf>,
    looked: Option<(PathBuf, Option<String>)>,
}

impl Form {
    /// An empty one.
    pub fn new(way: Way) -> Self {
        Self {
            way,
            what: String::new(),
            base: String::new(),
            forge: ForgeKind::Github,
            folder: String::new(),
            home: None,
            parent: Some(HOME.to_owned()),
            chosen: None,
            looked: None,
        }
    }

    /// What this machine says.
    pub fn know(&mut self, home: PathBuf, base: Option<&ImageRef>) {
        self.home = Some(home);
        if let (true, Some(base)) = (self.base.is_empty(), base) {
            self.base = base.to_string();
        }
    }

    /// The person typed a name or an address.
    pub fn set_what(&mut self, text: String) {
        self.what = text;
        self.follow();
    }

    /// The person typed a folder. An emptied one follows the name again.
    pub fn set_folder(&mut self, text: String) {
        self.parent = text.is_empty().then(|| HOME.to_owned());
        self.folder = text;
    }

    /// The person chose a folder from those there are.
    pub fn choose(&mut self, dir: PathBuf) {
        self.parent = None;
        self.folder = self.written(&dir);
        // To be looked at anew.
        self.looked = None;
        self.chosen = Some(dir);
    }

    /// Whether a folder can be the one. Of another than the present one it is old news.
    pub fn look(&mut self, dir: PathBuf, trouble: Option<String>) {
        if self.dir().as_ref() != Some(&dir) {
            return;
        }
        if self.chosen.take_if(|chosen| *chosen == dir).is_some() && trouble.is_some() {
            self.parent = Some(self.folder.clone());
            self.follow();
            return;
        }
        self.looked = Some((dir, trouble));
    }

    fn follow(&mut self) {
        let Some(parent) = &self.parent else { return };
        match self.name() {
            Some(name) if parent.ends_with('/') => self.folder = format!("{parent}{name}"),
            Some(name) => self.folder = format!("{parent}/{name}"),
            None if self.what.is_empty() && parent == HOME => self.folder.clear(),
            None if self.what.is_empty() => self.folder.clone_from(parent),
            // It is being typed.
            None => (),
        }
    }

    /// What the distribution is called.
    fn name(&self) -> Option<String> {
        match self.way {
            Way::Clone => clone::name_of(&self.what).ok().map(str::to_owned),
            _ => self.what.parse::<RepoName>().ok().map(String::from),
        }
    }

    fn written(&self, dir: &Path) -> String {
        let below = self.home.as_ref().and_then(|home| dir.strip_prefix(home).ok());
        match below {
            Some(below) if below.as_os_str().is_empty() => HOME.to_owned(),
            Some(below) => format!("~/{}", below.display()),
            None => dir.display().to_string(),
        }
    }

    /// The folder that is meant, once it is known where home is.
    pub fn dir(&self) -> Option<PathBuf> {
        let home = self.home.as_ref()?;
        match self.folder.strip_prefix('~') {
            Some("") => Some(home.clone()),
            Some(below) => below.strip_prefix('/').map(|below| home.join(below)),
            None => Some(PathBuf::from(&self.folder)).filter(|dir| dir.is_absolute()),
        }
    }

    /// Why the name or address is none. Nothing is called wrong that may just not be finished.
    pub fn what_trouble(&self) -> Option<String> {
        match self.way {
            _ if self.what.is_empty() => None,
            Way::Clone if self.what.ends_with(['/', ':', '.', '~']) => None,
            Way::Clone => clone::name_of(&self.what).err().map(|e| explain(&e.into()).message),
            _ => self.what.parse::<RepoName>().err().map(|e| explain(&e.into()).message),
        }
    }

    /// Why the base image is none.
    pub fn base_trouble(&self) -> Option<String> {
        let wrong = self.base.parse::<ImageRef>().err().filter(|_| !self.base.is_empty());
        wrong.map(|error| explain(&error.into()).message)
    }

    /// Why the folder cannot be the one.
    pub fn folder_trouble(&self) -> Option<String> {
        // Without a name it is not yet what is in the folder that is meant.
        let unnamed = self.parent.is_some() && self.name().is_none();
        if unnamed || self.folder.is_empty() || self.home.is_none() {
            return None;
        }
        let Some(dir) = self.dir() else {
            return Some(gettext("A folder is written from the top: /var/home/me/x, or ~/x"));
        };
        let (_, trouble) = self.looked.as_ref().filter(|(looked, _)| *looked == dir)?;
        trouble.clone()
    }

    /// What is asked for, if all of it is right.
    pub fn order(&self) -> Option<Order> {
        let dir = self.dir()?;
        self.looked.as_ref().filter(|(looked, trouble)| *looked == dir && trouble.is_none())?;
        match self.way {
            Way::Choose => None,
            Way::Clone => {
                clone::name_of(&self.what).ok()?;
                Some(Order::Clone { address: self.what.clone(), dir })
            }
            Way::Create => {
                let (name, base) = (self.what.parse().ok()?, self.base.parse().ok()?);
                let answers = Answers { name, owner: None, base, forge: self.forge };
                Some(Order::Create { answers, dir })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(way: Way) -> Form {
        let mut form = Form::new(way);
        let base = "registry.example/desktop:stable".parse().ok();
        form.know(PathBuf::from("/home/me"), base.as_ref());
        form
    }

    fn there(form: &mut Form, trouble: Option<&str>) {
        let dir = form.dir().expect("a folder");
        form.look(dir, trouble.map(str::to_owned));
    }

    #[test]
    fn the_folder_follows_the_name_until_another_is_written() {
        let mut form = form(Way::Create);
        form.set_what("desk".to_owned());
        assert_eq!(form.folder, "~/desk");
        // As it is on the way to “desk.top”.
        form.set_what("desk.".to_owned());
        assert_eq!(form.folder, "~/desk");
        form.set_folder("~/else".to_owned());
        form.set_what("desk.top".to_owned());
        assert_eq!((form.folder.as_str(), form.dir()), ("~/else", Some("/home/me/else".into())));
        form.set_folder(String::new());
        form.set_what("desktop".to_owned());
        assert_eq!(form.folder, "~/desktop");
    }

    #[test]
    fn a_chosen_folder_is_the_one_or_has_the_one() {
        let mut form = form(Way::Create);
        form.choose("/home/me/src".into());
        assert_eq!((form.folder.as_str(), form.folder_trouble()), ("~/src", None));
        there(&mut form, Some("not empty"));
        assert_eq!((form.folder.as_str(), form.folder_trouble()), ("~/src", None));
        form.set_what("desktop".to_owned());
        assert_eq!(form.folder, "~/src/desktop");
        there(&mut form, Some("not empty"));
        assert_eq!(form.folder_trouble().as_deref(), Some("not empty"));
        form.choose("/srv/new".into());
        there(&mut form, None);
        assert_eq!(form.folder, "/srv/new");
        assert!(form.order().is_some());
    }

    #[test]
    fn nothing_is_asked_for_before_all_of_it_is_right() {
        let mut form = form(Way::Create);
        assert_eq!(form.base, "registry.example/desktop:stable");
        form.set_what("desktop".to_owned());
        assert_eq!(form.order(), None, "the folder was not looked at");
        form.look("/home/me/another".into(), None);
        assert_eq!(form.order(), None, "another folder was looked at");
        there(&mut form, None);
        let dir = PathBuf::from("/home/me/desktop");
        assert!(matches!(form.order(), Some(Order::Create { dir: d, .. }) if d == dir));
        form.base = "-x".to_owned();
        assert_eq!(form.order(), None);
        assert!(form.base_trouble().is_some_and(|why| why.contains("“-x” is not an image")));
        form.base = "fedora".to_owned();
        form.set_what("a b".to_owned());
        assert!(form.what_trouble().is_some_and(|why| why.contains("“a b”")));
        assert_eq!(form.order(), None);
    }

    #[test]
    fn an_address_is_called_wrong_only_when_it_can_become_none() {
        let mut form = form(Way::Clone);
        let address = "https://forge.example/me/desktop.git";
        for (end, _) in address.char_indices().skip(1) {
            form.set_what(address[..end].to_owned());
            assert_eq!(form.what_trouble(), None, "{}", form.what);
        }
        form.set_what(address.to_owned());
        assert_eq!(form.folder, "~/desktop");
        there(&mut form, None);
        let dir = PathBuf::from("/home/me/desktop");
        assert_eq!(form.order(), Some(Order::Clone { address: address.to_owned(), dir }));
        form.set_what("--upload-pack=x".to_owned());
        assert!(form.what_trouble().is_some());
        form.set_folder("relative".to_owned());
        assert!(form.folder_trouble().is_some());
        assert_eq!(form.order(), None);
    }
}
