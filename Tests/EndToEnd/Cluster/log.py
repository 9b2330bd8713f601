"""The one order of a channel's events, as the first client that got each event has seen it, and what is known of every
publication."""

import re

EVENT = re.compile(rb"data: (?P<stream>[0-9.]+) (?P<number>[0-9]+) x*\nid: (?P<epoch>[0-9]+)-(?P<place>[0-9]+)\n\n")


class Failure(Exception):
    pass


class Log:
    """Clients compare what they get with it. It fails if an event comes twice, out of its publisher's order, or although
    it was refused, and if an acknowledged one is left out."""

    # Bytes that every client has had are dropped from this size on.
    TRIMMED = 8 << 20

    def __init__(self):
        self.text, self.base, self.events, self.epochs = bytearray(), 0, 0, 0
        self.last_id = (0, -1)
        # For each publisher: the number of its newest event in the log, and the numbers before it that are not there.
        self.newest, self.absent = {}, {}
        # Acknowledged events that the log does not have yet; refused ones that it may not have.
        self.awaited, self.refused = set(), set()

    @property
    def end(self):
        return self.base + len(self.text)

    def has(self, blocks, offset):
        return self.text.startswith(blocks, offset - self.base)

    def append(self, block):
        match = EVENT.fullmatch(block)
        if not match:
            raise Failure(f"a client got {block}")
        epoch, place = int(match["epoch"]), int(match["place"])
        if (epoch, place) != (self.last_id[0], self.last_id[1] + 1):
            # The events of an epoch are contiguous, and a new one is larger.
            if epoch <= self.last_id[0] or place != 0:
                raise Failure(f"{epoch}-{place} came after {self.last_id}")
            self.epochs += 1
        self.last_id = (epoch, place)
        stream, number = match["stream"].decode(), int(match["number"])
        newest = self.newest.get(stream, 0)
        if number <= newest:
            raise Failure(f"event {number} of {stream} came after {newest}")
        for skipped in range(newest + 1, number):
            if (stream, skipped) in self.awaited:
                raise Failure(f"event {skipped} of {stream} was acknowledged and is missing")
            self.absent.setdefault(stream, set()).add(skipped)
        self.newest[stream] = number
        if (stream, number) in self.refused:
            raise Failure(f"event {number} of {stream} was refused and is there")
        self.awaited.discard((stream, number))
        self.text += block
        self.events += 1

    def stored(self, stream, number):
        if number > self.newest.get(stream, 0):
            self.awaited.add((stream, number))
        elif number in self.absent.get(stream, ()):
            raise Failure(f"event {number} of {stream} is acknowledged and missing")

    def was_refused(self, stream, number):
        if number > self.newest.get(stream, 0):
            self.refused.add((stream, number))
        elif number not in self.absent.get(stream, ()):
            raise Failure(f"event {number} of {stream} is refused and there")

    def trim(self, offsets):
        least = min(offsets) - self.base
        if least > self.TRIMMED:
            del self.text[:least]
            self.base += least

    def next(self, offset):
        return bytes(self.text[offset - self.base:]).split(b"\n\n")[0]
