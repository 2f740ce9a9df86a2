"""Lets the tests beside it import the made-up month and the small ledgers of ``tests/books``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "books"))
