"""Saving the state, during which nothing is answered, takes a small share of the time however large the state is."""

from generator.sandbox.server_process import SAVE_SECONDS, SAVE_SHARE, pause_after


def test_a_long_save_is_followed_by_a_longer_pause() -> None:
    assert pause_after(0.01) == SAVE_SECONDS
    assert pause_after(1.0) * SAVE_SHARE == 1.0
