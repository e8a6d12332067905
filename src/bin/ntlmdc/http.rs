//! `http`: a login to a site as a browser makes it, leg by leg.

mod client;
mod connection;
pub mod headers;
pub mod response;
mod site;
pub mod verdict;
mod visit;

#[cfg(test)]
mod tests;

use gss_ntlmdc::directory::Trust;

use crate::arguments::Http;
use crate::input;
use crate::report::Report;
use client::Credentials;
use site::Site;
use visit::Visit;

/// Asks the site, and logs in if a user is named.
///
/// # Errors
/// The address, the user, the password or the file of certificates cannot be used.
pub fn run(arguments: &Http) -> Result<Report, String> {
    let site = Site::parse(&arguments.url, arguments.connect.as_deref())?;
    let trust = match &arguments.ca {
        Some(path) => Trust::of_pem(&input::read(path)?)
            .map_err(|problem| format!("{}: {problem}", path.display()))?,
        None => Trust::System,
    };
    let credentials = match &arguments.user {
        Some(user) => {
            let password = input::password(arguments.password_file.as_deref(), user)?;
            Some(Credentials::new(user, &password)?)
        }
        None => None,
    };
    let credentials = credentials.as_ref();
    Ok(Report {
        sections: Visit::run(
            site,
            trust,
            arguments.insecure,
            credentials,
            arguments.scheme,
        ),
    })
}
