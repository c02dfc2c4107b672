//! Connections to DynamoDB: which are reused, and what happens to a call if one breaks. The SDK makes each call.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::{Client, error::SdkError, operation::get_item::GetItemError, types::AttributeValue};
use movies::aws;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::support::{Fault, PATIENCE, Service, change, collection, missing, stored};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const FAULT: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\n{}";
const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{";

/// What the server does with a connection after it has sent the responses.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Close,
    Keep,
    /// Reads another request and does not respond to it.
    Silence,
}

/// A server that sends each list of responses on a separate connection. Its task returns the heads of the requests.
async fn server(connections: Vec<(&'static [&'static str], Then)>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let serve = async move {
        let (mut heads, mut open) = (Vec::new(), Vec::new());
        for (responses, then) in connections {
            let (mut stream, _) = listener.accept().await.unwrap();
            for response in responses {
                heads.push(read_request(&mut stream).await);
                stream.write_all(response.as_bytes()).await.unwrap();
            }
            if then == Then::Silence {
                heads.push(read_request(&mut stream).await);
            }
            if then != Then::Close {
                open.push(stream);
            }
        }
        heads
    };
    (host, tokio::spawn(serve))
}

/// Reads a request, and returns its head.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let (_, length) = head.split_once("content-length: ").unwrap();
    let length = length.split("\r\n").next().unwrap().parse().unwrap();
    stream.read_exact(&mut vec![0; length]).await.unwrap();
    head
}

fn client(host: &str) -> Client {
    let endpoint = format!("http://{host}");
    let sdk = aws::connect(|name| match name {
        "AWS_ENDPOINT_URL_DYNAMODB" => Some(endpoint.clone()),
        // The SDK counts retries for each region of a process.
        "AWS_REGION" => Some(host.replace(['.', ':'], "-")),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        _ => None,
    });
    Client::new(&sdk.unwrap())
}

async fn get(client: &Client) -> Result<(), SdkError<GetItemError>> {
    let key = AttributeValue::S("A-1".to_owned());
    client.get_item().table_name("movies").key("id", key).send().await.map(|_| ())
}

/// Waits until the client notices the end of a connection.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test]
async fn a_connection_is_used_again_while_it_works() {
    // What the server does with each connection, the number of calls, and the attempt of each request.
    for (name, connections, calls, attempts) in [
        ("it is kept", vec![(&[OK, OK, OK][..], Then::Keep)], 3, &["1", "1", "1"][..]),
        (
            "its end while it is idle does not cost an attempt",
            vec![(&[OK], Then::Close), (&[OK, OK], Then::Close), (&[OK], Then::Close)],
            4,
            &["1", "1", "1", "1"],
        ),
        ("not after a server error", vec![(&[FAULT], Then::Keep), (&[OK, OK], Then::Keep)], 2, &["1", "2", "1"]),
        (
            "a truncated response causes another attempt on another connection",
            vec![(&[OK, CUT], Then::Close), (&[CUT], Then::Close), (&[OK], Then::Keep)],
            2,
            &["1", "1", "2", "3"],
        ),
    ] {
        let (host, asked) = server(connections).await;
        let client = client(&host);
        for _ in 0..calls {
            get(&client).await.unwrap();
            pause().await;
        }
        let heads = asked.await.unwrap();
        assert_eq!(attempts_of(&heads), attempts, "{name}");
        for head in heads {
            assert!(head.starts_with("post / http/1.1\r\n"), "{head}");
            assert!(head.contains(&format!("host: {host}\r\n")), "{head}");
        }
    }
}

/// The number of the attempt in the head of each request.
fn attempts_of(heads: &[String]) -> Vec<&str> {
    let attempts = heads.iter().map(|head| head.split_once("amz-sdk-request: attempt=").unwrap().1.split(';').next());
    attempts.map(Option::unwrap).collect()
}

#[tokio::test]
async fn a_connection_that_becomes_silent_while_idle_costs_one_attempt() {
    let (host, asked) = server(vec![(&[OK], Then::Silence), (&[OK, OK], Then::Keep)]).await;
    let client = client(&host);
    get(&client).await.unwrap();
    let start = Instant::now();
    get(&client).await.unwrap();
    let elapsed = start.elapsed();
    assert!((Duration::from_millis(900)..PATIENCE).contains(&elapsed), "{elapsed:?}");
    get(&client).await.unwrap();
    assert_eq!(attempts_of(&asked.await.unwrap()), ["1", "1", "2", "1"]);
}

#[tokio::test]
async fn an_error_says_whether_the_request_may_have_been_carried_out() {
    let (host, asked) = server(vec![(&[], Then::Close); 4]).await;
    let Err(SdkError::DispatchFailure(broken)) = get(&client(&host)).await else { panic!("a response") };
    asked.await.unwrap();
    assert!(broken.is_io());
    let Err(SdkError::DispatchFailure(refused)) = get(&client(&host)).await else { panic!("a response") };
    assert!(refused.is_io());
    assert!(format!("{refused:?}").contains("NeverConnected") && !format!("{broken:?}").contains("NeverConnected"));
}

#[test]
fn a_bundle_without_certificates_is_an_error_that_names_variable_and_file() {
    let with = |path: &str| aws::connect(|name| (name == "AWS_CA_BUNDLE").then(|| path.to_owned()));
    for path in ["/nowhere.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
        let error = with(path).unwrap_err().to_string();
        assert!(error.contains("AWS_CA_BUNDLE") && error.contains(path), "{error}");
    }
    assert!(aws::connect(|_| None).is_ok());
}

#[tokio::test]
async fn a_rejection_after_an_attempt_without_a_connection_is_correct() {
    for (method, path, if_match, body, expected) in [
        ("POST", collection(), None, &stored().body, 409),
        ("PUT", &stored().path, Some("\"stale\""), &change(), 412),
        ("PUT", &missing().path, None, &change(), 404),
        ("DELETE", &stored().path, Some("\"stale\""), &json!(null), 412),
    ] {
        let service = Service::seeded().await;
        service.faults.inject([Fault::NoServer, Fault::NoServer]);
        let call = service.call(method, path).json(body);
        let call = if_match.into_iter().fold(call, |call, tag| call.header("If-Match", tag));
        assert_eq!(call.send().await.status, expected, "{method} {path}");
    }
}
