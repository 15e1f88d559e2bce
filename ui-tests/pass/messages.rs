//! `#[derive(Message)]`: variants with one field are made from it, and nothing else is written.

use std::fmt::Debug;
use std::marker::PhantomData;

use vela::actor::Message;

#[derive(Debug, PartialEq)]
struct Add(u64);

#[derive(Debug, PartialEq)]
struct Get;

/// A request with a place for its reply.
#[derive(Debug, PartialEq)]
struct Call<R>(R);

#[derive(Message, Debug, PartialEq)]
enum Counter {
    Add(Add),
    Get(Call<Get>),
    #[message(skip)]
    Undo(Add),
    Pair(u8, u8),
    Named {
        _value: u32,
    },
    Flush,
}

/// What is not derived is free.
impl From<u32> for Counter {
    fn from(value: u32) -> Self {
        Self::Named { _value: value }
    }
}

#[derive(Message, Debug, PartialEq)]
enum Generic<'a, T: Clone, const N: usize>
where
    Vec<T>: Debug,
{
    Borrowed(&'a [T; N]),
    Owned(Vec<T>),
    Pair((T, T)),
    #[message(skip)]
    Marker(PhantomData<T>),
}

/// An item whose own names hide those of the prelude.
mod hidden {
    #![allow(dead_code)]

    mod core {}
    struct From;
    struct Into;
    type Result = ();

    #[derive(vela::actor::Message)]
    #[allow(non_camel_case_types)]
    pub(super) enum r#Box {
        r#type(std::string::String),
        More(std::boxed::Box<Self>),
        #[deprecated]
        Old(u8),
    }

    #[derive(vela::actor::Message)]
    pub(super) enum Cfg {
        A(u8),
        #[cfg(any())]
        B(u8),
    }
}

#[derive(Message)]
enum Only {
    Units,
}

macro_rules! message {
    ($name:ident, $payload:ty) => {
        #[derive(Message)]
        enum $name {
            It($payload),
        }
    };
}

message!(Made, Option<u8>);

#[test]
fn a_message_is_made_from_its_payload() {
    assert_eq!(Counter::from(Add(1)), Counter::Add(Add(1)));
    assert_eq!(Counter::from(Call(Get)), Counter::Get(Call(Get)));
    assert_eq!(Counter::from(7), Counter::Named { _value: 7 });
    let others = [Counter::Undo(Add(1)), Counter::Pair(1, 2), Counter::Flush];
    assert!(others.iter().all(|other| *other != Counter::from(Add(1))));
}

#[test]
fn generics_keep_their_bounds() {
    let text = [String::new()];
    assert_eq!(Generic::from(&text), Generic::Borrowed(&text));
    assert_eq!(Generic::<u8, 1>::from(vec![1]), Generic::Owned(vec![1]));
    assert_eq!(Generic::<u8, 1>::from((1, 2)), Generic::Pair((1, 2)));
    assert_ne!(Generic::<u8, 1>::Marker(PhantomData), Generic::from(vec![]));
}

#[test]
fn only_absolute_paths_are_used() {
    assert!(matches!(hidden::r#Box::from(Box::new(String::new().into())), hidden::r#Box::More(_)));
    assert!(matches!(hidden::Cfg::from(1), hidden::Cfg::A(1)));
    assert!(matches!(Made::from(Some(1)), Made::It(Some(1))));
    let Only::Units = Only::Units;
}
