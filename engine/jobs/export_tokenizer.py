"""CLIP's byte-pair encoding as a file of the `tokenizers` library: no PyTorch to cut sentences.

The rules are those of open_clip's `SimpleTokenizer`, but for the mending of text that was
decoded wrongly (ftfy) and of HTML entities.
"""

from __future__ import annotations

from tokenizers import Regex, Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import NFC, Lowercase, Replace, Sequence
from tokenizers.pre_tokenizers import ByteLevel, Split
from tokenizers.pre_tokenizers import Sequence as Steps
from tokenizers.processors import RobertaProcessing

TOKENIZER = "tokenizer.json"
_MERGES = 49152 - 256 - 2
_START, _END = "<|startoftext|>", "<|endoftext|>"
_WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def clip_tokenizer(vocabulary: bytes, context: int) -> bytes:
    """The tokenizer file for CLIP's vocabulary, the text of `bpe_simple_vocab_16e6.txt`.

    It gives `context` ids a sentence, cut or filled with zeros.
    """
    lines = vocabulary.decode("utf-8").split("\n")[1 : _MERGES + 1]
    merges = [(left, right) for left, right in (line.split() for line in lines)]
    letters = _letters()
    words = [*letters, *(f"{letter}</w>" for letter in letters), *map("".join, merges)]
    ids = {word: number for number, word in enumerate([*words, _START, _END])}
    tokenizer = Tokenizer(BPE(ids, merges, end_of_word_suffix="</w>", unk_token=_END))
    tokenizer.normalizer = Sequence([NFC(), Replace(Regex(r"\s+"), " "), Lowercase()])
    tokenizer.pre_tokenizer = Steps(
        [Split(Regex(_WORDS), "removed", invert=True), ByteLevel(add_prefix_space=False)]
    )
    ends = (_END, ids[_END]), (_START, ids[_START])
    tokenizer.post_processor = RobertaProcessing(*ends, trim_offsets=False, add_prefix_space=False)
    tokenizer.enable_truncation(context)
    tokenizer.enable_padding(length=context, pad_id=0, pad_token=words[0])
    return str(tokenizer.to_str()).encode()


def _letters() -> list[str]:
    """One printable letter a byte, in the order of CLIP's vocabulary (GPT-2's mapping)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = 256 - len(printable)
    return [chr(code) for code in (*printable, *range(256, 256 + others))]
