//! TLS to DynamoDB: the provider, and who is trusted to say that it is DynamoDB.
//!
//! The provider is ring, since the SDK's own costs a start 20 ms of CPU. Trusted are the roots of Amazon Trust Services, to
//! which every AWS endpoint's certificate leads, and no other: reading the system's 150 costs a start 2 ms, and each of them
//! could vouch for a false DynamoDB. The roots end in 2037 at the earliest. [`Config::tls_roots`] names others, for a proxy
//! that ends TLS on the way, or for a region with other ones; a local build trusts what the system trusts.
//!
//! Not here: what is encrypted at rest, and TLS from clients, which the front door ends.

use std::{fs, io, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::config::Config;

/// From Amazon Trust Services' repository: Amazon Root CA 1 to 4, and Starfield Services Root Certificate Authority G2.
#[cfg(any(test, not(feature = "local")))]
const AMAZON_ROOTS: &str = include_str!("tls/amazon-roots.pem");

/// What [`crate::http_client`] does TLS with.
///
/// # Errors
/// The file of other roots cannot be read, or has none.
pub fn client_config(config: &Config) -> io::Result<Arc<ClientConfig>> {
    let roots = match &config.tls_roots {
        Some(path) => {
            let named = |error: io::Error| io::Error::new(error.kind(), format!("TLS_ROOTS, {path}: {error}"));
            fs::read(path).and_then(|pem| parse(&pem)).map_err(named)?
        }
        None => default_roots()?,
    };
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(tls))
}

#[cfg(not(feature = "local"))]
fn default_roots() -> io::Result<RootCertStore> {
    parse(AMAZON_ROOTS.as_bytes())
}

#[cfg(feature = "local")]
#[expect(clippy::unnecessary_wraps, reason = "a deployed build's roots are parsed")]
fn default_roots() -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Ok(roots)
}

fn parse(pem: &[u8]) -> io::Result<RootCertStore> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
    let mut roots = RootCertStore::empty();
    // A system's bundle may hold an old root that rustls cannot read; it vouches for nobody then.
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() { Err(io::Error::other("has no certificate in PEM")) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use ring::digest;

    use super::*;

    /// SHA-256 of each certificate, as Amazon Trust Services' repository gives it.
    const FINGERPRINTS: [&str; 5] = [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
    ];

    #[test]
    fn the_roots_are_amazons() {
        let certificates = AMAZON_ROOTS.split("-----BEGIN CERTIFICATE-----").skip(1);
        let found: Vec<String> = certificates
            .map(|certificate| {
                let (base64, _) = certificate.split_once("-----END CERTIFICATE-----").unwrap();
                let der = BASE64_STANDARD.decode(base64.replace('\n', "")).unwrap();
                let digest = digest::digest(&digest::SHA256, &der);
                digest.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
            })
            .collect();
        assert_eq!(found, FINGERPRINTS);
    }

    #[test]
    fn a_file_without_roots_is_named() {
        let with = |path: &str| {
            let path = (path != "default").then(|| path.to_owned());
            let variable = |name: &str| if name == "TLS_ROOTS" { path.clone() } else { Some("movies".to_owned()) };
            let variable = |name: &str| variable(name).filter(|_| matches!(name, "TLS_ROOTS" | "TABLE_NAME"));
            client_config(&Config::read(variable).unwrap())
        };
        assert!(with("default").is_ok());
        for path in ["/nowhere.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
            assert!(with(path).unwrap_err().to_string().contains(path));
        }
        assert!(with(concat!(env!("CARGO_MANIFEST_DIR"), "/src/tls/amazon-roots.pem")).is_ok());
    }
}
