//! Conditional requests: `ETag`, `If-Match`, `If-None-Match`.

use serde_json::json;

use crate::support::{Service, movie};

const DARE: &str = "/ns_movies/The%20Dare-2020";

#[tokio::test]
async fn every_success_has_a_strong_etag_that_changes_with_the_movie() {
    let service = Service::start().await;
    let created = service.post(&movie("A", 1)).await;
    let put = service.call("PUT", "/ns_movies/A-1").json(&json!({"cast": []})).send().await;
    let renamed = service.call("PATCH", "/ns_movies/A-1").json(&json!({"year": 2})).send().await;
    let listed = service.get("/ns_movies/").await;
    let mut etags: Vec<_> = [&created, &put, &renamed, &listed].map(|answer| answer.etag().to_owned()).into();
    assert!(etags.iter().all(|etag| etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"')), "{etags:?}");
    etags.sort();
    etags.dedup();
    assert_eq!(etags.len(), 4);
}

#[tokio::test]
async fn a_client_that_has_the_state_gets_304() {
    let service = Service::seeded().await;
    for path in [DARE, "/ns_movies/", "/ns_movies/?limit=1"] {
        let etag = service.get(path).await.etag().to_owned();
        for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
            for method in ["GET", "HEAD"] {
                let answer = service.call(method, path).header("If-None-Match", &known).send().await;
                assert_eq!((answer.status, answer.body.as_str(), answer.etag()), (304, "", etag.as_str()), "{known}");
            }
        }
        for unknown in ["\"x\"", "x", "", "\"", &etag.replace('"', "")] {
            assert_eq!(service.call("GET", path).header("If-None-Match", unknown).send().await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_stale_if_match_changes_nothing() {
    let service = Service::seeded().await;
    let stale = service.get(DARE).await.etag().to_owned();
    let change = service.call("PUT", DARE).header("If-Match", &stale).json(&json!({"cast": ["New"]})).send().await;
    assert_eq!(change.status, 200);
    let before = service.list_all("/ns_movies/").await;
    let weak = format!("W/{}", change.etag());
    for condition in [stale.as_str(), "\"\"", "stale", "", &weak, "\"a\", \"b\""] {
        for (method, body) in [
            ("PUT", json!({"description": "x"})),
            ("PATCH", json!({"description": "x"})),
            ("PUT", json!({"title": "Renamed"})),
            ("PUT", json!({"title": "Don't Click"})),
            ("DELETE", json!(null)),
        ] {
            let answer = service.call(method, DARE).header("If-Match", condition).json(&body).send().await;
            assert_eq!(answer.status, 412, "{method} {condition} {body}");
        }
    }
    assert_eq!(service.list_all("/ns_movies/").await, before);
    assert_eq!(service.get(DARE).await.etag(), change.etag());
}

#[tokio::test]
async fn a_current_if_match_lets_the_change_happen() {
    let service = Service::seeded().await;
    for (method, path, body) in [
        ("PUT", DARE, json!({"description": "x"})),
        ("PATCH", DARE, json!({"title": "Renamed"})),
        ("DELETE", "/ns_movies/Renamed-2020", json!(null)),
    ] {
        let listed = format!("\"other,\", {} , W/\"weak\"", service.get(path).await.etag());
        let answer = service.call(method, path).header("if-match", &listed).json(&body).send().await;
        assert_eq!(answer.status, 200, "{method} {answer:?}");
    }
    let path = "/ns_movies/Don%27t%20Click-2020";
    assert_eq!(service.call("DELETE", path).header("If-Match", "*").send().await.status, 200);
    assert_eq!(service.call("DELETE", path).header("If-Match", "*").send().await.status, 404);
    assert_eq!(
        service.call("PUT", path).header("If-Match", "\"x\"").json(&json!({"cast": []})).send().await.status,
        404
    );
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
async fn of_many_creators_one_wins() {
    let service = Service::start().await;
    let mut answers = Vec::new();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let copy = service.other_copy();
        tasks.spawn(async move {
            let mut movie = movie("Race", 2000);
            movie["description"] = json!(n.to_string());
            let answer = copy.post(&movie).await;
            (answer.status, answer.body)
        });
    }
    while let Some(answer) = tasks.join_next().await {
        answers.push(answer.unwrap());
    }
    let won: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).collect();
    assert_eq!((won.len(), answers.iter().filter(|(status, _)| *status == 409).count()), (1, 7));
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
