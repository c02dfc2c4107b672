//! Conditional requests: `ETag`, `If-Match`, `If-None-Match`.

use serde_json::json;

use crate::{
    support::{Call, Service, movie, path_of},
    swagger_ui,
};

const DARE: &str = "/ns_movies/The%20Dare-2020";

#[tokio::test]
async fn every_success_has_a_strong_etag_that_changes_with_the_movie() {
    let service = Service::start().await;
    let created = service.post(&movie("A", 1)).await;
    let put = service.call("PUT", "/ns_movies/A-1").json(&json!({"cast": []})).send().await;
    let renamed = service.call("PATCH", "/ns_movies/A-1").json(&json!({"year": 2})).send().await;
    let listed = service.get("/ns_movies/").await;
    let mut etags: Vec<_> = [&created, &put, &renamed, &listed].map(|response| response.etag().to_owned()).into();
    assert!(etags.iter().all(|etag| etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"')), "{etags:?}");
    etags.sort();
    etags.dedup();
    assert_eq!(etags.len(), 4);
}

#[tokio::test]
async fn a_client_that_has_the_version_gets_304() {
    let service = Service::seeded().await;
    for path in [DARE, "/ns_movies/", "/ns_movies/?limit=1"] {
        let etag = service.get(path).await.etag().to_owned();
        for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
            for method in ["GET", "HEAD"] {
                let response = service.call(method, path).header("If-None-Match", &known).send().await;
                let found = (response.status, response.body.as_str(), response.etag());
                assert_eq!(found, (304, "", etag.as_str()), "{method} {path} {known}");
            }
        }
        for unknown in ["\"x\"", "x", "", "\"", &etag.replace('"', "")] {
            let response = service.call("GET", path).header("If-None-Match", unknown).send().await;
            assert_eq!(response.status, 200, "{path} {unknown}");
        }
    }
}

/// A row's name, `If-Match`, `If-None-Match`, the status of a write, and the status of a read.
type Row = (&'static str, Option<String>, Option<String>, u64, u64);

/// Conditions on the version `etag`.
fn conditions(etag: &str) -> Vec<Row> {
    let text = |text: &str| Some(text.to_owned());
    let (current, weak) = (text(etag), Some(format!("W/{etag}")));
    let (star, stale, both) = (text("*"), text("\"stale\""), Some(format!("\"a,\" , {etag}, W/\"b\"")));
    vec![
        ("no condition", None, None, 200, 200),
        ("If-Match: the current ETag", current.clone(), None, 200, 200),
        ("If-Match: *", star.clone(), None, 200, 200),
        ("If-Match: a list with the current ETag", both.clone(), None, 200, 200),
        ("If-Match: a stale ETag", stale.clone(), None, 412, 412),
        ("If-Match: a list of stale ETags", text("\"a\", \"b\""), None, 412, 412),
        ("If-Match: the current ETag, weak", weak.clone(), None, 412, 412),
        ("If-Match: an empty ETag", text("\"\""), None, 412, 412),
        ("If-Match: nothing", text(""), None, 412, 412),
        ("If-Match: no quotes", Some(etag.replace('"', "")), None, 412, 412),
        ("If-Match: an open quote", text("\"stale"), None, 412, 412),
        ("If-Match: a lower-case weak ETag", Some(format!("w/{etag}")), None, 412, 412),
        ("If-None-Match: another ETag", None, stale.clone(), 200, 200),
        ("If-None-Match: an empty ETag", None, text("\"\""), 200, 200),
        ("If-None-Match: the current ETag", None, current.clone(), 412, 304),
        ("If-None-Match: the current ETag, weak", None, weak.clone(), 412, 304),
        ("If-None-Match: *", None, star.clone(), 412, 304),
        ("If-None-Match: a list with the current ETag", None, both, 412, 304),
        ("If-None-Match: nothing", None, text(""), 412, 200),
        ("If-None-Match: no quotes", None, text("stale"), 412, 200),
        ("If-None-Match: an open quote", None, text("\"stale"), 412, 200),
        ("If-None-Match: an ETag and something else", None, text("\"stale\", x"), 412, 200),
        ("both hold", current.clone(), stale.clone(), 200, 200),
        ("only If-Match holds", current.clone(), current.clone(), 412, 304),
        ("only If-Match holds, *", star.clone(), star.clone(), 412, 304),
        ("only If-None-Match holds", stale.clone(), text("\"x\""), 412, 412),
        ("neither holds", stale, weak, 412, 412),
    ]
}

fn with_conditions<'a>(call: Call<'a>, if_match: Option<&String>, if_none_match: Option<&String>) -> Call<'a> {
    let headers = [("If-Match", if_match), ("If-None-Match", if_none_match)];
    headers
        .into_iter()
        .fold(call, |call, (name, value)| value.iter().fold(call, |call, value| call.header(name, value)))
}

#[tokio::test]
async fn a_write_happens_only_if_its_conditions_hold() {
    let service = Service::start().await;
    for (kind, method, body) in [
        ("update", "PUT", json!({"description": "changed"})),
        ("merge patch", "PATCH", json!({"cast": ["changed"]})),
        ("rename", "PUT", json!({"title": "Renamed"})),
        ("rename with a merge patch", "PATCH", json!({"year": 2, "cast": []})),
        ("delete", "DELETE", json!(null)),
    ] {
        for (name, if_match, if_none_match, status, _) in conditions("\"current\"") {
            let etag = service.post(&movie("Row", 1)).await.etag().to_owned();
            let current =
                |value: &Option<String>| value.as_ref().map(|value| value.replace("current", etag.trim_matches('"')));
            let (if_match, if_none_match) = (current(&if_match), current(&if_none_match));
            let before = service.list_all("/ns_movies/").await;
            let call = service.call(method, "/ns_movies/Row-1").json(&body);
            let response = with_conditions(call, if_match.as_ref(), if_none_match.as_ref()).send().await;
            assert_eq!(response.status, status, "{kind}, {name}: {response:?}");
            let after = service.list_all("/ns_movies/").await;
            assert_eq!(after == before, status == 412, "{kind}, {name}");
            if status == 412 {
                assert_eq!(service.get("/ns_movies/Row-1").await.etag(), etag, "{kind}, {name}");
            }
            for id in after.keys() {
                assert_eq!(service.call("DELETE", &path_of(id)).send().await.status, 200);
            }
        }
    }
}

#[tokio::test]
async fn a_read_is_200_304_or_412() {
    let service = Service::seeded().await;
    let style = swagger_ui::path_of("swagger-ui.css");
    for path in [DARE, "/ns_movies/", "/ns_movies/?limit=1&year=2020", "/health", "/swagger.json", "/", &style] {
        let etag = service.get(path).await.etag().to_owned();
        for (name, if_match, if_none_match, _, status) in conditions(&etag) {
            for method in ["GET", "HEAD"] {
                let call = service.call(method, path);
                let response = with_conditions(call, if_match.as_ref(), if_none_match.as_ref()).send().await;
                assert_eq!(response.status, status, "{method} {path}, {name}");
                assert!(response.body.is_empty() == (method == "HEAD" || status == 304), "{method} {path}, {name}");
                if status != 412 {
                    assert_eq!(response.etag(), etag, "{method} {path}, {name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_id_is_404_whatever_the_conditions() {
    let service = Service::seeded().await;
    for (name, if_match, if_none_match, ..) in conditions("\"current\"") {
        for (method, body) in [
            ("GET", json!(null)),
            ("HEAD", json!(null)),
            ("PUT", json!({"cast": []})),
            ("PUT", json!({"title": "Renamed"})),
            ("PATCH", json!({"title": "The Dare"})),
            ("DELETE", json!(null)),
        ] {
            let call = service.call(method, "/ns_movies/Nope-2020").json(&body);
            let response = with_conditions(call, if_match.as_ref(), if_none_match.as_ref()).send().await;
            assert_eq!(response.status, 404, "{method} {body}, {name}");
        }
    }
    assert_eq!(service.list_all("/ns_movies/").await.len(), 2);
}

#[tokio::test]
async fn a_rename_to_an_existing_id_is_412_before_it_is_409() {
    let service = Service::seeded().await;
    let before = service.list_all("/ns_movies/").await;
    let current = service.get(DARE).await.etag().to_owned();
    for (name, value, status) in
        [("If-Match", "\"stale\"", 412), ("If-None-Match", "*", 412), ("If-Match", &current, 409)]
    {
        let call = service.call("PUT", DARE).header(name, value).json(&json!({"title": "Don't Click"}));
        assert_eq!(call.send().await.status, status, "{name}: {value}");
    }
    assert_eq!(service.list_all("/ns_movies/").await, before);
}

#[tokio::test]
async fn a_create_never_replaces_a_movie_whatever_the_conditions() {
    let service = Service::seeded().await;
    let current = service.get(DARE).await.etag().to_owned();
    let weak = format!("W/{current}");
    for (header, value, existing, new) in [
        ("If-None-Match", "*", 409, 200),
        ("If-None-Match", "\"x\"", 409, 200),
        ("If-None-Match", &current, 409, 200),
        ("If-None-Match", "x", 409, 200),
        ("If-Match", "*", 409, 412),
        ("If-Match", &current, 409, 412),
        ("If-Match", &weak, 412, 412),
        ("If-Match", "\"stale\"", 412, 412),
        ("If-Match", "", 412, 412),
    ] {
        let before = service.list_all("/ns_movies/").await;
        for (title, status) in [("The Dare", existing), ("New", new)] {
            let response =
                service.call("POST", "/ns_movies/").header(header, value).json(&movie(title, 2020)).send().await;
            assert_eq!(response.status, status, "{title}, {header}: {value}: {response:?}");
        }
        assert_eq!(service.get(DARE).await.etag(), current, "{header}: {value}");
        assert_eq!(
            service.call("DELETE", "/ns_movies/New-2020").send().await.status,
            if new == 200 { 200 } else { 404 }
        );
        assert_eq!(service.list_all("/ns_movies/").await, before, "{header}: {value}");
    }
    let invalid = service.call("POST", "/ns_movies/").header("If-Match", "\"x\"").json(&json!({})).send().await;
    assert_eq!(invalid.status, 400, "an invalid movie is invalid whatever the conditions");
}

#[tokio::test]
async fn a_write_compares_with_up_to_100_etags() {
    let service = Service::seeded().await;
    for (header, count, status) in
        [("If-Match", 100, 412), ("If-Match", 101, 400), ("If-None-Match", 100, 200), ("If-None-Match", 101, 400)]
    {
        let list = vec!["\"x\""; count].join(", ");
        for body in [json!({"cast": []}), json!({"title": "Renamed"})] {
            let response = service.call("PUT", DARE).header(header, &list).json(&body).send().await;
            assert_eq!(response.status, status, "{count} in {header}, {body}: {response:?}");
            service.call("PUT", "/ns_movies/Renamed-2020").json(&json!({"title": "The Dare"})).send().await;
        }
        let deleted = service.call("DELETE", "/ns_movies/Don%27t%20Click-2020").header(header, &list).send().await;
        assert_eq!(deleted.status, status, "{count} in {header}, delete");
        let read = service.call("GET", DARE).header(header, &list).send().await;
        assert_eq!(read.status, if header == "If-Match" { 412 } else { 200 }, "{count} in {header}, read");
        service.post(&movie("Don't Click", 2020)).await;
    }
}

#[tokio::test]
async fn two_clients_that_change_different_fields_both_take_effect() {
    let service = Service::seeded().await;
    let (one, other) = (json!({"description": "one"}), json!({"cast": ["other"]}));
    let (a, b) =
        tokio::join!(service.call("PUT", DARE).json(&one).send(), service.call("PUT", DARE).json(&other).send(),);
    assert_eq!((a.status, b.status), (200, 200));
    let movie = service.get(DARE).await.json();
    assert_eq!((&movie["description"], &movie["cast"]), (&json!("one"), &json!(["other"])));
}

#[tokio::test]
async fn only_one_of_many_creates_of_a_movie_succeeds() {
    let service = Service::start().await;
    let mut responses = Vec::new();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let copy = service.other_copy();
        tasks.spawn(async move {
            let mut movie = movie("Race", 2000);
            movie["description"] = json!(n.to_string());
            let response = copy.post(&movie).await;
            (response.status, response.body)
        });
    }
    while let Some(response) = tasks.join_next().await {
        responses.push(response.unwrap());
    }
    let won: Vec<_> = responses.iter().filter(|(status, _)| *status == 200).collect();
    assert_eq!((won.len(), responses.iter().filter(|(status, _)| *status == 409).count()), (1, 7));
    assert_eq!(service.get("/ns_movies/Race-2000").await.body, won[0].1);
}

#[tokio::test]
async fn renames_of_one_movie_at_once_leave_one_movie() {
    let service = Service::seeded().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let copy = service.other_copy();
        let title = format!("Name {}", n % 4);
        tasks.spawn(async move { copy.call("PUT", DARE).json(&json!({"title": title})).send().await.status });
    }
    let mut statuses = Vec::new();
    while let Some(status) = tasks.join_next().await {
        statuses.push(status.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(service.list_all("/ns_movies/").await.len(), 2);
}
