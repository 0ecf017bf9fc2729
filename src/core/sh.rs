//! Shell text taken apart: words without their quotes, operators, and what is run inside words. Nothing is run.
//!
//! The grammar of words is that of POSIX, 2.2 to 2.7, with bash's `<(…)`, `$'…'` and `&>` beside it.

use std::ops::Range;

use thiserror::Error;

/// How deep substitutions may stand in one another.
const DEPTH: usize = 50;

/// Shell text that ends inside something, or is nested too deeply to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("“{0}” is opened and not closed")]
pub struct Open(pub &'static str);

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token<'t> {
    /// A word.
    Word(Word<'t>),
    /// An operator, with the number before it if it is a redirection: `&&`, `|`, `2>>`, or the end of a line.
    Op(&'t str),
}

/// One word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word<'t> {
    /// As it is written.
    pub raw: &'t str,
    /// Without its quotes; what a shell would replace stands there as it is written.
    pub text: String,
    /// Whether a part of it is quoted: then it is no reserved word.
    pub quoted: bool,
    /// The parts of `text` that a shell would replace: variables, and what commands print.
    pub replaced: Vec<Range<usize>>,
    /// The commands inside it: `ls` of `$(ls)`.
    pub commands: Vec<&'t str>,
}

/// Why a text is not one word that stands for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotPlain {
    /// It ends inside something.
    #[error(transparent)]
    Open(#[from] Open),
    /// It holds what only a shell can put a value to.
    #[error("only a shell can tell what it stands for")]
    Replaced,
    /// It is no word, or several, or a command.
    #[error("a shell takes it for more than one word")]
    Several,
}

/// Takes `text` apart. Comments and the bodies of here-documents are left out.
pub fn tokens(text: &str) -> Result<Vec<Token<'_>>, Open> {
    let mut lexer = Lexer { text, at: 0, documents: Vec::new() };
    let mut tokens: Vec<Token<'_>> = Vec::new();
    while let Some(token) = lexer.next()? {
        if let (Some(Token::Op(op)), Token::Word(word)) = (tokens.last(), &token)
            && matches!(op.trim_start_matches(|c: char| c.is_ascii_digit()), "<<" | "<<-")
        {
            lexer.documents.push((word.text.clone(), op.ends_with('-')));
        }
        tokens.push(token);
    }
    Ok(tokens)
}

/// The words of a text that is nothing but words. A home directory stays `~`.
pub fn words(text: &str) -> Result<Vec<String>, NotPlain> {
    let word = |token: Token<'_>| match token {
        Token::Word(word) => plain(&word),
        Token::Op(_) => Err(NotPlain::Several),
    };
    tokens(text)?.into_iter().map(word).collect()
}

/// The one word that a text is. A home directory stays `~`.
pub fn word(text: &str) -> Result<String, NotPlain> {
    match words(text)?.as_mut_slice() {
        [word] => Ok(std::mem::take(word)),
        _ => Err(NotPlain::Several),
    }
}

/// The value of the assignment `x=text`.
pub fn assigned(text: &str) -> Result<String, NotPlain> {
    // What stands behind the sign is one with what stands before it.
    let value = word(&format!("x={text}"))?;
    Ok(value.strip_prefix("x=").map(str::to_owned).unwrap_or(value))
}

/// What a word stands for. The home directory is one at its beginning, or where another word might begin in it.
fn plain(word: &Word<'_>) -> Result<String, NotPlain> {
    let mut text = word.text.clone();
    for range in word.replaced.iter().rev() {
        let (before, after) = (&word.text[..range.start], &word.text[range.end..]);
        let begins = before.is_empty() || before == "x=" || before.ends_with(' ');
        let ends = after.is_empty() || after.starts_with(['/', ' ']);
        match &word.text[range.clone()] {
            "$HOME" | "${HOME}" if begins && ends => text.replace_range(range.clone(), "~"),
            _ => return Err(NotPlain::Replaced),
        }
    }
    Ok(text)
}

/// Whether a shell takes `text` as it is, wherever it stands as a word.
pub fn is_plain(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&b);
    !text.is_empty() && text.bytes().all(plain)
}

/// `text` as one word that stands for itself, without a backslash.
pub fn quote(text: &str) -> String {
    match is_plain(text) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// The same, quoted also where nothing asks for it. Begins with a quote.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r#"'"'"'"#))
}

impl Word<'_> {
    /// Adds what a shell replaces.
    fn replace(&mut self, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.replaced.push(start..self.text.len());
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    /// Here-documents that begin with the next line: what ends each, and whether tabs may stand before that.
    documents: Vec<(String, bool)>,
}

/// Longer ones first.
const OPERATORS: [&str; 23] = [
    "&>>", "<<-", "<<<", "&&", "||", ";;", "&>", "|&", ">>", "<<", "<&", ">&", "<>", ">|", ";",
    "&", "|", "(", ")", "<", ">", "\n", "\r",
];

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Result<Option<Token<'t>>, Open> {
        loop {
            match self.byte() {
                None => return Ok(None),
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.rest().starts_with("\\\n") => self.at += 2,
                Some(b'#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                Some(_) => break,
            }
        }
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let at_redirection = rest[digits..].starts_with(['<', '>']);
        let operator = match digits {
            0 => rest,
            _ if at_redirection => &rest[digits..],
            _ => "",
        };
        let process = operator.starts_with("<(") || operator.starts_with(">(");
        let found = OPERATORS.into_iter().find(|op| operator.starts_with(op) && !process);
        let Some(found) = found else { return self.word().map(|word| Some(Token::Word(word))) };
        let op = &rest[..digits + found.len()];
        self.at += op.len();
        if found == "\n" {
            self.skip_documents();
        }
        Ok(Some(Token::Op(op)))
    }

    fn skip_documents(&mut self) {
        for (end, tabs) in std::mem::take(&mut self.documents) {
            for line in self.rest().split_inclusive('\n') {
                self.at += line.len();
                let line = line.strip_suffix('\n').unwrap_or(line);
                let line = if tabs { line.trim_start_matches('\t') } else { line };
                if line == end {
                    break;
                }
            }
        }
    }

    fn word(&mut self) -> Result<Word<'t>, Open> {
        let start = self.at;
        let mut word = Word::default();
        while let Some(byte) = self.byte() {
            match byte {
                b'<' | b'>' if self.at == start => {
                    self.at += 1;
                    self.command(&mut word)?;
                }
                b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => {
                    break;
                }
                b'\\' => {
                    word.quoted = true;
                    self.at += 1;
                    match self.rest().chars().next() {
                        Some('\n') => self.at += 1,
                        Some(c) => self.take(c.len_utf8(), &mut word),
                        None => word.text.push('\\'),
                    }
                }
                b'\'' => {
                    word.quoted = true;
                    self.at += 1;
                    let end = self.rest().find('\'').ok_or(Open("'"))?;
                    self.take(end, &mut word);
                    self.at += 1;
                }
                b'"' => self.double(&mut word)?,
                b'$' | b'`' => self.replaced(&mut word)?,
                _ => self.take_plain(&mut word, b" \t\n\r;&|<>()\\'\"$`"),
            }
        }
        word.raw = &self.text[start..self.at];
        Ok(word)
    }

    /// Takes so many bytes as they are.
    fn take(&mut self, length: usize, word: &mut Word<'t>) {
        word.text.push_str(&self.rest()[..length]);
        self.at += length;
    }

    /// Takes all up to one of these bytes, which are ASCII.
    fn take_plain(&mut self, word: &mut Word<'t>, until: &[u8]) {
        let end = self.rest().bytes().position(|b| until.contains(&b));
        self.take(end.unwrap_or(self.rest().len()), word);
    }

    fn double(&mut self, word: &mut Word<'t>) -> Result<(), Open> {
        word.quoted = true;
        self.at += 1;
        loop {
            match self.byte().ok_or(Open("\""))? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => match self.text.as_bytes().get(self.at + 1) {
                    Some(b'\n') => self.at += 2,
                    Some(b'$' | b'`' | b'"' | b'\\') => {
                        self.at += 1;
                        self.take(1, word);
                    }
                    _ => self.take(1, word),
                },
                b'$' | b'`' => self.replaced(word)?,
                _ => self.take_plain(word, b"\"\\$`"),
            }
        }
    }

    /// What a shell replaces, from its `$` or backquote on. A `$` that means nothing is taken as it is.
    fn replaced(&mut self, word: &mut Word<'t>) -> Result<(), Open> {
        let start = self.at;
        let rest = self.rest();
        let next = rest.as_bytes().get(1).copied();
        match next {
            _ if rest.starts_with('`') => {
                self.at += 1;
                let inside = self.at;
                self.skip_to(b'`', "`")?;
                word.commands.push(&self.text[inside..self.at - 1]);
            }
            Some(b'(') if rest.starts_with("$((") => {
                self.at += 2;
                self.skip(b')', 0)?;
            }
            Some(b'(') => {
                self.at += 1;
                return self.command(word);
            }
            Some(b'{') => {
                self.at += 2;
                self.skip(b'}', 0)?;
            }
            Some(b'\'') => {
                self.at += 2;
                self.skip_to(b'\'', "'")?;
            }
            Some(b) if b.is_ascii_alphabetic() || b == b'_' => {
                let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
                self.at += 1 + rest[1..].bytes().take_while(name).count();
            }
            Some(b) if b.is_ascii_digit() || b"@*#?-$!".contains(&b) => self.at += 2,
            _ => {
                self.take(1, word);
                return Ok(());
            }
        }
        word.replace(&self.text[start..self.at]);
        Ok(())
    }

    /// A command in brackets, from the opening one on; the sign before it is taken already.
    fn command(&mut self, word: &mut Word<'t>) -> Result<(), Open> {
        let start = self.at - 1;
        self.at += 1;
        let inside = self.at;
        self.skip(b')', 0)?;
        word.commands.push(&self.text[inside..self.at - 1]);
        word.replace(&self.text[start..self.at]);
        Ok(())
    }

    /// Skips what is between brackets, of which the first is behind us, up to behind the last.
    fn skip(&mut self, close: u8, depth: usize) -> Result<(), Open> {
        let (open, name) = if close == b')' { (b'(', "(") } else { (b'{', "{") };
        if depth > DEPTH {
            return Err(Open(name));
        }
        loop {
            let byte = self.byte().ok_or(Open(name))?;
            self.at += 1;
            match byte {
                _ if byte == close => return Ok(()),
                _ if byte == open => self.skip(close, depth + 1)?,
                b'\\' => self.at += usize::from(self.byte().is_some()),
                b'\'' => self.at += self.rest().find('\'').ok_or(Open("'"))? + 1,
                b'"' => self.skip_double(depth + 1)?,
                b'`' => self.skip_to(b'`', "`")?,
                b'$' if self.byte() == Some(b'{') && close != b'}' => {
                    self.at += 1;
                    self.skip(b'}', depth + 1)?;
                }
                b'$' if self.byte() == Some(b'(') && close != b')' => {
                    self.at += 1;
                    self.skip(b')', depth + 1)?;
                }
                _ => (),
            }
        }
    }

    fn skip_double(&mut self, depth: usize) -> Result<(), Open> {
        if depth > DEPTH {
            return Err(Open("\""));
        }
        loop {
            let byte = self.byte().ok_or(Open("\""))?;
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                b'\\' => self.at += usize::from(self.byte().is_some()),
                b'`' => self.skip_to(b'`', "`")?,
                b'$' if matches!(self.byte(), Some(b'(' | b'{')) => {
                    let close = if self.byte() == Some(b'(') { b')' } else { b'}' };
                    self.at += 1;
                    self.skip(close, depth + 1)?;
                }
                _ => (),
            }
        }
    }

    /// Skips to behind `end`, which no backslash stands before.
    fn skip_to(&mut self, end: u8, name: &'static str) -> Result<(), Open> {
        loop {
            let byte = self.byte().ok_or(Open(name))?;
            self.at += 1;
            match byte {
                _ if byte == end => return Ok(()),
                b'\\' => self.at += usize::from(self.byte().is_some()),
                _ => (),
            }
        }
    }
}
