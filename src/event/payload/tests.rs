//! Tests of the caller of a request.

use super::*;

#[test]
fn the_caller_is_read_from_every_form_of_context() {
    const ROLE: &str = "arn:aws:sts::1:assumed-role/Writer/";
    for (identity, authorizer, caller) in [
        (json!({"cognitoIdentityId": "r:1", "userArn": "arn"}), json!(null), Some(json!(["cognito", "r:1"]))),
        (json!({"userArn": "arn:aws:iam::1:user/Ann"}), json!(null), Some(json!(["iam", "arn:aws:iam::1:user/Ann"]))),
        (json!({"userArn": format!("{ROLE}task-1")}), json!(null), Some(json!(["iam", ROLE]))),
        (json!({"userArn": format!("{ROLE}task-2")}), json!(null), Some(json!(["iam", ROLE]))),
        (
            json!(null),
            json!({"iam": {"userArn": format!("{ROLE}x"), "cognitoIdentity": null}}),
            Some(json!(["iam", ROLE])),
        ),
        (
            json!(null),
            json!({"iam": {"userArn": "arn", "cognitoIdentity": {"identityId": "r:1"}}}),
            Some(json!(["cognito", "r:1"])),
        ),
        (
            json!({"sourceIp": "::1"}),
            json!({"claims": {"iss": "https://i", "sub": "s"}}),
            Some(json!(["token", "https://i", "s"])),
        ),
        (
            json!({}),
            json!({"jwt": {"claims": {"iss": "i", "sub": "s"}, "scopes": null}}),
            Some(json!(["token", "i", "s"])),
        ),
        (json!({}), json!({"claims": {"sub": "s"}, "principalId": "p"}), Some(json!(["token", null, "s"]))),
        (json!({}), json!({"claims": {"iss": "i"}, "principalId": "p"}), Some(json!(["principal", "p"]))),
        (json!({}), json!({"claims": "{\"sub\":\"s\"}", "principalId": "p"}), Some(json!(["principal", "p"]))),
        (json!({}), json!({"principalId": 7, "lambda": 7}), Some(json!(["principal", "7"]))),
        (json!({}), json!({"lambda": {"principalId": "p", "tier": 1}}), Some(json!(["principal", "p"]))),
        (json!({"userArn": null, "cognitoIdentityId": null}), json!(null), None),
        (json!({"userArn": "", "cognitoIdentityId": ""}), json!({"principalId": ""}), None),
        (json!("x"), json!([]), None),
        (json!(7), json!("x"), None),
        (json!({}), json!({"lambda": null, "jwt": {"claims": []}, "iam": "x"}), None),
    ] {
        let found = read_caller(Some(&identity.to_string()), Some(&authorizer.to_string()));
        assert_eq!(found, caller.map(|caller| caller.to_string()), "{identity} {authorizer}");
    }
    assert_eq!(read_caller(None, None), None);
    assert_eq!(read_caller(Some("{"), Some("{\"principalId\":")), None, "not JSON");
}

#[test]
fn only_the_session_of_a_role_is_left_out() {
    for (arn, expected) in [
        ("arn:aws:sts::1:assumed-role/Writer/session", "arn:aws:sts::1:assumed-role/Writer/"),
        ("arn:aws-cn:sts::1:assumed-role/W/a@b", "arn:aws-cn:sts::1:assumed-role/W/"),
        ("arn:aws:sts::1:assumed-role/W/W", "arn:aws:sts::1:assumed-role/W/"),
        ("arn:aws:sts::1:assumed-role/W", "arn:aws:sts::1:assumed-role/W"),
        ("arn:aws:sts::1:federated-user/Ann", "arn:aws:sts::1:federated-user/Ann"),
        ("arn:aws:iam::1:user/:assumed-role/Ann", "arn:aws:iam::1:user/:assumed-role/Ann"),
        ("arn:aws:iam::1:root", "arn:aws:iam::1:root"),
        ("x", "x"),
    ] {
        assert_eq!(without_session(arn), expected);
    }
}
