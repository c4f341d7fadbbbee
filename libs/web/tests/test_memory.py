"""What a start leaves behind."""

import gc

from libs.web.memory import settle


def test_a_collection_passes_over_what_the_start_made() -> None:
    """Or each would stop the service for as long as a hundred requests take."""
    settle()
    try:
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < 10_000
    finally:
        gc.unfreeze()
