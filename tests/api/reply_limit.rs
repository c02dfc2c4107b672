//! Movies and files that are too large for a load balancer, which accepts 1 MB of reply JSON.

use movies::movie::Movie;
use serde_json::{Value, json};

use crate::support::{EventFormat, Response, Service, movie, path_of};

const LIMIT: usize = 1_000_000;
const BALANCERS: [EventFormat; 2] = [EventFormat::Alb, EventFormat::AlbMulti];

/// Descriptions that fit into a body of 1 MB, but not into the reply to a load balancer.
fn too_large() -> [(&'static str, String); 3] {
    [
        ("quotes, four bytes each", "\"".repeat(252_000)),
        ("control characters, seven bytes each", "\u{1}".repeat(145_000)),
        ("line feeds, three bytes each", "\n".repeat(340_000)),
    ]
}

fn described(title: &str, description: &str) -> Value {
    let mut movie = movie(title, 1);
    movie["description"] = json!(description);
    movie
}

async fn stored(service: &Service, movie: &Value) {
    service.put(Movie::from_json(movie.to_string().as_bytes()).unwrap()).await;
}

fn size(response: &Response) -> usize {
    response.reply.to_string().len()
}

fn assert_says_why(response: &Response, row: &str) {
    assert_eq!(response.headers["content-type"], "application/problem+json", "{row}");
    let detail = response.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("1000000 bytes") && detail.contains("API Gateway"), "{row}: {detail}");
    assert!(size(response) <= LIMIT, "{row}");
}

#[tokio::test]
async fn a_movie_that_does_not_fit_is_read_elsewhere() {
    let service = Service::start().await;
    for (name, description) in too_large() {
        let movie = described(name, &description);
        stored(&service, &movie).await;
        let path = path_of(&format!("{name}-1"));
        for source in [EventFormat::Alb, EventFormat::AlbMulti, EventFormat::Rest, EventFormat::Http, EventFormat::Url]
        {
            let response = service.call_through(source, "GET", &path).send().await;
            let head = service.call_through(source, "HEAD", &path).send().await;
            let row = format!("{source:?}, {name}");
            assert_eq!(head.status, response.status, "{row}");
            if BALANCERS.contains(&source) {
                assert_eq!(response.status, 413, "{row}");
                assert_says_why(&response, &row);
            } else {
                assert_eq!((response.status, response.json()), (200, movie.clone()), "{row}");
                let known =
                    service.call_through(EventFormat::Alb, "GET", &path).header("If-None-Match", response.etag());
                assert_eq!(known.send().await.status, 304, "{row}: a client that has the movie");
            }
        }
    }
}

#[tokio::test]
async fn a_movie_whose_response_does_not_fit_is_not_created() {
    let service = Service::start().await;
    for (name, description) in too_large() {
        for source in [EventFormat::Alb, EventFormat::AlbMulti, EventFormat::Rest] {
            let movie = described(name, &description);
            let response = service.call_through(source, "POST", "/ns_movies/").json(&movie).send().await;
            let path = path_of(&format!("{name}-1"));
            let row = format!("{source:?}, {name}");
            if BALANCERS.contains(&source) {
                assert_eq!(response.status, 413, "{row}");
                assert_says_why(&response, &row);
                assert_eq!(service.get(&path).await.status, 404, "{row}");
            } else {
                assert_eq!(response.status, 200, "{row}");
                assert_eq!(service.call("DELETE", &path).send().await.status, 200, "{row}");
            }
        }
    }
}

#[tokio::test]
async fn a_change_that_is_known_not_to_fit_is_rejected_before_the_write() {
    let service = Service::start().await;
    stored(&service, &movie("A", 1)).await;
    let before = service.get("/ns_movies/A-1").await;
    for (name, description) in too_large() {
        for source in BALANCERS {
            for patch in [json!({"description": description}), json!({"description": description, "year": 2})] {
                let response = service.call_through(source, "PUT", "/ns_movies/A-1").json(&patch).send().await;
                assert_eq!(response.status, 413, "{source:?}, {name}");
                assert_says_why(&response, name);
                let after = service.get("/ns_movies/A-1").await;
                assert_eq!((after.etag(), &after.body), (before.etag(), &before.body), "{source:?}, {name}");
            }
        }
    }
}

#[tokio::test]
async fn a_change_of_a_movie_that_does_not_fit_says_that_it_was_made() {
    let service = Service::start().await;
    for source in BALANCERS {
        for (method, patch, path) in [
            ("PUT", json!({"cast": ["New"]}), "/ns_movies/Large-1"),
            ("PATCH", json!({"cast": ["Newer"]}), "/ns_movies/Large-1"),
            ("PUT", json!({"year": 2}), "/ns_movies/Large-2"),
        ] {
            let mut expected = described("Large", &"\"".repeat(252_000));
            stored(&service, &expected).await;
            let response = service.call_through(source, method, "/ns_movies/Large-1").json(&patch).send().await;
            let row = format!("{source:?} {method} {patch}");
            assert_eq!((response.status, response.json()["status"].clone()), (200, json!(200)), "{row}");
            assert_says_why(&response, &row);
            assert!(response.json()["detail"].as_str().unwrap().starts_with("The movie was changed."), "{row}");
            for (name, value) in patch.as_object().unwrap() {
                expected[name] = value.clone();
            }
            let read = service.get(path).await;
            assert_eq!((read.json(), read.etag()), (expected, response.etag()), "{row}");
            assert_eq!(response.headers.contains_key("location"), path != "/ns_movies/Large-1", "{row}");
            assert_eq!(service.call("DELETE", path).send().await.status, 200, "{row}");
        }
    }
}

#[tokio::test]
async fn a_listing_leaves_out_what_does_not_fit_and_goes_on() {
    const TITLES: [&str; 4] = ["A", "B", "C", "D"];
    for (name, large) in
        [("the first", &["A"][..]), ("the last", &["D"]), ("some in a row", &["B", "C"]), ("all", &TITLES)]
    {
        let service = Service::start().await;
        for title in TITLES {
            let is_large = large.contains(&title);
            stored(&service, &if is_large { described(title, &"\"".repeat(252_000)) } else { movie(title, 1) }).await;
        }
        let ids = |titles: Vec<&str>| titles.into_iter().map(|title| format!("{title}-1")).collect::<Vec<_>>();
        let fitting = ids(TITLES.into_iter().filter(|title| !large.contains(title)).collect());
        for (source, expected) in [(EventFormat::AlbMulti, fitting), (EventFormat::Rest, ids(TITLES.to_vec()))] {
            for first in ["/ns_movies/?limit=1", "/ns_movies/?limit=3&year=1", "/ns_movies/"] {
                let row = format!("{source:?}, {name} is large, {first}");
                let (mut found, mut pages) = (Vec::new(), 0);
                let mut next = Some(first.to_owned());
                while let Some(path) = next {
                    let page = service.call_through(source, "GET", &path).send().await;
                    assert_eq!(page.status, 200, "{row}");
                    assert!(!BALANCERS.contains(&source) || size(&page) <= LIMIT, "{row}");
                    found.extend(page.json().as_object().unwrap().keys().cloned());
                    next = page.next();
                    pages += 1;
                    assert!(pages <= TITLES.len(), "{row}: the listing ends");
                }
                found.sort();
                assert_eq!(found, expected, "{row}");
            }
        }
    }
}

#[tokio::test]
async fn what_just_fits_is_sent_and_what_just_does_not_is_not() {
    let service = Service::start().await;
    let (mut fits, mut too_large) = (230_000, 260_000);
    while too_large - fits > 1 {
        let count = usize::midpoint(fits, too_large);
        let movie = described("Edge", &"\"".repeat(count));
        let created = service.call_through(EventFormat::AlbMulti, "POST", "/ns_movies/").json(&movie).send().await;
        assert!(size(&created) <= LIMIT, "{count}");
        match created.status {
            200 => {
                fits = count;
                let read = service.call_through(EventFormat::AlbMulti, "GET", "/ns_movies/Edge-1").send().await;
                assert_eq!((read.status, size(&read) <= LIMIT), (200, true), "{count}");
                let page = service.call_through(EventFormat::AlbMulti, "GET", "/ns_movies/").send().await;
                assert!(size(&page) <= LIMIT, "{count}");
                assert_eq!(service.call("DELETE", "/ns_movies/Edge-1").send().await.status, 200);
            }
            413 => too_large = count,
            status => panic!("{count}: {status}"),
        }
    }
    // Each has four bytes.
    assert!((985_000..LIMIT).contains(&(fits * 4)), "{fits}");
}
