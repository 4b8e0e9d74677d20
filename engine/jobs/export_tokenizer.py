"""Write CLIP's byte-pair vocabulary as a tokenizer file, which runs without CLIP's own code.

The vocabulary is `bpe_simple_vocab_16e6.txt.gz` of github.com/openai/CLIP (MIT): one merge a line,
the most frequent first, of which the model was trained with 48,894.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, processors
from tokenizers import pre_tokenizers as splitters

START, END = "<start_of_text>", "<end_of_text>"
MERGES = 49152 - 256 - 2
"""How many of the lines that follow the first one are used."""

_END_OF_WORD = "</w>"
_PIECES = r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"


def write_tokenizer(vocabulary: Path, target: Path, merges: int = MERGES) -> None:
    """Convert a vocabulary file of CLIP (gzip) into one of the `tokenizers` library."""
    lines = gzip.decompress(vocabulary.read_bytes()).decode("utf-8").split("\n")
    pairs = [(left, right) for left, right in (line.split() for line in lines[1 : merges + 1])]
    target.write_text(clip_tokenizer(pairs).to_str(), encoding="utf-8")


def clip_tokenizer(merges: Sequence[tuple[str, str]]) -> Tokenizer:
    """CLIP's tokenizer of mended text: words apart, bytes as letters, merged pair by pair.

    Numbers: the bytes, the bytes as ends of words, the merges, start and end of a text.
    """
    letters = _byte_letters()
    words = [*letters, *(letter + _END_OF_WORD for letter in letters)]
    words += [left + right for left, right in merges]
    words += [START, END]
    numbers = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(
        models.BPE(vocab=numbers, merges=list(merges), end_of_word_suffix=_END_OF_WORD)
    )
    tokenizer.pre_tokenizer = splitters.Sequence(
        [
            splitters.Split(Regex(_PIECES), behavior="removed", invert=True),
            splitters.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(START), AddedToken(END)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        special_tokens=[(START, numbers[START]), (END, numbers[END])],
    )
    return tokenizer


def _byte_letters() -> list[str]:
    """The letter that stands for each byte, in the order of the vocabulary: printable ones first.

    After `bytes_to_unicode` of GPT-2; the others are moved up beyond the first 256 characters.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [*map(chr, printable), *(chr(256 + n) for n in range(len(others)))]
