"""What can go wrong with vectors.

EmbeddingsError
├── UnknownEncoder        the name is no encoder that this process can load
├── WeightsRefused        the carrier of the bundled weights is absent, altered or not of the known format
├── ModelDamaged          a model folder exists and cannot be loaded
├── IndexRefused          vectors, keys or an index kind that a VectorIndex cannot take
├── SnapshotMissing       there is no snapshot to load yet
├── SnapshotDamaged       a snapshot's file is truncated, altered or absent
│   └── SnapshotOutdated  another version of Mythmatch wrote the snapshot
└── FingerprintMismatch   a snapshot was made by another encoder than the one that asks
"""


class EmbeddingsError(Exception):
    """Anything wrong with encoders, indexes or snapshots; the message says what to do."""


class UnknownEncoder(EmbeddingsError):
    """The name is no encoder that this process can load."""


class WeightsRefused(EmbeddingsError):
    """The carrier of the bundled weights is absent, altered or not of the known format."""


class ModelDamaged(EmbeddingsError):
    """A model folder exists and cannot be loaded."""


class IndexRefused(EmbeddingsError):
    """Vectors, keys or an index kind that a VectorIndex cannot take."""


class SnapshotMissing(EmbeddingsError):
    """There is no snapshot to load yet."""


class SnapshotDamaged(EmbeddingsError):
    """A snapshot's file is truncated, altered or absent."""


class SnapshotOutdated(SnapshotDamaged):
    """Another version of Mythmatch wrote the snapshot, and it is laid out in another way."""


class FingerprintMismatch(EmbeddingsError):
    """A snapshot was made by another encoder than the one that asks."""
