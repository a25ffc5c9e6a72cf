//! nginx with the configuration that ships, in front of nodes.

use std::{
    fs::{self, File, Permissions},
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    blocking,
    child::{Child, RunAs, command, eventually, run},
    copy::copy_folder,
    port::free_port,
    programs,
    scratch::scratch,
};

/// From the start of the program until it takes connections.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to end its workers.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How often other ports are tried when somebody took the first.
const STARTS: usize = 5;

/// A local nginx with `infrastructure/nginx`, but for where the nodes are and where it listens.
///
/// Stopped when dropped.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    ports: Ports,
    _folder: TempDir,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    plain: u16,
    encrypted: u16,
}

impl Nginx {
    /// Starts it in front of the nodes at these addresses, and waits until it takes connections.
    pub async fn before(nodes: &[&str]) -> Self {
        let nodes: Vec<_> = nodes.iter().map(|node| (*node).to_owned()).collect();
        blocking(move || Self::launch(&nodes)).await
    }

    fn launch(nodes: &[String]) -> Self {
        let program = found("nginx");
        let folder = scratch("nginx");
        // Its workers have fewer rights than root.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("open the folder");
        let site = folder.path().join("site");
        copy_folder(&shipped(), &site).expect("copy the configuration");
        let before = fs::read_to_string(site.join("nodes.conf")).expect("the nodes that ship");
        fs::write(site.join("nodes.conf"), naming(nodes, &before)).expect("name the nodes");
        let listen = fs::read_to_string(site.join("listen.conf")).expect("where it listens");
        make_certificate(&site.join("tls"));
        for _ in 0..STARTS {
            let ports = Ports { plain: free_port(), encrypted: free_port() };
            fs::write(site.join("listen.conf"), ports.listening(&listen)).expect("name the ports");
            if let Some(child) = start(&program, folder.path(), ports.plain) {
                return Self { child, ports, _folder: folder };
            }
        }
        panic!("nginx does not start: {}", said(folder.path()));
    }

    /// `http://127.0.0.1:<port>`, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.plain)
    }

    /// `127.0.0.1:<port>` of TLS, with a certificate that nobody signed.
    #[must_use]
    pub fn encrypted_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.encrypted)
    }
}

impl Drop for Nginx {
    /// Its workers end when it is asked to stop, and not when it is killed.
    fn drop(&mut self) {
        self.child.signal(Signal::TERM);
        self.child.wait(STOP_LIMIT);
    }
}

impl Ports {
    /// The text that says where to listen, with these ports, on this machine alone.
    fn listening(self, text: &str) -> String {
        let Self { plain, encrypted } = self;
        let shipped = [("listen 8080", plain), ("listen 8443", encrypted)];
        shipped.iter().fold(text.to_owned(), |text, (listen, port)| {
            assert!(text.contains(listen), "{listen} ships no more");
            text.replace(listen, &format!("listen 127.0.0.1:{port}"))
        })
    }
}

/// The configuration that ships.
fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infrastructure/nginx")
}

/// The text that names nodes, with these ones, each as the first one there.
fn naming(nodes: &[String], text: &str) -> String {
    let is_node = |line: &str| line.trim_start().starts_with("server ");
    let first = text.lines().position(is_node).expect("a node that ships");
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if number == first {
            let named = line.split_whitespace().nth(1).expect("its address");
            let addresses = nodes.iter().map(|node| node.trim_start_matches("http://"));
            lines.extend(addresses.map(|address| line.replace(named, address)));
        } else if !is_node(line) {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}

/// `None` when the program ends before it takes connections: a port was taken, or it does not
/// understand its configuration.
fn start(program: &Path, folder: &Path, port: u16) -> Option<Child> {
    let log = File::create(folder.join("log")).expect("a log for nginx");
    let mut command = command(program, RunAs::Me, "TERM");
    command
        .args(["-e", "stderr", "-g", "daemon off;", "-p"])
        .arg(folder)
        .arg("-c")
        .arg(folder.join("site/nginx.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    let mut child = Child::spawn(command).expect("start nginx");
    let listens = eventually(START_LIMIT, || match child.ended() {
        Some(_) => Some(false),
        None => TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok().map(|_| true),
    });
    // Somebody else may listen on a port that ours could not get.
    (listens == Some(true) && child.ended().is_none()).then_some(child)
}

fn said(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// A certificate of its own making, for this machine.
fn make_certificate(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder for the certificate");
    let mut command = Command::new(found("openssl"));
    command
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout"])
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("certificate.pem"));
    run(command);
}

fn found(program: &str) -> PathBuf {
    programs::find(program).unwrap_or_else(|| {
        panic!(
            "no program {program} for this test: `cargo xtask test` installs what is missing \
             (Debian: nginx, openssl)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::naming;

    #[test]
    fn nodes_of_a_test_take_the_place_of_those_that_ship_and_keep_what_is_said_of_them() {
        let shipped = "upstream u {\n    server a:1 max_fails=1;\n    server b:2 max_fails=1;\n}";
        let nodes = ["http://127.0.0.1:7", "http://127.0.0.1:8"].map(str::to_owned);
        let named = "upstream u {\n    server 127.0.0.1:7 max_fails=1;\n    \
                     server 127.0.0.1:8 max_fails=1;\n}";
        assert_eq!(naming(&nodes, shipped), named);
    }
}
