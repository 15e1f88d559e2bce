//! Stub until merged.
#[derive(Clone, Debug)]
pub struct System;
