"""Builds the snapshot of the newest corpus revision and takes it into use; a running service notices."""

from scripts.terminal import DONE, parser, run
from service.settings import Settings
from service.wiring import build, open_encoder, open_store


def main() -> int:
    """Build, say what was built, and return the exit code."""
    parser("build_snapshot", __doc__ or "").parse_args()
    settings = Settings.from_environment()
    with open_store(settings) as store:
        built = build(settings, store, open_encoder(settings))
    print(f"revision {built.corpus_revision} passages {built.passages} encoded {built.encoded}: {built.folder}")
    return DONE


if __name__ == "__main__":
    run(main)
