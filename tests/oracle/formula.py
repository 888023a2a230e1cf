"""Numbers that Python and Rust compute alike, to the bit: initial weights and synthetic images.

Fixtures stay small because weights and images are not stored but computed, on both sides, by integer arithmetic and
one rounding to float32. The whole recipe, which every fixture repeats in its `formula` field:

    mix(seed, index):  all in wrapping 32-bit unsigned arithmetic
        x = index * 0x9E3779B1 + seed * 0x85EBCA77 + 0x165667B1
        x = (x ^ (x >> 16)) * 0x7FEB352D
        x = (x ^ (x >> 15)) * 0x846CA68B
        return x ^ (x >> 16)

    fill {seed, limit, offset}:  entry i of an array in row-major order, in float64, then rounded to float32 once
        unit    = ((mix(seed, i) >> 8) - 8388608) / 8388608        in [-1, 1)
        value_i = offset + unit * limit                            no fused multiply-add

    images:  sample i, class count 10, pixel j = 28 * row + column
        class_i   = mix(11, i) % 10
        shape     = mix(12, class_i * 49 + 7 * (row / 4) + column / 4) >> 24          0..255, blocks of 4 x 4
        noise     = mix(13, 784 * i + j) >> 24                                        0..255
        pixel     = shape >= 128 ? (2 * shape + 3 * noise) / 5 : noise / 4            integer division, 0..255
        x[i, j]   = float32(pixel) / float32(255)
        label_i   = mix(14, i) % 8 == 0 ? mix(15, i) % 10 : class_i                   one label in eight is random
        binary_i  = label_i < 5 ? 1 : 0
        target_i  = (64 * label_i + (mix(16, i) >> 24)) / 416 - 1                     float64, rounded to float32
"""

import numpy as np

TEXT = __doc__.split("\n\n", 1)[1].splitlines()


def mix(seed, index):
    """A 32-bit hash of (seed, index); `index` may be an array."""
    with np.errstate(over="ignore"):
        x = np.asarray(index, np.uint32) * np.uint32(0x9E3779B1)
        x = x + np.uint32(seed * 0x85EBCA77 & 0xFFFFFFFF) + np.uint32(0x165667B1)
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
        x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
        return x ^ (x >> np.uint32(16))


def fill(shape, seed, limit, offset=0.0):
    """A float32 array of the given shape, uniform in offset ± limit."""
    bits = mix(seed, np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.uint32))
    unit = ((bits >> np.uint32(8)).astype(np.int64) - 8388608) / 8388608.0
    return (offset + unit * limit).astype(np.float32).reshape(shape)


def images(count):
    """(x [count, 28, 28] float32, class labels, binary labels, regression targets)."""
    i = np.arange(count, dtype=np.uint32)
    classes = mix(11, i) % 10
    row, column = np.divmod(np.arange(784, dtype=np.uint32), 28)
    shape = mix(12, classes[:, None] * 49 + 7 * (row // 4) + column // 4) >> 24
    noise = mix(13, 784 * i[:, None] + np.arange(784, dtype=np.uint32)) >> 24
    pixel = np.where(shape >= 128, (2 * shape + 3 * noise) // 5, noise // 4).astype(np.float32)
    x = (pixel / np.float32(255)).reshape(count, 28, 28)
    labels = np.where(mix(14, i) % 8 == 0, mix(15, i) % 10, classes).astype(np.int32)
    targets = (64 * labels + (mix(16, i) >> 24).astype(np.int64)) / 416.0 - 1.0
    return x, labels, (labels < 5).astype(np.float32), targets.astype(np.float32)


if __name__ == "__main__":
    # Known answers, for whoever writes the formula in another language.
    print([int(mix(1, i)) for i in range(3)], [float(v) for v in fill((3,), 1, 0.5)])
    x, labels, binary, targets = images(40)
    print(labels.tolist(), x[0, 14, :4].tolist(), x.mean(), x.std(), targets[:5].tolist())
