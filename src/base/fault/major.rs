//! The major statuses of GSS.

/// The GSS major status of a fault (RFC 2744 3.9.1); the value is the routine error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Major {
    /// `GSS_S_BAD_MECH`
    BadMech = 1,
    /// `GSS_S_BAD_NAME`
    BadName = 2,
    /// `GSS_S_BAD_NAMETYPE`
    BadNameType = 3,
    /// `GSS_S_BAD_BINDINGS`
    BadBindings = 4,
    /// `GSS_S_BAD_STATUS`
    BadStatus = 5,
    /// `GSS_S_BAD_SIG`, which RFC 2744 also calls `GSS_S_BAD_MIC`
    BadMic = 6,
    /// `GSS_S_NO_CRED`
    NoCred = 7,
    /// `GSS_S_NO_CONTEXT`
    NoContext = 8,
    /// `GSS_S_DEFECTIVE_TOKEN`
    DefectiveToken = 9,
    /// `GSS_S_CONTEXT_EXPIRED`
    ContextExpired = 12,
    /// `GSS_S_FAILURE`
    Failure = 13,
    /// `GSS_S_BAD_QOP`
    BadQop = 14,
    /// `GSS_S_UNAUTHORIZED`
    Unauthorized = 15,
    /// `GSS_S_UNAVAILABLE`
    Unavailable = 16,
}
