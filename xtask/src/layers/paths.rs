//! What one file of a crate names outside its own top-level module, and which modules it declares.

use super::lexer::Token;

/// What was found in one file.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) modules: Vec<Declared>,
    pub(super) names: Vec<Named>,
}

/// `mod name;` or `mod name { … }`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declared {
    /// The modules around it, from the crate's root.
    pub(super) parent: Vec<String>,
    pub(super) name: String,
    pub(super) inline: bool,
    pub(super) line: u32,
}

/// A path that leads through the crate's root; `name` is what follows there, `*` for everything.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) line: u32,
}

/// Scans the tokens of the file that holds the module `path` of the crate `krate`.
pub(super) fn scan(tokens: &[Token], path: &[String], krate: &str) -> Found {
    let mut scan = Scan { tokens, krate, path: path.to_vec(), braces: Vec::new(), found: Found::default() };
    let mut at = 0;
    while at < tokens.len() {
        at = scan.step(at);
    }
    scan.found
}

struct Scan<'a> {
    tokens: &'a [Token],
    krate: &'a str,
    /// The module that we are in.
    path: Vec<String>,
    /// The open braces; true for a module's.
    braces: Vec<bool>,
    found: Found,
}

impl Scan<'_> {
    fn sign(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_sign(sign))
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.tokens.get(at)?.word()
    }

    fn colons(&self, at: usize) -> bool {
        self.sign(at, ':') && self.sign(at + 1, ':')
    }

    /// Looks at what is at `at`; returns where to go on.
    fn step(&mut self, at: usize) -> usize {
        if self.sign(at, '#') {
            return self.attribute(at);
        }
        if self.sign(at, '{') {
            self.braces.push(false);
        } else if self.sign(at, '}') && self.braces.pop() == Some(true) {
            self.path.pop();
        }
        match self.word(at) {
            Some("mod") => self.module(at),
            Some(word) if self.colons(at + 1) && !(at >= 2 && self.colons(at - 2)) => match word {
                "crate" => self.follow(at + 3, 0),
                "self" => self.follow(at + 3, self.path.len()),
                "super" if !self.path.is_empty() => self.follow(at + 3, self.path.len() - 1),
                word if word == self.krate => self.follow(at + 3, 0),
                _ => at + 1,
            },
            _ => at + 1,
        }
    }

    /// `#[…]` or `#![…]`: skips what is there for tests only.
    fn attribute(&mut self, at: usize) -> usize {
        let inner = self.sign(at + 1, '!');
        let open = at + 1 + usize::from(inner);
        if !self.sign(open, '[') {
            return at + 1;
        }
        let close = closing(self.tokens, open);
        match (is_test_cfg(&self.tokens[open + 1..close.max(open + 1)]), inner) {
            (true, true) if self.braces.is_empty() => self.tokens.len(),
            (true, false) => self.after_item(close + 1),
            _ => open + 1,
        }
    }

    /// The end of the item, field or statement that begins at `at`.
    fn after_item(&self, mut at: usize) -> usize {
        const ITEMS: &[&str] = &[
            "fn",
            "mod",
            "use",
            "impl",
            "struct",
            "enum",
            "union",
            "trait",
            "const",
            "static",
            "type",
            "unsafe",
            "async",
            "extern",
            "macro_rules",
            "let",
        ];
        while self.sign(at, '#') {
            at = closing(self.tokens, at + 1) + 1;
        }
        if self.word(at) == Some("pub") {
            at += 1;
            if self.sign(at, '(') {
                at = closing(self.tokens, at) + 1;
            }
        }
        // `fn f<A, B>()` has commas; the field `a: u8,` ends with one.
        let is_item = self.word(at).is_some_and(|word| ITEMS.contains(&word));
        while at < self.tokens.len() {
            if self.sign(at, '{') {
                return closing(self.tokens, at) + 1;
            }
            if self.sign(at, ';') || (self.sign(at, ',') && !is_item) {
                return at + 1;
            }
            if self.sign(at, '}') {
                return at; // of what is around it
            }
            let opens = self.sign(at, '(') || self.sign(at, '[');
            at = if opens { closing(self.tokens, at) + 1 } else { at + 1 };
        }
        at
    }

    fn module(&mut self, at: usize) -> usize {
        let Some(name) = self.word(at + 1).map(str::to_owned) else { return at + 1 };
        let inline = self.sign(at + 2, '{');
        if !inline && !self.sign(at + 2, ';') {
            return at + 1;
        }
        let line = self.tokens[at].line;
        self.found.modules.push(Declared { parent: self.path.clone(), name: name.clone(), inline, line });
        if inline {
            self.path.push(name);
            self.braces.push(true);
        }
        at + 3
    }

    /// Goes on with a path after its `::`, `level` modules below the root. Returns where it, or its group, ends.
    fn follow(&mut self, at: usize, level: usize) -> usize {
        if self.sign(at, '{') {
            let close = closing(self.tokens, at);
            let mut entry = at + 1;
            while entry < close {
                let after = self.follow(entry, level);
                entry = self.after_comma(after.max(entry), close);
            }
            return close + 1;
        }
        if level == 0 && self.sign(at, '*') {
            self.named("*", at);
            return at + 1;
        }
        let Some(word) = self.word(at).map(str::to_owned) else { return at };
        match word.as_str() {
            "super" if self.colons(at + 1) => self.follow(at + 3, level.saturating_sub(1)),
            "self" if self.colons(at + 1) => self.follow(at + 3, level),
            "self" | "super" => at + 1,
            // An exported macro is at the root whatever module it is written in.
            _ if level > 0 || self.sign(at + 1, '!') => at + 1,
            name => {
                self.named(name, at);
                at + 1
            }
        }
    }

    fn named(&mut self, name: &str, at: usize) {
        self.found.names.push(Named { name: name.to_owned(), line: self.tokens[at].line });
    }

    fn after_comma(&self, mut at: usize, end: usize) -> usize {
        while at < end {
            if self.sign(at, ',') {
                return at + 1;
            }
            at = if self.sign(at, '{') { closing(self.tokens, at) + 1 } else { at + 1 };
        }
        end
    }
}

/// Where the bracket that opens at `open` is closed; the last token if it never is.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_u32;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if ['(', '[', '{'].iter().any(|&sign| token.is_sign(sign)) {
            depth += 1;
        } else if [')', ']', '}'].iter().any(|&sign| token.is_sign(sign)) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at;
            }
        }
    }
    tokens.len().saturating_sub(1)
}

/// Whether an attribute is a `cfg` that only tests satisfy.
fn is_test_cfg(attribute: &[Token]) -> bool {
    let is_cfg = attribute.len() > 2 && attribute[0].is_word("cfg") && attribute[1].is_sign('(');
    is_cfg && implies_test(&attribute[2..attribute.len() - 1])
}

fn implies_test(predicate: &[Token]) -> bool {
    match predicate {
        [only] => only.is_word("test"),
        [name, open, parts @ .., _close] if open.is_sign('(') => {
            if name.is_word("all") {
                arguments(parts).iter().any(|part| implies_test(part))
            } else {
                name.is_word("any") && !parts.is_empty() && arguments(parts).iter().all(|part| implies_test(part))
            }
        }
        _ => false,
    }
}

/// Splits at the commas outside of brackets; a comma at the end starts nothing.
fn arguments(tokens: &[Token]) -> Vec<&[Token]> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < tokens.len() {
        if tokens[at].is_sign('(') {
            at = closing(tokens, at);
        } else if tokens[at].is_sign(',') {
            parts.push(&tokens[start..at]);
            start = at + 1;
        }
        at += 1;
    }
    if start < tokens.len() {
        parts.push(&tokens[start..]);
    }
    parts
}

/// The names that the root of a crate gives to what lies in its modules: `pub use chan::{Sender, Receiver as R};`
/// gives `Sender` and `R`, both of `chan`.
pub(super) fn reexports(root: &[Token], krate: &str) -> Vec<(String, String)> {
    let mut names = Vec::new();
    let mut depth = 0_u32;
    for (at, token) in root.iter().enumerate() {
        if token.is_sign('{') {
            depth += 1;
        } else if token.is_sign('}') {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is_word("use") {
            use_tree(root, at + 1, None, krate, &mut names);
        }
    }
    names
}

/// One `use` tree, with the first module on the way to it; returns where it ends.
fn use_tree(tokens: &[Token], at: usize, first: Option<&str>, krate: &str, names: &mut Vec<(String, String)>) -> usize {
    let sign = |at: usize, sign| tokens.get(at).is_some_and(|token: &Token| token.is_sign(sign));
    if sign(at, '{') {
        let close = closing(tokens, at);
        let mut entry = at + 1;
        while entry < close {
            entry = use_tree(tokens, entry, first, krate, names).max(entry + 1);
            if sign(entry, ',') {
                entry += 1;
            }
        }
        return close + 1;
    }
    let Some(word) = tokens.get(at).and_then(Token::word) else { return at + 1 };
    if sign(at + 1, ':') && sign(at + 2, ':') {
        let is_root = first.is_none() && (word == "crate" || word == "self" || word == krate);
        let first = if is_root { None } else { first.or(Some(word)) };
        return use_tree(tokens, at + 3, first, krate, names);
    }
    let renamed = tokens.get(at + 1).is_some_and(|token| token.is_word("as"));
    let name = if renamed { tokens.get(at + 2).and_then(Token::word).unwrap_or("_") } else { word };
    names.push((name.to_owned(), first.unwrap_or(word).to_owned()));
    if renamed { at + 3 } else { at + 1 }
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    /// The names found in a file that holds the module `path`.
    fn names(path: &str, source: &str) -> Vec<String> {
        let path: Vec<String> = path.split("::").map(str::to_owned).collect();
        scan(&tokens(source), &path, "vela_core").names.into_iter().map(|named| named.name).collect()
    }

    #[test]
    fn use_and_inline_paths() {
        assert_eq!(
            names("select", "use crate::chan::Sender; use crate::{task, time::{self, Sleep}};"),
            ["chan", "task", "time"]
        );
        assert_eq!(
            names("select", "fn f(x: crate::chan::X) -> Vec<crate::task::Y> { crate::time::now() }"),
            ["chan", "task", "time"]
        );
        assert_eq!(names("select", "pub(in crate::select) fn f() { vela_core::chan::g() }"), ["select", "chan"]);
        assert_eq!(names("select", "pub(crate) fn f() { x::crate_::y(); self.z() } use tokio::sync::mpsc;"), [""; 0]);
    }

    #[test]
    fn super_and_self_are_followed_to_the_root() {
        assert_eq!(names("chan", "use super::task;"), ["task"]);
        assert_eq!(names("chan::send", "use super::state; use super::super::task;"), ["task"]);
        assert_eq!(names("chan::send", "use super::{state, super::{task, time}};"), ["task", "time"]);
        assert_eq!(
            names("chan", "mod inner { use super::state; use super::super::task; } use super::watch;"),
            ["task", "watch"]
        );
        assert_eq!(names("chan", "use self::send::X; use self::super::task::Y;"), ["task"]);
    }

    #[test]
    fn macro_bodies_count_and_exported_macros_do_not() {
        assert_eq!(names("select", "macro_rules! m { ($x:expr) => { $crate::chan::f($x) } }"), ["chan"]);
        assert_eq!(names("select", "crate::ready!(x)"), [""; 0]);
    }

    #[test]
    fn globs_of_the_root_are_seen() {
        assert_eq!(names("select", "use crate::*;"), ["*"]);
        assert_eq!(names("select", "use crate::select::*; use super::select::*;"), ["select", "select"]);
    }

    #[test]
    fn docs_comments_and_tests_are_exempt() {
        let source = "
            //! See [`crate::task`].
            /// [x](crate::task)
            // use crate::task;
            #[cfg(test)] use crate::task::A;
            #[cfg(test)] #[allow(x)] mod tests { use crate::task::B; fn f() { { crate::task::g(); } } }
            #[cfg(all(test, vela_loom))] mod loom { use crate::task; }
            #[cfg(test)] fn f<A, B>(x: [u8; 3]) { crate::task::h() }
            struct S { #[cfg(test)] a: crate::task::C, b: crate::time::D }
            #[cfg(test)] mod more;
            mod kept;
            #[doc = \"crate::task\"] #[cfg(not(test))] use crate::rt;
            #[cfg(any(test, feature = \"x\"))] use crate::sync;
        ";
        assert_eq!(names("chan", source), ["time", "rt", "sync"]);
        let path = ["chan".to_owned()];
        let declared = scan(&tokens(source), &path, "vela_core").modules;
        assert_eq!(declared.iter().map(|module| module.name.as_str()).collect::<Vec<_>>(), ["kept"]);
        assert_eq!(names("chan", "#![cfg(test)] use crate::task;"), [""; 0]);
    }

    #[test]
    fn modules_are_left_where_their_brace_closes() {
        assert_eq!(
            names("chan", "mod a { fn f() { if x {} } } use super::task; mod b {} use super::time;"),
            ["task", "time"]
        );
    }

    #[test]
    fn reexports_of_the_root_lead_to_their_modules() {
        let source = "pub use chan::{Sender, recv::Receiver as R}; pub use crate::time::Instant; mod x { use a::b; } use tokio as t;";
        let pairs = reexports(&tokens(source), "vela_core");
        let pairs: Vec<_> = pairs.iter().map(|(name, module)| format!("{name}={module}")).collect();
        assert_eq!(pairs, ["Sender=chan", "R=chan", "Instant=time", "t=tokio"]);
    }

    #[test]
    fn broken_source_ends() {
        for source in ["use crate::{", "#[cfg(test)]", "#[", "mod", "crate::", "use crate::{a, {", "#[cfg()] x", "}}"] {
            names("chan", source);
            reexports(&tokens(source), "vela_core");
        }
    }
}
