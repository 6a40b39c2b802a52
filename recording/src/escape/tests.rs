use super::*;
use proptest::prelude::*;

/// One of each kind that must not come out, with how it is shown.
const STEERING: &[(&[u8], &str)] = &[
    (b"\x1b[31mEVIL\x07", r"\x1b[31mEVIL\x07"),
    (b"\0\x01\x08\x0b\x0c\x0e\x1f\x7f", r"\x00\x01\x08\x0b\x0c\x0e\x1f\x7f"),
    (b"\t\r\n", r"\t\r\n"),
    ("\u{80}\u{9b}31m\u{9f}".as_bytes(), r"\u{80}\u{9b}31m\u{9f}"),
    (b"\x9b31m\xff\xc3", r"\x9b31m\xff\xc3"),
    (
        "\u{202e}\u{2066}\u{200e}\u{61c}\u{200b}\u{2060}\u{feff}".as_bytes(),
        r"\u{202e}\u{2066}\u{200e}\u{61c}\u{200b}\u{2060}\u{feff}",
    ),
    ("\u{e0041}\u{2028}\u{2029}\u{ad}\u{fe0f}".as_bytes(), r"\u{e0041}\u{2028}\u{2029}\u{ad}\u{fe0f}"),
    (br"C:\x1b", r"C:\\x1b"),
    ("\u{ef9b}".as_bytes(), r"\xee\xbe\x9b"),
];

#[test]
fn what_steers_a_terminal_is_shown_as_an_escape() {
    for (raw, shown) in STEERING {
        assert_eq!(Untrusted::new(raw).to_string(), *shown);
        assert_eq!(UntrustedString::from(Untrusted::new(raw)).to_string(), *shown);
    }
}

#[test]
fn what_is_printable_stays_readable() {
    for text in ["nginx: worker", "größe", "数据库", "ディスク", "e\u{301}", "🦀", "עברית", ""] {
        assert_eq!(Untrusted::new(text.as_bytes()).to_string(), text);
        assert_eq!(visible(text), text);
    }
}

#[test]
fn a_finished_line_keeps_its_backslashes_and_loses_what_steers() {
    assert_eq!(
        visible("write(1, \"\\33[31m\\n\") \u{1b}]52;c;AAAA\u{7}"),
        r#"write(1, "\33[31m\n") \x1b]52;c;AAAA\x07"#
    );
    assert_eq!(visible_lines("one\ntwo\u{1b}c"), "one\ntwo\\x1bc");
}

#[test]
fn widths_are_those_of_a_terminal() {
    assert_eq!(["abc", "größe", "数据库", "e\u{301}", ""].map(width), [3, 5, 6, 1, 0]);
    assert_eq!((front("数据库", 5), back("数据库", 5), front("e\u{301}x", 1)), ("数据", "据库", "e\u{301}"));
}

#[test]
fn a_name_is_meant_by_what_is_shown_of_it_too() {
    let name = UntrustedString::from("dev-a\\x2db\u{1b}");
    assert!(name.is("dev-a\\x2db\u{1b}") && name.is(r"dev-a\\x2db\x1b") && !name.is("dev"));
}

#[test]
fn json_holds_the_text_and_shows_none_of_it_raw() {
    for (raw, _) in STEERING {
        let kept = text(raw).into_owned();
        for write in [json::write::<String>, json::write_pretty::<String>] {
            let mut out = Vec::new();
            write(&mut out, &kept).unwrap();
            assert!(out.iter().all(|byte| matches!(byte, b' '..=b'~')), "{}", String::from_utf8_lossy(&out));
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), kept);
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_are_lost_or_confused(one: Vec<u8>, other: Vec<u8>) {
        let kept = text(&one);
        prop_assert_eq!(&*bytes(&kept), &one[..]);
        let shown = |bytes| Untrusted::new(bytes).to_string();
        prop_assert_eq!(one == other, shown(&one) == shown(&other));
    }

    #[test]
    fn nothing_that_steers_comes_out(bytes: Vec<u8>, string: String) {
        for shown in [Untrusted::new(&bytes).to_string(), visible(&string).into_owned(), visible(&text(&bytes)).into_owned()] {
            prop_assert!(!shown.chars().any(is_steering), "{:?}", shown);
            prop_assert_eq!(visible(&shown), shown.as_str());
        }
    }
}
