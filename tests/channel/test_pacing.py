from generator.channel.pacing import BURST, RATE, Pacer


def send_for(pacer, seconds, acks_per_second=0):
    """How many messages go out when the sender waits as it is told; acknowledgements are paid as they fall due."""
    now, sent, acks = 0.0, 0, 0
    while now < seconds:
        while acks < now * acks_per_second:
            pacer.spend(now, 0.5)
            acks += 1
        if pacer.ready(now):
            pacer.spend(now)
            sent += 1
        else:
            now += max(pacer.wait(now), 0.0005)
    return sent


def test_a_long_sender_keeps_to_the_rate_after_its_first_burst():
    assert 10 * RATE <= send_for(Pacer(), 10) <= 10 * RATE + BURST + 4


def test_an_idle_sender_may_send_at_once():
    pacer = Pacer()
    assert all(pacer.ready(100.0) and pacer.spend(100.0) is None for _ in range(int(BURST)))
    assert not pacer.ready(100.0)


def test_acknowledging_a_full_download_leaves_half_the_rate_to_an_upload():
    assert send_for(Pacer(), 10, acks_per_second=RATE) >= 10 * RATE * 0.45


def test_debt_is_bounded():
    pacer = Pacer()
    for _ in range(100_000):
        pacer.spend(0.0, 0.5)
    assert pacer.wait(0.0) < 0.1


def test_a_rate_of_zero_sets_no_limit():
    pacer = Pacer(rate=0)
    for _ in range(1000):
        pacer.spend(0.0)
    assert pacer.ready(0.0) and pacer.wait(0.0) == 0
