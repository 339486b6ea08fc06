"""The log ring: bounds, rotation, followers, tail, since, time stamps, byte limits."""

from __future__ import annotations

import asyncio

from veza_tui.embedded.cluster.logring import LogRing


async def _text(ring, **options):
    return b"".join([chunk async for chunk in ring.read(**options)]).decode()


async def test_tail_limit_and_timestamps():
    ring = LogRing()
    ring.write("one\ntwo")
    ring.write("three")
    assert await _text(ring) == "one\ntwo\nthree\n"
    assert await _text(ring, tail=1) == "three\n"
    assert await _text(ring, tail=0) == ""
    assert await _text(ring, limit_bytes=6) == "one\ntw"
    stamp, line = (await _text(ring, tail=1, timestamps=True)).split(" ")
    assert line == "three\n"
    assert len(stamp) == len("2026-01-02T03:04:05.123456789Z")


async def test_since_begins_at_the_first_line_not_older():
    ring = LogRing()
    for word in ("a", "b", "c"):
        ring.write(word)
    stamps = [s for s, _ in ring._lines]
    assert stamps == sorted(set(stamps))
    assert await _text(ring, since_ns=stamps[1]) == "b\nc\n"
    assert await _text(ring, since_ns=stamps[2] + 1) == ""


async def test_old_lines_rotate_away():
    ring = LogRing(limit=100)
    for i in range(50):
        ring.write(f"line {i:03}")
    text = await _text(ring)
    assert len(text) <= 100
    assert text.endswith("line 049\n")
    assert ring.first == 50 - len(ring)


async def test_a_process_may_write_pieces_of_lines():
    ring = LogRing()
    ring.feed(b"hel")
    ring.feed(b"lo\nwor")
    assert await _text(ring) == "hello\n"
    ring.close()
    assert await _text(ring) == "hello\nwor\n"


async def test_followers_get_what_comes_and_end_with_the_container():
    ring = LogRing()
    ring.write("before")
    seen: list[bytes] = []
    got = asyncio.Event()

    async def follow():
        async for chunk in ring.read(follow=True, tail=1):
            seen.append(chunk)
            got.set()

    task = asyncio.ensure_future(follow())
    await got.wait()
    got.clear()
    ring.write("after")
    await got.wait()
    ring.close()
    await asyncio.wait_for(task, 1)
    assert b"".join(seen) == b"before\nafter\n"


async def test_an_abandoned_follower_leaves_nothing_behind():
    ring = LogRing()
    stream = ring.read(follow=True)
    waiting = asyncio.ensure_future(stream.__anext__())
    await asyncio.sleep(0)
    assert ring._wake
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await stream.aclose()
    assert not ring._wake


async def test_many_lines_in_chunks_from_anywhere():
    ring = LogRing(limit=10 << 20)
    for i in range(20_000):
        ring.write(f"{i}")
    assert len((await _text(ring)).splitlines()) == 20_000
    assert (await _text(ring, tail=15_000)).splitlines()[0] == "5000"
    assert (await _text(ring, tail=100)).splitlines()[-1] == "19999"
