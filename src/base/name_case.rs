//! Comparison of names without regard to case, in one place.

mod directory;

pub use directory::directory_key;

/// The capital of a letter, one for one.
/// A letter is changed only if the lower case of its capital is that letter again, as Windows does
/// (MS-NLMP 6, `Upper`). So ß, µ, ı, ſ and ς are not changed, and no capital becomes one of them.
pub fn capital(letter: char) -> char {
    // ASCII needs no tables of Unicode.
    if letter.is_ascii() {
        return letter.to_ascii_uppercase();
    }
    let mut capital = letter.to_uppercase();
    match (capital.next(), capital.next()) {
        (Some(capital), None) if capital.to_lowercase().eq([letter]) => capital,
        _ => letter,
    }
}

/// The text in capitals.
pub fn capitals(text: &str) -> String {
    // ASCII needs no tables of Unicode.
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    text.chars().map(capital).collect()
}

/// The text in lower case. A letter is changed only if the capital of its lower case is that letter
/// again. So two texts that are not [`alike`] stay different.
pub fn smalls(text: &str) -> String {
    text.chars().map(small).collect()
}

fn small(letter: char) -> char {
    let mut small = letter.to_lowercase();
    match (small.next(), small.next()) {
        (Some(small), None) if capital(small) == letter => small,
        _ => letter,
    }
}

/// Whether two names differ at most in case.
pub fn alike(one: &str, other: &str) -> bool {
    // ASCII needs no tables of Unicode.
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    one.chars().map(capital).eq(other.chars().map(capital))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pairs_of_letters_are_alike() {
        for (one, other) in [
            ("example", "EXAMPLE"),
            ("Jürgen", "JÜRGEN"),
            ("ὀδυσσεύς", "ὈΔΥΣΣΕΎς"),
            ("", ""),
        ] {
            assert!(alike(one, other), "{one}");
            assert_eq!(capitals(one), capitals(other));
        }
        for (one, other) in [
            ("straße", "STRASSE"),
            ("ſtaff", "staff"),
            ("mıa", "MIA"),
            ("µ", "Μ"),
            ("jürgen", "jurgen"),
            ("staff", "staff "),
            ("staff", "staf"),
        ] {
            assert!(!alike(one, other), "{one}");
        }
    }

    #[test]
    fn what_is_not_alike_stays_so_in_small_letters_and_in_capitals() {
        assert_eq!(smalls("EXAMPLE\\JÜRGEN"), "example\\jürgen");
        for (one, other) in [
            ("B\u{212a}", "bk"),
            ("conto\u{17f}o", "contoso"),
            ("STRA\u{1e9e}E", "straße"),
            ("m\u{131}a", "mia"),
            ("M\u{130}A", "mia"),
        ] {
            assert!(!alike(one, other));
            assert_ne!(smalls(one), smalls(other));
            assert_ne!(capitals(one), capitals(other));
        }
    }
}
