#!/usr/bin/env python3
"""Cuts `KilnSans-Regular.otf` out of Noto Sans KR: all Hangul syllables, Latin, Greek, and mathematical signs.

Noto Sans KR comes from PyPI's package `pylopdf-fonts-ko` (SIL Open Font License 1.1, no reserved font name):

    python3 -m venv fonts && fonts/bin/pip install fonttools==4.68.0 pylopdf-fonts-ko==0.1.1
    fonts/bin/python subset.py
"""

from importlib.resources import files
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
CODEPOINTS = [
    *range(0x20, 0x7F),  # ASCII
    *range(0xA0, 0x180),  # Latin-1, Latin Extended-A
    0x2C6, 0x2DC,  # hats for letters that have none of their own
    *range(0x391, 0x3CA),  # Greek
    *range(0x2010, 0x2027),  # dashes, quotation marks, ellipsis
    0x2030, 0x2032, 0x2033, 0x20A9,
    *range(0x2190, 0x2194), 0x21D2, 0x21D4,  # arrows
    *range(0x2200, 0x2263), 0x2264, 0x2265, 0x226A, 0x226B, 0x22C5,  # mathematical operators
    0x2500, 0x25A0, 0x25A1, 0x25B2, 0x25BC, 0x25CB, 0x25CF, 0x2605, 0x2606, 0x2713, 0x2717,
    *range(0x3000, 0x3018),  # CJK punctuation
    *range(0x3131, 0x318F),  # Hangul letters
    *range(0xAC00, 0xD7A4),  # Hangul syllables
]

source = files("pylopdf_fonts_ko") / "NotoSansKR-Regular.otf"
font = TTFont(str(source), lazy=True, recalcTimestamp=False)
options = subset.Options()
options.layout_features = []  # advance widths alone place the glyphs
options.hinting = False
options.notdef_outline = True
options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "GSUB", "GPOS", "GDEF", "DSIG", "STAT"]
subsetter = subset.Subsetter(options)
subsetter.populate(unicodes=CODEPOINTS)
subsetter.subset(font)
for record in font["name"].names:
    if record.nameID in (1, 3, 4, 6):
        record.string = "KilnSans" if record.nameID in (3, 6) else "Kiln Sans"
target = HERE / "KilnSans-Regular.otf"
font.save(str(target))
print(f"{target.name}: {len(font.getGlyphOrder())} glyphs, {target.stat().st_size} bytes")
