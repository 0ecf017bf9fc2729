//! Commands put together from tokens, each with what guards it.

use super::rules;
use crate::core::sh::{Token, Word};

/// One command with its redirections, and how it stands among the others.
#[derive(Debug, Default)]
pub(super) struct Simple<'t> {
    pub(super) words: Vec<Word<'t>>,
    /// Redirections: the operator, and what it leads to or from.
    pub(super) redirections: Vec<(&'t str, Word<'t>)>,
    /// Whether it runs only where a test before it said so.
    pub(super) guarded: bool,
    /// Whether something is done depending on how it ends.
    pub(super) checked: bool,
    /// Whether it may fail: `… || true`.
    pub(super) forgiven: bool,
    /// Whether it reads what the command before it writes.
    pub(super) piped: bool,
}

impl<'t> Simple<'t> {
    /// As it is written, redirections at its end.
    pub(super) fn written(&self) -> String {
        let mut all: Vec<String> = self.words.iter().map(|word| word.raw.to_owned()).collect();
        all.extend(self.redirections.iter().map(|(op, to)| format!("{op} {}", to.raw)));
        all.join(" ")
    }

    /// Its words from its name on, without what only says how it is run: `sudo`, `env A=b`.
    pub(super) fn proper(&self) -> &[Word<'t>] {
        let mut words = self.words.as_slice();
        while let Some((first, rest)) = words.split_first() {
            let runs = matches!(
                first.text.as_str(),
                "sudo"
                    | "doas"
                    | "env"
                    | "command"
                    | "exec"
                    | "nohup"
                    | "time"
                    | "nice"
                    | "ionice"
                    | "setsid"
                    | "timeout"
                    | "builtin"
                    | "eatmydata"
            );
            let asks =
                first.text == "command" && rest.first().is_some_and(|w| w.text.starts_with("-v"));
            if is_assignment(first) {
                words = rest;
            } else if runs && !asks && !rest.is_empty() {
                let valued = |flag: &str| {
                    matches!(flag, "-u" | "--user" | "-g" | "--group" | "-n" | "-s" | "-k")
                };
                let mut rest = rest;
                while let Some((flag, more)) = rest.split_first()
                    && (flag.text.starts_with('-')
                        || first.text == "timeout" && is_time(&flag.text))
                {
                    let skip =
                        usize::from(first.text != "env" && valued(&flag.text)).min(more.len());
                    rest = &more[skip..];
                }
                words = rest;
            } else {
                break;
            }
        }
        words
    }
}

fn is_assignment(word: &Word<'_>) -> bool {
    word.raw.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

fn is_time(text: &str) -> bool {
    let number = text.trim_end_matches(['s', 'm', 'h', 'd']);
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Puts commands together, and sees what guards each. `guarded` says that a test stands before all of them.
pub(super) fn together(tokens: Vec<Token<'_>>, guarded: bool) -> Vec<Simple<'_>> {
    let mut builder = Builder { guarded, ..Builder::default() };
    for token in tokens {
        match token {
            Token::Op(op) => builder.operator(op),
            Token::Word(word) => builder.word(word),
        }
    }
    builder.end("");
    builder.done
}

/// What stands open around a command: `if … then … fi`, `{ … }`, `( … )`.
#[derive(Clone, Copy)]
struct Block {
    /// Whether it is one in round brackets.
    round: bool,
    /// Whether all in it runs only where a test said so.
    guarded: bool,
    /// Whether this is the part that asks: between `if` and `then`.
    asking: bool,
    /// Whether a test stands in that part.
    tested: bool,
    /// The list that the block stands in.
    outer: List,
}

/// How it stands in a list of commands: `a && b || c`.
#[derive(Clone, Copy, Default)]
struct List {
    /// Whether a test stands before in it.
    tested: bool,
    /// Whether a test may have ended everything before.
    ended: bool,
}

#[derive(Default)]
struct Builder<'t> {
    guarded: bool,
    blocks: Vec<Block>,
    list: List,
    now: Simple<'t>,
    redirection: Option<&'t str>,
    piped: bool,
    /// What the last command ended with.
    by: &'t str,
    done: Vec<Simple<'t>>,
}

impl<'t> Builder<'t> {
    /// Whether what comes now runs only where a test said so.
    fn is_guarded(&self) -> bool {
        let around = self.blocks.last().is_some_and(|block| block.guarded);
        self.guarded || around || self.list.tested || self.list.ended
    }

    fn open(&mut self, block: Block) {
        self.blocks.push(block);
        self.list = List::default();
    }

    fn block(&self) -> Block {
        let outer = self.list;
        Block { round: false, guarded: self.is_guarded(), asking: false, tested: false, outer }
    }

    fn close(&mut self) {
        if let Some(block) = self.blocks.pop() {
            self.list = block.outer;
        }
    }

    /// Ends the command that is being put together; `by` is what stands behind it.
    fn end(&mut self, by: &'t str) {
        let mut now = std::mem::take(&mut self.now);
        if now.words.is_empty() && now.redirections.is_empty() {
            return;
        }
        let asking = self.blocks.last().is_some_and(|block| block.asking);
        now.guarded = self.is_guarded();
        now.checked = asking || matches!(by, "&&" | "||");
        now.piped = std::mem::take(&mut self.piped);
        let nothing = now.words.first().is_some_and(|word| matches!(word.raw, "true" | ":"));
        if let (true, "||", Some(last)) = (nothing, self.by, self.done.last_mut()) {
            last.forgiven = true;
        }
        if self.list.tested && rules::ends(&now.words) {
            self.list.ended = true;
        }
        if rules::is_test(now.proper()) && !matches!(by, "|" | "|&") {
            self.list.tested = true;
            if let Some(block) = self.blocks.last_mut() {
                block.tested |= block.asking;
            }
        }
        self.by = by;
        self.done.push(now);
    }

    fn operator(&mut self, op: &'t str) {
        match op {
            "&&" | "||" => self.end(op),
            "|" | "|&" => {
                self.end(op);
                self.piped = true;
            }
            ";" | "\n" | "\r" | "&" | ";;" => {
                self.end(op);
                self.list.tested = false;
            }
            "(" => {
                let block = Block { round: true, ..self.block() };
                self.open(block);
            }
            ")" if self.blocks.last().is_some_and(|block| block.round) => {
                self.end(op);
                self.close();
            }
            // What a `case` is compared with.
            ")" => self.now = Simple::default(),
            op => self.redirection = Some(op),
        }
    }

    fn word(&mut self, word: Word<'t>) {
        if let Some(op) = self.redirection.take() {
            return self.now.redirections.push((op, word));
        }
        if !self.now.words.is_empty() || word.quoted {
            return self.now.words.push(word);
        }
        let block = self.block();
        match word.raw {
            "if" | "while" | "until" => self.open(Block { asking: true, ..block }),
            // What is done depends on a word.
            "case" => {
                self.open(Block { guarded: true, ..block });
                self.now.words.push(word);
            }
            "for" | "select" => {
                self.open(block);
                self.now.words.push(word);
            }
            "{" => self.open(block),
            "then" | "do" => {
                if let Some(block) = self.blocks.last_mut()
                    && std::mem::take(&mut block.asking)
                {
                    block.guarded |= block.tested;
                }
                self.list = List::default();
            }
            "elif" => {
                if let Some(block) = self.blocks.last_mut() {
                    block.asking = true;
                }
                self.list = List::default();
            }
            "else" => self.list = List::default(),
            "fi" | "done" | "esac" | "}" => self.close(),
            "!" => (),
            _ => self.now.words.push(word),
        }
    }
}
