//! Where to look for the set, and what to do where it is not.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use super::files::{self, ORIGINALS, Original};
use super::{FashionMnist, Source};
use crate::{Error, Result};

/// The official address of the four files. It speaks plain HTTP only; what arrives is checked by SHA-256.
pub const OFFICIAL_ADDRESS: &str = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";

const SYSTEM_FOLDER: &str = "/usr/share/datasets/fashion-mnist";
const HOW_TO_GET: &str = "`kiln datasets fetch fashion_mnist` downloads it (30 MB), \
    Debian has it as the package `dataset-fashion-mnist`, \
    and FASHION_MNIST_DIR may name a folder with the four files";
/// How long a failed download is not tried again within one process.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// How much of the set is wanted; `KILN_DATA` in the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// All of it where it can be had, else the embedded part.
    #[default]
    Auto,
    /// The embedded part, even where the whole set is at hand: for tests and outputs that must be equal everywhere.
    Embedded,
    /// All 70,000 images, or an error.
    Full,
}

/// Where [`load`](Self::load) looks, in place of the environment's choice.
///
/// # Example
/// ```
/// use kiln_datasets::fashion_mnist::{Extent, Options, Source};
///
/// let data = Options::new().extent(Extent::Embedded).load()?;
/// assert_eq!(data.source, Source::Embedded);
///
/// let error = Options::new().extent(Extent::Full).load().unwrap_err();
/// assert!(error.help().unwrap_or_default().contains("kiln datasets fetch fashion_mnist"));
/// # Ok::<(), kiln_datasets::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    extent: Extent,
    directory: Option<PathBuf>,
    places: Vec<Source>,
    cache: Option<PathBuf>,
    address: Option<String>,
    kiln_command: Option<PathBuf>,
    #[cfg_attr(not(feature = "download"), expect(dead_code, reason = "only downloads are checked"))]
    pub(super) originals: [Original; 4],
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// No place to look in and no download: what remains is the embedded part.
    pub fn new() -> Self {
        Self {
            extent: Extent::Auto,
            directory: None,
            places: Vec::new(),
            cache: None,
            address: None,
            kiln_command: None,
            originals: ORIGINALS,
        }
    }

    /// The places and the extent that the environment says; see the [module](super) for the order.
    ///
    /// # Errors
    /// `KILN_DATA` with a value other than `embedded`, `full` or `auto`.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let extent = match set("KILN_DATA").map(|value| value.to_string_lossy().into_owned()).as_deref() {
            None | Some("auto") => Extent::Auto,
            Some("embedded") => Extent::Embedded,
            Some("full") => Extent::Full,
            Some(other) => {
                return Err(Error::new(format!("unknown value `{other}`"))
                    .at("KILN_DATA")
                    .with_help("the values are: embedded, full, auto"));
            }
        };
        let home = set(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(PathBuf::from);
        let keras = set("KERAS_HOME").map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".keras")));
        let cache = set("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| {
                if cfg!(windows) {
                    set("LOCALAPPDATA").map(PathBuf::from)
                } else if cfg!(target_os = "macos") {
                    Some(home.as_ref()?.join("Library/Caches"))
                } else {
                    Some(home.as_ref()?.join(".cache"))
                }
            })
            .map(|path| path.join("kiln/datasets/fashion-mnist"));

        let mut places = Vec::new();
        places.extend(keras.map(|path| Source::KerasCache(path.join("datasets/fashion-mnist"))));
        places.push(Source::System(PathBuf::from(SYSTEM_FOLDER)));
        let address = set("KILN_FASHION_MNIST_URL").map(|value| value.to_string_lossy().into_owned());
        Ok(Self {
            extent,
            directory: set("FASHION_MNIST_DIR").map(PathBuf::from),
            places,
            cache,
            address: Some(address.unwrap_or_else(|| OFFICIAL_ADDRESS.to_owned())),
            kiln_command: set("KILN_EXE").map(PathBuf::from),
            originals: ORIGINALS,
        })
    }

    /// How much of the set is wanted; [`Extent::Auto`] by default.
    #[must_use]
    pub fn extent(mut self, extent: Extent) -> Self {
        self.extent = extent;
        self
    }

    /// Looks in this folder only. It must hold the four files, but not all of the images: a part of the set, in files
    /// of the same names and shapes, will do unless [`Extent::Full`] is wanted.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Adds a folder to the places that are tried, behind those that are there.
    #[must_use]
    pub fn place(mut self, directory: impl Into<PathBuf>) -> Self {
        self.places.push(Source::Directory(directory.into()));
        self
    }

    /// The folder that downloads go to; it is looked into before a download.
    #[must_use]
    pub fn cache(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache = Some(directory.into());
        self
    }

    /// The address of the folder with the four files; [`OFFICIAL_ADDRESS`] if the environment does not say otherwise.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Does not download.
    #[must_use]
    pub fn no_download(mut self) -> Self {
        self.address = None;
        self
    }

    /// The command `kiln`, which downloads for a process that is built without the feature `download`.
    #[must_use]
    pub fn kiln_command(mut self, command: impl Into<PathBuf>) -> Self {
        self.kiln_command = Some(command.into());
        self
    }

    /// The folder that downloads go to, if there is one.
    pub fn cache_directory(&self) -> Option<&Path> {
        self.cache.as_deref()
    }

    /// The place that [`load`](Self::load) would read now, without reading and without a download.
    ///
    /// # Example
    /// ```
    /// use kiln_datasets::fashion_mnist::{Options, Source};
    /// assert_eq!(Options::new().find(), Source::Embedded);
    /// ```
    pub fn find(&self) -> Source {
        if self.extent == Extent::Embedded {
            return Source::Embedded;
        }
        if let Some(directory) = &self.directory {
            return Source::Directory(directory.clone());
        }
        let cache = self.cache.clone().map(Source::KilnCache);
        self.places
            .iter()
            .chain(&cache)
            .find(|place| place.path().is_some_and(|path| files::missing_in(path).is_empty()))
            .cloned()
            .unwrap_or(Source::Embedded)
    }

    /// Loads the set from the first place that has it.
    ///
    /// # Errors
    /// As [`load`](super::load).
    pub fn load(&self) -> Result<FashionMnist> {
        match self.find() {
            Source::Embedded if self.extent == Extent::Embedded => files::embedded(),
            Source::Embedded => self.load_from_afar(),
            source => self.load_from(source),
        }
    }

    fn load_from(&self, source: Source) -> Result<FashionMnist> {
        let directory = source.path().map(Path::to_path_buf).unwrap_or_default();
        let missing = files::missing_in(&directory);
        if !missing.is_empty() {
            let error = if directory.is_dir() {
                Error::new(format!("lacks {}", missing.join(", ")))
            } else {
                Error::new("is no folder")
            };
            let help = "a folder with the four original files of Fashion-MNIST is expected, their names ending in .gz";
            return Err(error.at(directory.display()).with_help(help));
        }
        let in_cache = matches!(source, Source::KilnCache(_) | Source::Downloaded(_));
        let data = files::read(source, &directory).map_err(|error| {
            error.with_help(if in_cache {
                "`kiln datasets fetch fashion_mnist` fetches what is damaged again"
            } else {
                "delete or replace the file; the embedded part serves meanwhile, with KILN_DATA=embedded"
            })
        })?;
        if self.extent == Extent::Full && (data.train.len(), data.test.len()) != (60_000, 10_000) {
            let found = format!("holds {} + {} images", data.train.len(), data.test.len());
            return Err(Error::new(format!(
                "{found}, but all 60,000 + 10,000 are asked for (KILN_DATA=full)"
            ))
            .at(directory.display())
            .with_help(HOW_TO_GET));
        }
        Ok(data)
    }

    fn load_from_afar(&self) -> Result<FashionMnist> {
        let reason = match self.bring() {
            Ok(cache) => return self.load_from(Source::Downloaded(cache)),
            Err(error) => error.in_short(),
        };
        if self.extent == Extent::Full {
            return Err(Error::new(format!("the whole set (KILN_DATA=full) is not to be had: {reason}"))
                .at("Fashion-MNIST")
                .with_help(HOW_TO_GET));
        }
        static NOTICE: Once = Once::new();
        NOTICE.call_once(|| {
            eprintln!(
                "Fashion-MNIST: this is the part that comes with Kiln, 6,000 + 1,000 of the 70,000 images ({reason}).\n\
                 For all of it: {HOW_TO_GET}."
            );
        });
        files::embedded()
    }

    /// Brings the files into the cache, with this process's means, and returns the cache.
    fn bring(&self) -> Result<PathBuf> {
        let Some(address) = &self.address else {
            return Err(Error::new("the whole set is not on this machine"));
        };
        let Some(cache) = &self.cache else {
            return Err(Error::new("there is no cache folder to download into: HOME is not set"));
        };
        // Where a download failed just now, a cell that is run again should not wait again.
        static FAILURES: Mutex<Vec<(String, Instant, Error)>> = Mutex::new(Vec::new());
        let mut failures = FAILURES.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|(_, when, _)| when.elapsed() < RETRY_AFTER);
        if let Some((_, _, error)) = failures.iter().find(|(failed, _, _)| failed == address) {
            return Err(error.clone());
        }
        let outcome = self.bring_into(cache, address);
        if let Err(error) = &outcome {
            failures.push((address.clone(), Instant::now(), error.clone()));
        }
        outcome.map(|()| cache.clone())
    }

    #[cfg(feature = "download")]
    fn bring_into(&self, cache: &Path, address: &str) -> Result<()> {
        super::download::fetch(address, cache, &self.originals, &mut |line| eprintln!("{line}")).map(|_| ())
    }

    #[cfg(not(feature = "download"))]
    fn bring_into(&self, cache: &Path, address: &str) -> Result<()> {
        let Some(command) = &self.kiln_command else {
            return Err(Error::new("the whole set is not on this machine, and this program cannot download"));
        };
        super::delegate::fetch(command, cache, address)
    }

    /// Downloads what is missing or damaged in the cache, whatever the other places hold, and returns the cache.
    /// `report` gets a line for each file before and after.
    ///
    /// The files appear in the cache whole and checked, or not at all.
    ///
    /// # Errors
    /// No address or no cache; an address that cannot be reached within three seconds, or that has something else than
    /// the original files; a cache that cannot be written.
    #[cfg(feature = "download")]
    pub fn fetch(&self, report: &mut dyn FnMut(&str)) -> Result<PathBuf> {
        let cache = self.cache.as_deref().ok_or_else(|| {
            Error::new("there is no cache folder to download into: HOME is not set")
                .with_help("use --to FOLDER")
        })?;
        let address =
            self.address.as_deref().ok_or_else(|| Error::new("there is no address to download from"))?;
        super::download::fetch(address, cache, &self.originals, report)?;
        Ok(cache.to_path_buf())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Options> {
        Options::from_variables(|name| {
            variables.iter().find(|(set, _)| *set == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn kiln_data_says_the_extent() {
        assert_eq!(from(&[]).unwrap().extent, Extent::Auto);
        for (value, extent) in [("", Extent::Auto), ("embedded", Extent::Embedded), ("full", Extent::Full)] {
            assert_eq!(from(&[("KILN_DATA", value)]).unwrap().extent, extent);
        }
        let error = from(&[("KILN_DATA", "Full")]).unwrap_err().to_string();
        assert_eq!(error, "KILN_DATA: unknown value `Full`\nhelp: the values are: embedded, full, auto");
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_places_follow_the_environment() {
        let options = from(&[("HOME", "/home/ada")]).unwrap();
        let keras = Source::KerasCache("/home/ada/.keras/datasets/fashion-mnist".into());
        assert_eq!(options.places, [keras, Source::System(SYSTEM_FOLDER.into())]);
        let cache = Path::new("/home/ada/.cache/kiln/datasets/fashion-mnist");
        assert_eq!(options.cache_directory(), Some(cache));
        assert_eq!(options.address.as_deref(), Some(OFFICIAL_ADDRESS));

        let options = from(&[
            ("HOME", "/home/ada"),
            ("KERAS_HOME", "/keras"),
            ("XDG_CACHE_HOME", "/cache"),
            ("FASHION_MNIST_DIR", "/mine"),
            ("KILN_FASHION_MNIST_URL", "http://127.0.0.1:8000/"),
            ("KILN_EXE", "/bin/kiln"),
        ])
        .unwrap();
        assert_eq!(options.places[0], Source::KerasCache("/keras/datasets/fashion-mnist".into()));
        assert_eq!(options.cache_directory(), Some(Path::new("/cache/kiln/datasets/fashion-mnist")));
        assert_eq!(options.find(), Source::Directory("/mine".into()));
        assert_eq!(options.address.as_deref(), Some("http://127.0.0.1:8000/"));
        assert_eq!(options.kiln_command.as_deref(), Some(Path::new("/bin/kiln")));
    }

    #[test]
    fn without_a_home_there_is_no_cache_and_no_panic() {
        let options = from(&[]).unwrap();
        assert_eq!(options.places, [Source::System(SYSTEM_FOLDER.into())]);
        let error = Options { places: Vec::new(), ..options }.extent(Extent::Full).load().unwrap_err();
        assert!(error.what().contains("HOME is not set"), "{error}");
    }
}
