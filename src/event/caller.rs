//! The caller of a request, if the event source authenticates callers: a client that signs its requests (IAM), a user
//! of a user pool or another issuer of tokens, or the principal that a Lambda authorizer returns.
//!
//! | | REST API, or HTTP API with payload format 1.0 | HTTP API with payload format 2.0, or Function URL |
//! | --- | --- | --- |
//! | Cognito identity | `identity.cognitoIdentityId` | `authorizer.iam.cognitoIdentity.identityId` |
//! | IAM | `identity.userArn` | `authorizer.iam.userArn` |
//! | token | `authorizer.claims` | `authorizer.jwt.claims` |
//! | Lambda authorizer | `authorizer.principalId` | `authorizer.lambda.principalId` |

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// The members of a REST API's `identity` that name the caller. Other members describe the connection.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity {
    cognito_identity_id: Value,
    user_arn: Value,
}

/// A text that identifies the caller, from the JSON of two members of `requestContext`. Two callers never have the same
/// text. Claims and an authorizer's context can have any shape, so a member of another shape counts as absent.
pub(super) fn read(identity: Option<&str>, authorizer: Option<&str>) -> Option<String> {
    let identity: Identity = parse(identity);
    let authorizer: Value = parse(authorizer);
    let at = |pointer: &str| authorizer.pointer(pointer).and_then(text);

    let cognito = || text(&identity.cognito_identity_id).or_else(|| at("/iam/cognitoIdentity/identityId"));
    let arn = || text(&identity.user_arn).or_else(|| at("/iam/userArn"));
    let subject = |claims: &str| Some(json!(["token", at(&format!("{claims}/iss")), at(&format!("{claims}/sub"))?]));
    let principal = || at("/principalId").or_else(|| at("/lambda/principalId"));

    let caller = cognito()
        .map(|id| json!(["cognito", id]))
        .or_else(|| arn().map(|arn| json!(["iam", without_session(&arn)])))
        .or_else(|| subject("/claims").or_else(|| subject("/jwt/claims")))
        .or_else(|| principal().map(|id| json!(["principal", id])));
    caller.map(|caller| caller.to_string())
}

fn parse<T: DeserializeOwned + Default>(json: Option<&str>) -> T {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}

/// The ARN of a role instead of that of its session, because each task of a client can have a session of its own.
fn without_session(arn: &str) -> &str {
    let role = arn.splitn(6, ':').nth(5).and_then(|resource| resource.strip_prefix("assumed-role/"));
    match role.and_then(|role| role.split_once('/')) {
        Some((_, session)) => arn.strip_suffix(session).unwrap_or(arn),
        None => arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_read_from_every_form_of_context() {
        const ROLE: &str = "arn:aws:sts::1:assumed-role/Writer/";
        for (identity, authorizer, caller) in [
            (json!({"cognitoIdentityId": "r:1", "userArn": "arn"}), json!(null), Some(json!(["cognito", "r:1"]))),
            (
                json!({"userArn": "arn:aws:iam::1:user/Ann"}),
                json!(null),
                Some(json!(["iam", "arn:aws:iam::1:user/Ann"])),
            ),
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
            let found = read(Some(&identity.to_string()), Some(&authorizer.to_string()));
            assert_eq!(found, caller.map(|caller| caller.to_string()), "{identity} {authorizer}");
        }
        assert_eq!(read(None, None), None);
        assert_eq!(read(Some("{"), Some("{\"principalId\":")), None, "not JSON");
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
}
