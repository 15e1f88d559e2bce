//! Planted bugs, and that each is found: in the code of users, and in a copy of a channel. And what a finding is worth: it
//! names the guilty, is short, can be had again, and is said to be none where the test itself is to blame.

mod again;
mod counts;
mod finding;
mod strange;
mod toy;
mod user;
