//! Loading Fashion-MNIST from folders, good and bad, and the embedded part.
#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use kiln_datasets::fashion_mnist::{Extent, Options, Source, class_names, class_names_ko};
use kiln_datasets::idx;

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte.gz";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte.gz";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte.gz";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte.gz";

/// A folder of its own, with a small set in it, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn empty() -> Self {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("kiln-fashion-mnist-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with_set() -> Self {
        let folder = Self::empty();
        folder.put(TRAIN_IMAGES, &[3, 28, 28], &[7; 3 * 784]);
        folder.put(TRAIN_LABELS, &[3], &[0, 5, 9]);
        folder.put(TEST_IMAGES, &[2, 28, 28], &[8; 2 * 784]);
        folder.put(TEST_LABELS, &[2], &[1, 2]);
        folder
    }

    fn put(&self, name: &str, shape: &[usize], values: &[u8]) {
        idx::write(self.0.join(name), shape, values).unwrap();
    }

    fn error(&self) -> String {
        let error = Options::new().directory(&self.0).load().unwrap_err();
        assert_eq!(format!("{error}"), format!("{error:?}"));
        error.to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// 600 and 100 images a class, mixed: the last tenth, which a validation split takes, has every class about equally.
#[test]
fn the_embedded_part_is_stratified_and_mixed() {
    let data = Options::new().extent(Extent::Embedded).load().unwrap();
    assert_eq!(data.source, Source::Embedded);
    for (split, per_class) in [(&data.train, 600), (&data.test, 100)] {
        assert_eq!(split.images.len(), per_class * 10 * 784);
        assert_eq!(split.shape(), [per_class * 10, 28, 28]);
        for class in 0..10 {
            assert_eq!(split.labels.iter().filter(|&&label| label == class).count(), per_class);
        }
    }
    let tail = &data.train.labels[5400..];
    for class in 0..10 {
        let count = tail.iter().filter(|&&label| label == class).count();
        assert!((35..=85).contains(&count), "class {class}: {count} of 600");
    }
    // Fashion-MNIST's mean grey value is 72.9 of 255.
    let mean =
        data.train.images.iter().map(|&value| f64::from(value)).sum::<f64>() / data.train.images.len() as f64;
    assert!((mean - 72.9).abs() < 1.5, "{mean}");
}

#[test]
fn a_folder_is_read_whole() {
    let folder = Folder::with_set();
    let data = Options::new().directory(&folder.0).load().unwrap();
    assert_eq!(data.source, Source::Directory(folder.0.clone()));
    assert_eq!((data.train.len(), data.test.len()), (3, 2));
    assert_eq!(data.train.labels, [0, 5, 9]);
    assert_eq!(data.test.images[0], 8);
}

#[test]
fn the_first_complete_place_wins() {
    let (empty, first, second) = (Folder::empty(), Folder::with_set(), Folder::with_set());
    let partial = Folder::with_set();
    fs::remove_file(partial.0.join(TEST_LABELS)).unwrap();
    let options = Options::new().place(&empty.0).place(&partial.0).place(&first.0).place(&second.0);
    assert_eq!(options.find(), Source::Directory(first.0.clone()));
    assert_eq!(options.load().unwrap().source, Source::Directory(first.0.clone()));
    assert_eq!(options.extent(Extent::Embedded).load().unwrap().source, Source::Embedded);
    assert_eq!(Options::new().place(&empty.0).load().unwrap().source, Source::Embedded);
}

#[test]
fn a_folder_asked_for_must_have_all_four() {
    let folder = Folder::with_set();
    fs::remove_file(folder.0.join(TEST_IMAGES)).unwrap();
    assert!(folder.error().contains(&format!("{}: lacks {TEST_IMAGES}", folder.0.display())));
    let missing = folder.0.join("nowhere");
    let error = Options::new().directory(&missing).load().unwrap_err();
    assert_eq!(error.place().unwrap(), missing.display().to_string());
    assert!(error.what().contains("no folder"));
}

#[test]
fn full_means_all_of_it() {
    let folder = Folder::with_set();
    let error = Options::new().directory(&folder.0).extent(Extent::Full).load().unwrap_err();
    assert!(error.what().contains("3 + 2 images"), "{error}");
    let error = Options::new().extent(Extent::Full).load().unwrap_err();
    assert!(error.help().unwrap().contains("dataset-fashion-mnist"), "{error}");
}

#[test]
fn a_damaged_file_is_named() {
    let damage: [(&str, &dyn Fn(&Path), &str); 8] = [
        (TRAIN_IMAGES, &|path| fs::write(path, b"").unwrap(), "empty"),
        (TRAIN_LABELS, &|path| fs::write(path, b"plain text").unwrap(), "not a gzip file"),
        (
            TEST_IMAGES,
            &|path| {
                let bytes = fs::read(path).unwrap();
                fs::write(path, &bytes[..bytes.len() - 9]).unwrap();
            },
            "truncated",
        ),
        (TRAIN_IMAGES, &|path| idx::write(path, &[3, 28, 27], &[0; 3 * 28 * 27]).unwrap(), "[n, 28, 28]"),
        (TRAIN_IMAGES, &|path| idx::write(path, &[3, 784], &[0; 3 * 784]).unwrap(), "[3, 784]"),
        (TRAIN_LABELS, &|path| idx::write(path, &[4], &[0; 4]).unwrap(), "4 labels for the 3 images"),
        (TEST_LABELS, &|path| idx::write(path, &[2, 1], &[0; 2]).unwrap(), "labels of shape [n]"),
        (TEST_LABELS, &|path| idx::write(path, &[2], &[3, 10]).unwrap(), "label 10 at position 1"),
    ];
    for (name, damage, expected) in damage {
        let folder = Folder::with_set();
        damage(&folder.0.join(name));
        let text = folder.error();
        assert!(text.starts_with(&folder.0.join(name).display().to_string()), "{text}");
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("\nhelp: "), "{text}");
        // In one of the places, too: it is not passed over in silence.
        assert!(Options::new().place(&folder.0).load().is_err());
    }
}

#[test]
fn a_set_without_images_is_an_error() {
    let folder = Folder::with_set();
    folder.put(TEST_IMAGES, &[0, 28, 28], &[]);
    folder.put(TEST_LABELS, &[0], &[]);
    assert!(folder.error().contains("no image"));
}

#[test]
fn class_names_are_ten_different_ones() {
    for names in [class_names(), class_names_ko()] {
        let different: std::collections::HashSet<&str> = names.into_iter().collect();
        assert_eq!(different.len(), 10);
    }
    assert_eq!(class_names()[9], "Ankle boot");
}

/// Two loads that end at the embedded part say so once, and say how to get the rest.
#[test]
fn the_notice_comes_once() {
    if std::env::var_os("KILN_TEST_LOADS_TWICE").is_some() {
        Options::new().load().unwrap();
        Options::new().load().unwrap();
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_notice_comes_once", "--nocapture"])
        .env("KILN_TEST_LOADS_TWICE", "1")
        .output()
        .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("6,000 + 1,000 of the 70,000 images").count(), 1, "{said}");
    assert_eq!(said.matches("kiln datasets fetch fashion_mnist").count(), 1, "{said}");
}
