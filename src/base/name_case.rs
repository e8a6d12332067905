//! When two names are the same but for the case of their letters: one answer for all who compare them.

mod directory;

pub use directory::directory_key;

/// The capital of a letter, one for one.
///
/// A letter is changed only if its capital's small letter is that letter again. So Windows has it
/// (MS-NLMP 6, `Upper`): ß, µ, ı, ſ and ς stay as they are, and are no other letter's small ones.
pub fn capital(letter: char) -> char {
    // Nearly all there is.
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
    text.chars().map(capital).collect()
}

/// The text in small letters; a letter is changed only if its small letter's capital is that letter
/// again. So two texts that are not [`alike`] never become one.
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

/// Whether two names differ in nothing but the case of letters.
pub fn alike(one: &str, other: &str) -> bool {
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
