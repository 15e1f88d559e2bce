//! Rust source as words and signs, as far as the layering check needs it: comments, docs and the insides of
//! literals are gone, so that what is left with the look of a path is one.

/// A word (keyword, name or number) or one sign, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Word(String),
    Sign(char),
    /// A string's contents, escapes left as they are.
    Text(String),
}

impl Token {
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(w) if w == word)
    }

    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }

    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            Kind::Sign(_) | Kind::Text(_) => None,
        }
    }
}

/// The tokens of `source`. Broken source gives some tokens too: the compiler is the one to complain.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { chars: source.chars().collect(), at: 0, line: 1, tokens: Vec::new() };
    while lexer.at < lexer.chars.len() {
        lexer.next();
    }
    lexer.tokens
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: u32,
    tokens: Vec<Token>,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn bump(&mut self) -> char {
        let c = self.peek(0);
        self.at += 1;
        self.line += u32::from(c == '\n');
        c
    }

    fn push(&mut self, kind: Kind, line: u32) {
        self.tokens.push(Token { kind, line });
    }

    fn next(&mut self) {
        let line = self.line;
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => while self.at < self.chars.len() && self.bump() != '\n' {},
            ('/', '*') => self.block_comment(),
            ('"', _) => self.string(line),
            ('\'', _) => self.quote(),
            (c, _) if is_word(c) => self.word(line),
            (c, _) => {
                self.bump();
                if !c.is_whitespace() {
                    self.push(Kind::Sign(c), line);
                }
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.bump();
                    continue;
                }
            }
            self.bump();
            self.bump();
            if depth == 0 {
                return;
            }
        }
    }

    /// From the opening `"`.
    fn string(&mut self, line: u32) {
        self.bump();
        let start = self.at;
        while self.at < self.chars.len() && self.peek(0) != '"' {
            if self.bump() == '\\' {
                self.bump();
            }
        }
        self.text(start, line);
        self.bump();
    }

    fn text(&mut self, start: usize, line: u32) {
        let end = self.at.min(self.chars.len());
        self.push(Kind::Text(self.chars[start.min(end)..end].iter().collect()), line);
    }

    /// A character, or a lifetime. Neither is kept.
    fn quote(&mut self) {
        self.bump();
        if self.peek(0) == '\\' {
            self.bump();
            self.bump();
            while self.at < self.chars.len() && self.bump() != '\'' {}
        } else if self.peek(1) == '\'' {
            self.bump();
            self.bump();
        } else {
            while is_word(self.peek(0)) {
                self.bump();
            }
        }
    }

    /// A word, or a literal that begins like one: `r#"…"#`, `b'x'`, `r#type`.
    fn word(&mut self, line: u32) {
        let start = self.at;
        while is_word(self.peek(0)) {
            self.bump();
        }
        let word: String = self.chars[start..self.at].iter().collect();
        let hashes = (0..).take_while(|&ahead| self.peek(ahead) == '#').count();
        match (word.as_str(), self.peek(hashes)) {
            ("r" | "br" | "cr", '"') => self.raw_string(hashes, line),
            ("b" | "c", '"') if hashes == 0 => self.string(line),
            ("b", '\'') if hashes == 0 => self.quote(),
            ("r", c) if hashes == 1 && is_word(c) => {
                self.bump();
                self.word(line);
            }
            _ => self.push(Kind::Word(word), line),
        }
    }

    fn raw_string(&mut self, hashes: usize, line: u32) {
        self.at += hashes + 1;
        let start = self.at;
        while self.at < self.chars.len() {
            if self.peek(0) == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == '#') {
                break;
            }
            self.bump();
        }
        self.text(start, line);
        self.at += hashes + 1;
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> String {
        let show = |token: &Token| match &token.kind {
            Kind::Word(word) => word.clone(),
            Kind::Sign(sign) => sign.to_string(),
            Kind::Text(text) => format!("\"{text}\""),
        };
        tokens(source).iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_docs_are_gone() {
        assert_eq!(shown("a // crate::x\n/// [`crate::x`]\nb /* c /* d */ e */ f //! g"), "a b f");
    }

    #[test]
    fn literals_do_not_look_like_paths() {
        assert_eq!(
            shown(r#"f("crate::x \" y", b"z", 'c', '\'', b'"', '"')"#),
            r#"f ( "crate::x \" y" , "z" , , , , )"#
        );
        assert_eq!(shown("r#\"a \" b\"# + r\"\\\" + br##\"\"# \"##"), "\"a \" b\" + \"\\\" + \"\"# \"");
    }

    #[test]
    fn lifetimes_raw_names_and_numbers() {
        assert_eq!(
            shown("fn f<'a>(x: &'a r#type) { 0..1u8; 'l: loop {} }"),
            "fn f < > ( x : & type ) { 0 . . 1u8 ; : loop { } }"
        );
    }

    #[test]
    fn lines_are_right_after_long_literals() {
        let last = |source: &str| tokens(source).last().map(|token| token.line);
        assert_eq!(last("\"a\nb\\\nc\"\nx"), Some(4));
        assert_eq!(last("r#\"\n\n\"#\n/*\n*/ x"), Some(5));
    }

    #[test]
    fn broken_source_ends() {
        for source in ["\"", "r#\"", "'", "/*", "'\\", "b'", "r#", "\"\\"] {
            tokens(source);
        }
    }
}
