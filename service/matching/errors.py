"""What can go wrong in matching.

MatchingError
└── CalibrationRefused    a calibration is absent, damaged, or belongs to another encoder or other examples
"""


class MatchingError(Exception):
    """Anything wrong between a text and its answer; the message says what to do."""


class CalibrationRefused(MatchingError):
    """A calibration is absent, damaged, or belongs to another encoder or other examples."""
