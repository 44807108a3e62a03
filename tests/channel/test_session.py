import pytest

from generator.channel.session import Stats, newer_than


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("3.0.196.0", "3.0.196.0", False),
        ("3.0.196.1", "3.0.196.0", True),
        ("3.1.9.0", "3.0.1000.0", True),
        ("2.3.722.0", "3.0.196.0", False),
        ("", "3.0.196.0", True),
    ],
)
def test_versions_compare_by_number_and_unreadable_ones_count_as_new(version, than, newer):
    assert newer_than(version, than) is newer


def test_the_rate_is_that_of_the_last_seconds():
    stats = Stats()
    rates = []
    for second in range(20):
        rates.append(stats.rate(100.0 + second))
        stats.sent += 1000 if second < 10 else 0
        stats.received += 500 if second < 10 else 0
    assert rates[0] == 0.0
    assert rates[10] == pytest.approx(1500)
    assert rates[-1] == 0.0
