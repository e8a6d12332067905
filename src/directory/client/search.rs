//! Questions about entries.

use ldap3_proto::proto::{LdapOp, LdapResultCode};

use super::{Client, succeeded};
use crate::base::net::Deadline;
use crate::base::stopwatch::timed;
use crate::directory::entry::{Entry, Search};
use crate::directory::error::{Error, Operation};

/// The limits of one answer.
const MAX_ENTRIES: usize = 2000;
const MAX_ANSWER: u64 = 8 << 20;

/// An answer.
#[derive(Debug, Default)]
pub struct Found {
    /// The entries of this server.
    pub entries: Vec<Entry>,
    /// Whether the server referred to others for more. They are not asked.
    pub is_partial: bool,
}

impl Client {
    /// The root entry (RFC 4512 5.1), with these attributes.
    ///
    /// # Errors
    /// As [`Client::search`].
    pub fn root(&mut self, attributes: &[&str], deadline: Deadline) -> Result<Entry, Error> {
        let mut found = self.search(Search::of_entry("", attributes), deadline)?;
        found.pop().ok_or(Error::Invalid("no root entry"))
    }

    /// The entries that are searched for. References to other servers are left out.
    ///
    /// # Errors
    /// The controller refuses, or the answer is not complete by the deadline.
    pub fn search(&mut self, search: Search<'_>, deadline: Deadline) -> Result<Vec<Entry>, Error> {
        Ok(self.find(search, deadline)?.entries)
    }

    /// The first entry that is found, also if there are more than the question's limit.
    ///
    /// # Errors
    /// As [`Client::search`].
    pub fn first(
        &mut self,
        search: Search<'_>,
        deadline: Deadline,
    ) -> Result<Option<Entry>, Error> {
        let mut found = Found::default();
        let done = self.collect(search, &mut found, deadline);
        let is_cut = |error: &Error| {
            let code = error.refusal().map(|refusal| &refusal.code);
            code == Some(&LdapResultCode::SizeLimitExceeded)
        };
        match done {
            Err(error) if !is_cut(&error) => Err(error),
            _ => Ok(found.entries.into_iter().next()),
        }
    }

    /// As [`Client::search`], and tells of references.
    ///
    /// # Errors
    /// As [`Client::search`].
    pub fn find(&mut self, search: Search<'_>, deadline: Deadline) -> Result<Found, Error> {
        let mut found = Found::default();
        self.collect(search, &mut found, deadline)?;
        Ok(found)
    }

    /// Fills `found` until the answer is complete.
    fn collect(
        &mut self,
        search: Search<'_>,
        found: &mut Found,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let base = search.base.to_owned();
        let done = timed("searching the directory", None, || {
            self.wait_for_entries(search, found, deadline)
        });
        done.map_err(|error| error.of_search(base))
    }

    fn wait_for_entries(
        &mut self,
        search: Search<'_>,
        found: &mut Found,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let id = self.send(LdapOp::SearchRequest(search.request()), deadline)?;
        let limit = self.received.saturating_add(MAX_ANSWER);
        loop {
            match self.receive(id, deadline)?.op {
                LdapOp::SearchResultEntry(entry) => found.entries.push(Entry::new(entry)),
                LdapOp::SearchResultReference(_) => found.is_partial = true,
                LdapOp::SearchResultDone(result) => return succeeded(Operation::Search, result),
                _ => return Err(Error::Invalid("no answer to a search")),
            }
            if found.entries.len() > MAX_ENTRIES {
                return Err(Error::TooBig("too many entries"));
            }
            if self.received > limit {
                return Err(Error::TooBig("more than 8 MiB for one search"));
            }
        }
    }
}
