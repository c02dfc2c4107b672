//! A proxy that terminates TLS in front of the local store. Its certificate is not that of a public authority.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use rcgen::CertifiedKey;
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

pub struct TlsProxy {
    /// The endpoint for the SDK.
    pub url: String,
    /// Its certificate, as a PEM file.
    pub bundle: PathBuf,
    /// The heads of the forwarded requests.
    heads: Arc<Mutex<Vec<String>>>,
}

impl TlsProxy {
    /// Forwards requests to `store`, and writes its certificate to `directory`.
    pub fn start(store: SocketAddr, directory: &Path) -> Self {
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let bundle = directory.join("certificate.pem");
        fs::write(&bundle, cert.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, TlsAcceptor::from(Arc::new(tls)), store, seen));
        });
        Self { url, bundle, heads }
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, store: SocketAddr, heads: Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (tls, heads) = (tls.clone(), heads.clone());
        tokio::spawn(async move {
            // A client that does not trust the certificate closes the connection.
            let Ok(client) = tls.accept(client).await else { return };
            let store = tokio::net::TcpStream::connect(store).await.unwrap();
            let (mut from_client, mut to_client) = tokio::io::split(client);
            let (mut from_store, mut to_store) = store.into_split();
            tokio::spawn(async move { tokio::io::copy(&mut from_store, &mut to_client).await });
            let mut buffer = vec![0; 65_536];
            while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
                let text = String::from_utf8_lossy(&buffer[..count]);
                if let Some((head, _)) = text.split_once("\r\n\r\n") {
                    heads.lock().unwrap().push(head.to_lowercase());
                }
                if to_store.write_all(&buffer[..count]).await.is_err() {
                    return;
                }
            }
        });
    }
}
