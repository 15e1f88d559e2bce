//! Random and mutated token streams: no macro panics, and what comes out is code or an error.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use super::corpus::{ALL, BROKEN};
use super::{Macro, error_texts, parsed, tokens};

/// Inputs to each macro, unless `VELA_FUZZ_CASES` says otherwise (`cargo xtask fuzz` sets it).
const INPUTS: u32 = 100_000;
const SEED: u64 = 0x5eed;

fn inputs() -> u32 {
    match std::env::var("VELA_FUZZ_CASES") {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("VELA_FUZZ_CASES is `{text}`, and should be a number")),
        Err(_) => INPUTS,
    }
}
const WORDS: &[&str] = &[
    "a", "tx", "rx", "self", "let", "if", "else", "for", "in", "match", "while", "loop", "async", "move", "return",
    "break", "mut", "closed", "biased", "then", "name", "clone", "await", "Some", "None", "fn", "impl", "struct",
    "const", "as", "unsafe", "pub", "println", "vela", "static", "use", "where", "dyn", "extern", "_", "case",
    "default",
];
const OPS: &[&str] = &[
    "<-", "<", "-", "=", "=>", "::", ":", ";", ",", ".", "?", "&&", "||", "|", "!", "&", "*", "->", "#", "..", "..=",
    "<<", "==", "+", ">",
];

fn punct(op: &str, out: &mut Vec<TokenTree>) {
    let last = op.len() - 1;
    for (i, ch) in op.chars().enumerate() {
        out.push(Punct::new(ch, if i == last { Spacing::Alone } else { Spacing::Joint }).into());
    }
}

fn random_tree(rng: &mut fastrand::Rng, depth: usize, out: &mut Vec<TokenTree>) {
    match rng.u8(0..10) {
        0..=3 => out.push(Ident::new(WORDS[rng.usize(..WORDS.len())], Span::call_site()).into()),
        4..=7 => punct(OPS[rng.usize(..OPS.len())], out),
        8 => out.push(Literal::u8_unsuffixed(rng.u8(..)).into()),
        _ => {
            let inner = random(rng, depth + 1);
            out.push(group(rng, inner));
        }
    }
}

fn group(rng: &mut fastrand::Rng, inner: Vec<TokenTree>) -> TokenTree {
    let delimiters = [Delimiter::Brace, Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::None];
    grouped(delimiters[rng.usize(..4)], inner)
}

/// rustc puts fragments such as `$e:expr` into invisible groups: whole operands, never an arrow or a keyword.
fn grouped(delimiter: Delimiter, inner: Vec<TokenTree>) -> TokenTree {
    let operand = matches!(inner.as_slice(), [TokenTree::Literal(_)]);
    let delimiter = if delimiter == Delimiter::None && !operand { Delimiter::Parenthesis } else { delimiter };
    Group::new(delimiter, inner.into_iter().collect()).into()
}

fn random(rng: &mut fastrand::Rng, depth: usize) -> Vec<TokenTree> {
    let mut out = Vec::new();
    for _ in 0..rng.usize(0..if depth > 3 { 1 } else { 12 }) {
        random_tree(rng, depth, &mut out);
    }
    out
}

/// One change somewhere, at any depth.
fn mutate(rng: &mut fastrand::Rng, trees: &mut Vec<TokenTree>) {
    let groups: Vec<usize> = (0..trees.len()).filter(|i| matches!(trees[*i], TokenTree::Group(_))).collect();
    if !groups.is_empty() && rng.bool() {
        let at = groups[rng.usize(..groups.len())];
        let TokenTree::Group(old) = &trees[at] else { return };
        let mut inner = old.stream().into_iter().collect();
        mutate(rng, &mut inner);
        trees[at] = grouped(old.delimiter(), inner);
        return;
    }
    let at = rng.usize(..=trees.len());
    if at == trees.len() {
        return random_tree(rng, 2, trees);
    }
    match rng.u8(0..6) {
        0 => drop(trees.remove(at)),
        1 => trees.insert(at, trees[at].clone()),
        2 => {
            let other = rng.usize(..trees.len());
            trees.swap(at, other);
        }
        3 => {
            let mut new = Vec::new();
            random_tree(rng, 2, &mut new);
            trees.splice(at..at, new);
        }
        4 => {
            let end = rng.usize(at..=trees.len());
            let inner = trees.drain(at..end).collect();
            let new = group(rng, inner);
            trees.insert(at, new);
        }
        _ => {
            if let TokenTree::Group(group) = trees[at].clone() {
                trees.splice(at..=at, group.stream());
            }
        }
    }
}

fn input(rng: &mut fastrand::Rng, seeds: &[TokenStream]) -> TokenStream {
    if rng.u8(0..4) == 0 {
        return random(rng, 0).into_iter().collect();
    }
    // the shorter ones more often: they cost less, and a change in them changes more
    let pick = (0..3).map(|_| rng.usize(..seeds.len())).min().unwrap_or_default();
    let mut trees: Vec<TokenTree> = seeds[pick].clone().into_iter().collect();
    for _ in 0..rng.usize(1..4) {
        mutate(rng, &mut trees);
    }
    trees.into_iter().collect()
}

fn run(macro_: Macro) {
    let valid = ALL.iter().filter(|(m, _)| *m == macro_).flat_map(|(_, cases)| cases.iter().map(|(_, input)| *input));
    let broken = BROKEN.iter().filter(|(m, ..)| *m == macro_).map(|(.., input)| *input);
    let mut seeds: Vec<&str> = valid.chain(broken).collect();
    seeds.sort_by_key(|seed| seed.len());
    let seeds: Vec<TokenStream> = seeds.into_iter().map(tokens).collect();
    let mut rng = fastrand::Rng::with_seed(SEED);
    let (mut code, mut error, mut theirs) = (0u32, 0u32, 0u32);
    let inputs = inputs();
    for _ in 0..inputs {
        let input = input(&mut rng, &seeds);
        let expansion = macro_.expand_tokens(input.clone());
        if !error_texts(expansion.clone()).is_empty() {
            error += 1;
        } else if parsed(macro_, &expansion).is_ok() {
            code += 1;
        } else {
            assert!(
                is_theirs(macro_, &input),
                "{macro_:?}: {input}\nbecame\n{expansion}\n{:?}",
                parsed(macro_, &expansion).err()
            );
            theirs += 1;
        }
    }
    println!(
        "{macro_:?}: {inputs} inputs: {code} became code, {error} errors, {theirs} had a syntax error that rustc reports"
    );
    assert!(code > inputs / 100 && error > inputs / 100, "the inputs are too much alike");
}

/// Bodies are passed on as they are, so a syntax error in one is rustc's to report. It is the user's and none of ours if
/// the body does not parse either with `-` for each arrow, which stands at the same places.
fn is_theirs(macro_: Macro, input: &TokenStream) -> bool {
    let bodies = match macro_ {
        Macro::Main | Macro::Test => return true,
        Macro::Message => return false,
        Macro::Vela => vec![input.clone()],
        Macro::Go => {
            let trees: Vec<TokenTree> = input.clone().into_iter().collect();
            match trees.last() {
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    vec![group.stream(), input.clone()]
                }
                Some(TokenTree::Group(group)) => vec![group.stream(), input.clone()],
                _ => vec![input.clone()],
            }
        }
        Macro::Select => crate::select::bodies(input.clone()),
    };
    bodies.into_iter().any(|body| {
        let body = without_arrows(body);
        syn::parse2::<syn::Block>(quote::quote!({ #body })).is_err()
    })
}

fn without_arrows(stream: TokenStream) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Punct(p) if p.as_char() == '<' && p.spacing() == Spacing::Joint => {
                let before = matches!(out.last(), Some(TokenTree::Punct(p)) if p.as_char() == '<' && p.spacing() == Spacing::Joint);
                if before || !matches!(trees.peek(), Some(TokenTree::Punct(p)) if p.as_char() == '-') {
                    out.push(p.into());
                }
            }
            TokenTree::Group(group) => out.push(Group::new(group.delimiter(), without_arrows(group.stream())).into()),
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

#[test]
fn go_survives_random_inputs() {
    run(Macro::Go);
}

#[test]
fn select_survives_random_inputs() {
    run(Macro::Select);
}

#[test]
fn vela_survives_random_inputs() {
    run(Macro::Vela);
}

#[test]
fn main_survives_random_inputs() {
    run(Macro::Main);
}

#[test]
fn test_survives_random_inputs() {
    run(Macro::Test);
}

#[test]
fn message_survives_random_inputs() {
    run(Macro::Message);
}
