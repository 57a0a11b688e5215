"""Writes the model card and the thresholds of the plugin of ROOST Coop, from the calibration that ships."""

import json

from scripts.terminal import DONE, parser, run
from service.calibration_file import SHIPPED, read_calibration
from service.sockets.coop_card import CARD, coop_card

ENCODER = "multilingual-e5-small"


def main() -> int:
    """Write the file; return the exit code."""
    parser("write_coop_card", __doc__ or "").parse_args()
    card = coop_card(read_calibration(SHIPPED / f"{ENCODER}.json"))
    CARD.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(CARD)
    return DONE


if __name__ == "__main__":
    run(main)
