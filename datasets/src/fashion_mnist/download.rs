//! Downloading the four files into a cache: checked before they are written, whole or not there.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use ureq::Agent;

use super::files::Original;
use crate::{Error, Result};

const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// How long the server may be silent once it is connected.
const SILENCE_LIMIT: Duration = Duration::from_secs(20);
/// No file of the set takes longer than this on a line that is worth waiting for.
const FILE_LIMIT: Duration = Duration::from_secs(900);
/// A temporary file older than this is one that a killed process left.
const STALE: Duration = Duration::from_secs(3600);

/// Downloads those of the files that are not in the cache, or damaged there. Returns how many.
///
/// A file is kept in memory until it is checked (26 MB at most), then written beside its place, synced and renamed.
pub(super) fn fetch(
    address: &str,
    cache: &Path,
    originals: &[Original],
    report: &mut dyn FnMut(&str),
) -> Result<usize> {
    let mut wanted = Vec::new();
    for original in originals {
        if !is_whole(&cache.join(original.name), original) {
            wanted.push(original);
        }
    }
    if wanted.is_empty() {
        return Ok(0);
    }
    prepare(cache)?;
    let agent = agent(address)?;
    for (position, original) in wanted.iter().enumerate() {
        let from = format!("{}/{}", address.trim_end_matches('/'), original.name);
        report(&format!(
            "Fashion-MNIST: downloading file {} of {}, {} kB, from {from}",
            position + 1,
            wanted.len(),
            original.size.div_ceil(1000)
        ));
        let bytes = download(&agent, &from, original)?;
        put(cache, original.name, &bytes)?;
    }
    report(&format!("Fashion-MNIST: {} files checked and put into {}", wanted.len(), cache.display()));
    Ok(wanted.len())
}

fn agent(address: &str) -> Result<Agent> {
    if address.starts_with("https://") && !cfg!(feature = "https") {
        return Err(Error::new(
            "this program is built without TLS, so it cannot fetch from an https address",
        )
        .at(address)
        .with_help(
            "use an http address (what arrives is checked by SHA-256), or build with the feature `https`",
        ));
    }
    let mut config = Agent::config_builder()
        .timeout_resolve(Some(CONNECT_LIMIT))
        .timeout_connect(Some(CONNECT_LIMIT))
        .timeout_recv_response(Some(SILENCE_LIMIT))
        .timeout_per_read(Some(SILENCE_LIMIT))
        .timeout_recv_body(Some(FILE_LIMIT))
        .user_agent(concat!("kiln-datasets/", env!("CARGO_PKG_VERSION")));
    if is_loopback(address) {
        config = config.proxy(None);
    }
    Ok(config.build().new_agent())
}

fn is_loopback(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| {
        rest.strip_prefix(host).is_some_and(|tail| tail.is_empty() || tail.starts_with([':', '/']))
    })
}

fn download(agent: &Agent, from: &str, original: &Original) -> Result<Vec<u8>> {
    let fail = |error: ureq::Error| {
        let error = match error {
            ureq::Error::Io(error) => Error::new(format!("cannot be downloaded: {error}")),
            error => Error::new(format!("cannot be downloaded: {error}")),
        };
        error
            .at(from)
            .with_help("is there a network? KILN_FASHION_MNIST_URL names another address with the four files")
    };
    let response = agent.get(from).call().map_err(fail)?;
    // A mirror may have compressed anew, but not four times as badly.
    let limit = original.size.saturating_mul(4).saturating_add(1 << 16);
    let bytes = response.into_body().into_with_config().limit(limit).read_to_vec().map_err(fail)?;
    let found = content_sha256(bytes.as_slice()).map_err(|error| {
        Error::new(format!("{} bytes arrived that are no gzip file: {error}", bytes.len())).at(from)
    })?;
    if found != original.content_sha256 {
        return Err(Error::new(format!(
            "another file than the original arrived ({} bytes): the SHA-256 of its content is {found}, not {}",
            bytes.len(),
            original.content_sha256
        ))
        .at(from)
        .with_help("nothing was written; try again, or another address by KILN_FASHION_MNIST_URL"));
    }
    Ok(bytes)
}

/// Whether the file in the cache has the original's content.
fn is_whole(path: &Path, original: &Original) -> bool {
    File::open(path).and_then(content_sha256).is_ok_and(|found| found == original.content_sha256)
}

/// SHA-256 of what a gzip stream holds, in hexadecimal digits.
fn content_sha256(compressed: impl Read) -> std::io::Result<String> {
    let mut content = MultiGzDecoder::new(compressed);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match content.read(&mut buffer)? {
            0 => break,
            length => hash.update(&buffer[..length]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Makes the cache, sees that it can be written before anything is downloaded, and removes what a killed process left.
fn prepare(cache: &Path) -> Result<()> {
    fs::create_dir_all(cache).map_err(|error| not_writable(cache, &error))?;
    let probe = Temporary::new(cache, "probe");
    File::create(&probe.path).map_err(|error| not_writable(cache, &error))?;
    drop(probe);

    let entries = fs::read_dir(cache).map_err(|error| not_writable(cache, &error))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if name.starts_with('.') && name.ends_with(".part") && age.is_some_and(|age| age > STALE) {
            fs::remove_file(entry.path()).ok();
        }
    }
    Ok(())
}

/// Puts a file into the cache so that it is whole there or not there, also when the power fails in between.
fn put(cache: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let temporary = Temporary::new(cache, name);
    let write = || {
        let mut file = File::create(&temporary.path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&temporary.path, cache.join(name))?;
        if cfg!(unix) {
            File::open(cache)?.sync_all()?;
        }
        Ok(())
    };
    write().map_err(|error| not_writable(cache, &error))
}

fn not_writable(cache: &Path, error: &std::io::Error) -> Error {
    Error::new(format!("the cache folder cannot be written: {error}")).at(cache.display()).with_help(
        "XDG_CACHE_HOME names another place for it, and `kiln datasets fetch fashion_mnist --to FOLDER` too",
    )
}

/// A file beside the one it becomes, removed if it does not come to that.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn new(directory: &Path, name: &str) -> Self {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        Self { path: directory.join(format!(".{name}.{}-{number}.part", std::process::id())) }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        fs::remove_file(&self.path).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;
    use std::sync::Arc;

    use super::super::{Extent, Options, Source};
    use super::*;
    use crate::idx;

    /// What the server does for a path.
    #[derive(Clone)]
    enum Answer {
        Whole(Vec<u8>),
        /// Declares the whole length, sends half and closes.
        Half(Vec<u8>),
        Status(u16),
    }

    /// A server on this machine, for as long as the process lives; returns its address and the count of requests.
    fn serve(answers: HashMap<&'static str, Answer>) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/data/", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let request = lines.next().unwrap().unwrap();
                lines.map(|line| line.unwrap()).take_while(|line| !line.is_empty()).for_each(drop);
                counted.fetch_add(1, Ordering::Relaxed);
                let path = request.split(' ').nth(1).unwrap().trim_start_matches("/data/").to_owned();
                let (status, declared, body) = match answers.get(path.as_str()) {
                    Some(Answer::Whole(bytes)) => (200, bytes.len(), &bytes[..]),
                    Some(Answer::Half(bytes)) => (200, bytes.len(), &bytes[..bytes.len() / 2]),
                    Some(Answer::Status(status)) => (*status, 0, &[][..]),
                    None => (404, 0, &[][..]),
                };
                let head =
                    format!("HTTP/1.1 {status} x\r\nContent-Length: {declared}\r\nConnection: close\r\n\r\n");
                stream.write_all(head.as_bytes()).ok();
                stream.write_all(body).ok();
            }
        });
        (address, requests)
    }

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("kiln-download-{name}-{}", std::process::id()));
            fs::remove_dir_all(&path).ok();
            Self(path)
        }

        /// The names of all there is, hidden files too.
        fn names(&self) -> Vec<String> {
            let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    const NAMES: [&str; 4] = [
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ];

    /// A set of three training and two test images, with its checksums.
    fn small_set() -> (HashMap<&'static str, Answer>, [Original; 4]) {
        let files = [
            idx::encode(&[3, 28, 28], &[7; 3 * 784]).unwrap(),
            idx::encode(&[3], &[0, 5, 9]).unwrap(),
            idx::encode(&[2, 28, 28], &[8; 2 * 784]).unwrap(),
            idx::encode(&[2], &[1, 2]).unwrap(),
        ];
        let originals = std::array::from_fn(|index| Original {
            name: NAMES[index],
            content_sha256: content_sha256(files[index].as_slice()).unwrap().leak(),
            size: files[index].len() as u64,
        });
        (NAMES.into_iter().zip(files.map(Answer::Whole)).collect(), originals)
    }

    fn options(address: &str, cache: &Folder, originals: [Original; 4]) -> Options {
        let mut options = Options::new().address(address).cache(&cache.0);
        options.originals = originals;
        options
    }

    #[test]
    fn a_download_fills_the_cache_once() {
        let cache = Folder::new("once");
        let (answers, originals) = small_set();
        let (address, requests) = serve(answers);
        let options = options(&address, &cache, originals);
        let data = options.load().unwrap();
        assert_eq!(data.source, Source::Downloaded(cache.0.clone()));
        assert_eq!(data.train.labels, [0, 5, 9]);
        assert_eq!(data.test.shape(), [2, 28, 28]);
        let mut names = NAMES.map(str::to_owned);
        names.sort();
        assert_eq!(cache.names(), names);

        assert_eq!(options.load().unwrap().source, Source::KilnCache(cache.0.clone()));
        assert_eq!(requests.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn fetch_repairs_what_is_missing_or_damaged() {
        let cache = Folder::new("repair");
        let (answers, originals) = small_set();
        let (address, requests) = serve(answers);
        let options = options(&address, &cache, originals);
        options.fetch(&mut |_| {}).unwrap();
        fs::remove_file(cache.0.join(NAMES[1])).unwrap();
        fs::write(cache.0.join(NAMES[2]), b"\x1f\x8brubbish").unwrap();
        assert_eq!(options.load().unwrap().source, Source::Downloaded(cache.0.clone()));
        assert_eq!(requests.load(Ordering::Relaxed), 6);

        fs::write(cache.0.join(NAMES[2]), b"\x1f\x8brubbish").unwrap();
        let error = options.load().unwrap_err();
        assert!(error.place().unwrap().ends_with(NAMES[2]), "{error}");
        assert!(error.help().unwrap().contains("kiln datasets fetch fashion_mnist"), "{error}");
        options.fetch(&mut |_| {}).unwrap();
        assert!(options.load().is_ok());
    }

    #[test]
    fn a_wrong_checksum_writes_nothing() {
        let cache = Folder::new("checksum");
        let (mut answers, originals) = small_set();
        answers.insert(NAMES[0], Answer::Whole(idx::encode(&[3, 28, 28], &[6; 3 * 784]).unwrap()));
        let (address, _) = serve(answers);
        let error = options(&address, &cache, originals).fetch(&mut |_| {}).unwrap_err();
        assert!(error.what().contains("another file than the original"), "{error}");
        assert!(error.what().contains(originals[0].content_sha256), "{error}");
        assert_eq!(error.place().unwrap(), format!("{address}{}", NAMES[0]));
        assert_eq!(cache.names(), [""; 0]);
    }

    #[test]
    fn a_page_instead_of_the_file_is_refused() {
        let cache = Folder::new("page");
        let (mut answers, originals) = small_set();
        answers.insert(NAMES[0], Answer::Whole(b"<html>log in first</html>".to_vec()));
        let (address, _) = serve(answers);
        let error = options(&address, &cache, originals).fetch(&mut |_| {}).unwrap_err();
        assert!(error.what().contains("no gzip file"), "{error}");
        assert_eq!(cache.names(), [""; 0]);
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let cache = Folder::new("limit");
        let (mut answers, originals) = small_set();
        answers.insert(NAMES[0], Answer::Whole(vec![0; 1 << 20]));
        let (address, _) = serve(answers);
        let error = options(&address, &cache, originals).fetch(&mut |_| {}).unwrap_err();
        assert!(error.what().contains("cannot be downloaded"), "{error}");
        assert_eq!(cache.names(), [""; 0]);
    }

    /// The files before the one that breaks off stay, whole; of that one there is nothing.
    #[test]
    fn an_interrupted_download_leaves_no_half_file() {
        let cache = Folder::new("half");
        let (mut answers, originals) = small_set();
        let Some(Answer::Whole(bytes)) = answers.remove(NAMES[1]) else { unreachable!() };
        answers.insert(NAMES[1], Answer::Half(bytes));
        let (address, _) = serve(answers);
        let error = options(&address, &cache, originals).fetch(&mut |_| {}).unwrap_err();
        assert!(error.what().contains("cannot be downloaded"), "{error}");
        assert_eq!(cache.names(), [NAMES[0]]);
    }

    #[test]
    fn without_the_file_or_the_server_the_embedded_part_serves() {
        let (mut answers, originals) = small_set();
        answers.insert(NAMES[0], Answer::Status(503));
        let (address, requests) = serve(answers);
        for (name, address) in [("503", address.as_str()), ("refused", "http://127.0.0.1:9/")] {
            let cache = Folder::new(name);
            let options = options(address, &cache, originals);
            assert_eq!(options.load().unwrap().source, Source::Embedded);
            assert_eq!(options.load().unwrap().source, Source::Embedded);
            assert_eq!(cache.names(), [""; 0]);
            let error = options.extent(Extent::Full).load().unwrap_err();
            assert!(error.what().contains("not to be had"), "{error}");
            assert!(error.what().contains(NAMES[0]), "{error}");
        }
        // The second load and the third remember the first one's failure.
        assert_eq!(requests.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_named_before_any_download() {
        let folder = Folder::new("unwritable");
        fs::create_dir_all(&folder.0).unwrap();
        fs::write(folder.0.join("file"), b"").unwrap();
        let (answers, originals) = small_set();
        let (address, requests) = serve(answers);
        let cache = Folder(folder.0.join("file/cache"));
        let error = options(&address, &cache, originals).fetch(&mut |_| {}).unwrap_err();
        assert!(error.what().contains("cannot be written"), "{error}");
        assert_eq!(error.place().unwrap(), cache.0.display().to_string());
        assert_eq!(requests.load(Ordering::Relaxed), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_cache_is_named() {
        use std::os::unix::fs::PermissionsExt;
        let cache = Folder::new("read-only");
        fs::create_dir_all(&cache.0).unwrap();
        fs::set_permissions(&cache.0, fs::Permissions::from_mode(0o555)).unwrap();
        if File::create(cache.0.join("try")).is_ok() {
            return; // The superuser writes everywhere.
        }
        let (answers, originals) = small_set();
        let (address, _) = serve(answers);
        let error = options(&address, &cache, originals).fetch(&mut |_| {}).unwrap_err();
        assert!(error.what().contains("cannot be written"), "{error}");
        assert_eq!(cache.names(), [""; 0]);
    }

    #[cfg(not(feature = "https"))]
    #[test]
    fn an_https_address_without_tls_says_so() {
        let cache = Folder::new("tls");
        let (_, originals) = small_set();
        let error = options("https://127.0.0.1/", &cache, originals).fetch(&mut |_| {}).unwrap_err();
        assert!(error.what().contains("without TLS"), "{error}");
    }

    #[test]
    fn only_this_machines_addresses_go_past_a_proxy() {
        assert!(is_loopback("http://127.0.0.1:8000/data"));
        assert!(is_loopback("http://localhost"));
        assert!(is_loopback("http://[::1]:80/"));
        assert!(!is_loopback("http://localhost.example.org/"));
        assert!(!is_loopback(super::super::OFFICIAL_ADDRESS));
    }

    #[test]
    fn what_a_killed_process_left_is_removed_later() {
        let cache = Folder::new("stale");
        fs::create_dir_all(&cache.0).unwrap();
        let old = cache.0.join(".train.1-0.part");
        File::create(&old).unwrap().set_modified(SystemTime::now() - 2 * STALE).unwrap();
        File::create(cache.0.join(".train.2-0.part")).unwrap();
        prepare(&cache.0).unwrap();
        assert_eq!(cache.names(), [".train.2-0.part"]);
    }

    /// The real files, served from the system's folder where it is there, pass the real checksums.
    #[test]
    fn the_originals_pass_their_checksums() {
        let system = Path::new("/usr/share/datasets/fashion-mnist");
        let Ok(files) = NAMES.iter().map(|name| fs::read(system.join(name))).collect::<Result<Vec<_>, _>>()
        else {
            eprintln!("skipped: {} is not there", system.display());
            return;
        };
        let (address, _) = serve(NAMES.into_iter().zip(files.into_iter().map(Answer::Whole)).collect());
        let cache = Folder::new("originals");
        let data = Options::new().extent(Extent::Full).address(address).cache(&cache.0).load().unwrap();
        assert_eq!((data.train.len(), data.test.len()), (60_000, 10_000));
    }
}
