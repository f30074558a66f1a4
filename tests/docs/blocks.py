"""Code blocks of a Markdown page, and what they are for.

`console` and `python` blocks are ours and run as printed; an `output` block is what the one before
it prints. `sh` and `py` blocks are shown only: commands of other packages, and what installs.
"""

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(`{3,})([^`\n]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
RUNNING = ("console", "python")
SHOWN = ("sh", "py")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: Its info string.
        text: What is inside.
        where: Page and line, for messages.
    """

    language: str
    text: str
    where: str


def blocks_of(page: Path, heading: str | None = None) -> list[Block]:
    """Blocks of a page in their order, or those under one heading of the second level."""
    text = page.read_text(encoding="utf-8")
    first, last = 0, len(text)
    if heading is not None:
        first = text.index(f"\n## {heading}\n")
        last = text.find("\n## ", first + 1) if "\n## " in text[first + 1 :] else last
    return [
        Block(found[2], found[3], f"{page.name}:{text.count(chr(10), 0, found.start()) + 1}")
        for found in FENCE.finditer(text, first, last)
    ]


def commands_of(text: str) -> list[str]:
    """Commands of a `console` block; a loop, and what runs beside others, is one with the rest."""
    joined = text.replace("\\\n", " ")
    if re.search(r"(; do|&)$", joined, re.MULTILINE):
        return [joined]
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def times_masked(line: str) -> str:
    """A printed line without how long it took, which differs from run to run."""
    return re.sub(r"\d+(\.\d+)? s\b", "# s", " ".join(line.split()))
