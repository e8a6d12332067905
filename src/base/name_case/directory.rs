//! Names as Active Directory compares them (MS-ADTS 3.1.1.2.2.4.13 and 6.5.1): without case, width
//! of letters, kind of kana, and marks that take no space. To a Windows controller `àlice` is
//! alice.
//! This is not a copy of Windows' sorting weights (MS-UCODEREF). It folds the letters that Unicode
//! decomposes, and some that Windows expands to two. Names that are folded too far share a count.

use crate::base::fault::{is_joiner, is_unprintable};

/// One text for all names that a directory may treat as equal. For counting only, never for looking
/// up an account or for display.
///
/// Code points that a version of Unicode leaves undefined have no defined place in the order of
/// that version's Windows (IsNLSDefinedString): what is neither a letter nor a digit, and not
/// ASCII, is left out, and so is what lies beyond the Basic Multilingual Plane but is no ideograph.
///
/// White space is compared as LDAP does it (RFC 4518 2.6.1): none at the ends, one space between
/// words.
pub fn directory_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_uppercase) {
        // ASCII needs no tables of Unicode.
        if letter.is_ascii_graphic() {
            key.push(letter);
        } else {
            let letter = kana(width(letter));
            if !is_ignored(letter) {
                push_base(&mut key, letter);
            }
        }
    }
    let words: Vec<&str> = key.split_whitespace().collect();
    words.join(" ")
}

/// Whether a character takes no space, is invisible, or may be undefined in the order.
fn is_ignored(letter: char) -> bool {
    let is_mark = matches!(letter,
        '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{3099}' | '\u{309A}'
        | '\u{FE20}'..='\u{FE2F}' | '\u{FF9E}' | '\u{FF9F}'
    );
    let is_compared = letter.is_ascii() || letter.is_whitespace() || letter.is_alphanumeric();
    let is_rare = letter > '\u{FFFF}' && !matches!(letter, '\u{20000}'..='\u{3FFFF}');
    is_mark || is_joiner(letter) || is_unprintable(letter) || !is_compared || is_rare
}

/// The letter in its usual width.
fn width(letter: char) -> char {
    let shifted = |from: u32| char::from_u32(u32::from(letter) - from).unwrap_or(letter);
    match letter {
        '\u{FF01}'..='\u{FF5E}' => shifted(0xFEE0),
        '\u{3000}' => ' ',
        '\u{FF66}'..='\u{FF9D}' => {
            let index = usize::try_from(u32::from(letter) - 0xFF66).ok();
            index
                .and_then(|index| FULL_WIDTH.chars().nth(index))
                .unwrap_or(letter)
        }
        _ => letter,
    }
}

/// Katakana of usual width, in the order of those of half width.
const FULL_WIDTH: &str = "ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン";

/// Hiragana as katakana, and small kana as large ones.
fn kana(letter: char) -> char {
    const SMALL: &str = "ァィゥェォッャュョヮヵヶ";
    const LARGE: &str = "アイウエオツヤユヨワカケ";
    let katakana = match letter {
        '\u{3041}'..='\u{3096}' => char::from_u32(u32::from(letter) + 0x60).unwrap_or(letter),
        _ => letter,
    };
    let index = SMALL.chars().position(|small| small == katakana);
    index
        .and_then(|index| LARGE.chars().nth(index))
        .unwrap_or(katakana)
}

fn push_base(key: &mut String, letter: char) {
    match BASES.iter().find(|(_, letters)| letters.contains(letter)) {
        Some((base, _)) => key.push_str(base),
        None => key.push(letter),
    }
}

/// A letter, and the letters that differ from it in marks only.
#[rustfmt::skip]
const BASES: &[(&str, &str)] = &[
    ("0", "⁰₀⓪"),
    ("1", "¹₁①"),
    ("2", "²₂②"),
    ("3", "³₃③"),
    ("4", "⁴₄④"),
    ("5", "⁵₅⑤"),
    ("6", "⁶₆⑥"),
    ("7", "⁷₇⑦"),
    ("8", "⁸₈⑧"),
    ("9", "⁹₉⑨"),
    ("A", "ªÀÁÂÃÄÅĀĂĄǍǞǠǺȀȂȦḀẠẢẤẦẨẪẬẮẰẲẴẶ\u{212b}"),
    ("C", "ÇĆĈĊČḈ"),
    ("E", "ÈÉÊËĒĔĖĘĚȄȆȨḔḖḘḚḜẸẺẼẾỀỂỄỆ"),
    ("I", "ⁱÌÍÎÏĨĪĬĮİǏȈȊḬḮỈỊ"),
    ("N", "ⁿÑŃŅŇǸṄṆṈṊ"),
    ("O", "ºÒÓÔÕÖŌŎŐƠǑǪǬȌȎȪȬȮȰṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢǾØ"),
    ("U", "ÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛȔȖṲṴṶṸṺỤỦỨỪỬỮỰ"),
    ("Y", "ÝŶŸȲẎỲỴỶỸ"),
    ("D", "ÐĎḊḌḎḐḒĐ"),
    ("G", "ĜĞĠĢǦǴḠ"),
    ("H", "ĤȞḢḤḦḨḪĦ"),
    ("J", "Ĵ"),
    ("K", "ĶǨḰḲḴ\u{212a}"),
    ("L", "ĹĻĽḶḸḺḼŁ"),
    ("R", "ŔŖŘȐȒṘṚṜṞ"),
    ("S", "ŚŜŞŠȘṠṢṤṦṨ"),
    ("T", "ŢŤȚṪṬṮṰŦ"),
    ("W", "ŴẀẂẄẆẈ"),
    ("Z", "ŹŻŽẐẒẔ"),
    ("Ʒ", "Ǯ"),
    ("Α", "ΆἈἉἊἋἌἍἎἏᾸᾹᾺΆ"),
    ("Ε", "ΈἘἙἚἛἜἝῈΈ"),
    ("Η", "ΉἨἩἪἫἬἭἮἯῊΉ"),
    ("Ι", "ΊΪἸἹἺἻἼἽἾἿῘῙῚΊ"),
    ("Ο", "ΌὈὉὊὋὌὍῸΌ"),
    ("Υ", "ΎΫὙὛὝὟῨῩῪΎ"),
    ("Ω", "ΏὨὩὪὫὬὭὮὯῺΏ"),
    ("ϒ", "ϓϔ"),
    ("Е", "ЀЁӖ"),
    ("Г", "Ѓ"),
    ("І", "Ї"),
    ("К", "Ќ"),
    ("И", "ЍЙӢӤ"),
    ("У", "ЎӮӰӲ"),
    ("Ѵ", "Ѷ"),
    ("Ж", "ӁӜ"),
    ("А", "ӐӒ"),
    ("Ә", "Ӛ"),
    ("З", "Ӟ"),
    ("О", "Ӧ"),
    ("Ө", "Ӫ"),
    ("Э", "Ӭ"),
    ("Ч", "Ӵ"),
    ("Ы", "Ӹ"),
    ("B", "ḂḄḆ"),
    ("F", "Ḟ"),
    ("M", "ḾṀṂ"),
    ("P", "ṔṖ"),
    ("V", "ṼṾ"),
    ("X", "ẊẌ"),
    ("Ρ", "Ῥ"),
    ("カ", "ガ"),
    ("キ", "ギ"),
    ("ク", "グ"),
    ("ケ", "ゲ"),
    ("コ", "ゴ"),
    ("サ", "ザ"),
    ("シ", "ジ"),
    ("ス", "ズ"),
    ("セ", "ゼ"),
    ("ソ", "ゾ"),
    ("タ", "ダ"),
    ("チ", "ヂ"),
    ("ツ", "ヅ"),
    ("テ", "デ"),
    ("ト", "ド"),
    ("ハ", "バパ"),
    ("ヒ", "ビピ"),
    ("フ", "ブプ"),
    ("ヘ", "ベペ"),
    ("ホ", "ボポ"),
    ("ウ", "ヴ"),
    ("ワ", "ヷ"),
    ("ヰ", "ヸ"),
    ("ヱ", "ヹ"),
    ("ヲ", "ヺ"),
    ("ヽ", "ヾ"),
    ("AE", "ÆǢǼ"),
    ("OE", "Œ"),
    ("TH", "Þ"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_directory_takes_for_one_have_one_key() {
        for (name, others) in [
            (
                "alice",
                &[
                    "ALICE",
                    " alice ",
                    "àlice",
                    "álîçë",
                    "a\u{301}lice",
                    "ａｌｉｃｅ",
                    "ＡＬＩＣＥ",
                    "al\u{200b}ice",
                    "\u{200e}alice",
                    "al\u{ad}ice",
                    "alic\u{fe0f}e",
                    "Ạlıcē",
                    "alice\u{378}",
                    "al\u{10ffff}ice",
                    "alice\u{e000}",
                    "al\u{2010}ice",
                    "alice\u{16100}",
                ][..],
            ),
            ("user1", &["user¹", "USER₁", "ｕｓｅｒ１", "user①"]),
            ("jürgen", &["JURGEN", "jurgen", "Ju\u{308}rgen"]),
            ("strasse", &["straße", "STRASSE", "ﬆraſſe"]),
            ("soren", &["søren", "SØREN"]),
            ("aesir", &["æsir", "Ǽsir"]),
            ("klaus", &["\u{212a}laus"]),
            ("αθηνα", &["Αθήνα", "ἀθηνᾶ"]),
            ("ガク", &["がく", "ｶﾞｸ", "カク"]),
            (
                "anna maria",
                &["Anna  Maria", "anna\u{a0}maria", "anna\u{3000}maria"],
            ),
        ] {
            for other in others {
                assert_eq!(directory_key(name), directory_key(other), "{name} {other}");
            }
        }
    }

    #[test]
    fn other_names_have_other_keys() {
        let names = [
            "alice",
            "alicia",
            "al-ice",
            "al.ice",
            "a lice",
            "alice$",
            "李雷",
            "韩梅梅",
            "grin😀",
            "αλικη",
            "алиса",
            "",
        ];
        for (number, one) in names.iter().enumerate() {
            for other in names.iter().skip(number + 1) {
                assert_ne!(directory_key(one), directory_key(other), "{one} {other}");
            }
        }
    }

    #[test]
    fn the_table_has_each_letter_once_and_capitals_only() {
        let mut seen = std::collections::HashSet::new();
        for letter in BASES.iter().flat_map(|(_, letters)| letters.chars()) {
            assert!(seen.insert(letter), "{letter}");
            assert!(letter.to_uppercase().eq([letter]), "{letter}");
        }
        for (base, _) in BASES {
            assert_eq!(&directory_key(base), base);
        }
        assert_eq!(FULL_WIDTH.chars().count(), 0xFF9D - 0xFF66 + 1);
    }
}
