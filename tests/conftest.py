"""What every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on each machine and run: a failure is a change of the code, never of the dice.
# No deadline, because two workers share two cores and the first example pays for the imports.
settings.register_profile("paycurve", derandomize=True, deadline=None)
settings.load_profile("paycurve")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with the public ledgers and published figures, which lies beside the repository; skips without it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the folder {folder.name} beside the repository, which is not part of the project")
    return folder
