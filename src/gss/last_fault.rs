//! The text of a minor status, and the last failure of each thread.

use std::cell::Cell;

use crate::base::fault::{Fault, Minor};

thread_local! {
    /// The last failure of a call on this thread, which is also the thread that displays its
    /// status.
    static LAST: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// Keeps a fault until its status is displayed.
pub fn remember(fault: Fault) {
    // Fails on a thread that is ending, which displays no status.
    let _ = LAST.try_with(|last| last.set(Some(fault)));
}

/// The text of a minor status, with the detail if it is that of this thread's last failure:
/// `NTLM is not configured: /etc/gss/ntlmdc.toml is missing [4e440601]`. Without confidential
/// details: servers send these texts to clients.
///
/// # Errors
/// `UnknownStatus`
pub fn text(code: u32) -> Result<String, Fault> {
    let minor = Minor::from_code(code).ok_or(Minor::UnknownStatus)?;
    let last = LAST.try_with(Cell::take).ok().flatten();
    let sentence = match &last {
        Some(fault) if fault.minor() == minor => fault.to_string(),
        _ => minor.text().to_owned(),
    };
    if let Some(fault) = last {
        remember(fault);
    }
    Ok(format!("{sentence} [{code:08x}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_failure_has_a_detail() {
        remember(Minor::NotConfigured.because("/etc/gss/ntlmdc.toml is missing"));
        assert_eq!(
            text(0x4E44_0601).unwrap(),
            "NTLM is not configured: /etc/gss/ntlmdc.toml is missing [4e440601]"
        );
        assert_eq!(
            text(0x4E44_0101).unwrap(),
            "the token is not an NTLM message [4e440101]"
        );
        // The same again: the mechglue may ask several times.
        assert!(text(0x4E44_0601).unwrap().contains("toml"));

        remember(Minor::BadUserOrPassword.confidentially("no such user"));
        assert!(!text(0x4E44_0401).unwrap().contains("no such user"));
        assert!(!text(0x4E44_0601).unwrap().contains("toml"));
    }

    #[test]
    fn every_code_has_a_text_that_ends_with_it() {
        for minor in Minor::ALL {
            let expected = format!("{} [{:08x}]", minor.text(), minor.code());
            assert_eq!(text(minor.code()).unwrap(), expected);
        }
        for foreign in [0, 1, 0x4E44_0000, 0x4E54_0001, u32::MAX] {
            assert_eq!(text(foreign), Err(Minor::UnknownStatus.into()));
        }
    }
}
