//! A daemon that does not speak as Pebble does. Only here the other side is not real.

use std::time::Duration;

use charmwright::pebble::{
    Change, ChangeId, Client, Error, Exec, Reason, UnreachableCause, WriteFile,
};

use crate::daemon::LONG;
use crate::fake::Fake;

const JSON: &str = "application/json";
const FORM: &str = "multipart/form-data; boundary=\"00000000000000000000000000000000\"";

/// What every kind of call makes of the same answer.
async fn errors(fake: &Fake) -> Vec<Error> {
    errors_of(&fake.client()).await
}

async fn errors_of(client: &Client) -> Vec<Error> {
    let file = WriteFile {
        path: "/a".into(),
        ..WriteFile::default()
    };
    vec![
        client.system_info().await.unwrap_err(),
        client.plan().await.unwrap_err(),
        client.add_layer("a", "{}", true).await.unwrap_err(),
        client.services(&[]).await.unwrap_err(),
        client.replan().await.unwrap_err(),
        client
            .wait_change(&ChangeId::from("1"), LONG)
            .await
            .unwrap_err(),
        client.read_files(&["/a"]).await.unwrap_err(),
        client
            .write_files(std::slice::from_ref(&file))
            .await
            .unwrap_err(),
        client
            .write_file_from(&file, &mut &b"x"[..])
            .await
            .unwrap_err(),
        client.list_files("/a", None, true).await.unwrap_err(),
        client.exec(Exec::new(["true"])).await.unwrap_err(),
        client.checks(None, &[]).await.unwrap_err(),
        client.notices(&Default::default()).await.unwrap_err(),
    ]
}

#[tokio::test]
async fn what_is_no_http_is_a_protocol_error() {
    for bytes in [
        &b"hello, who is there?\r\n\r\n"[..],
        b"\x00\xff\x00\xff\x00\xff\x00\xff\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ] {
        for error in errors(&Fake::answering(bytes)).await {
            assert!(matches!(error, Error::Protocol(_)), "{error:?}");
        }
    }
}

#[tokio::test]
async fn http_that_makes_no_sense_is_a_protocol_error() {
    for body in [
        "hunter2",
        "{\"type\":\"sync\",\"result\":{\"a\":",
        "{\"type\":\"async\",\"change\":\"\",\"result\":\"hunter2\"}",
        "{\"type\":\"hunter2\"}",
        "",
    ] {
        for error in errors(&Fake::http("200 OK", JSON, body, body.len())).await {
            assert!(matches!(error, Error::Protocol(_)), "{body}: {error:?}");
            let texts = format!("{error} {error:?}");
            assert!(!texts.contains("hunter2"), "{texts}");
        }
    }
}

#[tokio::test]
async fn a_result_of_another_shape_is_a_protocol_error() {
    for result in ["42", "null", "[1]", "{\"hunter2\":{}}", "\"[hunter2\""] {
        let body = format!("{{\"type\":\"sync\",\"result\":{result}}}");
        let fake = Fake::http("200 OK", JSON, &body, body.len());
        let client = fake.client();
        for error in [
            client.plan().await.unwrap_err(),
            client.services(&[]).await.unwrap_err(),
            client.start(&["a"]).await.unwrap_err(),
            client.notices(&Default::default()).await.unwrap_err(),
            client.health(None, &[]).await.unwrap_err(),
        ] {
            assert!(matches!(error, Error::Protocol(_)), "{body}: {error:?}");
            let texts = format!("{error} {error:?}");
            assert!(!texts.contains("hunter2"), "{texts}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_cut_connection() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nContent-Ty",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{\"type\":",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"type\":",
        &format!("HTTP/1.1 200 OK\r\nContent-Type: {FORM}\r\nContent-Length: 999\r\n\r\n--00"),
    ] {
        for error in errors(&Fake::answering(bytes)).await {
            let Error::Unreachable(unreachable) = &error else {
                panic!("{bytes}: {error:?}");
            };
            assert!(
                matches!(unreachable.cause, UnreachableCause::Cut),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn no_answer_at_all_is_silence() {
    let fake = Fake::answering("");
    let hasty = fake.client_within(Duration::from_millis(50));
    for error in errors_of(&hasty).await {
        let Error::Unreachable(unreachable) = &error else {
            panic!("{error:?}");
        };
        assert!(
            matches!(unreachable.cause, UnreachableCause::Silent(_)),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_proxy_that_answers_for_pebble_makes_it_unreachable() {
    for status in ["502 Bad Gateway", "503 Service Unavailable"] {
        for error in errors(&Fake::http(status, "text/html", "<html>", 6)).await {
            assert!(matches!(error, Error::Refused(_)), "{error:?}");
            assert!(error.is_unreachable());
        }
    }
}

#[tokio::test]
async fn a_user_who_may_not_is_refused_not_unreachable() {
    let body = r#"{"type":"error","status-code":401,"result":{"message":"access denied","kind":"login-required"}}"#;
    for error in errors(&Fake::http("401 Unauthorized", JSON, body, body.len())).await {
        assert!(!error.is_unreachable());
        let Error::Refused(refused) = error else {
            panic!("{error:?}");
        };
        assert_eq!(refused.reason(), Some(Reason::AccessDenied));
    }
}

#[tokio::test]
async fn a_form_that_makes_no_sense_is_a_protocol_error() {
    let part = "--00000000000000000000000000000000\r\nContent-Disposition: form-data; name=";
    let end = "\r\n--00000000000000000000000000000000--\r\n";
    for body in [
        String::new(),
        "nothing like it".to_owned(),
        format!("{part}\"files\"; filename=\"/a\"\r\n\r\ncontent{end}"),
        format!("{part}\"response\"\r\n\r\n{{\"type\":\"sync\",\"result\":[]}}{end}"),
        format!(
            "{part}\"response\"\r\n\r\n{{\"type\":\"sync\",\"result\":[{{\"path\":\"/a\"}}]}}{end}"
        ),
        format!("{part}\"response\"\r\n\r\nnot JSON{end}"),
        format!("{part}\"other\"\r\n\r\n{end}"),
        format!("{part}\"files\"; filename=\"/a\"\r\n\r\ncontent without end"),
    ] {
        let fake = Fake::http("200 OK", FORM, &body, body.len());
        let error = fake.client().read_files(&["/a"]).await.unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{body}: {error:?}");
        let mut sink = Vec::new();
        let error = fake.client().read_file_to("/a", &mut sink).await;
        assert!(
            matches!(error, Err(Error::Protocol(_))) || body.contains("[]"),
            "{body}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_old_daemon_that_cannot_wait_is_polled() {
    let done: Change = serde_json::from_str(r#"{"id":"1","status":"Done","ready":true}"#).unwrap();
    assert!(done.into_result().is_ok());
    let body = r#"{"type":"error","status-code":404,"result":{"message":"invalid API endpoint requested"}}"#;
    let fake = Fake::http("404 Not Found", JSON, body, body.len());
    let error = fake
        .client()
        .wait_change(&ChangeId::from("1"), LONG)
        .await
        .unwrap_err();
    let Error::Refused(refused) = error else {
        panic!("{error:?}");
    };
    assert_eq!(refused.reason(), Some(Reason::UnknownEndpoint));
}
