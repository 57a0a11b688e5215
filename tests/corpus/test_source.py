"""Source: a document of any size, packed or not, read as a stream."""

import gzip
import warnings
from pathlib import Path

import pytest

from corpus.errors import UnreadableSource
from corpus.source import Source, SourceMetadata, open_source


def test_a_gzipped_file_reads_as_if_it_were_not_and_is_closed_behind_it(tmp_path: Path) -> None:
    packed = tmp_path / "feed.CSV.gz"
    packed.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    source = open_source(packed, {})
    assert (source.suffix, source.text(), list(source.lines())) == (".csv", "a,b\n1,2\n", [b"a,b\n", b"1,2\n"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with source.open() as stream:
            assert stream.read(1) == b"a"
        del stream


def test_a_gzipped_file_that_was_cut_short_says_so(tmp_path: Path) -> None:
    (tmp_path / "feed.csv.gz").write_bytes(gzip.compress(b"a,b\n" * 1000)[:-9])
    with pytest.raises(UnreadableSource, match=r"feed\.csv\.gz: the gzip file is cut short or damaged"):
        list(open_source(tmp_path / "feed.csv.gz", {}).lines())


def test_a_reader_hears_how_many_bytes_of_the_file_were_read(tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_bytes(b"line\n" * 100_000)
    told: list[int] = []
    source = Source("big.txt", tmp_path / "big.txt", SourceMetadata(), on_read=told.append)
    lines = source.lines()
    next(lines)
    assert 0 < sum(told) < 100_000
    assert sum(1 for _ in lines) == 99_999
    assert source.sha256 == Source("big.txt", tmp_path / "big.txt", SourceMetadata()).sha256
    assert sum(told) >= 500_000


def test_metadata_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Myth: m", encoding="utf-8")
    with pytest.raises(UnreadableSource, match="known fields are title, url"):
        open_source(tmp_path / "a.txt", {"ratng": "false"})
