#!/usr/bin/env python3
"""Makes the embedded part of Fashion-MNIST: 6,000 training and 1,000 test images, 600 and 100 a class.

    python3 tests/oracle/embedded_fashion_mnist.py [SOURCE]            writes datasets/data/fashion_mnist/
    python3 tests/oracle/embedded_fashion_mnist.py [SOURCE] --check    compares what is there with what would be made

SOURCE is a folder with the four original files, /usr/share/datasets/fashion-mnist by default (Debian's package
`dataset-fashion-mnist`); Keras's cache ~/.keras/datasets/fashion-mnist will do as well.

Only the standard library is used, and the choice is a seeded one, so that a second run makes the same images. The
order is a random one too: a validation split takes the end of the training set, which must be as mixed as the rest.
The bytes of a compressed file may differ between versions of zlib; its content may not, and that is what `--check`
compares.
"""

import argparse
import gzip
import hashlib
import io
import pathlib
import random
import struct
import sys

# SHA-256 of the decompressed files, the same for the official ones and Debian's recompressed ones.
ORIGINALS = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
PIXELS = 28 * 28
CLASSES = 10
LIMIT = 4_000_000


def read(source: pathlib.Path, name: str) -> bytes:
    content = gzip.decompress((source / name).read_bytes())
    found = hashlib.sha256(content).hexdigest()
    if found != ORIGINALS[name]:
        sys.exit(f"{source / name}: not the original: SHA-256 of the content is {found}, not {ORIGINALS[name]}")
    return content


def choose(labels: bytes, per_class: int, seed: int) -> list[int]:
    """Indices of `per_class` images of each class, in random order."""
    rng = random.Random(seed)
    indices = list(range(len(labels)))
    rng.shuffle(indices)
    chosen, taken = [], [0] * CLASSES
    for index in indices:
        if taken[labels[index]] < per_class:
            taken[labels[index]] += 1
            chosen.append(index)
    rng.shuffle(chosen)
    assert taken == [per_class] * CLASSES
    return chosen


def compress(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()


def make(source: pathlib.Path) -> dict[str, bytes]:
    files = {}
    for part, per_class, seed in [("train", 600, 1), ("t10k", 100, 2)]:
        images = read(source, f"{part}-images-idx3-ubyte.gz")[16:]
        labels = read(source, f"{part}-labels-idx1-ubyte.gz")[8:]
        chosen = choose(labels, per_class, seed)
        files[f"{part}-images-idx3-ubyte.gz"] = struct.pack(">IIII", 0x0803, len(chosen), 28, 28) + b"".join(
            images[index * PIXELS : (index + 1) * PIXELS] for index in chosen
        )
        files[f"{part}-labels-idx1-ubyte.gz"] = struct.pack(">II", 0x0801, len(chosen)) + bytes(
            labels[index] for index in chosen
        )
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--check", action="store_true", help="compare only; exit code 1 on a difference")
    arguments = parser.parse_args()

    target = pathlib.Path(__file__).resolve().parents[2] / "datasets/data/fashion_mnist"
    files = make(arguments.source)
    if arguments.check:
        differing = [name for name, content in files.items() if gzip.decompress((target / name).read_bytes()) != content]
        sys.exit(f"differs: {', '.join(differing)}" if differing else None)

    target.mkdir(parents=True, exist_ok=True)
    total = 0
    for name, content in files.items():
        compressed = compress(content)
        total += len(compressed)
        (target / name).write_bytes(compressed)
        print(f"{name}: {len(compressed):,} bytes, content {hashlib.sha256(content).hexdigest()}")
    print(f"together {total:,} bytes")
    assert total <= LIMIT, f"more than {LIMIT:,} bytes"


if __name__ == "__main__":
    main()
