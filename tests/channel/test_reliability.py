"""The delivery machines against a way that loses, repeats, reorders, delays and cuts; time is a number."""

import heapq
import itertools
import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.channel import wire
from generator.channel.reliability import (
    FIRST_TIMEOUT,
    GRANULARITY,
    LONGEST_TIMEOUT,
    Outbox,
    Receiver,
    RoundTrip,
    Sender,
)
from generator.channel.wire import PayloadType


def numbered():
    counter = itertools.count(1)
    return lambda: (UUID(int=next(counter)), 1)


def sender(window=512):
    return Sender(wire.INPUT, numbered(), window)


def message(sequence, payload=b"x"):
    return wire.Message(wire.OUTPUT, UUID(int=sequence + 1), 1, payload, PayloadType.OUTPUT, sequence)


class Way:
    """A sender and a receiver with a way between them whose faults come from a seed."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.drop, self.duplicate, self.delay = (self.rng.random() * 0.3 for _ in range(3))
        self.cuts = sorted(self.rng.random() * 3 for _ in range(self.rng.randrange(4)))
        self.out = sender(window=self.rng.choice([1, 3, 64]))
        self.into = Receiver(self.rng.choice([2, 64]), self.rng.choice([1, 64]))
        self.now, self.era, self.under_way, self.order = 0.0, 0, [], itertools.count()

    def launch(self, kind, thing):
        copies = 0 if self.rng.random() < self.drop else 2 if self.rng.random() < self.duplicate else 1
        for _ in range(copies):
            at = self.now + self.rng.random() * self.delay
            heapq.heappush(self.under_way, (at, next(self.order), self.era, kind, thing))

    def speak(self, waiting):
        while waiting and self.out.has_room:
            self.launch("message", self.out.add(PayloadType.OUTPUT, waiting.pop(0), self.now))
        for again in self.out.due(self.now):
            self.launch("message", again)

    def wait(self):
        times = [self.under_way[0][0] if self.under_way else None, self.out.next_due(), *self.cuts[:1]]
        self.now = max(self.now, min((at for at in times if at is not None), default=self.now + 0.1))
        if self.cuts and self.cuts[0] <= self.now:
            self.cuts.pop(0)
            self.era += 1  # what was under way is gone
            self.out.reconnected(self.now)

    def arrive(self):
        while self.under_way and self.under_way[0][0] <= self.now:
            _, _, era, kind, thing = heapq.heappop(self.under_way)
            if era != self.era:
                continue
            if kind == "ack":
                self.out.acknowledged(thing, self.now)
            elif self.into.offer(thing):
                self.launch("ack", thing.sequence)


def deliver_over_faults(seed: int, count: int) -> tuple[list[bytes], list[bytes]]:
    """Send `count` payloads over faults; what was sent, what arrived."""
    way, arrived = Way(seed), []
    sent = [bytes([n % 256]) * way.rng.randrange(1, 9) for n in range(count)]
    waiting = list(sent)
    while len(arrived) < count or way.out.unacked:
        assert way.now < 10_000, "it stands still"
        way.speak(waiting)
        way.wait()
        way.arrive()
        if way.rng.random() < 0.7:  # the reader does not always look
            arrived += [m.payload for m in iter(way.into.take, None)]
    return sent, arrived


@pytest.mark.parametrize("block", range(10))
def test_every_byte_arrives_once_and_in_order_over_1000_fault_schedules(block):
    for seed in range(block * 100, block * 100 + 100):
        sent, arrived = deliver_over_faults(seed, count=40)
        assert arrived == sent, f"seed {seed}"


@pytest.mark.soak
def test_every_byte_arrives_over_10000_longer_fault_schedules():
    for seed in range(10_000, 20_000):
        sent, arrived = deliver_over_faults(seed, count=120)
        assert arrived == sent, f"seed {seed}"


def test_what_is_old_is_acknowledged_again():
    into = Receiver()
    assert into.offer(message(0))
    assert into.take() is not None
    assert into.offer(message(0)), "its acknowledgement was lost: without another it comes for ever"
    assert into.take() is None
    assert into.duplicates == 1


def test_what_is_early_waits_and_is_not_doubled():
    into = Receiver()
    assert into.offer(message(1, b"b")) and into.offer(message(1, b"b"))
    assert into.take() is None
    assert into.offer(message(0, b"a"))
    assert [into.take().payload, into.take().payload, into.take()] == [b"a", b"b", None]
    assert into.duplicates == 1


def test_nothing_is_acknowledged_that_there_is_no_room_for():
    into = Receiver(early=1, ready=2)
    assert [into.offer(message(n)) for n in range(4)] == [True, True, False, True]
    assert not into.offer(message(5)), "there is room for one early message only"
    assert into.waiting == 3
    into.take()
    assert into.offer(message(2))
    assert into.has_room is False


def test_a_message_stays_until_it_is_acknowledged():
    out = sender(window=2)
    out.add(PayloadType.OUTPUT, b"a", 0.0)
    out.add(PayloadType.OUTPUT, b"b", 0.0)
    assert not out.has_room
    assert out.acknowledged(1, 0.05)
    assert not out.acknowledged(1, 0.06), "the second acknowledgement of a repeated message"
    assert (out.unacked, out.has_room) == (1, True)


def test_repetitions_carry_the_same_id_and_come_at_growing_distances():
    out = sender()
    first = out.add(PayloadType.OUTPUT, b"a", 0.0)
    assert out.due(FIRST_TIMEOUT - 0.01) == []
    times, now = [], 0.0
    while len(times) < 6:
        now = out.next_due()
        assert out.due(now) == [first]
        times.append(now)
    gaps = [round(b - a, 6) for a, b in itertools.pairwise(times)]
    assert gaps == sorted(gaps) and gaps[-1] == 4.0
    assert out.resent == 6


def test_at_most_32_messages_are_repeated_at_once_oldest_first_then_there_is_a_pause():
    """A slow way is not a lossy one: repeating everything would make it slower still."""
    out = sender()
    for n in range(40):
        out.add(PayloadType.OUTPUT, bytes([n]), 0.0)
    assert [m.sequence for m in out.due(5.0)] == list(range(32))
    assert out.due(5.05) == []
    assert [m.sequence for m in out.due(5.1)] == list(range(32, 40))


def test_repetitions_make_the_sender_patient_until_it_can_measure_again():
    out = sender()
    for n in range(3):
        out.add(PayloadType.OUTPUT, bytes([n]), 0.0)
    out.due(1.0)
    out.due(2.0)
    assert out.round_trip.timeout == 4 * FIRST_TIMEOUT
    out.add(PayloadType.OUTPUT, b"new", 3.0)
    out.acknowledged(3, 3.02)
    assert out.round_trip.timeout == GRANULARITY


def test_after_a_reconnect_everything_in_flight_goes_at_once():
    out = sender()
    for n in range(40):
        out.add(PayloadType.OUTPUT, bytes([n]), 0.0)
    out.reconnected(0.01)
    assert [m.sequence for m in out.due(0.01)] == list(range(32))
    assert [m.sequence for m in out.due(0.01)] == list(range(32, 40))
    assert out.due(0.05) == []
    assert out.round_trip.timeout == FIRST_TIMEOUT, "a lost connection says nothing about the way"
    assert out.waited(1.01) == pytest.approx(1.0)


def test_time_in_which_nothing_could_be_heard_does_not_count():
    out = sender()
    out.add(PayloadType.OUTPUT, b"a", 0.0)
    out.reset_timers(50.0)
    assert out.due(50.0) == []
    assert out.waited(50.0) == 0.0


def test_the_timeout_follows_the_round_trips_between_its_bounds():
    trip = RoundTrip()
    assert trip.timeout == FIRST_TIMEOUT
    for _ in range(50):
        trip.measured(0.3)
    assert trip.timeout == pytest.approx(0.3, abs=0.01)
    for _ in range(50):
        trip.measured(5.0)
    assert trip.timeout == LONGEST_TIMEOUT


def test_a_repeated_message_measures_nothing():
    out = sender()
    out.add(PayloadType.OUTPUT, b"a", 0.0)
    out.due(1.0)
    out.acknowledged(0, 1.001)
    assert out.round_trip.mean is None


@given(
    st.lists(st.tuples(st.sampled_from([PayloadType.OUTPUT, PayloadType.SIZE]), st.binary(min_size=1, max_size=3000)))
)
def test_the_outbox_runs_bytes_together_and_keeps_the_rest_whole_and_in_place(parts):
    outbox, out = Outbox(), []
    for part in parts:
        outbox.put(*part)
    assert outbox.size == sum(len(payload) for _, payload in parts)
    while outbox:
        out.append(outbox.cut())
    assert all(len(payload) <= 1024 for kind, payload in out if kind == PayloadType.OUTPUT)
    assert joined(out) == joined(parts)
    assert outbox.size == 0


def joined(parts):
    """Neighbouring OUTPUT payloads as one."""
    result = []
    for kind, payload in parts:
        if result and kind == result[-1][0] == PayloadType.OUTPUT:
            result[-1] = (kind, result[-1][1] + payload)
        else:
            result.append((kind, payload))
    return result
