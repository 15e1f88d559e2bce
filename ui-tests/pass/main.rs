//! Pass cases: what must compile, without a warning, and run. One subject a file.
//!
//! Crates of their own are `../renamed` and `../edition2021`; whole programs are in `../programs`.
#![deny(warnings, clippy::pedantic)]
#![forbid(unsafe_code)]
// `async` for its own sake is what is tested, and clippy.toml asks for these sections on private items, too.
#![allow(clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::unused_async)]

mod arguments;
mod async_blocks;
mod blocks;
mod borrowed_values;
mod coercions;
mod comparisons;
mod conditions;
mod const_generics;
mod diverging;
mod edition_2021;
mod for_in;
mod forwarding_macros;
mod fragments;
mod futures_are_send;
mod go_anywhere;
mod go_block;
mod go_call;
mod go_clauses;
mod go_question;
mod go_words;
mod hygiene_locals;
mod hygiene_modules;
mod hygiene_types;
mod items;
mod kinds;
mod lets;
mod local_values;
mod macros_of_ones_own;
mod macros_of_std;
mod main_attribute;
mod messages;
mod nil_channels;
mod no_implicit_prelude;
mod pedantic_library;
mod raw_names;
mod receive;
mod renamed;
mod scopes;
mod select_any;
mod select_bodies;
mod select_closures;
mod select_else_and_closed;
mod select_forms;
mod select_generics;
mod select_guards;
mod select_hundred_arms;
mod select_lending;
mod select_nested;
mod select_operands;
mod select_order;
mod select_patterns;
mod select_traits;
mod select_value;
mod select_words;
mod send;
mod send_or_leave;
mod streams;
mod test_attribute;
mod user_receive;
mod user_transmit;
