//! The macro that makes the types of minor codes from their table.

macro_rules! minor_codes {
    ($(
        family $family:ident = $number:literal $about:literal:
        $($(#[doc = $cause:literal])+ $code:literal $name:ident $major:ident $text:literal;)+
    )+) => {
        /// The subject of a code: bits 8 to 15 of its number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Family {
            $(#[doc = $about] $family,)+
        }

        /// A minor status code: `0x4E44xxxx`, the family in bits 8 to 15.
        ///
        /// The doc comment of each tells the administrator its cause and cure.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Minor {
            $($($(#[doc = $cause])+ $name = $code,)+)+
        }

        impl Minor {
            /// Every code, in the table's order.
            pub const ALL: &[Self] = &[$($(Self::$name),+),+];

            /// The name in this table, e.g. `BadMic`.
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$name => stringify!($name)),+),+ }
            }

            /// The family it belongs to.
            pub const fn family(self) -> Family {
                match self { $($(Self::$name)|+ => Family::$family),+ }
            }

            /// The major status.
            pub const fn major(self) -> Major {
                match self { $($(Self::$name => Major::$major),+),+ }
            }

            /// The text for the log: one clause.
            pub const fn text(self) -> &'static str {
                match self { $($(Self::$name => $text),+),+ }
            }

            /// Cause and cure, in a few sentences.
            pub const fn cause(self) -> &'static str {
                match self { $($(Self::$name => concat!($($cause),+).trim_ascii()),+),+ }
            }
        }

        $($(const _: () = assert!($code >> 8 == 0x4E_4400 | $number);)+)+
    };
}

pub(super) use minor_codes;
