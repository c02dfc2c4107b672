//! Connections to DynamoDB: which are reused, and what happens to a call if one breaks. The SDK makes each call.

use std::time::Duration;

use aws_sdk_dynamodb::{Client, error::SdkError, operation::get_item::GetItemError, types::AttributeValue};
use movies::aws;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::support::PATIENCE;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const FAULT: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\n{}";
const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{";
const SILENCE: &str = "";

/// What the server does with a connection after it has sent the responses.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Close,
    Keep,
}

/// A server that sends each list of responses on a separate connection. Its task returns the attempt of each request.
async fn server(connections: Vec<(&'static [&'static str], Then)>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let serve = async move {
        let (mut attempts, mut open) = (Vec::new(), Vec::new());
        for (responses, then) in connections {
            let (mut stream, _) = listener.accept().await.unwrap();
            for response in responses {
                attempts.push(read_request(&mut stream).await);
                stream.write_all(response.as_bytes()).await.unwrap();
            }
            if then == Then::Keep {
                open.push(stream);
            }
        }
        attempts
    };
    (host, tokio::spawn(serve))
}

/// Reads a request, and returns the number of its attempt.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let after = |text: &str, end: char| head.split_once(text).unwrap().1.split(end).next().unwrap().to_owned();
    let length = after("content-length: ", '\r').parse().unwrap();
    stream.read_exact(&mut vec![0; length]).await.unwrap();
    after("amz-sdk-request: attempt=", ';')
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

#[tokio::test]
async fn a_connection_is_used_again_while_it_works() {
    // What the server does with each connection, the number of calls, and the attempt of each request.
    for (name, connections, calls, attempts) in [
        (
            "a truncated response causes another attempt on another connection",
            vec![(&[OK, CUT][..], Then::Close), (&[CUT], Then::Close), (&[OK], Then::Keep)],
            2,
            &["1", "1", "2", "3"][..],
        ),
        ("not after a server error", vec![(&[FAULT], Then::Keep), (&[OK, OK], Then::Keep)], 2, &["1", "2", "1"]),
        (
            "silence costs one attempt",
            vec![(&[OK, SILENCE], Then::Keep), (&[OK, OK], Then::Keep)],
            3,
            &["1", "1", "2", "1"],
        ),
    ] {
        let (host, asked) = server(connections).await;
        let client = client(&host);
        for _ in 0..calls {
            timeout(PATIENCE, get(&client)).await.unwrap().unwrap();
            // The client notices the end of a connection.
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(asked.await.unwrap(), attempts, "{name}");
    }
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
