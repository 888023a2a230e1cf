//! Files that are cut off, damaged, or made to do harm: an error that names the file, or the right result; never a panic,
//! never more memory than is promised, and never half a file after a kill.
//!
//! `KILN_FUZZ_SECONDS` (of each reader; 2 by default; `KILN_FUZZ_ONLY=.h5` takes one of them) and `KILN_KILLS` (10) make the
//! runs longer; `KILN_EVERY_BYTE` damages every byte instead of a few hundred.

use super::allocations::most_during;
use super::keras_files::path;
use kiln::prelude::*;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What reading a file of this size may allocate: what `saving/limits.rs` allows for content, twice.
fn bound(size: usize) -> usize {
    (128 << 20) + 64 * size
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A directory of this test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("kiln-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a directory for temporary files");
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A small reproducible stream of numbers.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// What a file gives: the weights, all of the optimizer, and the configuration.
fn content(file: &Path) -> Result<Vec<Vec<f64>>> {
    let name = file.to_string_lossy().to_string();
    let model = if name.ends_with(".weights.h5") || name.ends_with(".safetensors") {
        let mut model = small();
        model.load_weights(file)?;
        model
    } else {
        models::load(file)?
    };
    let mut all: Vec<Vec<f64>> = match model.get_weights() {
        Ok(weights) => weights.iter().map(Tensor::to_vec_f64).collect(),
        Err(_) => Vec::new(),
    };
    if let Ok(state) = model.optimizer_state() {
        all.extend(state.variables().iter().map(|(_, tensor)| tensor.to_vec_f64()));
    }
    all.push(model.to_json()?.bytes().map(f64::from).collect());
    Ok(all)
}

fn small() -> Sequential {
    let mut model = Sequential::new()
        .seed(1)
        .add(Dense::new(4).activation("elu").input_shape([5]))
        .add(Dense::new(3).activation("softmax"));
    model
        .compile(Adam::new(0.01), "sparse_categorical_crossentropy", ["accuracy"])
        .expect("the parts are fine");
    model
}

/// Our own files of a small trained model, in all formats.
fn own_files(folder: &Folder) -> Vec<PathBuf> {
    let mut model = small();
    let x = Tensor::linspace(-1.0, 1.0, 40).reshape([8, 5]).expect("40 numbers");
    model.train_on_batch(&x, &Tensor::new([0, 1, 2, 0, 1, 2, 0, 1])).expect("a step");
    let files: Vec<PathBuf> = ["own.keras", "own.h5", "own.weights.h5", "own.safetensors"]
        .iter()
        .map(|name| folder.file(name))
        .collect();
    for file in &files {
        let saved = if file.to_string_lossy().contains("weights") || file.to_string_lossy().contains("safe") {
            model.save_weights(file)
        } else {
            model.save(file)
        };
        saved.expect("a file that can be written");
    }
    files
}

/// Reads damaged bytes. What comes back is the content, or `None` for an error, which must name the file.
fn read_damaged(file: &Path, bytes: &[u8], what: &str) -> Option<Vec<Vec<f64>>> {
    fs::write(file, bytes).expect("a temporary file");
    let began = Instant::now();
    let (result, most) = most_during(|| content(file));
    assert!(most <= bound(bytes.len()), "{what}: {most} bytes allocated for a file of {}", bytes.len());
    assert!(began.elapsed() < Duration::from_secs(20), "{what}: {:?}", began.elapsed());
    match result {
        Ok(content) => Some(content),
        Err(error) => {
            let text = error.to_string();
            assert!(
                text.contains(&*file.to_string_lossy()),
                "{what}: the error does not name the file: {text}"
            );
            assert!(!text.contains("reading it has failed"), "{what}: a panic");
            None
        }
    }
}

/// Cut off at every KB, and near the end: an error, or the right result.
#[test]
fn files_that_are_cut_off() {
    let folder = Folder::new("cut");
    let mut files = own_files(&folder);
    files.extend(
        ["many_layers.keras", "many_layers.h5", "lecture_plain.h5"]
            .map(|name| path(&format!("keras_files/{name}"))),
    );
    for file in files {
        let whole = fs::read(&file).expect("a fixture");
        let right = content(&file).expect("a whole file");
        let name = file.file_name().expect("a name").to_string_lossy().to_string();
        let cut = folder.file(&format!("cut-{name}"));
        let near = (1..40).map(|back| whole.len() - back);
        for length in (0..whole.len()).step_by(1024).chain(near) {
            let read = read_damaged(&cut, &whole[..length], &format!("{name}, {length} bytes"));
            assert!(read.is_none_or(|content| content == right), "{name}: {length} of {} bytes", whole.len());
        }
    }
}

/// One damaged byte: an error, or the right result. Legacy files of Keras itself have no checksum, so that a damaged number
/// in them is another number: there, only that nothing else happens.
#[test]
fn files_with_a_damaged_byte() {
    let folder = Folder::new("byte");
    let mut files: Vec<(PathBuf, bool)> = own_files(&folder).into_iter().map(|file| (file, true)).collect();
    files.push((path("keras_files/adam_amsgrad.keras"), true));
    files.push((path("keras_files/adam_amsgrad.h5"), false));
    for (file, checked) in files {
        let whole = fs::read(&file).expect("a fixture");
        let right = content(&file).expect("a whole file");
        let name = file.file_name().expect("a name").to_string_lossy().to_string();
        let damaged = folder.file(&format!("damaged-{name}"));
        let step = if std::env::var("KILN_EVERY_BYTE").is_ok() { 1 } else { whole.len() / 200 };
        let mut stream = Stream(7);
        for first in (0..whole.len()).step_by(step) {
            let place = (first + stream.below(step)).min(whole.len() - 1);
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << stream.below(8);
            let read = read_damaged(&damaged, &bytes, &format!("{name}, byte {place}"));
            assert!(
                read.is_none_or(|content| !checked || content == right),
                "{name}: byte {place} changes the result"
            );
        }
    }
}

/// How many damaged files of each kind are read at least.
const FEWEST: usize = 25;

/// Random damage for some seconds: no panic, no allocation beyond the bound.
#[test]
fn readers_stand_random_damage() {
    let folder = Folder::new("fuzz");
    let seconds = setting("KILN_FUZZ_SECONDS", 2);
    let own = own_files(&folder);
    let kinds: [(&str, Vec<PathBuf>); 4] = [
        (
            ".keras",
            vec![
                own[0].clone(),
                path("keras_files/many_layers.keras"),
                path("keras_files/functional_chain.keras"),
                path("keras_files/schedule.keras"),
            ],
        ),
        (
            ".h5",
            vec![
                own[1].clone(),
                path("keras_files/many_layers.h5"),
                path("keras2_files/legacy_adam.h5"),
                path("keras_files/functional_chain.h5"),
            ],
        ),
        (".weights.h5", vec![own[2].clone(), path("keras_files/built.weights.h5")]),
        (".safetensors", vec![own[3].clone()]),
    ];
    let only = std::env::var("KILN_FUZZ_ONLY").ok();
    for (ending, files) in kinds {
        if only.as_ref().is_some_and(|only| only != ending) {
            continue;
        }
        let corpus: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).expect("a fixture")).collect();
        let file = folder.file(&format!("fuzzed{ending}"));
        let mut stream = Stream(setting("KILN_FUZZ_SEED", 1));
        let (began, mut cases, mut read) = (Instant::now(), 0, 0);
        // On a busy machine a few seconds may pass with little done.
        while began.elapsed() < Duration::from_secs(seconds) || cases < FEWEST {
            let whole = &corpus[stream.below(corpus.len())];
            let seed = stream.0;
            let bytes = if ending == ".keras" && stream.below(4) > 0 {
                repacked(whole, &mut stream)
            } else {
                damaged(whole, &mut stream)
            };
            let what = format!("{ending}, case {cases}, stream {seed}");
            read += usize::from(read_damaged(&file, &bytes, &what).is_some());
            cases += 1;
        }
        println!("{ending}: {cases} cases in {seconds} s, {read} could be read");
    }
}

/// The bytes with some of them changed, moved, or left out.
fn damaged(whole: &[u8], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..1 + stream.below(6) {
        let place = stream.below(bytes.len());
        let value = stream.next();
        match stream.below(8) {
            0 => bytes.truncate(place.max(1)),
            1 => bytes[place] = value as u8,
            2 => bytes[place] ^= 1 << (value % 8),
            3 => {
                let special = [0, 0xff, 0x7f, 0x80, 1, 0xfe][value as usize % 6];
                let end = (place + [1, 2, 4, 8][stream.below(4)]).min(bytes.len());
                bytes[place..end].fill(special);
            }
            4 => {
                let from = stream.below(bytes.len());
                let length = stream.below(64).min(bytes.len() - place).min(bytes.len() - from);
                let copied = bytes[from..from + length].to_vec();
                bytes[place..place + length].copy_from_slice(&copied);
            }
            5 => drop(bytes.splice(place..place, std::iter::repeat_n(value as u8, stream.below(40)))),
            6 => {
                let end = (place + stream.below(40)).min(bytes.len());
                bytes.drain(place..end);
            }
            _ => number(&mut bytes, place, stream),
        }
        if bytes.is_empty() {
            return vec![0];
        }
    }
    bytes
}

/// Another number in the place of the next one in a text.
fn number(bytes: &mut Vec<u8>, place: usize, stream: &mut Stream) {
    let Some(first) = (place..bytes.len()).find(|&index| bytes[index].is_ascii_digit()) else { return };
    let end = (first..bytes.len()).find(|&index| !bytes[index].is_ascii_digit()).unwrap_or(bytes.len());
    let others: [&[u8]; 9] = [
        b"0",
        b"-1",
        b"1e308",
        b"4294967296",
        b"99999999999",
        b"18446744073709551615",
        b"null",
        b"[[]]",
        b"0.5",
    ];
    bytes.splice(first..end, others[stream.below(others.len())].iter().copied());
}

/// A `.keras` archive whose members are damaged but have the right checksums, so that what lies behind those is reached.
fn repacked(whole: &[u8], stream: &mut Stream) -> Vec<u8> {
    let mut members = members(whole);
    let which = stream.below(members.len());
    members[which].1 = damaged(&members[which].1, stream);
    zip(&members)
}

/// The members of an archive that is stored without packing.
fn members(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (mut all, mut at) = (Vec::new(), 0);
    let short = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let long = |at: usize| short(at) + (short(at + 2) << 16);
    while bytes[at..].starts_with(b"PK\x03\x04") {
        let (size, name, extra) = (long(at + 18), short(at + 26), short(at + 28));
        let (name_at, data) = (at + 30, at + 30 + name + extra);
        all.push((
            String::from_utf8_lossy(&bytes[name_at..name_at + name]).into(),
            bytes[data..data + size].to_vec(),
        ));
        at = data + size;
    }
    all
}

/// An archive of these members, stored.
fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let mut shared = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        shared.extend(crc.sum().to_le_bytes());
        shared.extend((bytes.len() as u32).to_le_bytes());
        shared.extend((bytes.len() as u32).to_le_bytes());
        shared.extend((name.len() as u16).to_le_bytes());
        shared.extend([0, 0]);
        let first = out.len() as u32;
        directory.extend(
            [b"PK\x01\x02\x14\x00".as_slice(), &shared, &[0; 10], &first.to_le_bytes(), name.as_bytes()]
                .concat(),
        );
        out.extend([b"PK\x03\x04".as_slice(), &shared, name.as_bytes(), bytes].concat());
    }
    let (count, at) = ((members.len() as u16).to_le_bytes(), (out.len() as u32).to_le_bytes());
    let size = (directory.len() as u32).to_le_bytes();
    [
        out,
        directory,
        b"PK\x05\x06\0\0\0\0".to_vec(),
        count.to_vec(),
        count.to_vec(),
        size.to_vec(),
        at.to_vec(),
        vec![0, 0],
    ]
    .concat()
}

/// The archive of a file with one member changed.
fn changed(file: &str, member: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut all = members(&fs::read(path(file)).expect("a fixture"));
    for (name, bytes) in &mut all {
        if name == member {
            *bytes = change(&String::from_utf8_lossy(bytes)).into_bytes();
        }
    }
    zip(&all)
}

/// Files that would run code, fill the memory, or lead out of the archive are refused with the reason.
#[test]
fn files_that_mean_harm() {
    let folder = Folder::new("harm");
    let file = folder.file("harm.keras");
    let refused = |bytes: &[u8], parts: &[&str]| {
        fs::write(&file, bytes).expect("a temporary file");
        let (result, most) = most_during(|| models::load(&file));
        let error = result.expect_err("a harmful file").to_string();
        assert!(most <= bound(bytes.len()), "{most} bytes for {parts:?}");
        for part in parts.iter().chain(&["harm.keras"]) {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
    };
    let built = "keras_files/built.keras";
    let config = |from: &'static str, to: &'static str| {
        changed(built, "config.json", move |text| text.replacen(from, to, 1))
    };
    assert_eq!(members(&config("", ""))[1].0, "config.json");
    refused(&config("\"class_name\": \"Dense\"", "\"class_name\": \"Lambda\""), &["Lambda", "Python code"]);
    refused(
        &config(
            "\"activation\": \"elu\"",
            "\"activation\": {\"class_name\": \"__lambda__\", \"config\": {\"value\": \"4wEA\"}}",
        ),
        &["__lambda__", "Python code"],
    );
    refused(
        &config(
            "\"module\": \"keras.layers\", \"class_name\": \"Dense\"",
            "\"module\": \"os\", \"class_name\": \"system\"",
        ),
        &["`system`", "`os`"],
    );
    refused(
        &config("\"registered_name\": null", "\"registered_name\": \"Mine>Dense\""),
        &["Mine>Dense", "registered code"],
    );
    refused(&config("\"units\": 4", "\"units\": 40000000000"), &["Dense `dense`", "larger than"]);
    refused(&config("\"units\": 4", "\"units\": 4, \"wings\": 2"), &["Dense `dense`", "wings"]);
    refused(
        &config("\"class_name\": \"Dense\"", "\"class_name\": \"LSTM\""),
        &["unknown layer `LSTM`", "Dense"],
    );
    let mut more = members(&config("", ""));
    more.push(("../../evil.txt".into(), b"x".to_vec()));
    refused(&zip(&more), &["../../evil.txt", "leads out"]);
    more[3].0 = "assets/vocabulary.txt".into();
    refused(&zip(&more), &["assets/vocabulary.txt"]);
    more.truncate(2);
    refused(&zip(&more), &["lacks the member `model.weights.h5`"]);

    // A bomb: a gigabyte of zeros in a megabyte.
    let bomb = bomb(&config("", ""));
    assert!(bomb.len() < 2 << 20);
    refused(&bomb, &["model.weights.h5", "unpacks to more than"]);
    refused(b"not a model", &["signature"]);
    refused(b"", &["signature"]);
    let error = models::load(folder.file("none.keras")).expect_err("no file").to_string();
    assert!(error.contains("none.keras"), "{error}");
}

/// The archive with weights of a gigabyte of zeros, packed.
fn bomb(archive: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let mut crc = flate2::Crc::new();
    let zeros = vec![0; 1 << 20];
    for _ in 0..1024 {
        packer.write_all(&zeros).expect("memory");
        crc.update(&zeros);
    }
    let packed = packer.finish().expect("memory");
    let size = packed.len() as u32;
    let mut all = members(archive);
    all[2].1 = packed;
    let mut bytes = zip(&all);
    // In both headers of the member: packed by "deflate", the checksum, the packed and the unpacked size.
    let name = b"model.weights.h5";
    for (signature, skipped) in [(b"PK\x03\x04", 4), (b"PK\x01\x02", 6)] {
        let header = if skipped == 4 { 30 } else { 46 };
        let place = (0..bytes.len() - name.len() - header)
            .find(|&at| bytes[at..].starts_with(signature) && bytes[at + header..].starts_with(name))
            .expect("the member");
        let fields = [
            8_u16.to_le_bytes().to_vec(),
            vec![0, 0, 0x21, 0],
            crc.sum().to_le_bytes().to_vec(),
            size.to_le_bytes().to_vec(),
            (1_u32 << 30).to_le_bytes().to_vec(),
        ]
        .concat();
        bytes[place + skipped + 4..place + skipped + 4 + fields.len()].copy_from_slice(&fields);
    }
    bytes
}

/// Where files cannot be written, or their name says something else.
#[test]
fn files_that_cannot_be_written() {
    let folder = Folder::new("unwritten");
    let model = small();
    let error = |result: Result<()>| result.expect_err("not writable").to_string();
    assert!(error(model.save(folder.file("model.pkl"))).contains(".keras or .h5"));
    assert!(error(model.save(folder.file("model.weights.h5"))).contains("save_weights"));
    assert!(error(model.save_weights(folder.file("model.keras"))).contains(".weights.h5 or .safetensors"));
    assert!(error(model.save(folder.file("none/model.keras"))).contains("no directory"));
    fs::create_dir(folder.file("directory.keras")).expect("a directory");
    assert!(error(model.save(folder.file("directory.keras"))).contains("is a directory"));
    let slashed = Sequential::new().add(Dense::new(1).name("a/b").input_shape([1]));
    assert!(error(slashed.save(folder.file("model.h5"))).contains("`a/b`"));
    assert_eq!(fs::read_dir(&folder.0).expect("the folder").count(), 1, "nothing else is left behind");
}

/// The two models that a child process saves in turn.
fn alternating(which: usize) -> Sequential {
    let units = 100 + which;
    Sequential::new().seed(which as u64).add(Dense::new(units).input_shape([1000])).add(Dense::new(units))
}

/// What the child process does that `a_kill_leaves_the_old_file_or_the_new_one` starts: it saves until it is killed.
#[test]
#[ignore = "runs as a child process only"]
fn saves_until_it_is_killed() {
    let Ok(file) = std::env::var("KILN_SAVE_TO") else { return };
    let models = [alternating(0), alternating(1)];
    models[0].save(&file).expect("a first file");
    println!("ready");
    for turn in 1.. {
        models[turn % 2].save(&file).expect("a file");
    }
}

/// Killed at a random moment while it saves, a process leaves the old file or the new one, whole.
#[test]
fn a_kill_leaves_the_old_file_or_the_new_one() {
    let folder = Folder::new("kill");
    let expected = [0, 1].map(|which| alternating(which).get_weights().expect("weights"));
    let mut stream = Stream(3);
    let mut seen = [0, 0];
    for round in 0..setting("KILN_KILLS", 10) {
        let file = folder.file(if round % 2 == 0 { "model.keras" } else { "model.h5" });
        let mut child = Command::new(std::env::current_exe().expect("the test's own path"))
            .args([
                "--exact",
                "broken_files::saves_until_it_is_killed",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env("KILN_SAVE_TO", &file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child process");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        assert!(
            output.lines().map_while(std::io::Result::ok).any(|line| line.contains("ready")),
            "round {round}"
        );
        std::thread::sleep(Duration::from_micros(stream.next() % 30_000));
        child.kill().expect("a running child");
        child.wait().expect("its end");
        let weights = models::load(&file).and_then(|model| model.get_weights()).expect("a whole file");
        let which = usize::from(weights[0].shape() == expected[1][0].shape());
        for (got, want) in weights.iter().zip(&expected[which]) {
            assert_eq!(got.to_vec(), want.to_vec(), "round {round}");
        }
        seen[which] += 1;
    }
    // The next save takes away what killed ones have left.
    for name in ["model.keras", "model.h5"] {
        alternating(0).save(folder.file(name)).expect("a file");
    }
    let left = fs::read_dir(&folder.0).expect("the folder").count();
    assert!(left <= 2, "{left} files are left");
    println!("the old or the new file: {seen:?}");
}
