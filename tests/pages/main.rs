//! The pages: README.md, docs/ and those beside them say what the code says, and each link leads
//! somewhere.
//!
//! tests/header has the page of errors, which is made from the code. The live tests have the pages
//! whose examples need an Apache or a controller.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod coming_from;
mod configuration;
mod keys;
mod links;
mod names;
mod page;
mod shown_by;
