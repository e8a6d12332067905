//! Text files of any editor: with or without a byte order mark, and with lines that end in LF or CR
//! LF. A text is UTF-8. U+FEFF at the beginning of the file is its mark and not part of the text.
//! At the beginning of a later line, it is the mark of a file that was appended to this one.

/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why a file cannot be read as text, and the cure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// Another encoding of Unicode.
    #[error("encoded in {0}; save it as UTF-8, or convert it: iconv -f {0} -t UTF-8")]
    Encoding(&'static str),
    /// Another encoding, or no text.
    #[error("line {line} is not UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// Counted from 1.
        line: usize,
    },
}

/// The bytes after the mark, if there is one. Does not check whether they are UTF-8.
///
/// # Errors
/// [`NotText::Encoding`].
pub fn unmarked(bytes: &[u8]) -> Result<&[u8], NotText> {
    match other_encoding(bytes) {
        Some(name) => Err(NotText::Encoding(name)),
        None => Ok(bytes.strip_prefix(MARK).unwrap_or(bytes)),
    }
}

/// The text after the mark, if there is one.
///
/// # Errors
/// [`NotText`].
pub fn parse(bytes: &[u8]) -> Result<&str, NotText> {
    let text = unmarked(bytes)?;
    str::from_utf8(text).map_err(|error| {
        let before = text.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        NotText::NotUtf8 { line }
    })
}

/// The lines, without mark and line end. A line that is not UTF-8 does not affect the others.
///
/// # Errors
/// [`NotText::Encoding`].
pub fn lines(bytes: &[u8]) -> Result<impl Iterator<Item = &[u8]>, NotText> {
    let lines = unmarked(bytes)?.split(|byte| *byte == b'\n');
    Ok(lines.map(|line| {
        let line = line.strip_prefix(MARK).unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }))
}

/// The name of an encoding with units of two or four bytes. It shows by its mark, or because half
/// of the bytes of ASCII characters are zero. UTF-8 text has no zeros.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] => return Some("UTF-32"),
        [0, 0, 0xFE, 0xFF, ..] => return Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => return Some("UTF-16"),
        _ => {}
    }
    let zeros = |pairs: &[[u8; 2]], of: fn(&[u8; 2]) -> u8| {
        pairs.iter().filter(|pair| of(pair) == 0).count()
    };
    let (pairs, _) = bytes.as_chunks();
    let (first, second) = (zeros(pairs, |pair| pair[0]), zeros(pairs, |pair| pair[1]));
    // Every text has some ASCII characters, such as line ends and separators.
    let is_wide = |count: usize| count > 0 && count * 8 >= pairs.len();
    match (first, second) {
        (0, low) if is_wide(low) => Some("UTF-16LE"),
        (high, 0) if is_wide(high) => Some("UTF-16BE"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_mark_is_no_part_of_the_text() {
        assert_eq!(parse(b"\xEF\xBB\xBFa\r\nb"), Ok("a\r\nb"));
        assert_eq!(parse(b"a"), Ok("a"));
        assert_eq!(parse(b"\xEF\xBB\xBF"), Ok(""));
        assert_eq!(parse(b""), Ok(""));
        // One is the mark; what follows it is text.
        assert_eq!(parse(b"\xEF\xBB\xBF\xEF\xBB\xBFa"), Ok("\u{FEFF}a"));
    }

    #[test]
    fn lines_have_neither_mark_nor_end() {
        let joined = b"\xEF\xBB\xBFa\r\n\xFF\n\xEF\xBB\xBFb\nc\xEF\xBB\xBF\r\n";
        let lines: Vec<_> = lines(joined).unwrap().collect();
        let expected: [&[u8]; 5] = [b"a", b"\xFF", b"b", b"c\xEF\xBB\xBF", b""];
        assert_eq!(lines, expected);
    }

    #[test]
    fn other_encodings_are_named_with_the_cure() {
        for text in [
            "# x\r\n",
            "EXAMPLE:李雷:Pw-1\n",
            "x",
            "李:雷:李\n李雷:李雷\n",
        ] {
            for (mark, name) in [("\u{FEFF}", "UTF-16"), ("", "UTF-16LE")] {
                let bytes = utf_16(&format!("{mark}{text}"), u16::to_le_bytes);
                assert_eq!(parse(&bytes), Err(NotText::Encoding(name)), "{text}");
                assert!(lines(&bytes).is_err());
            }
            for (mark, name) in [("\u{FEFF}", "UTF-16"), ("", "UTF-16BE")] {
                let bytes = utf_16(&format!("{mark}{text}"), u16::to_be_bytes);
                assert_eq!(parse(&bytes), Err(NotText::Encoding(name)), "{text}");
            }
        }
        let told = NotText::Encoding("UTF-16").to_string();
        assert!(told.contains("iconv -f UTF-16 -t UTF-8"), "{told}");
        for bytes in [b"\xFF\xFE\0\0a\0\0\0", b"\0\0\xFE\xFF\0\0\0a"] {
            assert_eq!(parse(bytes), Err(NotText::Encoding("UTF-32")));
        }
        // A zero that strayed in makes no other encoding.
        let text = format!("{}\0{}", "a".repeat(99), "b".repeat(100));
        assert_eq!(parse(text.as_bytes()), Ok(&*text));
    }

    #[test]
    fn the_line_that_is_not_utf_8_is_named() {
        assert_eq!(parse(b"a\n\nb\xE4c\n"), Err(NotText::NotUtf8 { line: 3 }));
    }
}
