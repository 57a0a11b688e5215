"""Vectors: what an encoder gives and an index takes."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]  # shape (n, dimensions); every row has length 1
