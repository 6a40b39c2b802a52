//! Whatever the bytes: records keep their shape.

use super::*;

/// What of records must not change: kinds, lengths, and all but the content and flag of blobs.
fn frame(records: &[u8]) -> Vec<String> {
    let shape = |record: Result<Record<'_>, _>| match record {
        Ok(Record::Call(call) | Record::Enter(call)) => {
            let blobs: Vec<_> = call
                .blobs
                .map(|blob| (blob.arg, blob.part, blob.flags & !blob_flags::REDACTED, blob.bytes.len(), blob.pointer()))
                .collect();
            format!(
                "{:?} {blobs:?}",
                (call.tid, call.nr, call.flags, call.start_ns, call.result, call.valued, call.values)
            )
        }
        Ok(other) => format!("{other:?}"),
        Err(_) => "malformed".to_owned(),
    };
    record::all(records).map(shape).collect()
}

fn texts() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..600),
        r#"(--)?[a-zA-Z_-]{0,4}(password|token|API_KEY|pwd|Cookie)["' ]?[=: ]{1,2}[\\"']{0,3}[a-z0-9&;,"'\\ ]{0,12}"#
            .prop_map(String::into_bytes),
        r#"[ -~]{0,12}(eyJ[a-z.]{0,9}|://[a-z:@/]{0,9}|AKIA[A-Z]{0,20}|-----BEGIN PRIVATE KEY-----)[ -~\x00]{0,12}"#
            .prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_lose_their_framing(
        nr in 0_u16..470,
        blobs in prop::collection::vec((any::<bool>(), 0_u8..32, 0_u8..32, texts()), 0..6),
        rest in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut record = single(nr);
        for (is_blob, part, flags, bytes) in &blobs {
            let part = if *is_blob { *part } else { 0 };
            record = record.next_blob(part, *flags, bytes);
        }
        let records = [record.build(), single(nr).enter().string("--token=x").build(), rest].concat();
        let mut redacted = records.clone();
        KNOWN.redact(&mut redacted, Arch::X86_64);
        prop_assert_eq!(frame(&redacted), frame(&records));
    }

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut redacted = bytes.clone();
        KNOWN.redact(&mut redacted, Arch::Aarch64);
        prop_assert_eq!(frame(&redacted), frame(&bytes));
    }

    #[test]
    fn no_half_of_a_password_survives_a_gap(value in r"[!#$*-9?-Z^-~]{24,40}", at in 1_usize..12, gap in 1_usize..12) {
        let text = format!("--password=\"{value}\" rest\nnext\n");
        let (first, rest) = text.split_at(12 + at);
        let last = rest.get(gap..).unwrap_or_default();
        prop_assert_eq!(said_with_gap(first, last), ["--password=\"[redacted]", "[redacted]\nnext\n"]);
    }

    #[test]
    fn the_value_of_a_password_never_survives(value in "[!-~]{1,40}", script in "[a-z =]{0,8}") {
        let secret = format!("\u{7f}{value}\u{7f}");
        let arguments = argv(&["x", &format!("--password={secret}"), "--token", &secret, &script]);
        prop_assert_eq!(&arguments[1..4], ["--password=[redacted]", "--token", "[redacted]"]);
    }
}
