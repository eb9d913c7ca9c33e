use super::*;
use crate::interfaces::samples::{bag, context};

fn row() -> table::Row {
    let mut row = table::find("tls-certificates").unwrap();
    row.endpoint = "certificates".into();
    row
}

fn certificates() -> Certificates {
    Certificates::of(&row())
}

/// The relation after the hook that has asked.
fn asked(context: &Context<'_>) -> Relation {
    let mut relation = Relation {
        endpoint: "certificates".into(),
        id: 7,
        remote_application: "ca".into(),
        ..Relation::default()
    };
    let request = certificates().request(context, &relation);
    relation.own_secret = request.secret;
    relation.local_unit = request.unit;
    relation
}

fn csr(relation: &Relation) -> String {
    let requests: serde_json::Value = serde_json::from_str(&relation.local_unit[REQUESTS]).unwrap();
    assert_eq!(requests[0]["ca"], false);
    assert_eq!(requests.as_array().unwrap().len(), 1);
    requests[0]["certificate_signing_request"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A certificate that nobody has signed, for a key, from one time to another.
fn unsigned(relation: &Relation, begin: &str, end: &str) -> String {
    let key = private_key(relation.own_secret.as_ref().unwrap()).unwrap();
    let name = |text: &str| {
        let text = der::value(der::UTF8_STRING, &[text.as_bytes()]);
        der::value(der::SEQUENCE, &[&text])
    };
    let time = |text: &str| der::value(der::UTC_TIME, &[text.as_bytes()]);
    let empty = der::value(der::SEQUENCE, &[]);
    let body = der::value(
        der::SEQUENCE,
        &[
            &der::value(der::CONTEXT_0, &[&[der::INTEGER, 1, 2]]),
            &[der::INTEGER, 1, 1],
            &empty,
            &name("authority"),
            &der::value(der::SEQUENCE, &[&time(begin), &time(end)]),
            &name("web"),
            &key.public_info(),
        ],
    );
    let whole = der::value(der::SEQUENCE, &[&body, &empty, &der::bits(&[0; 64])]);
    tls::pem(tls::CERTIFICATE, &whole)
}

/// Valid around the tests' time, which is the 15th of January 2027.
const BEGIN: &str = "270101000000Z";
const END: &str = "280101000000Z";
const OTHER_END: &str = "290101000000Z";
/// Ends a day after it.
const SOON: &str = "270116000000Z";

fn answer(csr: &str, certificate: &str) -> serde_json::Value {
    serde_json::json!({"certificate_signing_request": csr, "certificate": certificate, "ca": certificate,
        "chain": [certificate]})
}

fn says(relation: &mut Relation, answers: &[serde_json::Value]) {
    let text = serde_json::to_string(answers).unwrap();
    relation.remote_app = bag(&[("certificates", &text)]);
}

fn ready(relation: &Relation) -> Provided {
    match certificates().outcome(&context("3.6.14"), relation) {
        Outcome::Ready(provided) => provided,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_is_made_once_and_the_request_stays_the_same() {
    let context = context("3.6.14");
    let relation = asked(&context);
    assert!(csr(&relation).starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    for seed in [Some(&[1; 32]), None] {
        let other = Context {
            key_seed: seed,
            random: &[8; 32],
            leader: false,
            ..context.clone()
        };
        let again = certificates().request(&other, &relation);
        assert_eq!(again.secret, None);
        assert_eq!(again.unit, relation.local_unit);
        // A bag that was never written, or lost.
        let lost = Relation {
            local_unit: Bag::new(),
            ..relation.clone()
        };
        assert_eq!(certificates().request(&other, &lost), again);
    }
    // A second relation of the endpoint in the same hook has the same key.
    let second = Relation {
        id: 8,
        endpoint: "certificates".into(),
        ..Relation::default()
    };
    let request = certificates().request(&context, &second);
    assert_eq!(request.secret, relation.own_secret);
    assert_eq!(request.unit, relation.local_unit);
}

#[test]
fn without_randomness_nothing_is_asked_for() {
    let context = Context {
        key_seed: None,
        ..context("3.6.14")
    };
    let relation = Relation::default();
    assert_eq!(
        certificates().request(&context, &relation),
        Request::default()
    );
}

#[test]
fn another_name_makes_another_request() {
    let context = context("3.6.14");
    let relation = asked(&context);
    let outside = Context {
        outside_url: Some("https://shop.example/web"),
        ..context.clone()
    };
    let mut named = row();
    named.names = vec!["shop.example".into()];
    let mut called = row();
    called.common_name = Some("shop.example".into());
    let with = |row: &table::Row, context: &Context<'_>| {
        Certificates::of(row).request(context, &relation).unit
    };
    assert_ne!(with(&row(), &outside), relation.local_unit);
    assert_eq!(with(&row(), &outside), with(&named, &context));
    assert_ne!(with(&called, &context), with(&named, &context));
    assert_eq!(with(&named, &outside), with(&named, &context));
}

#[test]
fn an_answer_becomes_three_files_of_which_only_the_key_is_secret() {
    let mut relation = asked(&context("3.6.14"));
    let pem = unsigned(&relation, BEGIN, END);
    // Providers cut off the last line's end, or write it otherwise.
    let request = format!("{}\n\n", csr(&relation));
    says(&mut relation, &[answer(&request, &pem)]);
    let provided = ready(&relation);
    let path = |what: &str| format!("/tmp/charmwright/tls/certificates-{what}.pem");
    for what in ["ca", "cert", "key"] {
        let name = format!("TLS_{}_FILE", what.to_uppercase());
        assert_eq!(provided.variables[&name], path(what));
        assert_eq!(provided.public.contains(&path(what)), what != "key");
    }
    assert_eq!(provided.files[&path("cert")], pem);
    assert_eq!(provided.files[&path("ca")], pem);
    let kept = &relation.own_secret.unwrap()[PRIVATE_KEY];
    assert_eq!(&provided.files[&path("key")], kept);
    let mut files: Vec<String> = provided.files.into_keys().collect();
    files.sort();
    assert_eq!(files, certificates().files());
}

#[test]
fn every_databag_has_its_outcome() {
    let context = context("3.6.14");
    let relation = asked(&context);
    let csr = csr(&relation);
    let pem = unsigned(&relation, BEGIN, END);
    let other = Context {
        key_seed: Some(&[1; 32]),
        ..context.clone()
    };
    let stranger = asked(&other);
    let foreign = unsigned(&stranger, BEGIN, END);
    let complete = answer(&csr, &pem);
    let of = |key: &str, value: serde_json::Value| {
        let mut answer = complete.clone();
        answer[key] = value;
        serde_json::to_string(&[answer]).unwrap()
    };
    let of_another = serde_json::to_string(&[answer("another unit's", &foreign)]).unwrap();
    let mut least = complete.clone();
    least.as_object_mut().unwrap().remove("chain");
    let least = serde_json::to_string(&[least]).unwrap();
    for (what, text, expected) in [
        ("complete", of("revoked", false.into()), "ready"),
        ("without a chain", least, "ready"),
        ("no chain", of("chain", serde_json::Value::Null), "ready"),
        ("more than that", of("relation_id", 7.into()), "ready"),
        ("empty", String::new(), "incomplete"),
        ("empty", "[]".into(), "incomplete"),
        ("another unit's", of_another, "incomplete"),
        ("revoked", of("revoked", true.into()), "incomplete"),
        ("partial", of("certificate", "".into()), "incomplete"),
        ("partial", of("ca", serde_json::Value::Null), "incomplete"),
        (
            "for another key",
            of("certificate", foreign.into()),
            "invalid",
        ),
        (
            "no certificate",
            of("certificate", "s3cr3t".into()),
            "invalid",
        ),
        (
            "no certificate",
            of("certificate", csr.clone().into()),
            "invalid",
        ),
        ("no authority", of("ca", "s3cr3t".into()), "invalid"),
        (
            "no chain",
            of("chain", serde_json::json!(["s3cr3t"])),
            "invalid",
        ),
        ("not a list", "{}".into(), "invalid"),
        ("not a list", "s3cr3t".into(), "invalid"),
        ("of no certificates", "[\"s3cr3t\"]".into(), "invalid"),
    ] {
        let relation = Relation {
            remote_app: bag(&[("certificates", &text)]),
            ..relation.clone()
        };
        let outcome = match certificates().outcome(&context, &relation) {
            Outcome::Ready(_) => "ready",
            Outcome::Incomplete => "incomplete",
            Outcome::Invalid(why) if !why.contains("s3cr3t") => "invalid",
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(outcome, expected, "{what}: {text}");
    }
}

#[test]
fn a_key_that_is_not_there_or_not_ours_gives_nothing() {
    let mut relation = asked(&context("3.6.14"));
    let pem = unsigned(&relation, BEGIN, END);
    let request = csr(&relation);
    says(&mut relation, &[answer(&request, &pem)]);
    let kept = relation.own_secret.take();
    let outcome = |relation: &Relation| certificates().outcome(&context("3.6.14"), relation);
    assert_eq!(outcome(&relation), Outcome::Incomplete);
    for content in [&[][..], &[(PRIVATE_KEY, "s3cr3t")]] {
        relation.own_secret = Some(bag(content));
        let outcome = outcome(&relation);
        assert!(matches!(&outcome, Outcome::Invalid(why) if !why.contains("s3cr3t")));
        let request = certificates().request(&context("3.6.14"), &relation);
        assert_eq!(request, Request::default());
    }
    relation.own_secret = kept;
    ready(&relation);
}

#[test]
fn a_juju_without_secrets_is_told_of() {
    let old = context("2.9.50");
    let relation = Relation {
        endpoint: "certificates".into(),
        ..Relation::default()
    };
    let request = certificates().request(&old, &relation);
    assert_eq!(request, Request::default());
    let outcome = certificates().outcome(&old, &relation);
    assert!(matches!(&outcome, Outcome::Blocked(text) if text.contains("`certificates`")));
}

#[test]
fn a_certificate_that_ends_soon_is_renewed_once_and_used_until_then() {
    let context = context("3.6.14");
    let mut relation = asked(&context);
    let first = csr(&relation);
    let old = unsigned(&relation, "260116000000Z", SOON);
    says(&mut relation, &[answer(&first, &old)]);
    let renewing = certificates().request(&context, &relation).unit;
    assert_ne!(renewing, relation.local_unit);
    relation.local_unit = renewing.clone();
    let second = csr(&relation);
    let path = certificates().path("cert");
    // Before the provider has seen it, after it has dropped the old one, and when there are both.
    assert_eq!(ready(&relation).files[&path], old);
    assert_eq!(certificates().request(&context, &relation).unit, renewing);
    let new = unsigned(&relation, BEGIN, END);
    for answers in [
        &[answer(&second, &new)][..],
        &[answer(&first, &old), answer(&second, &new)],
    ] {
        says(&mut relation, answers);
        assert_eq!(ready(&relation).files[&path], new);
        assert_eq!(certificates().request(&context, &relation).unit, renewing);
    }
    says(&mut relation, &[]);
    let outcome = certificates().outcome(&context, &relation);
    assert_eq!(outcome, Outcome::Incomplete);
    assert_eq!(certificates().request(&context, &relation).unit, renewing);
    // An authority that itself ends then can give nothing better: it is not asked over and over.
    says(&mut relation, &[answer(&second, &old)]);
    assert_eq!(certificates().request(&context, &relation).unit, renewing);
}

#[test]
fn another_certificate_for_the_same_request_is_another_file() {
    let mut relation = asked(&context("3.6.14"));
    let request = csr(&relation);
    let mut seen = Vec::new();
    for end in [END, OTHER_END] {
        let pem = unsigned(&relation, BEGIN, end);
        says(&mut relation, &[answer(&request, &pem)]);
        seen.push(ready(&relation));
    }
    assert_ne!(seen[0].files, seen[1].files);
    assert_eq!(seen[0].variables, seen[1].variables);
    let digest = crate::runtime::integration_files::digest;
    assert_ne!(digest(&seen[0]), digest(&seen[1]));
}

#[test]
fn hosts_are_taken_out_of_urls() {
    for (url, expected) in [
        ("https://shop.example/web", Some("shop.example")),
        ("http://u:p@192.0.2.1:8080", Some("192.0.2.1")),
        ("http://[2001:db8::1]:80/", Some("2001:db8::1")),
        ("http:///x", None),
        ("nonsense", None),
    ] {
        assert_eq!(host(url).as_deref(), expected, "{url}");
    }
}

mod arbitrary {
    use proptest::prelude::*;

    use super::*;

    /// Any bytes, and such as are nearly a certificate.
    fn text() -> impl Strategy<Value = String> {
        let relation = asked(&context("3.6.14"));
        let pem = unsigned(&relation, BEGIN, END);
        let request = csr(&relation);
        let near = (any::<prop::sample::Index>(), any::<u8>()).prop_map(move |(at, byte)| {
            let mut der = tls::decoded(
                &pem.lines()
                    .skip(1)
                    .take_while(|l| !l.contains("END"))
                    .collect::<String>(),
            )
            .unwrap();
            let at = at.index(der.len());
            der[at] = byte;
            tls::pem(tls::CERTIFICATE, &der)
        });
        prop_oneof![any::<String>(), near, Just(request)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_databag_makes_it_panic(
            certificate in text(), ca in text(), request in text(), local in text(), key in text(), whole in any::<bool>(),
        ) {
            let context = context("3.6.14");
            let mut relation = asked(&context);
            let answer = serde_json::json!([{"certificate_signing_request": request, "certificate": certificate, "ca": ca,
                "chain": [certificate]}]).to_string();
            relation.remote_app = bag(&[("certificates", if whole { &certificate } else { &answer })]);
            let _ = certificates().outcome(&context, &relation);
            let asked = serde_json::json!([{"certificate_signing_request": local}]).to_string();
            relation.local_unit = bag(&[(REQUESTS, if whole { &local } else { &asked })]);
            let _ = certificates().request(&context, &relation);
            relation.own_secret = Some(bag(&[(PRIVATE_KEY, &key)]));
            let _ = certificates().outcome(&context, &relation);
        }
    }
}
